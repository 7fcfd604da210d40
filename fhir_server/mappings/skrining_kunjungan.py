"""What a visual screening does to its visit (C1, C2), and BR-C1 and BR-C2 on the write road.

A screening sets priority and arrangements; an emergency is at once class EMER, in progress, in the
UGD, and its number in the queue is called. Nobody is routed without a screening.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings.codes import ACT_CODE, code_system
from fhir_server.mappings.effects import Consequences, Effect
from fhir_server.mappings.elements import code_of, id_of, ids_of
from fhir_server.mappings.encounter_lab import turned
from fhir_server.mappings.rules import Rule, documents, has_code, local, refuse
from fhir_server.mappings.skrining_visual import BANTUAN, CODE, TRIASE, helps_of, is_emergency
from fhir_server.sop.skrining_visual import BR_C1, BR_C2, belum_diskrining, darurat_tidak_menunggu
from fhir_server.store.ops import Check

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fhir_server.mappings import Reader
    from fhir_server.mappings.rules import Facts
    from fhir_server.resources.wire import Document
    from fhir_server.sop.dokumen import Teguran
    from fhir_server.store.ops import Concern, Stored

PRIORITY: Final = "http://terminology.hl7.org/CodeSystem/v3-ActPriority"
ARRANGEMENT: Final = "http://terminology.hl7.org/CodeSystem/encounter-special-arrangements"
WHEELCHAIR, ATTENDANT = "wheel", "att"
ARRANGED: Final = {"kursi-roda": WHEELCHAIR, "penolong": ATTENDANT}
UNIT: Final = code_system("unit-layanan")
VALID: Final = ("final", "amended", "corrected")
WAITING: Final = ("planned", "arrived", "triaged")
ENDED: Final = ("finished", "cancelled", "entered-in-error")
WALK_IN: Final = "http://terminology.hl7.org/CodeSystem/v2-0276"


def effects(canonical: str) -> tuple[Effect, ...]:
    """Give the effect of a screening for the code systems below a canonical base."""
    local_codes = f"{canonical.rstrip('/')}/CodeSystem/observasi-lokal"

    def applies(document: Document, new: bool) -> bool:  # noqa: ARG001, FBT001 - as Effect has it
        return document.get("status") in VALID and has_code(document.get("code"), local_codes, CODE)

    return (Effect("skrining-visual", frozenset({"Observation"}), applies, follow),)


def follow(screenings: Sequence[Document], reader: Reader) -> Consequences:
    """Say what becomes of the visits that were screened, and of their numbers in the queue."""
    changed: dict[str, Document] = {}
    for screening in screenings:
        name = f"Encounter/{id_of(screening.get('encounter'), 'Encounter')}"
        encounter = changed.get(name) or reader.read(name)
        if encounter is None or encounter.get("status") in ENDED:
            continue
        changed[name] = screened(encounter, screening, reader.now)
        if is_emergency(screening):
            changed |= dict(_called(encounter, reader))
    return Consequences(changed)


def screened(encounter: Document, screening: Document, now: datetime) -> Document:
    """Give a visit as its screening leaves it."""
    when = _instant(screening) or now
    urgent, emergency = _urgency(screening), bool(is_emergency(screening))
    changed = {**encounter, "priority": {"coding": [{"system": PRIORITY, "code": urgent}]}}
    if arranged := [_arrangement(each) for each in helps_of(screening)]:
        stay = {**encounter.get("hospitalization", {}), "specialArrangement": arranged}
        changed["hospitalization"] = stay
    if emergency:
        return _rescued(changed, when)
    return turned(changed, "triaged", when) if encounter.get("status") == "arrived" else changed


def _rescued(encounter: Document, when: datetime) -> Document:
    """Give an emergency: class EMER, in the UGD, being treated since ``when`` (BR-C2)."""
    changed = dict(encounter)
    if changed.get("class", {}).get("code") != "EMER":
        start = changed.get("period", {}).get("start") or when.isoformat()
        past = {"class": changed["class"], "period": {"start": start, "end": when.isoformat()}}
        changed["classHistory"] = [*changed.get("classHistory", ()), past]
        changed["class"] = {"system": ACT_CODE, "code": "EMER"}
        changed["serviceType"] = {"coding": [{"system": UNIT, "code": "ugd"}]}
    if changed.get("status") in ("arrived", "triaged", "onleave"):
        return turned(changed, "in-progress", when)
    return changed


def _called(encounter: Document, reader: Reader) -> Iterator[tuple[str, Document]]:
    for each in ids_of(encounter.get("appointment"), "Appointment"):
        number = reader.read(f"Appointment/{each}")
        if number is not None and number.get("status") == "arrived":
            yield f"Appointment/{each}", {**number, "status": "checked-in"}


def _urgency(screening: Document) -> str:
    if is_emergency(screening):
        return "EM"
    triage = code_of(screening.get("valueCodeableConcept"), TRIASE)
    return "UR" if triage == "kuning" else "R"


def _arrangement(need: str) -> dict[str, Any]:
    ours = {"system": BANTUAN, "code": need}
    code = ARRANGED.get(need)
    return {"coding": [{"system": ARRANGEMENT, "code": code}, ours] if code else [ours]}


def _instant(screening: Document) -> datetime | None:
    found = screening.get("effectiveDateTime", "")
    return datetime.fromisoformat(found) if "T" in found else None


def rules(canonical: str) -> tuple[Rule, ...]:
    """Give BR-C1 and BR-C2 for what is ours below a canonical base."""
    base = canonical.rstrip("/")
    route, units = f"{base}/StructureDefinition/rute", f"{base}/CodeSystem/unit-layanan"
    screening = f"{base}/CodeSystem/observasi-lokal|{CODE}"

    def routed(document: Document, new: bool) -> bool:  # noqa: ARG001, FBT001 - as Rule has it
        return any(True for _ in stops(document, route))

    def unscreened(concerns: Sequence[Concern], facts: Facts) -> Check:
        names = sorted({f"Encounter/{each.document['id']}" for each in concerns})
        asked = [("encounter", ",".join(names)), ("code", screening), ("status", ",".join(VALID))]

        def decide(found: Sequence[Sequence[Stored]]) -> None:
            seen = {local(each.get("encounter"), "Encounter") for each in documents(found[0])}
            refuse(
                (each, "extension", belum_diskrining())
                for each in concerns
                if f"Encounter/{each.document['id']}" not in seen
            )

        guards = tuple(f"{BR_C1}|{each}" for each in names)
        return Check(guards, (facts("Observation", asked),), decide, when="after")

    def emergency(document: Document, new: bool) -> bool:  # noqa: ARG001, FBT001 - as Rule has it
        return _may_wait(document, units)

    def waits(concerns: Sequence[Concern], _facts: Facts) -> Check:
        refuse(found for each in concerns for found in _waiting(each, route))
        return Check((), (), lambda _: None)

    return (
        Rule(BR_C1, frozenset({"Encounter"}), routed, unscreened),
        Rule(BR_C2, frozenset({"Encounter", "Appointment"}), emergency, waits),
    )


def stops(encounter: Document, url: str) -> Iterator[dict[str, Any]]:
    """Give the stops of a route: ``unit``, ``klaster``, ``ruang-infeksi``, ``alasan``."""
    for each in encounter.get("extension", ()):
        if each.get("url") == url:
            yield {
                part.get("url"): next((v for k, v in part.items() if k.startswith("value")), None)
                for part in each.get("extension", ())
            }


def _may_wait(document: Document, units: str) -> bool:
    """Say whether BR-C2 looks at a resource: an emergency of the UGD, or a number for it."""
    concepts = document.get("serviceType")
    if concepts is None:
        return False
    found = concepts if isinstance(concepts, list) else [concepts]
    ugd = any(has_code(each, units, "ugd") for each in found)
    if document["resourceType"] == "Appointment":
        return ugd and has_code(document.get("appointmentType"), WALK_IN, "WALKIN")
    ours = any(c.get("system") == units for each in found for c in each.get("coding", ()))
    return ours and (ugd or has_code(document.get("priority"), PRIORITY, "EM"))


def _waiting(concern: Concern, route: str) -> Iterator[tuple[Concern, str, Teguran]]:
    document = concern.document
    if document["resourceType"] == "Appointment":
        wrong = darurat_tidak_menunggu("diberi nomor antrean", "is given a number in the queue")
        yield concern, "serviceType", wrong
        return
    if has_code(document.get("priority"), PRIORITY, "EM") and _class(document) == "AMB":
        wrong = darurat_tidak_menunggu("berkelas AMB", "has class AMB")
        yield concern, "class", wrong
    if _class(document) == "EMER" and document.get("status") in WAITING and _at_ugd(document):
        wrong = darurat_tidak_menunggu("masih menunggu", f"is still {document['status']}")
        yield concern, "status", wrong
    if _class(document) == "EMER" and any(
        each.get("unit") != "ugd" for each in stops(document, route)
    ):
        wrong = darurat_tidak_menunggu("diarahkan ke unit lain", "is routed to another unit")
        yield concern, "extension", wrong


def _class(encounter: Document) -> Any:
    return encounter.get("class", {}).get("code")


def _at_ugd(encounter: Document) -> bool:
    codings = encounter.get("serviceType", {}).get("coding", ())
    return any(each.get("code") == "ugd" for each in codings)
