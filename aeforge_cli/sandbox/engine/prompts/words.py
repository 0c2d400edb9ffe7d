"""The words of a prompt, in lower case and with one spelling each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aeforge_cli.sandbox.engine.prompts.vocabulary import SPELLINGS

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Words:
    """What the grammar reads, and beside each word what was written."""

    said: tuple[str, ...]
    written: tuple[str, ...]

    def pairs(self) -> Iterator[tuple[str, str]]:
        return zip(self.said, self.written, strict=True)


_SIGNS = (
    (r"\(\s*(\d{1,3})[,\s]+(\d{1,3})[,\s]+(\d{1,3})\s*\)", r"(\1,\2,\3)"),
    (r"(?<!rgb)(?<!hsl)\((\d{1,3},\d{1,3},\d{1,3})\)", r"( rgb(\1) )"),
    (r"\b(rgb|hsl) (?=\()", r"\1"),
    (r"\brgb:? (\d{1,3})[, ]+(\d{1,3})[, ]+(\d{1,3})", r"rgb(\1,\2,\3)"),
    (r"(?<![\d(,.])(\d{1,3}), ?(\d{1,3}), ?(\d{1,3})(?![\d,.])", r"rgb(\1,\2,\3)"),
    ("[\u2018\u2019\u00b4]", "'"),
    ("[\u2212\u2013\u2014](?= ?\\d)", "-"),
    ("[\u2013\u2014]", " , "),
    ("\u2192|=>|-->", " -> "),
    (r"(?:^|\n|(?<=\s))(?:step \d+ ?[:.)]|\d[.)]|[a-f]\))\s", " ; "),
    (r"([-+] ?\d+ ?%?) (?=[a-z]+ ?[:=]? ?[-+] ?\d)", r"\1 , "),
    (r"^(\w+) (please|pls|plz)\b", r"\2 \1"),
    (r"(?:^|\n)\s*[-*\u2022]\s+(?!\d)", " ; "),
    (r"\s--?\s+(?!\d)", " , "),
    (r"\s*\n\s*", " ; "),
    (r"\.\.+|\u2026|!+", " . "),
    ("[\"\u201c\u201d\u201e\u00ab\u00bb`]|(?<![a-z])'|'(?![a-z])", " "),
    (r"(?<=[^\W_])-(?=[^\W\d_])", " "),
    (r"\+(?! ?\d)", " and "),
    (r"\bw/o\b", "without"),
    (r"\bw/", "with "),
    (r"\bper ?cents?\b|\bpct\b", "%"),
    (r"\bcan't\b|\bcannot\b", "can not"),
    (r"\bwon't\b", "will not"),
)
_PIECE = re.compile(r"(?:rgb|hsl)a?\([^)]*\)|#[0-9a-z]+|->|:\)|\d+(?:[.,]\d+)?(?![^\W_])|[^\W_]+(?:'[^\W_]+)?|\S")
_APART = {"n't": "not", "'s": "is", "'d": "would", "'re": "are", "'m": "am", "'ll": "will", "'ve": "have"}
# After these an 's is "is": after nouns it is a genitive.
_SUBJECTS = {"it", "that", "what", "there", "whatever", "he", "she", "here", "who", "where", "how"}


def split(prompt: str) -> Words:
    """The prompt as words; anything else that is no space is a word of its own."""
    text = prompt.lower()
    for sign, meant in _SIGNS:
        text = re.sub(sign, meant, text)
    pairs = [(said, written) for written in _PIECE.findall(text) for said in _spelled(written)]
    return Words(tuple(said for said, _ in pairs), tuple(written for _, written in pairs))


def _spelled(written: str) -> list[str]:
    if written.startswith(("rgb", "hsl")):
        return [re.sub(r"\s", "", written)]
    if written in SPELLINGS:
        return SPELLINGS[written].split()
    for ending, meant in _APART.items():
        stem = written.removesuffix(ending)
        if stem == written or not stem:
            continue
        if ending == "'s":
            return [*_spelled(stem), "is" if stem in _SUBJECTS else "'s"]
        return [stem, meant]
    return [written]
