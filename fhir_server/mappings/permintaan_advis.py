"""What an advice asks to be examined: a ServiceRequest each (SOP Chat, step 4).

Active at once, but in LAKON, where an advice waits for its approval (domain §4.4).

https://hl7.org/fhir/R4/servicerequest.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import part_id, r4b
from fhir_server.mappings.codes import SNOMED, code_system
from fhir_server.mappings.elements import concept, id_of, ids_of, instant_of, period, reference
from fhir_server.mappings.loinc_lab import test_concept, test_of
from fhir_server.mappings.rules import has_code
from fhir_server.sop.pemeriksaan_lab import DAFTAR

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Reader
    from fhir_server.resources.wire import Document
    from fhir_server.sop.advis import Advis

PERIKSA: Final = "periksa-"
LABORATORY: Final = ("108252007", "Laboratory procedure")
DIAGNOSTIC: Final = ("103693007", "Diagnostic procedure")
STATUS: Final = {
    "menunggu-persetujuan": "draft",
    "aktif": "active",
    "selesai": "completed",
    "dibatalkan": "revoked",
}


def requests(advis: Advis) -> dict[str, Any]:
    """Write every examination that the advice asks for, in a role of its own."""
    return {f"{PERIKSA}{kode}": _request(advis, kode) for kode in advis.pemeriksaan}


def links(advis: Advis, document_id: str) -> list[Any]:
    """Refer to the examinations from the advice's payload."""
    return [reference("ServiceRequest", part_id(document_id, role)) for role in requests(advis)]


def read(resources: Table[str, Document]) -> dict[str, Any]:
    """Read what is to be examined, until when, and how far that is."""
    found = [each for role, each in resources.items() if role.startswith(PERIKSA)]
    status = {code: word for word, code in STATUS.items()}
    first = found[0] if found else {}
    return {
        "pemeriksaan": tuple(code for each in found if (code := test_of(each.get("code")))),
        "batas": instant_of(first.get("occurrencePeriod", {}).get("end")),
        "statusPermintaan": status.get(first.get("status", "")),
    }


def parts(advice: Document) -> dict[str, str]:
    """Find the examinations that the advice itself has asked for."""
    own = f"{advice['id']}-{PERIKSA}"
    linked = [each.get("contentReference") for each in advice.get("payload", ())]
    mine = [each for each in ids_of(linked, "ServiceRequest") if each.startswith(own)]
    return {each.removeprefix(f"{advice['id']}-"): f"ServiceRequest/{each}" for each in mine}


def waits(advis: Advis, reader: Reader) -> Advis:
    """Let what a LAKON advice asks for wait for its approval."""
    case = reader.read(f"Task/{advis.kasus}") if advis.kasus and advis.pemeriksaan else None
    services = code_system("layanan-konsultasi")
    if case is not None and has_code(case.get("code"), services, "lakon"):
        return replace(advis, statusPermintaan="menunggu-persetujuan")
    return advis


def is_of(advice_id: str, request: Any) -> bool:
    """Say whether a reference of an advice's payload is to an examination of its own."""
    return (id_of(request, "ServiceRequest") or "").startswith(f"{advice_id}-{PERIKSA}")


def _request(advis: Advis, kode: str) -> Any:
    code, display = LABORATORY if kode in DAFTAR else DIAGNOSTIC
    return r4b.ServiceRequest(
        status=STATUS[advis.statusPermintaan],
        intent="order",
        category=[concept(SNOMED, code, display)],
        priority="urgent" if advis.batas else "routine",
        code=test_concept(kode),
        subject=reference("Patient", advis.pasien),
        encounter=reference("Encounter", advis.kunjungan),
        occurrencePeriod=period(advis.dibuat, advis.batas),
        authoredOn=advis.dibuat,
        requester=reference("PractitionerRole", advis.penulis),
    )
