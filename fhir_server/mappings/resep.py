"""Resep as MedicationRequests: one a drug, held together by the number of the prescription.

https://hl7.org/fhir/R4/medicationrequest.html
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Protocol

from fhir_server.mappings import Mapping, part_id, r4b
from fhir_server.mappings.codes import KFA, sid
from fhir_server.mappings.elements import (
    code_of,
    concept,
    id_of,
    ids_of,
    instant_of,
    reference,
    several,
)
from fhir_server.sop.resep import ItemResep

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.resep import Resep


class Papers(Protocol):
    """Where resources can be read by ``Type/id``."""

    def read(self, reference: str, /) -> Document | None:
        """Give a resource, or None if it is not there."""


NO_RESEP: Final = sid("no-resep")
CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/medicationrequest-category"
ASAL: Final = {"kunjungan": "outpatient", "konsultasi-daring": "community"}
STATUS: Final = {
    "disusun": "draft",
    "aktif": "active",
    "selesai": "completed",
    "dibatalkan": "cancelled",
}
ITEM: Final = "item-"


def to_fhir(resep: Resep, document_id: str) -> Resources:
    """Write every drug; the first one knows the others."""
    roles = ["" if n == 1 else f"{ITEM}{n}" for n, _ in enumerate(resep.item, 1)]
    others = [part_id(document_id, each) for each in roles[1:]]
    return {
        role: _drug(resep, item, others if role == "" else [])
        for role, item in zip(roles, resep.item, strict=True)
    }


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a prescription, drug by drug."""
    first = resources[""]
    status = {code: word for word, code in STATUS.items()}
    asal = {code: word for word, code in ASAL.items()}
    rest = sorted((role for role in resources if role.startswith(ITEM)), key=_place)
    items = (_item_of(resources[role]) for role in ["", *rest])
    return {
        "noResep": first.get("groupIdentifier", {}).get("value"),
        "asal": asal.get(code_of(first.get("category"), CATEGORY) or ""),
        "pasien": id_of(first.get("subject"), "Patient"),
        "peresep": id_of(first.get("requester"), "PractitionerRole"),
        "waktu": instant_of(first.get("authoredOn")),
        "item": tuple(each for each in items if each is not None),
        "kunjungan": id_of(first.get("encounter"), "Encounter"),
        "kasus": next(iter(ids_of(first.get("supportingInformation"), "Task")), None),
        "status": status.get(first.get("status", "")),
        "apotekLuar": id_of(first.get("dispenseRequest", {}).get("performer"), "Organization"),
    }


def parts(primary: Document, _gathered: Table[str, Document]) -> dict[str, str]:
    """Find the other drugs, which the first one names."""
    own = f"{primary['id']}-"
    ids = ids_of(primary.get("supportingInformation"), "MedicationRequest")
    return {
        each.removeprefix(own): f"MedicationRequest/{each}" for each in ids if each.startswith(own)
    }


def siblings(reader: Papers, resource_id: str) -> Iterator[Document]:
    """Give all drugs of a prescription by the id of its first."""
    first = reader.read(f"MedicationRequest/{resource_id}")
    if first is None:
        return
    yield first
    for each in ids_of(first.get("supportingInformation"), "MedicationRequest"):
        other = reader.read(f"MedicationRequest/{each}")
        if other is not None:
            yield other


def _place(role: str) -> int:
    number = role.removeprefix(ITEM)
    return int(number) if number.isdigit() else 0


def _drug(resep: Resep, item: ItemResep, others: list[str]) -> Any:
    dose: Any = {"text": item.signa}
    quantity: Any = {"value": item.jumlah, "unit": item.satuan}
    given: Any = {
        "quantity": quantity,
        "performer": reference("Organization", resep.apotekLuar),
    }
    note: Any = {"text": item.catatan} if item.catatan else None
    return r4b.MedicationRequest(
        groupIdentifier=r4b.Identifier(system=NO_RESEP, value=resep.noResep),
        status=STATUS[resep.status],
        intent="order",
        category=several(concept(CATEGORY, ASAL[resep.asal])),
        medicationCodeableConcept=concept(KFA, item.obat, item.nama),
        subject=reference("Patient", resep.pasien),
        encounter=reference("Encounter", resep.kunjungan),
        supportingInformation=several(
            reference("Task", resep.kasus),
            *(reference("MedicationRequest", each) for each in others),
        ),
        authoredOn=resep.waktu,
        requester=reference("PractitionerRole", resep.peresep),
        note=several(note),
        dosageInstruction=[dose],
        dispenseRequest=given,
    )


def _item_of(drug: Document) -> ItemResep | None:
    medication = drug.get("medicationCodeableConcept", {})
    quantity = drug.get("dispenseRequest", {}).get("quantity", {})
    doses = [each.get("text") for each in drug.get("dosageInstruction", ())]
    code = code_of(medication, KFA)
    if code is None or quantity.get("value") is None or not (doses and doses[0]):
        return None
    names = [each.get("display") for each in medication["coding"] if each.get("system") == KFA]
    notes = [each.get("text") for each in drug.get("note", ())]
    return ItemResep(
        obat=code,
        nama=names[0] or medication.get("text") or code,
        signa=doses[0],
        jumlah=Decimal(str(quantity["value"])),
        satuan=quantity.get("unit") or "tablet",
        catatan=notes[0] if notes else None,
    )


MAPPING = Mapping(
    resource_type="MedicationRequest",
    profile="Resep",
    profiles={"MedicationRequest": "Resep"},
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    parts=parts,
    filters={
        "status": lambda word: f"status={STATUS[word]}",
        "noResep": f"group-identifier={NO_RESEP}|{{}}",
        "pasien": "patient=Patient/{}",
        "kunjungan": "encounter=Encounter/{}",
        "waktu": "authoredon",
    },
    sort="-authoredon",
    constants=frozenset(
        {
            "MedicationRequest.groupIdentifier.system",
            "MedicationRequest.intent",
            "MedicationRequest.category.coding.system",
            "MedicationRequest.medicationCodeableConcept.coding.system",
            "MedicationRequest.supportingInformation",
        }
    ),
)
