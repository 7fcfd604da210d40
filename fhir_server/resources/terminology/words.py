"""How a text filter finds a concept: each word asked begins a word of its code or names."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from fhir_server.remembering import remembered

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_WORD = re.compile(r"\w+")
LONGEST = 40
"""Letters of a word that count."""


@remembered(65536)
def words(text: str) -> tuple[str, ...]:
    """Give the words of a text without case and accents, each once."""
    plain = text.casefold()
    if not plain.isascii():
        parts = unicodedata.normalize("NFKD", plain)
        plain = "".join(each for each in parts if not unicodedata.combining(each))
    return tuple(dict.fromkeys(word[:LONGEST] for word in _WORD.findall(plain)))


def is_match(asked: Sequence[str], texts: Iterable[str]) -> bool:
    """Say whether each word asked begins a word of the texts."""
    there = [word for text in texts for word in words(text)]
    return all(any(word.startswith(each) for word in there) for each in asked)


def alike(one: str, other: str) -> bool:
    """Say whether two displays are the same but for case and white space."""
    return one.casefold().split() == other.casefold().split()
