"""What a search must know of code systems and value sets: for ``:in``, ``:below`` and their like.

Search is pure; who loads terminology hands it in as ``Terms``.

https://hl7.org/fhir/R4/search.html#token
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from fhir_server.errors import NotSupported

if TYPE_CHECKING:
    from collections.abc import Callable

Code = tuple[str, str]


class Terms(Protocol):
    """Code systems and value sets that are loaded. What is not known raises a FhirError."""

    def members(self, value_set: str) -> frozenset[Code]:
        """List a value set, by url or ``ValueSet/id``, as (system, code)."""

    def below(self, system: str, code: str) -> frozenset[str]:
        """Give the code and all codes that it subsumes."""

    def above(self, system: str, code: str) -> frozenset[str]:
        """Give the code and all codes that subsume it."""


class View(Protocol):
    """Terminology as it is now, for one request; None is what it does not know."""

    def members(self, value_set: str) -> frozenset[Code]:
        """List a value set, or raise a FhirError that says why it cannot."""

    def descendants(self, system: str, code: str) -> frozenset[str] | None:
        """Give what a code subsumes, without itself."""

    def ancestors(self, system: str, code: str) -> frozenset[str] | None:
        """Give what subsumes a code, without itself."""


class LoadedTerms:
    """Asks the terminology that is loaded, anew for every question."""

    def __init__(self, now: Callable[[], View]) -> None:
        self._now = now

    def members(self, value_set: str) -> frozenset[Code]:
        """List a value set."""
        return self._now().members(value_set)

    def below(self, system: str, code: str) -> frozenset[str]:
        """Give the code and what it subsumes."""
        return _known(self._now().descendants(system, code), system, code)

    def above(self, system: str, code: str) -> frozenset[str]:
        """Give the code and what subsumes it."""
        return _known(self._now().ancestors(system, code), system, code)


def _known(found: frozenset[str] | None, system: str, code: str) -> frozenset[str]:
    if found is None:
        raise _unknown(system, code)
    return found | {code}


def _unknown(system: str, code: str) -> NotSupported:
    return NotSupported(
        f"What {code} stands above and below in {system} is not known here: no code system with "
        "that code and its hierarchy is loaded."
    )


class NoTerms:
    """Knows no code system and no value set."""

    def members(self, value_set: str) -> frozenset[Code]:
        """Refuse: nothing is loaded."""
        raise NotSupported(f"The value set {value_set} is not loaded here.")

    def below(self, system: str, code: str) -> frozenset[str]:
        """Refuse: nothing is loaded."""
        raise _unknown(system, code)

    def above(self, system: str, code: str) -> frozenset[str]:
        """Refuse: nothing is loaded."""
        return self.below(system, code)
