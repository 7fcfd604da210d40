"""SATU-SASARAN on the write road: a village has one target of a kind in a year (domain §6).

Two would make the denominator of every coverage a matter of chance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_server.mappings.rules import Rule, documents, refuse
from fhir_server.mappings.sasaran_desa import NOMOR
from fhir_server.sop.sasaran_desa import SATU_SASARAN, sudah_ada
from fhir_server.store.ops import Check

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fhir_server.mappings.rules import Facts
    from fhir_server.resources.wire import Document
    from fhir_server.sop.dokumen import Teguran
    from fhir_server.store.ops import Concern, Stored


def rules(_canonical: str) -> tuple[Rule, ...]:
    """Give the rule; the targets are known by their identifier, below whatever base."""

    def applies(group: Document, _new: bool) -> bool:  # noqa: FBT001 - as Rule has it
        return number_of(group) is not None

    return (Rule(SATU_SASARAN, frozenset({"Group"}), applies, check),)


def check(concerns: Sequence[Concern], facts: Facts) -> Check:
    """Look, after the write, at all targets with its numbers."""
    numbers = sorted({found for each in concerns if (found := number_of(each.document))})

    def decide(found: Sequence[Sequence[Stored]]) -> None:
        refuse(verdicts(concerns, documents(found[0])))

    return Check(
        tuple(f"{SATU_SASARAN}|{each}" for each in numbers),
        (facts("Group", [("identifier", ",".join(numbers))]),),
        decide,
        when="after",
    )


def verdicts(
    concerns: Sequence[Concern], stored: Sequence[Document]
) -> Iterator[tuple[Concern, str, Teguran]]:
    """Judge every written target by the others of its village, year and kind."""
    for concern in concerns:
        number = number_of(concern.document)
        others = [each for each in stored if each["id"] != concern.document["id"]]
        if number and any(number_of(each) == number for each in others):
            yield concern, "identifier", sudah_ada(number.rpartition("|")[2])


def number_of(group: Document) -> str | None:
    """Give the number of a target that is in use, ``system|value``; None for any other Group."""
    for each in group.get("identifier", ()):
        system, value = each.get("system", ""), each.get("value", "")
        if f"/sid/{NOMOR}/" in system and value and group.get("active", True):
            return f"{system}|{value}"
    return None
