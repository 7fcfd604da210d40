"""HasilLab as DiagnosticReport with its Observations and Specimens; the slip's work moves with it.

https://hl7.org/fhir/R4/diagnosticreport.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from fhir_server.errors import Invalid, Issue, RuleBroken
from fhir_server.mappings import Mapping, part_id, r4b
from fhir_server.mappings.codes import LOINC, SNOMED, code_system, sid, structure
from fhir_server.mappings.elements import (
    concept,
    extension_of,
    id_of,
    identifier,
    identifier_of,
    ids_of,
    instant_of,
    reference,
    several,
)
from fhir_server.mappings.encounter_lab import closed, visit
from fhir_server.mappings.loinc_lab import REPORT, SPECIMENS, own_code, specimen_of, test_concept
from fhir_server.mappings.observation_lab import (
    kode_of,
    observation,
    order_id,
    read_observation,
    unit_of,
)
from fhir_server.mappings.pengantar_lab import orders_of, reason_of

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Reader, Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.hasil_lab import ButirHasil, HasilLab
    from fhir_server.store.ops import Condition

NOMOR = sid("no-hasil-lab")
SLIP = structure("tugas-pengantar")
REASON = "http://hl7.org/fhir/StructureDefinition/event-statusReason"
SECTION = "http://terminology.hl7.org/CodeSystem/v2-0074"
STATUS: Final = {
    "sementara": "partial",
    "akhir": "final",
    "dikoreksi": "amended",
    "salah-entri": "entered-in-error",
}
_DIBACA = {status: kata for kata, status in STATUS.items()} | {
    "registered": "sementara",
    "preliminary": "sementara",
    "corrected": "dikoreksi",
    "appended": "dikoreksi",
    "cancelled": "salah-entri",
}


def to_fhir(hasil: HasilLab, own_id: str) -> Resources:
    """Write a report that is based on the slip's orders, its results and what was taken."""
    roles = {f"hasil-{butir.pemeriksaan}": butir for butir in hasil.hasil}
    kinds = dict.fromkeys(k for b in hasil.hasil if (k := specimen_of(b.pemeriksaan)))
    specimens = {f"spesimen-{kind}": _specimen(hasil, kind) for kind in kinds}
    report = r4b.DiagnosticReport(
        extension=several(_slip(hasil), _reason(hasil)),
        identifier=[identifier(f"{NOMOR}/{hasil.faskes}", hasil.nomor)],
        basedOn=_orders(hasil, hasil.hasil) or None,
        status=STATUS.get(hasil.status, "final"),
        category=[concept(SECTION, "LAB")],
        code=_code(hasil),
        subject=reference("Patient", hasil.pasien),
        encounter=reference("Encounter", hasil.kunjungan),
        effectiveDateTime=hasil.diambil,
        issued=hasil.waktu,
        performer=[
            reference("PractitionerRole", hasil.pemeriksa),
            reference("Organization", hasil.lab),
        ],
        specimen=several(*(reference("Specimen", part_id(own_id, role)) for role in specimens)),
        result=several(*(reference("Observation", part_id(own_id, role)) for role in roles)),
        conclusion=hasil.kesimpulan,
    )
    results = {role: observation(hasil, butir, own_id) for role, butir in roles.items()}
    return {"": report, **results, **specimens}


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a report with its results, in the report's order."""
    report = resources[""]
    slip = id_of((extension_of(report, SLIP) or {}).get("valueReference"), "Task")
    results = [each for each in resources.values() if each["resourceType"] == "Observation"]
    performers = report.get("performer", ())
    reason = extension_of(report, REASON) or {}
    return {
        "faskes": _faskes(report),
        "nomor": identifier_of(report, f"{NOMOR}/"),
        "pengantar": slip,
        "pasien": id_of(report.get("subject"), "Patient"),
        "kunjungan": id_of(report.get("encounter"), "Encounter"),
        "hasil": tuple(b for each in results if (b := read_observation(each, slip))),
        "status": _DIBACA.get(report.get("status", "")),
        "waktu": instant_of(report.get("issued")),
        "diambil": instant_of(report.get("effectiveDateTime")),
        "pemeriksa": next(iter(ids_of(performers, "PractitionerRole")), None),
        "lab": next(iter(ids_of(performers, "Organization")), None),
        "kesimpulan": report.get("conclusion"),
        "alasanKoreksi": reason_of(reason.get("valueCodeableConcept")),
    }


def parts(report: Document, gathered: Table[str, Document]) -> dict[str, str]:
    """Find the results and specimens of a report, each in the role of its test or its kind."""
    found: dict[str, str] = {}
    for kind, element in (("Observation", "result"), ("Specimen", "specimen")):
        for each in ids_of(report.get(element), kind):
            key = f"{kind}/{each}"
            found[_role(gathered.get(key)) or each.removeprefix(f"{report['id']}-")] = key
    return found


def complete(
    hasil: HasilLab, _before: Table[str, Any] | None, _reader: Reader
) -> tuple[HasilLab, tuple[Condition, ...]]:
    """Name tests by our codes and give numbers the unit of their test."""
    return replace(hasil, hasil=tuple(map(_completed, hasil.hasil))), ()


def amend(hasil: HasilLab, own_id: str, reader: Reader) -> dict[str, Document]:
    """Move the slip with its result: its orders are done, its Task too when none is left open.

    The visit comes back to its unit when the slip closes. A correction moves nothing: the slip
    was closed before.
    """
    task = _task(hasil, reader)
    noted = {**task, "output": _outputs(task, own_id)}
    if hasil.status not in ("sementara", "akhir"):
        return {f"Task/{task['id']}": noted}
    orders = {key: found for key in orders_of(task) if (found := reader.read(key))}
    answered = {f"ServiceRequest/{order_id(hasil, butir)}" for butir in hasil.hasil}
    if stray := sorted(answered - set(orders)):
        raise Invalid([_not_asked(hasil, stray)])
    if hasil.status == "sementara":
        return {f"Task/{task['id']}": {**noted, "status": "in-progress"}}
    done = {key: {**orders[key], "status": "completed"} for key in answered}
    still = [key for key, each in orders.items() if {**each, **done.get(key, {})}["status"] in OPEN]
    if still:
        return {**done, f"Task/{task['id']}": {**noted, "status": "in-progress"}}
    ended = {**task.get("executionPeriod", {}), "end": hasil.waktu.isoformat()}
    moved = closed(reader, visit(reader, hasil.kunjungan, hasil.pasien), task["id"], hasil.waktu)
    return {
        **done,
        f"Task/{task['id']}": {**noted, "status": "completed", "executionPeriod": ended},
        **{f"Encounter/{each['id']}": each for each in moved},
    }


OPEN = ("draft", "active", "on-hold")


def _task(hasil: HasilLab, reader: Reader) -> Document:
    """Give the slip's Task; it must be there, be this patient's and visit's, and await a result."""
    task = reader.read(f"Task/{hasil.pengantar}")
    if task is None:
        says = f"pengantar lab {hasil.pengantar} tidak ada."
        raise Invalid([_wrong("pengantar", says, f"there is no lab slip {hasil.pengantar}.")])
    for field, kind, element in (
        ("pasien", "Patient", "for"),
        ("kunjungan", "Encounter", "encounter"),
    ):
        if id_of(task.get(element), kind) != getattr(hasil, field):
            says = f"{field} hasil berbeda dengan {field} pada pengantar lab {hasil.pengantar}."
            english = f"the result and its lab slip name different resources ({kind})."
            raise Invalid([_wrong(field, says, english)])
    if task.get("status") in ("rejected", "cancelled", "failed", "entered-in-error"):
        says = f"pengantar lab {hasil.pengantar} sudah ditutup tanpa hasil. Buat pengantar baru."
        english = f"lab slip {hasil.pengantar} was closed without a result; open a new one."
        error = RuleBroken(english, indonesian=says, expression="pengantar", rule="BR-B6")
        raise error
    return task


def _outputs(task: Document, own_id: str) -> list[Any]:
    """Add this report to what the Task has brought forth."""
    reference_of = f"DiagnosticReport/{own_id}"
    outputs = list(task.get("output", ()))
    if any(each.get("valueReference", {}).get("reference") == reference_of for each in outputs):
        return outputs
    kind = {"coding": [{"system": code_system("parameter-tugas"), "code": "hasil-lab"}]}
    return [*outputs, {"type": kind, "valueReference": {"reference": reference_of}}]


def _orders(hasil: HasilLab, butir: tuple[ButirHasil, ...]) -> list[Any]:
    ids = dict.fromkeys(order_id(hasil, each) for each in butir)
    return [reference("ServiceRequest", each) for each in ids]


def _code(hasil: HasilLab) -> Any:
    """Say what was reported: the test, or a laboratory report of several."""
    if len(hasil.hasil) == 1:
        return test_concept(hasil.hasil[0].pemeriksaan)
    return concept(LOINC, *REPORT)


def _specimen(hasil: HasilLab, kind: str) -> Any:
    taken = tuple(each for each in hasil.hasil if specimen_of(each.pemeriksaan) == kind)
    new_specimen: Any = r4b.Specimen
    return new_specimen(
        status="available",
        type=concept(SNOMED, *SPECIMENS[kind]),
        subject=reference("Patient", hasil.pasien),
        request=_orders(hasil, taken),
        collection={"collectedDateTime": hasil.diambil} if hasil.diambil else None,
    )


def _slip(hasil: HasilLab) -> Any:
    return r4b.Extension(url=SLIP, valueReference=reference("Task", hasil.pengantar))


def _reason(hasil: HasilLab) -> Any:
    if hasil.alasanKoreksi is None:
        return None
    words = r4b.CodeableConcept(text=hasil.alasanKoreksi)
    return r4b.Extension(url=REASON, valueCodeableConcept=words)


def _role(found: Document | None) -> str | None:
    if found is None:
        return None
    if found["resourceType"] == "Observation":
        kode = kode_of(found)
        return kode and f"hasil-{kode}"
    kinds = {code: kind for kind, (code, _) in SPECIMENS.items()}
    kind = kinds.get(next((c.get("code") for c in found.get("type", {}).get("coding", ())), ""))
    return kind and f"spesimen-{kind}"


def _completed(butir: ButirHasil) -> ButirHasil:
    kode = own_code(butir.pemeriksaan)
    unit = butir.satuan or (unit_of(kode) if butir.angka is not None else None)
    return replace(butir, pemeriksaan=kode, satuan=unit)


def _faskes(report: Document) -> str | None:
    systems = [each.get("system", "") for each in report.get("identifier", ())]
    ours = [each.removeprefix(f"{NOMOR}/") for each in systems if each.startswith(f"{NOMOR}/")]
    return ours[0] if ours else None


def _wrong(field: str, says: str, english: str) -> Issue:
    return Issue("value", f"{field}: {english} / {says}", field, indonesian=f"{field}: {says}")


def _not_asked(hasil: HasilLab, stray: list[str]) -> Issue:
    says = f"{', '.join(stray)} tidak diminta pada pengantar lab {hasil.pengantar}."
    return _wrong("hasil", says, "the slip does not ask for some of these tests.")


def _status_filter(status: str) -> str:
    return "status=" + ",".join(fhir for fhir, each in _DIBACA.items() if each == status)


MAPPING = Mapping(
    resource_type="DiagnosticReport",
    profile="HasilLab",
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    parts=parts,
    profiles={"Observation": "ObservasiLab", "Specimen": "SpesimenLab"},
    gather=(
        ("_include", "DiagnosticReport:result"),
        ("_include", "DiagnosticReport:specimen"),
    ),
    complete=complete,
    amend=amend,
    criteria=(("category", f"{SECTION}|LAB"),),
    filters={
        "nomor": "identifier",
        "pasien": "patient=Patient/{}",
        "kunjungan": "encounter=Encounter/{}",
        "status": _status_filter,
    },
    sort="-issued",
    constants=frozenset(
        {
            "DiagnosticReport.extension.url",
            "DiagnosticReport.category",
            "DiagnosticReport.code",
            "Observation.category",
            "Observation.code.coding.system",
            "Observation.valueQuantity.system",
            "Observation.valueCodeableConcept.coding.system",
            "Observation.interpretation.coding.system",
            "Specimen.status",
            "Specimen.type",
        }
    ),
)
