"""Required bindings: the codes an element must choose from, and the nearest to a wrong one.

https://hl7.org/fhir/R4/terminologies.html#required
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from fhir_server.remembering import remembered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Codes = Mapping[str, tuple[str, ...]]


def concept_predicate(is_concept: Callable[[Any], Any], codes: Codes) -> Callable[[Any], bool]:
    """Make the predicate of a CodeableConcept with a required binding."""

    def accept(value: dict[str, Any]) -> bool:
        return bool(is_concept(value)) and has_coding(value, codes)

    return accept


def has_coding(concept: dict[str, Any], codes: Codes) -> bool:
    """Say whether one coding of the concept is from the value set."""
    return any(
        each.get("code") in codes.get(each.get("system", ""), ())
        for each in concept.get("coding", ())
    )


def all_codes(codes: Codes) -> tuple[str, ...]:
    """Give the codes of a value set without their systems."""
    return tuple(dict.fromkeys(code for each in codes.values() for code in each))


FEW = 8
"""So many codes a message can list."""


@remembered(512)
def nearest(word: str, words: tuple[str, ...], few: int = FEW) -> tuple[str, ...]:
    """Give the words most like this one, at most three; all of them if they are few."""
    if len(words) <= few:
        return words
    small = {each.lower(): each for each in words}
    found = get_close_matches(word[:64].lower(), small, n=3, cutoff=0.6)
    return tuple(small[each] for each in found)


def quoted(words: Iterable[str]) -> str:
    """Write words for a message: "a", "b"."""
    return ", ".join(f'"{word}"' for word in words)
