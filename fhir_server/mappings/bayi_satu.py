"""BAYI-SATU on the write road: a newborn without NIK is recorded once (domain §2.1 row 19, S12).

It is known by its mother's NIK, its day of birth and its order of birth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_server.mappings.codes import NIK_IBU
from fhir_server.mappings.elements import identifier_of
from fhir_server.mappings.rules import Rule, documents, refuse
from fhir_server.sop.persalinan import BAYI_SATU, bayi_sudah_ada
from fhir_server.store.ops import Check

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fhir_server.mappings.rules import Facts
    from fhir_server.resources.wire import Document
    from fhir_server.sop.dokumen import Teguran
    from fhir_server.store.ops import Concern, Stored

Key = tuple[str | None, str | None, int]


def rules(_canonical: str) -> tuple[Rule, ...]:
    """Give the rule; the identifier is SATUSEHAT's, below no base of ours."""

    def applies(patient: Document, new: bool) -> bool:  # noqa: FBT001 - as Rule has it
        return new and counts(patient) and identifier_of(patient, NIK_IBU) is not None

    return (Rule(BAYI_SATU, frozenset({"Patient"}), applies, check),)


def check(concerns: Sequence[Concern], facts: Facts) -> Check:
    """Look, after the write, at all newborns of these mothers."""
    mothers = sorted({identifier_of(each.document, NIK_IBU) or "" for each in concerns})
    pairs = [("identifier", ",".join(f"{NIK_IBU}|{each}" for each in mothers))]

    def decide(found: Sequence[Sequence[Stored]]) -> None:
        refuse(verdicts(concerns, [each for each in documents(found[0]) if counts(each)]))

    guards = tuple(f"{BAYI_SATU}|{each}" for each in mothers)
    return Check(guards, (facts("Patient", pairs),), decide, when="after")


def verdicts(
    concerns: Sequence[Concern], newborns: Sequence[Document]
) -> Iterator[tuple[Concern, str, Teguran]]:
    """Judge every new one by the others of its mother."""
    for concern in concerns:
        own = concern.document
        same = [
            each["id"] for each in newborns if each["id"] != own["id"] and key(each) == key(own)
        ]
        if same:
            yield concern, "identifier", bayi_sudah_ada(f"Patient/{same[0]}")


def counts(patient: Document) -> bool:
    """Leave out records that were entered in error or merged into others."""
    replaced = any(each.get("type") == "replaced-by" for each in patient.get("link", ()))
    return patient.get("active") is not False and not replaced


def key(patient: Document) -> Key:
    """Say by what a newborn is known."""
    order = patient.get("multipleBirthInteger") or 0
    return identifier_of(patient, NIK_IBU), patient.get("birthDate"), order
