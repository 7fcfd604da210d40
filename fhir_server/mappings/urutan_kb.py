"""BR-B9 and BR-B10 on the write road: drug before injection and implant, no procedure for a pill.

An IUD passes (BR-B11). A procedure in a code of others is judged only within a visit of a
puskesmas; one that is based on a contraception service of ours always.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fhir_server.mappings.elements import code_of
from fhir_server.mappings.puskesmas import by_ids, by_references, is_later, is_visit, referred
from fhir_server.mappings.rules import Rule, documents, local, refuse
from fhir_server.mappings.tindakan_kb import is_perhaps, tindakan_of
from fhir_server.sop.layanan_kb import (
    BR_B9,
    TANPA_TINDAKAN,
    TINDAKAN_BEROBAT,
    sesudah_obat,
    tanpa_tindakan,
    tindakan_kb,
)
from fhir_server.store.ops import Check

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fhir_server.config import Settings
    from fhir_server.mappings.rules import Facts
    from fhir_server.resources.wire import Document
    from fhir_server.sop.dokumen import Teguran
    from fhir_server.store.ops import Concern, Stored

REQUEST, DRUG = "ServiceRequest", "MedicationRequest"
PERFORMED = ("in-progress", "on-hold", "stopped", "completed")


class Known(NamedTuple):
    """What the store knows of the written procedures."""

    requests: dict[str, Document]
    drugs: list[Document]
    dispenses: list[Document]
    visits: set[str]


def rules_of(settings: Settings) -> tuple[Rule, ...]:
    """Give the rule for the operator's code systems and code of an implant."""
    base, implan = settings.canonical.rstrip("/"), settings.kb_implan_icd9cm
    own, methods = f"{base}/CodeSystem/tindakan-kb", f"{base}/CodeSystem/metode-kb"

    def applies(document: Document, new: bool) -> bool:  # noqa: ARG001, FBT001 - as Rule has it
        if document.get("status") not in PERFORMED:
            return False
        return bool(document.get("basedOn")) or tindakan_of(document, own) in TINDAKAN_BEROBAT

    def check(concerns: Sequence[Concern], facts: Facts) -> Check:
        written = [each.document for each in concerns]
        requests = referred((r for each in written for r in each.get("basedOn", ())), REQUEST)
        visits = referred((each.get("encounter") for each in written), "Encounter")
        patients = [f"Patient/{each}" for each in referred(_subjects(written), "Patient")]
        plans = (
            by_ids(facts, REQUEST, requests),
            by_references(facts, DRUG, "patient", patients),
            by_references(facts, "MedicationDispense", "patient", patients),
            by_ids(facts, "Encounter", visits),
        )

        def decide(found: Sequence[Sequence[Stored]]) -> None:
            asked, drugs, given, met = (documents(each) for each in found)
            known = Known(
                {each["id"]: each for each in asked if _method(each, methods)},
                drugs,
                [each for each in given if each.get("status") == "completed"],
                {each["id"] for each in met if is_visit(each, base)},
            )
            refuse(_verdicts(concerns, known, own, methods, implan))

        return Check((), plans, decide, when="after")

    return (Rule(BR_B9, frozenset({"Procedure"}), applies, check),)


def _verdicts(
    concerns: Sequence[Concern], known: Known, own: str, methods: str, implan: str
) -> Iterator[tuple[Concern, str, Teguran]]:
    for concern in concerns:
        procedure = concern.document
        ids = referred(procedure.get("basedOn", ()), REQUEST)
        asked = [known.requests[each] for each in ids if each in known.requests]
        for method in (_method(each, methods) for each in asked):
            if method in TANPA_TINDAKAN:
                yield concern, "basedOn", tanpa_tindakan(method)
        tindakan = tindakan_of(procedure, own) or _asked_for(procedure, asked, methods, implan)
        if tindakan not in TINDAKAN_BEROBAT or not (asked or _is_ours(procedure, known, own)):
            continue
        if wrong := sesudah_obat(tindakan, diserahkan=list(_handed(procedure, asked, known))):
            yield concern, "performed", wrong


def _asked_for(
    procedure: Document, asked: Sequence[Document], methods: str, implan: str
) -> str | None:
    """Name the procedure by its service, where its own code can mean that."""
    kinds = f"{methods.removesuffix('metode-kb')}jenis-layanan-kb"
    wanted = [
        tindakan_kb(_method(each, methods), code_of(each.get("orderDetail"), kinds) or "baru")
        for each in asked
    ]
    return next((each for each in wanted if is_perhaps(procedure, each, implan)), None)


def _is_ours(procedure: Document, known: Known, own: str) -> bool:
    codings = procedure["code"]["coding"]
    visits = referred([procedure.get("encounter")], "Encounter")
    return any(c.get("system") == own for c in codings) or not known.visits.isdisjoint(visits)


def _handed(procedure: Document, asked: Sequence[Document], known: Known) -> Iterator[bool]:
    """Say of each handing over of the service's drug whether it was in time."""
    wanted = _prescriptions(asked, known.drugs)
    when = _when(procedure)
    for each in known.dispenses:
        same = local(each.get("subject"), "Patient") == local(procedure["subject"], "Patient")
        drugs = referred(each.get("authorizingPrescription", ()), "MedicationRequest")
        if same and not wanted.isdisjoint(drugs):
            handed = each.get("whenHandedOver")
            yield handed is not None and when is not None and not is_later(handed, when)


def _prescriptions(asked: Sequence[Document], drugs: Sequence[Document]) -> set[str]:
    """Find the drugs of the services: those they name, and those that are based on them."""
    named = {d for each in asked for d in referred(each.get("supportingInfo", ()), DRUG)}
    ids = {each["id"] for each in asked}
    based = {d["id"] for d in drugs if not ids.isdisjoint(referred(d.get("basedOn", ()), REQUEST))}
    return named | based


def _when(procedure: Document) -> str | None:
    period = procedure.get("performedPeriod", {})
    found: str | None = procedure.get("performedDateTime") or period.get("start")
    return found


def _method(request: Document, methods: str) -> str:
    codings = request.get("code", {}).get("coding", ())
    return next((str(c.get("code")) for c in codings if c.get("system") == methods), "")


def _subjects(written: Sequence[Document]) -> Iterator[Document | None]:
    return (each.get("subject") for each in written)
