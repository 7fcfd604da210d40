"""Errors name nothing that is out of reach: rules judge everything, and say what stands against it.

A rule that refuses a write may list the patients it is about, or what it found of them. Who has
limits gets ``…`` for those that are not in reach, and no longer list for more of them.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from fhir_server.errors import FhirError

    Among = Callable[[set[str]], set[str]]

HIDDEN: Final = "…"
_WORD = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_SEVERAL = re.compile(f"{HIDDEN}(?:, {HIDDEN})+")


def veil(error: FhirError, hidden: Among) -> None:
    """Take the ids that are ``hidden`` among some words out of an error."""
    said = [each.diagnostics for each in error.issues]
    said += [each.indonesian for each in error.issues if each.indonesian]
    strange = hidden({word for text in said for word in words_of(text)})
    if strange:
        error.issues = tuple(
            replace(
                each,
                diagnostics=_without(each.diagnostics, strange),
                indonesian=_without(each.indonesian, strange) if each.indonesian else None,
            )
            for each in error.issues
        )


def words_of(text: str) -> Iterable[str]:
    """Give what of a text may be an id."""
    return filter(None, (word.strip(".") for word in _WORD.findall(text)))


def _without(text: str, strange: set[str]) -> str:
    kept = _WORD.sub(lambda found: _veiled(found[0], strange), text)
    return _SEVERAL.sub(HIDDEN, kept)


def _veiled(word: str, strange: set[str]) -> str:
    plain = word.strip(".")
    return word.replace(plain, HIDDEN) if plain in strange else word
