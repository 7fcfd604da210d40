"""Errors name nobody who is out of reach: rules judge everything, and say what stands against it.

A rule that refuses a write may list the patients it is about. Who has limits gets ``…`` for those
that are not in reach, and no longer list for more of them.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from fhir_server.errors import FhirError

    Among = Callable[[Iterable[str]], set[str]]

HIDDEN: Final = "…"
_WORD = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_SEVERAL = re.compile(f"{HIDDEN}(?:, {HIDDEN})+")


def veil(error: FhirError, hidden: Among) -> None:
    """Take the ids of patients who are ``hidden`` among some words out of an error."""
    said = [each.diagnostics for each in error.issues]
    said += [each.indonesian for each in error.issues if each.indonesian]
    words = {word.strip(".") for text in said for word in _WORD.findall(text)} - {""}
    strange = hidden(words)
    if strange:
        error.issues = tuple(
            replace(
                each,
                diagnostics=_without(each.diagnostics, strange),
                indonesian=_without(each.indonesian, strange) if each.indonesian else None,
            )
            for each in error.issues
        )


def _without(text: str, strange: set[str]) -> str:
    kept = _WORD.sub(lambda found: _veiled(found[0], strange), text)
    return _SEVERAL.sub(HIDDEN, kept)


def _veiled(word: str, strange: set[str]) -> str:
    plain = word.strip(".")
    return word.replace(plain, HIDDEN) if plain in strange else word
