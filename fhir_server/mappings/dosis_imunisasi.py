"""BR-B12 on the write road: lot and expiry of a dose given here, no dose twice, Td intervals.

Judged are doses in a code of KFA. A dose of the past (``primarySource`` false) needs no lot, but
it too is recorded once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_server.mappings.codes import KFA
from fhir_server.mappings.elements import day_of
from fhir_server.mappings.puskesmas import by_references, is_past, referred
from fhir_server.mappings.rules import Rule, documents, local, refuse
from fhir_server.sop.imunisasi import BR_B12, TD, dosis_baru, dosis_ganda, jarak_td
from fhir_server.store.ops import Check

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fhir_server.mappings.rules import Facts
    from fhir_server.resources.wire import Document
    from fhir_server.sop.dokumen import Teguran
    from fhir_server.store.ops import Concern, Stored

ELEMENT = {"lot": "lotNumber", "kadaluarsa": "expirationDate"}


def rules(_canonical: str) -> tuple[Rule, ...]:
    """Give the rule; the codes of vaccines are not ours."""
    return (Rule(BR_B12, frozenset({"Immunization"}), applies, check),)


def applies(document: Document, new: bool) -> bool:  # noqa: ARG001, FBT001 - as Rule has it
    """Say whether a dose was given and is in a code of KFA."""
    return document.get("status") == "completed" and bool(_vaccines(document))


def check(concerns: Sequence[Concern], facts: Facts) -> Check:
    """Judge each dose by itself and by the others of its patient."""
    refuse(_alone(concerns))
    ids = referred((each.document.get("patient") for each in concerns), "Patient")
    patients = [f"Patient/{each}" for each in ids]
    plan = by_references(facts, "Immunization", "patient", patients)

    def decide(found: Sequence[Sequence[Stored]]) -> None:
        given = [each for each in documents(found[0]) if applies(each, False)]  # noqa: FBT003
        refuse(_among(concerns, given))

    guards = tuple(f"{BR_B12}|{each}" for each in patients)
    return Check(guards, (plan,), decide, when="after")


def _alone(concerns: Sequence[Concern]) -> Iterator[tuple[Concern, str, Teguran]]:
    for concern in concerns:
        dose = concern.document
        expiry, moment = dose.get("expirationDate"), dose.get("occurrenceDateTime", "")
        over = None if expiry is None else is_past(expiry, moment)
        historic = dose.get("primarySource") is False
        for reproof in dosis_baru(dose.get("lotNumber"), over, historis=historic):
            yield concern, ELEMENT[reproof.bidang], reproof


def _among(
    concerns: Sequence[Concern], given: Sequence[Document]
) -> Iterator[tuple[Concern, str, Teguran]]:
    for concern in concerns:
        dose = concern.document
        number = _number(dose)
        others = [each for each in given if each["id"] != dose["id"] and _same_series(each, dose)]
        if number is None:
            continue
        if any(_number(each) == number for each in others):
            yield concern, "protocolApplied.doseNumber", dosis_ganda(number)
        elif TD in _vaccines(dose) and (wrong := _too_early(dose, number, others)):
            yield concern, "occurrence", wrong


def _too_early(dose: Document, number: int, others: Sequence[Document]) -> Teguran | None:
    """Hold a Td dose against the one before; a dose of the past is what it is."""
    if dose.get("primarySource") is False:
        return None
    given = day_of(dose.get("occurrenceDateTime"))
    for each in others:
        before = day_of(each.get("occurrenceDateTime"))
        if _number(each) == number - 1 and given is not None and before is not None:
            return jarak_td(number, given, before)
    return None


def _same_series(one: Document, other: Document) -> bool:
    same = local(one.get("patient"), "Patient") == local(other.get("patient"), "Patient")
    return same and not _vaccines(one).isdisjoint(_vaccines(other))


def _vaccines(dose: Document) -> set[str]:
    codings = dose.get("vaccineCode", {}).get("coding", ())
    return {str(each.get("code")) for each in codings if each.get("system") == KFA}


def _number(dose: Document) -> int | None:
    for each in dose.get("protocolApplied", ()):
        if isinstance(number := each.get("doseNumberPositiveInt"), int):
            return number
    return None
