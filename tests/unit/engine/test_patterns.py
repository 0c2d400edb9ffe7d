"""Patterns of words: what fits, what it means, and that every way counts."""

from __future__ import annotations

import pytest

from aeforge_cli.sandbox.engine.prompts.patterns import Chart, Grammar


@pytest.fixture
def grammar() -> Grammar:
    """Orders of a bar."""
    grammar = Grammar()
    grammar.phrase("drink", "tea, green tea", "tea")
    grammar.phrase("drink", "coffee", "coffee")
    grammar.phrase("THE", "a, the", None)
    grammar.readers["cups"] = lambda word: int(word) if word.isdecimal() else None
    grammar.rule("order", "[bring] (<cups>|THE) <drink>")(lambda drink, cups=1: (cups, drink))
    grammar.rule("orders", "<order>\n <order> and <orders>")(lambda order, orders=(): (order, *orders))
    grammar.means("leaf", "a plant", "green tea")
    grammar.either("said", "orders", "leaf", "drink")
    return grammar


def whole(grammar: Grammar, name: str, said: str) -> list[object]:
    words = tuple(said.split())
    return [value for end, value in Chart(grammar, words).readings(name, 0) if end == len(words)]


@pytest.mark.parametrize(
    ("said", "values"),
    [
        ("a tea", [((1, "tea"),)]),
        ("bring 2 coffee", [((2, "coffee"),)]),
        ("a tea and 3 green tea", [((1, "tea"), (3, "tea"))]),
        ("tea a", []),
        ("a tea and", []),
        ("a big tea", []),
    ],
)
def test_words_fit_in_the_order_of_a_pattern_or_not_at_all(grammar: Grammar, said: str, values: list[object]) -> None:
    assert whole(grammar, "orders", said) == values


def test_all_that_words_can_mean_is_found(grammar: Grammar) -> None:
    assert whole(grammar, "said", "green tea") == ["a plant", "tea"]


def test_the_first_word_that_fits_nothing_is_known(grammar: Grammar) -> None:
    chart = Chart(grammar, ("bring", "the", "big", "tea"))

    assert chart.readings("orders", 0) == []
    assert chart.furthest == 2


def test_the_words_of_a_grammar_are_those_of_its_phrases_and_patterns(grammar: Grammar) -> None:
    assert grammar.words() == {"tea", "green", "coffee", "a", "the", "bring", "and"}
    assert grammar.words(of={"drink"}) == {"tea", "green", "coffee"}
