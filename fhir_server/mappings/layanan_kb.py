"""LayananKB as ServiceRequest, with its Procedure and what is observed of the participant.

https://hl7.org/fhir/R4/servicerequest.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import Mapping, r4b
from fhir_server.mappings.alur import Jaga
from fhir_server.mappings.codes import ICD_10, code_system, structure
from fhir_server.mappings.elements import (
    code_of,
    concept,
    extension_of,
    id_of,
    ids_of,
    instant_of,
    reference,
    several,
)
from fhir_server.mappings.tindakan_kb import IMPLAN, TINDAKAN, code_of_tindakan, icd_9_of
from fhir_server.sop.layanan_kb import ALUR_KB, tindakan_kb

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Reader, Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.layanan_kb import LayananKB

METODE, JENIS = code_system("metode-kb"), code_system("jenis-layanan-kb")
UNIT, OBSERVASI = code_system("unit-layanan"), code_system("observasi-lokal")
PASCASALIN = structure("kb-pascasalin")
OBAT: Final = "obat"
STATUS: Final = {
    "diminta": "active",
    "selesai": "completed",
    "batal": "revoked",
    "salah-entri": "entered-in-error",
}
"""Status of the service → ServiceRequest.status."""
DIBACA: Final = {fhir: sop for sop, fhir in STATUS.items()} | {
    "draft": "diminta",
    "on-hold": "diminta",
}
OBSERVED: Final = {"metode": "metode-kb-aktif", "konseling": "konseling-kb"}


def to_fhir(layanan: LayananKB, own_id: str) -> Resources:
    """Write the request; the procedure once it was done, the active method once all is done."""
    written = {"": _request(layanan), "konseling": _counselled(layanan, own_id)}
    if layanan.dilakukan is not None:
        written["tindakan"] = _procedure(layanan, own_id)
    if layanan.status == "selesai":
        written["metode"] = _method(layanan, own_id)
    return written


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a service; its procedure may have been recorded by others."""
    request, procedure = resources[""], resources.get("tindakan", {})
    asked = (extension_of(request, PASCASALIN) or {}).get("valueBoolean", False)
    performers = ids_of(request.get("performer"), "Organization")
    return {
        "faskes": next(iter(performers), None),
        "pasien": id_of(request.get("subject"), "Patient"),
        "kunjungan": id_of(request.get("encounter"), "Encounter"),
        "metode": code_of(request.get("code"), METODE),
        "konseling": resources.get("konseling", {}).get("valueBoolean", False),
        "petugas": id_of(request.get("requester"), "PractitionerRole"),
        "waktu": instant_of(request.get("authoredOn")),
        "jenis": code_of(request.get("orderDetail"), JENIS),
        "pascasalin": asked,
        "resep": next(iter(ids_of(request.get("supportingInfo"), "MedicationRequest")), None),
        "dilakukan": instant_of(procedure.get("performedDateTime")),
        "lot": _lot_of(procedure),
        "kodeIcd9": icd_9_of(procedure),
        "catatan": next((each.get("text") for each in request.get("note", ())), None),
        "status": DIBACA.get(request.get("status", "")),
    }


def parts(request: Document, gathered: Table[str, Document]) -> dict[str, str]:
    """Find the procedure and the observations that are based on a request."""
    found: dict[str, str] = {}
    for name, each in gathered.items():
        if request["id"] not in ids_of(each.get("basedOn"), "ServiceRequest"):
            continue
        if code_of(each.get("code"), TINDAKAN) and each.get("status") != "entered-in-error":
            found.setdefault("tindakan", name)
        for role, code in OBSERVED.items():
            if code_of(each.get("code"), OBSERVASI) == code:
                found.setdefault(role, name)
    return found


def complete(
    layanan: LayananKB, _before: Table[str, Any] | None, reader: Reader
) -> tuple[LayananKB, tuple[()]]:
    """Give the inserting of an implant the code that the operator has decided on."""
    is_implant = tindakan_kb(layanan.metode, layanan.jenis) == IMPLAN and layanan.dilakukan
    code = reader.settings.kb_implan_icd9cm if is_implant else None
    return replace(layanan, kodeIcd9=code or None), ()


def amend(layanan: LayananKB, own_id: str, reader: Reader) -> dict[str, Document]:
    """Take back the active method of a service that was entered by mistake."""
    if layanan.status != "salah-entri":
        return {}
    pairs = [
        ("based-on", f"ServiceRequest/{own_id}"),
        ("code", f"{OBSERVASI}|{OBSERVED['metode']}"),
    ]
    found = reader.find("Observation", pairs)
    return {f"Observation/{e['id']}": {**e, "status": "entered-in-error"} for e in found}


def _request(layanan: LayananKB) -> Any:
    after_birth = r4b.Extension(url=PASCASALIN, valueBoolean=layanan.pascasalin)
    note: Any = {"text": layanan.catatan} if layanan.catatan else None
    return r4b.ServiceRequest(
        extension=[after_birth],
        status=STATUS[layanan.status],
        intent="order",
        category=[concept(UNIT, "kb")],
        code=concept(METODE, layanan.metode),
        orderDetail=[concept(JENIS, layanan.jenis)],
        subject=reference("Patient", layanan.pasien),
        encounter=reference("Encounter", layanan.kunjungan),
        authoredOn=layanan.waktu,
        requester=reference("PractitionerRole", layanan.petugas),
        performer=[reference("Organization", layanan.faskes)],
        reasonCode=[concept(ICD_10, reason(layanan.metode, layanan.jenis))],
        supportingInfo=several(reference("MedicationRequest", layanan.resep)),
        note=several(note),
    )


def reason(metode: str, jenis: str) -> str:
    """Give the ICD-10 code of a service (domain §2.1/17; Z30.2 sterilisation)."""
    if metode == "iud":
        return "Z30.5" if jenis in {"ulang", "cabut"} else "Z30.1"
    by_method = {"mow": "Z30.2", "mop": "Z30.2", "implan": "Z30.8", "kondom": "Z30.0"}
    return by_method.get(metode, "Z30.4")


def _procedure(layanan: LayananKB, own_id: str) -> Any:
    used = r4b.Medication(id=OBAT, batch={"lotNumber": layanan.lot}) if layanan.lot else None
    performer: Any = {"actor": reference("PractitionerRole", layanan.petugas)}
    return r4b.Procedure(
        contained=several(used),
        basedOn=[reference("ServiceRequest", own_id)],
        status="entered-in-error" if layanan.status == "salah-entri" else "completed",
        code=code_of_tindakan(tindakan_kb(layanan.metode, layanan.jenis), layanan.kodeIcd9),
        subject=reference("Patient", layanan.pasien),
        encounter=reference("Encounter", layanan.kunjungan),
        performedDateTime=layanan.dilakukan,
        performer=[performer],
        reasonCode=[concept(ICD_10, reason(layanan.metode, layanan.jenis))],
        usedReference=several(used and r4b.Reference(reference=f"#{OBAT}")),
    )


def _lot_of(procedure: Document) -> str | None:
    for each in procedure.get("contained", ()):
        if each["resourceType"] == "Medication" and (found := each.get("batch", {})):
            lot: str | None = found.get("lotNumber")
            return lot
    return None


def _counselled(layanan: LayananKB, own_id: str) -> Any:
    return _observation(layanan, own_id, "konseling", valueBoolean=layanan.konseling)


def _method(layanan: LayananKB, own_id: str) -> Any:
    now = "tanpa" if layanan.jenis == "cabut" else layanan.metode
    return _observation(layanan, own_id, "metode", valueCodeableConcept=concept(METODE, now))


def _observation(layanan: LayananKB, own_id: str, role: str, **value: Any) -> Any:
    new_observation: Any = r4b.Observation
    return new_observation(
        basedOn=[reference("ServiceRequest", own_id)],
        status="entered-in-error" if layanan.status == "salah-entri" else "final",
        code=concept(OBSERVASI, OBSERVED[role]),
        subject=reference("Patient", layanan.pasien),
        encounter=reference("Encounter", layanan.kunjungan),
        effectiveDateTime=layanan.dilakukan or layanan.waktu,
        performer=[reference("PractitionerRole", layanan.petugas)],
        **value,
    )


def _is_service(request: Document, canonical: str) -> bool:
    methods = f"{canonical}/CodeSystem/metode-kb"
    codings = request.get("code", {}).get("coding", ())
    return any(each.get("system") == methods for each in codings)


JAGA: Final = Jaga(
    alur=ALUR_KB,
    resource_type="ServiceRequest",
    applies=_is_service,
    state_of=lambda request: DIBACA.get(request.get("status", "")),
    status=STATUS,
)

MAPPING = Mapping(
    resource_type="ServiceRequest",
    profile="LayananKB",
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    parts=parts,
    complete=complete,
    amend=amend,
    profiles={"tindakan": "TindakanKB", "metode": "MetodeKBAktif", "konseling": "KonselingKB"},
    gather=(("_revinclude", "Procedure:based-on"), ("_revinclude", "Observation:based-on")),
    criteria=(("category", f"{UNIT}|kb"),),
    filters={
        "pasien": "patient=Patient/{}",
        "kunjungan": "encounter=Encounter/{}",
        "metode": f"code={METODE}|{{}}",
        "waktu": "authored",
        "status": lambda status: f"status={STATUS.get(status, status)}",
    },
    sort="-authored",
    constants=frozenset(
        {
            "ServiceRequest.extension.url",
            "ServiceRequest.intent",
            "ServiceRequest.category",
            "ServiceRequest.code.coding.system",
            "ServiceRequest.orderDetail.coding.system",
            "ServiceRequest.reasonCode.coding.system",
            "Procedure.basedOn",
            "Procedure.code.coding.system",
            "Procedure.reasonCode.coding.system",
            "Procedure.contained.id",
            "Procedure.usedReference",
            "Observation.basedOn",
            "Observation.code",
            "Observation.valueCodeableConcept.coding.system",
        }
    ),
)
