"""Patterns of words, and every way in which words fit them.

word            itself
[word]          may be missing
(one|other)     either
NOUN            a rule in capitals: fits, and tells nothing
<noun>          a rule whose value the action gets, as a keyword
<noun:other>    the same under another keyword
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Hashable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

Slots: TypeAlias = tuple[tuple[str, Hashable], ...]
Action: TypeAlias = Callable[..., Hashable]
Made = TypeVar("Made", bound=Action)


@dataclass(frozen=True)
class _Word:
    word: str


@dataclass(frozen=True)
class _Rule:
    name: str
    # None where the value is of no interest.
    keyword: str | None


@dataclass(frozen=True)
class _Sequence:
    parts: tuple[_Node, ...]


@dataclass(frozen=True)
class _Choice:
    options: tuple[_Node, ...]


_Node: TypeAlias = _Word | _Rule | _Sequence | _Choice


class Grammar:
    """Rules by name. A rule fits phrases, patterns, and words that a function knows; all that fit count."""

    def __init__(self) -> None:
        self.phrases: dict[str, dict[tuple[str, ...], Hashable]] = {}
        self.patterns: dict[str, list[tuple[_Node, Action]]] = {}
        self.readers: dict[str, Callable[[str], Hashable | None]] = {}
        # Words in the longest phrase.
        self.longest = 0

    def phrase(self, name: str, phrases: str, value: Hashable) -> None:
        """Phrases, between commas, that all mean the same."""
        said = [tuple(phrase.split()) for phrase in phrases.split(",")]
        self.phrases.setdefault(name, {}).update(dict.fromkeys(said, value))
        self.longest = max(self.longest, *map(len, said))

    def rule(self, name: str, patterns: str) -> Callable[[Made], Made]:
        """Patterns, one a line, of which the decorated function makes the value; None means that they do not fit."""

        def add(action: Made) -> Made:
            lines = filter(None, map(str.strip, patterns.splitlines()))
            self.patterns.setdefault(name, []).extend((_compiled(line), action) for line in lines)
            return action

        return add

    def means(self, name: str, value: Hashable, patterns: str) -> None:
        """Patterns, one a line, that all mean the same."""
        self.rule(name, patterns)(lambda: value)

    def either(self, name: str, *others: str) -> None:
        """A rule that fits what any of the others fits, and has its value."""
        self.rule(name, "\n".join(f"<{other}:value>" for other in others))(lambda value: value)

    def words(self, of: Container[str] | None = None) -> frozenset[str]:
        """Every word of the phrases and patterns, or of the phrases `of` these rules; not what a function reads."""
        tables = [table for name, table in self.phrases.items() if of is None or name in of]
        said = {word for table in tables for phrase in table for word in phrase}
        nodes = [node for rules in self.patterns.values() for node, _ in rules] if of is None else []
        return frozenset(said | {word for node in nodes for word in _literals(node)})


@dataclass
class Chart:
    """One prompt against a grammar; each rule is tried once at each word."""

    grammar: Grammar
    words: tuple[str, ...]
    # The first word that nothing could be made of.
    furthest: int = 0
    _known: dict[tuple[str, int], dict[tuple[int, Hashable], None]] = field(default_factory=dict)

    def readings(self, name: str, start: int) -> list[tuple[int, Hashable]]:
        """(end, value) of each way in which the words from `start` on fit the rule, in the order of the rules."""
        key = (name, start)
        if key not in self._known:
            self._known[key] = dict.fromkeys(self._fits(name, start))
        return list(self._known[key])

    def _fits(self, name: str, start: int) -> Iterator[tuple[int, Hashable]]:
        grammar = self.grammar
        table = grammar.phrases.get(name, {})
        for end in range(start + 1, min(start + grammar.longest, len(self.words)) + 1):
            if (phrase := self.words[start:end]) in table:
                yield end, table[phrase]
                self._reached(end)
        if name in grammar.readers and start < len(self.words):
            value = grammar.readers[name](self.words[start])
            if value is not None:
                yield start + 1, value
                self._reached(start + 1)
        for node, action in grammar.patterns.get(name, ()):
            for end, slots in self._matches(node, start):
                value = action(**dict(slots))
                if value is not None:
                    yield end, value

    def _matches(self, node: _Node, start: int) -> Iterator[tuple[int, Slots]]:
        match node:
            case _Word(word):
                if start < len(self.words) and self.words[start] == word:
                    self._reached(start + 1)
                    yield start + 1, ()
            case _Rule(name, keyword):
                for end, value in self.readings(name, start):
                    yield end, () if keyword is None else ((keyword, value),)
            case _Choice(options):
                for option in options:
                    yield from self._matches(option, start)
            case _Sequence(parts):
                yield from self._follow(parts, start)

    def _follow(self, parts: tuple[_Node, ...], start: int) -> Iterator[tuple[int, Slots]]:
        if not parts:
            yield start, ()
            return
        for middle, slots in self._matches(parts[0], start):
            for end, further in self._follow(parts[1:], middle):
                yield end, slots + further

    def _reached(self, end: int) -> None:
        self.furthest = max(self.furthest, end)


_NOTHING = _Sequence(())


def _compiled(pattern: str) -> _Node:
    node, _ = _choice(re.findall(r"[][()|]|[^][()|\s]+", pattern))
    return node


def _choice(signs: list[str]) -> tuple[_Node, list[str]]:
    options: list[_Node] = []
    parts: list[_Node] = []
    while signs and signs[0] not in {")", "]"}:
        sign, *signs = signs
        if sign == "|":
            options.append(_Sequence(tuple(parts)))
            parts = []
        elif sign in {"(", "["}:
            inner, signs = _choice(signs)
            signs = signs[1:]
            parts.append(inner if sign == "(" else _Choice((inner, _NOTHING)))
        else:
            parts.append(_leaf(sign))
    return _Choice((*options, _Sequence(tuple(parts)))), signs


def _leaf(sign: str) -> _Node:
    if sign.startswith("<"):
        name, _, keyword = sign[1:-1].partition(":")
        return _Rule(name, keyword or name)
    if sign.startswith("{"):
        return _Rule(sign[1:-1], None)
    return _Rule(sign, None) if sign.isupper() else _Word(sign)


def _literals(node: _Node) -> Iterator[str]:
    match node:
        case _Word(word):
            yield word
        case _Choice(nodes) | _Sequence(nodes):
            for inner in nodes:
                yield from _literals(inner)
        case _Rule():
            pass
