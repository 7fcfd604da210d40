"""BR-B21 and BR-B22 on the write road: what may be charged for a visit, and at which price.

Judged are the charges of a puskesmas: within a visit of ours, or with a tariff of ours. Who pays
is what the visit says, else the patient's coverage. A planned charge waits for its service.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from fhir_server.mappings.elements import code_of, extension_of
from fhir_server.mappings.puskesmas import by_ids, by_references, is_visit, referred
from fhir_server.mappings.rules import Rule, documents, local, refuse
from fhir_server.mappings.tagihan import LAYANAN, in_force
from fhir_server.mappings.tarif import is_tariff, price_of, tariff_code
from fhir_server.sop.penjamin import ditanggung
from fhir_server.sop.tagihan import Butir, nilai_butir
from fhir_server.sop.tarif import BR_B22, harga_tetap, tarif_ganda
from fhir_server.store.ops import Check

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fhir_server.mappings.rules import Facts
    from fhir_server.resources.wire import Document
    from fhir_server.sop.dokumen import Teguran
    from fhir_server.store.ops import Concern, Stored

WITHDRAWN = ("aborted", "entered-in-error")
CHARGED = ("billable", "billed", "unknown")
SERVED = ("in-progress", "onleave", "finished")
PERFORMED = {
    "Procedure": ("completed",),
    "Observation": ("preliminary", "final", "amended", "corrected"),
    "MedicationDispense": ("completed",),
    "Immunization": ("completed",),
    "DiagnosticReport": ("preliminary", "final", "amended", "corrected", "appended"),
}
ELEMENT = {
    "status": "status",
    "harga": "priceOverride",
    "tarif": "definitionUri",
    "layanan": "service",
    "jumlah": "quantity",
}


class Known(NamedTuple):
    """What the store knows of the written charges, by ``Type/id`` or by URL."""

    base: str
    visits: dict[str, Document]
    coverages: list[Document]
    definitions: dict[str, Document]
    services: dict[str, Document]
    charges: list[Document]


def rules(canonical: str) -> tuple[Rule, ...]:
    """Give the rules for the code systems below a canonical base."""
    base = canonical.rstrip("/")

    def charged(document: Document, new: bool) -> bool:  # noqa: ARG001, FBT001 - as Rule has it
        if document.get("status") in WITHDRAWN:
            return False
        return _is_priced(document, base) or local(document.get("context"), "Encounter") is not None

    def check(concerns: Sequence[Concern], facts: Facts) -> Check:
        return _check(base, concerns, facts)

    def priced(document: Document, new: bool) -> bool:  # noqa: ARG001, FBT001 - as Rule has it
        return is_tariff(document, base)

    return (
        Rule(BR_B22, frozenset({"ChargeItem"}), charged, check),
        Rule(f"{BR_B22} tarif", frozenset({"ChargeItemDefinition"}), priced, check_price),
    )


def check_price(concerns: Sequence[Concern], facts: Facts) -> Check:
    """Hold every price against how it stood, and against others of its URL."""
    ids = sorted(each.document["id"] for each in concerns)
    urls = sorted({str(each.document.get("url")) for each in concerns})
    plans = (
        by_ids(facts, "ChargeItemDefinition", ids),
        facts("ChargeItemDefinition", [("url", ",".join(urls))]),
    )

    def decide(found: Sequence[Sequence[Stored]]) -> None:
        before = {each["id"]: each for each in documents(found[0])}
        others = [*documents(found[1]), *(each.document for each in concerns)]
        refuse(_prices(concerns, before, others))

    return Check(tuple(f"{BR_B22}|{url}" for url in urls), plans, decide, when="before")


def _prices(
    concerns: Sequence[Concern], before: dict[str, Document], others: Sequence[Document]
) -> Iterator[tuple[Concern, str, Teguran]]:
    for concern in concerns:
        now = concern.document
        code = tariff_code(now)
        stood = before.get(now["id"], {})
        was = price_of(stood) if stood.get("status") == "active" else None
        if wrong := harga_tetap(code, was, price_of(now)):
            yield concern, "propertyGroup", wrong
        if any(e.get("url") == now.get("url") and e["id"] != now["id"] for e in others):
            yield concern, "url", tarif_ganda(code)


def _check(base: str, concerns: Sequence[Concern], facts: Facts) -> Check:
    charges = [each.document for each in concerns]
    visits = referred((each.get("context") for each in charges), "Encounter")
    patients = [f"Patient/{e}" for e in referred((c.get("subject") for c in charges), "Patient")]
    urls = sorted({url for each in charges for url in _urls(each)})
    named = [service for each in charges for service in each.get("service", ())]
    kinds = {kind: ids for kind in PERFORMED if (ids := referred(named, kind))}
    services = [f"{kind}/{each}" for kind, ids in kinds.items() for each in ids]
    plans = (
        by_ids(facts, "Encounter", visits),
        by_references(facts, "Coverage", "patient", patients),
        facts("ChargeItemDefinition", [("url", ",".join(urls) or f"{base}/-")]),
        by_references(facts, "ChargeItem", "service", services),
        by_references(facts, "ChargeItem", "context", [f"Encounter/{each}" for each in visits]),
        *(by_ids(facts, kind, ids) for kind, ids in kinds.items()),
    )

    def decide(found: Sequence[Sequence[Stored]]) -> None:
        met, covered, priced, *others = (documents(each) for each in found)
        known = Known(
            base,
            {f"Encounter/{each['id']}": each for each in met},
            [each for each in covered if each.get("status") == "active"],
            {each["url"]: each for each in priced},
            {f"{e['resourceType']}/{e['id']}": e for rows in others[2:] for e in rows},
            list({each["id"]: each for rows in others[:2] for each in rows}.values()),
        )
        refuse(_verdicts(concerns, known))

    guards = tuple(f"{BR_B22}|{each}" for each in (*services, *(f"Encounter/{v}" for v in visits)))
    return Check(guards, plans, decide, when="after")


def _verdicts(concerns: Sequence[Concern], known: Known) -> Iterator[tuple[Concern, str, Teguran]]:
    for concern in concerns:
        charge = concern.document
        visit = known.visits.get(local(charge.get("context"), "Encounter") or "", {})
        if _is_priced(charge, known.base) or is_visit(visit, known.base):
            for part, reproof in nilai_butir(_butir(charge, visit, known)):
                yield concern, ELEMENT[part], reproof


def _butir(charge: Document, visit: Document, known: Known) -> Butir:
    """Gather what the rule asks about one charge."""
    definition = _definition(charge, known)
    kind = _prices_what(definition, known.base)
    services = _services(charge, kind)
    found = [known.visits.get(n) or known.services.get(n) for n in services]
    return Butir(
        ditanggung=ditanggung(_payer(charge, visit, known)),
        ditagihkan=charge.get("status") in CHARGED,
        harga_diganti="priceOverride" in charge or "factorOverride" in charge,
        tarif_berlaku=definition is not None,
        layanan=len(services),
        dilakukan=all(each is not None and _performed(each, charge, kind) for each in found),
        terukur=_quantity(charge) <= min((_given(e) for e in found if e), default=Decimal(1)),
        pernah=_before(charge, services, known),
    )


def _payer(charge: Document, visit: Document, known: Known) -> str | None:
    kinds = f"{known.base}/CodeSystem/jenis-penjamin"
    said = (extension_of(visit, f"{known.base}/StructureDefinition/cara-bayar") or {}).get(
        "valueCodeableConcept"
    )
    if (code := code_of(said, kinds)) is not None:
        return code
    who = local(charge.get("subject"), "Patient")
    mine = [e for e in known.coverages if local(e.get("beneficiary"), "Patient") == who]
    found = [code_of(each.get("type"), kinds) for each in mine]
    return next((each for each in found if ditanggung(each)), None)


def _definition(charge: Document, known: Known) -> Document | None:
    """Find the tariff a charge names, if it is in force that day and has the charge's code."""
    codes = f"{known.base}/CodeSystem/tarif"
    day = charge.get("occurrenceDateTime") or charge.get("occurrencePeriod", {}).get("start")
    for url in _urls(charge):
        found = known.definitions.get(url)
        if found is not None and price_of(found) is not None and day and in_force(found, day):
            same = code_of(found.get("code"), codes) == code_of(charge.get("code"), codes)
            return found if same else None
    return None


def _prices_what(definition: Document | None, base: str) -> str | None:
    url = f"{base}/StructureDefinition/jenis-layanan-tarif"
    concept = (extension_of(definition or {}, url) or {}).get("valueCodeableConcept")
    return code_of(concept, f"{base}/CodeSystem/jenis-layanan-tarif")


def _services(charge: Document, kind: str | None) -> list[str]:
    """Name what is charged; a tariff for visits charges the visit itself."""
    if kind == "kunjungan":
        visit = local(charge.get("context"), "Encounter")
        return [visit] if visit else []
    return [each.get("reference", "?") for each in charge.get("service", ())]


def _performed(service: Document, charge: Document, kind: str | None) -> bool:
    resource_type = service["resourceType"]
    owner = service.get("subject") or service.get("patient")
    if local(owner, "Patient") != local(charge.get("subject"), "Patient"):
        return False
    if kind is not None and LAYANAN[kind] != resource_type:
        return False
    if resource_type == "Encounter":
        return service.get("status") in SERVED
    return service.get("status") in PERFORMED[resource_type]


def _quantity(charge: Document) -> Decimal:
    return Decimal(str(charge.get("quantity", {}).get("value", 1)))


def _given(service: Document) -> Decimal:
    """Say how much was given: a drug by its quantity, anything else once."""
    if service["resourceType"] != "MedicationDispense":
        return Decimal(1)
    return Decimal(str(service.get("quantity", {}).get("value", 1)))


def _before(charge: Document, services: Sequence[str], known: Known) -> bool:
    """Say whether another charge has the same code for the same service."""
    return any(
        each["id"] != charge["id"]
        and each.get("status") not in WITHDRAWN
        and _same_code(each, charge)
        and not set(services).isdisjoint(_charged(each, charge))
        for each in known.charges
    )


def _charged(other: Document, charge: Document) -> Iterator[Any]:
    """Name what another charge is for; one without a service is for its visit."""
    yield from (each.get("reference") for each in other.get("service", ()))
    if not other.get("service") and not charge.get("service"):
        yield local(other.get("context"), "Encounter")


def _same_code(one: Document, other: Document) -> bool:
    codes = [
        {(c.get("system"), c.get("code")) for c in each.get("code", {}).get("coding", ())}
        for each in (one, other)
    ]
    return not codes[0].isdisjoint(codes[1])


def _urls(charge: Document) -> list[str]:
    named = [*charge.get("definitionUri", ()), *charge.get("definitionCanonical", ())]
    return [str(each).partition("|")[0] for each in named]


def _is_priced(charge: Document, base: str) -> bool:
    ours = f"{base}/ChargeItemDefinition/"
    if any(url.startswith(ours) for url in _urls(charge)):
        return True
    return code_of(charge.get("code"), f"{base}/CodeSystem/tarif") is not None
