"""OBAT-RESEP on the write road: no more of a drug is handed over than its prescription says.

Whoever hands over touches the prescription's guard, so of two pharmacists at one instant the
second is counted with the first. Judged is what a puskesmas prescribed (it has a number of ours)
with a quantity; amounts in another coded unit are not compared.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from fhir_server.mappings.puskesmas import by_ids, by_references, referred
from fhir_server.mappings.rules import Rule, documents, refuse
from fhir_server.sop.penyerahan_obat import OBAT_RESEP, melebihi_resep
from fhir_server.store.ops import Check

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fhir_server.mappings.rules import Facts
    from fhir_server.resources.wire import Document
    from fhir_server.sop.dokumen import Teguran
    from fhir_server.store.ops import Concern, Stored

DRUG: Final = "MedicationRequest"
VOID: Final = ("declined", "cancelled", "entered-in-error", "stopped")
"""States in which nothing was handed over, nor will be."""


def rules(canonical: str) -> tuple[Rule, ...]:
    """Give the rule for prescriptions numbered below a canonical base."""
    own = f"{canonical.rstrip('/')}/sid/no-resep"

    def applies(document: Document, new: bool) -> bool:  # noqa: ARG001, FBT001 - as Rule has it
        if document.get("status") in VOID or "quantity" not in document:
            return False
        return bool(referred(document.get("authorizingPrescription", ()), DRUG))

    def check(concerns: Sequence[Concern], facts: Facts) -> Check:
        drugs = referred((r for e in concerns for r in _named(e.document)), DRUG)
        names = [f"{DRUG}/{each}" for each in drugs]
        plans = (
            by_ids(facts, DRUG, drugs),
            by_references(facts, "MedicationDispense", "prescription", names),
        )

        def decide(found: Sequence[Sequence[Stored]]) -> None:
            asked, given = (documents(each) for each in found)
            ours = [e for e in asked if e.get("groupIdentifier", {}).get("system") == own]
            refuse(_verdicts(concerns, ours, given))

        return Check(tuple(f"{OBAT_RESEP}|{each}" for each in names), plans, decide, when="after")

    return (Rule(OBAT_RESEP, frozenset({"MedicationDispense"}), applies, check),)


def _verdicts(
    concerns: Sequence[Concern], drugs: Sequence[Document], given: Sequence[Document]
) -> Iterator[tuple[Concern, str, Teguran]]:
    for concern in concerns:
        own, here = concern.document, _quantity(concern.document)
        named = referred(_named(own), DRUG)
        for drug in (each for each in drugs if each["id"] in named):
            asked = drug.get("dispenseRequest", {})
            most = asked.get("quantity", {})
            if "value" not in most or not _comparable(most, here):
                continue
            others = [each for each in given if each["id"] != own["id"] and _is_of(each, drug)]
            before = sum((_value(_quantity(e)) for e in others if _same(e, most)), Decimal(0))
            allowed = _value(most) * (1 + asked.get("numberOfRepeatsAllowed", 0))
            if wrong := melebihi_resep(_value(here), before, allowed):
                yield concern, "quantity", wrong


def _is_of(dispense: Document, drug: Document) -> bool:
    if dispense.get("status") in VOID:
        return False
    return drug["id"] in referred(_named(dispense), DRUG)


def _same(dispense: Document, most: Document) -> bool:
    return _comparable(_quantity(dispense), most)


def _comparable(one: Document, other: Document) -> bool:
    """Say whether two amounts can be compared: a unit in words is as people write it."""
    coded = {one.get("code"), other.get("code")}
    return len(coded) == 1


def _named(dispense: Document) -> Sequence[Document]:
    found: Sequence[Document] = dispense.get("authorizingPrescription", ())
    return found


def _quantity(dispense: Document) -> Document:
    found: Document = dispense.get("quantity", {})
    return found


def _value(quantity: Document) -> Decimal:
    return Decimal(str(quantity.get("value", 0)))
