"""PenyerahanObat as MedicationDispense, with the Task of its delivery if it goes to a home.

https://hl7.org/fhir/R4/medicationdispense.html
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import Mapping, part_id, r4b
from fhir_server.mappings.alur import Jaga
from fhir_server.mappings.codes import KFA, code_system
from fhir_server.mappings.elements import (
    code_of,
    concept,
    id_of,
    ids_of,
    instant_of,
    period,
    reference,
    several,
)
from fhir_server.mappings.obat_resep import as_prescribed, dispensed, total
from fhir_server.mappings.pihak import party, party_of
from fhir_server.sop.penyerahan_obat import ALUR_PENYERAHAN

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Reader, Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.penyerahan_obat import PenyerahanObat

TUGAS: Final = code_system("jenis-tugas")
STATUS: Final = {
    "disiapkan": "preparation",
    "diantar": "in-progress",
    "selesai": "completed",
    "ditolak": "declined",
}
DIBACA: Final = {status: state for state, status in STATUS.items()}
DELIVERY: Final = {
    "disiapkan": "requested",
    "diantar": "in-progress",
    "selesai": "completed",
    "ditolak": "rejected",
}


def is_ours(dispense: Document, _canonical: str) -> bool:
    """Say whether a MedicationDispense was written by the SOP."""
    profiles = dispense.get("meta", {}).get("profile", ())
    return any(each.endswith("/StructureDefinition/PenyerahanObat") for each in profiles)


def _state(dispense: Document) -> str | None:
    return DIBACA.get(dispense.get("status", ""))


JAGA: Final = Jaga(ALUR_PENYERAHAN, "MedicationDispense", is_ours, _state, STATUS, stays=True)


def to_fhir(penyerahan: PenyerahanObat, document_id: str) -> Resources:
    """Write the handing over, and the delivery if there is one."""
    written = {"": _dispense(penyerahan)}
    if penyerahan.diantarKe is not None:
        written["antar"] = _delivery(penyerahan, document_id)
    return written


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a handing over."""
    dispense, delivery = resources[""], resources.get("antar", {})
    status = {code: word for word, code in STATUS.items()}
    medication = dispense.get("medicationCodeableConcept", {})
    named = [each for each in medication.get("coding", ()) if each.get("system") == KFA]
    quantity = dispense.get("quantity", {})
    amount = quantity.get("value")
    actors = [each.get("actor") for each in dispense.get("performer", ())]
    receivers = [_receiver_of(each) for each in dispense.get("receiver", ())]
    prescriptions = ids_of(dispense.get("authorizingPrescription"), "MedicationRequest")
    return {
        "resep": next(iter(prescriptions), None),
        "pasien": id_of(dispense.get("subject"), "Patient"),
        "obat": code_of(medication, KFA),
        "nama": named[0].get("display") if named else None,
        "jumlah": None if amount is None else Decimal(str(amount)),
        "petugas": next(iter(ids_of(actors, "PractitionerRole")), None),
        "satuan": quantity.get("unit"),
        "kunjungan": id_of(dispense.get("context"), "Encounter"),
        "kasus": next(iter(ids_of(dispense.get("supportingInformation"), "Task")), None),
        "disiapkan": instant_of(dispense.get("whenPrepared")),
        "diserahkan": instant_of(dispense.get("whenHandedOver")),
        "diantarKe": dispense.get("destination", {}).get("display"),
        "kurir": id_of(delivery.get("owner"), "Organization"),
        "penerima": next((each for each in receivers if each), None),
        "status": status.get(dispense.get("status", "")),
        "alasan": dispense.get("statusReasonCodeableConcept", {}).get("text"),
    }


def parts(primary: Document, _gathered: Table[str, Document]) -> dict[str, str]:
    """Find the delivery of what goes to a home."""
    if "destination" not in primary:
        return {}
    return {"antar": f"Task/{part_id(primary['id'], 'antar')}"}


def amend(penyerahan: PenyerahanObat, own_id: str, reader: Reader) -> dict[str, Document]:
    """Complete the prescription of a drug that was handed over in full, perhaps by several.

    One that is not yet complete is written too: who hands over the rest at that moment meets it.
    """
    name = f"MedicationRequest/{penyerahan.resep}"
    drug = reader.read(name) if penyerahan.status == "selesai" else None
    if drug is None or drug.get("status") != "active":
        return {}
    asked = drug.get("dispenseRequest", {}).get("quantity", {}).get("value", 0)
    others = [e for e in dispensed(penyerahan.resep, reader) if e["id"] != own_id]
    done = total(each for each in others if each.get("status") == "completed")
    is_all = penyerahan.jumlah + done >= Decimal(str(asked))
    return {name: {**drug, "status": "completed"} if is_all else drug}


def _dispense(penyerahan: PenyerahanObat) -> Any:
    performers: Any = [{"actor": reference("PractitionerRole", penyerahan.petugas)}]
    why = r4b.CodeableConcept(text=penyerahan.alasan) if penyerahan.alasan else None
    place = r4b.Reference(display=penyerahan.diantarKe) if penyerahan.diantarKe else None
    return r4b.MedicationDispense(
        status=STATUS[penyerahan.status],
        statusReasonCodeableConcept=why,
        medicationCodeableConcept=concept(KFA, penyerahan.obat, penyerahan.nama),
        subject=reference("Patient", penyerahan.pasien),
        context=reference("Encounter", penyerahan.kunjungan),
        supportingInformation=several(reference("Task", penyerahan.kasus)),
        performer=performers,
        authorizingPrescription=[reference("MedicationRequest", penyerahan.resep)],
        quantity=r4b.Quantity(value=penyerahan.jumlah, unit=penyerahan.satuan),
        whenPrepared=penyerahan.disiapkan,
        whenHandedOver=penyerahan.diserahkan,
        destination=place,
        receiver=several(_receiver(penyerahan.penerima)),
    )


def _receiver(penerima: str | None) -> Any:
    """Write who took it; R4 lets a Reference only be to the patient, so others are named."""
    if penerima is None or penerima.startswith("pasien/"):
        return party(penerima)
    return r4b.Reference(display=penerima)


def _receiver_of(found: Document) -> str | None:
    return party_of(found) or found.get("display")


def _delivery(penyerahan: PenyerahanObat, document_id: str) -> Any:
    task: Any = r4b.Task  # its alias for_fhir is not typed
    return task(
        partOf=several(reference("Task", penyerahan.kasus)),
        status=DELIVERY[penyerahan.status],
        intent="order",
        code=concept(TUGAS, "antar-obat"),
        focus=reference("MedicationDispense", document_id),
        for_fhir=reference("Patient", penyerahan.pasien),
        executionPeriod=period(penyerahan.disiapkan, penyerahan.diserahkan),
        owner=reference("Organization", penyerahan.kurir),
        location=r4b.Reference(display=penyerahan.diantarKe),
    )


MAPPING = Mapping(
    resource_type="MedicationDispense",
    profile="PenyerahanObat",
    profiles={"antar": "TugasAntarObat"},
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    parts=parts,
    complete=as_prescribed,
    amend=amend,
    filters={
        "status": lambda word: f"status={STATUS[word]}",
        "resep": "prescription=MedicationRequest/{}",
        "pasien": "patient=Patient/{}",
        "kunjungan": "context=Encounter/{}",
    },
    sort="-whenhandedover",
    constants=frozenset(
        {
            "MedicationDispense.medicationCodeableConcept.coding.system",
            "Task.intent",
            "Task.code",
            "Task.focus",
        }
    ),
)
