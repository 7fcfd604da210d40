"""PersetujuanAdvis as Task, with the Provenance of the decision once it is made.

https://hl7.org/fhir/R4/task.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import Mapping, part_id, r4b
from fhir_server.mappings.codes import code_system, sid, structure
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
from fhir_server.mappings.plain import as_json
from fhir_server.mappings.resep import siblings
from fhir_server.sop.persetujuan_advis import PersetujuanAdvis
from fhir_server.sop.sla import tenggat

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Resources
    from fhir_server.mappings.resep import Papers
    from fhir_server.resources.wire import Document
    from fhir_server.sop.persetujuan_advis import Keputusan

NO_KASUS: Final = sid("no-kasus")
TUGAS: Final = code_system("jenis-tugas")
KEPUTUSAN: Final = code_system("keputusan")
AGENT: Final = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
SIGNATURE: Final = "urn:iso-astm:E1762-95:2013"
VERIFICATION: Final = "1.2.840.10065.1.12.1.5"
STATUS: Final = {None: "requested", "disetujui": "completed", "ditolak": "rejected"}
DECIDED: Final = {"completed": "disetujui", "rejected": "ditolak"}
OPENED: Final = {"disetujui": "active", "ditolak": "cancelled"}
OPENED_REQUEST: Final = {"disetujui": "active", "ditolak": "revoked"}


def to_fhir(persetujuan: PersetujuanAdvis, document_id: str) -> Resources:
    """Write the approval asked for, and the proof of it once it is decided."""
    written = {"": _task(persetujuan)}
    if persetujuan.keputusan is not None and persetujuan.waktu is not None:
        written["bukti"] = _proof(persetujuan, document_id)
    return written


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read an approval."""
    task = resources[""]
    decided = [each.get("valueCodeableConcept", {}) for each in task.get("output", ())]
    return {
        "advis": id_of(task.get("focus"), "Communication"),
        "kasus": next(iter(ids_of(task.get("partOf"), "Task")), None),
        "noKasus": task.get("groupIdentifier", {}).get("value"),
        "pasien": id_of(task.get("for"), "Patient"),
        "peminta": id_of(task.get("requester"), "PractitionerRole"),
        "penyetuju": id_of(task.get("owner"), "PractitionerRole"),
        "diminta": instant_of(task.get("authoredOn")),
        "keputusan": code_of(decided, KEPUTUSAN) or DECIDED.get(task.get("status", "")),
        "waktu": instant_of(task.get("executionPeriod", {}).get("end")),
        "alasan": task.get("statusReason", {}).get("text"),
    }


def parts(primary: Document, _gathered: Table[str, Document]) -> dict[str, str]:
    """Find the proof of a decision."""
    if not primary.get("output"):
        return {}
    return {"bukti": f"Provenance/{part_id(primary['id'], 'bukti')}"}


def opened(advice: Document, keputusan: str, reader: Papers) -> Iterator[Document]:
    """Give what an advice asks for as the decision leaves it: open or cancelled (domain §4.4)."""
    linked = [each.get("contentReference") for each in advice.get("payload", ())]
    for each in ids_of(linked, "MedicationRequest"):
        for drug in siblings(reader, each):
            if drug.get("status") == "draft":
                yield {**drug, "status": OPENED[keputusan]}
    for each in ids_of(linked, "ServiceRequest"):
        request = reader.read(f"ServiceRequest/{each}")
        if request is not None and request.get("status") == "draft":
            yield {**request, "status": OPENED_REQUEST[keputusan]}


def proof_of(task: Document, keputusan: Keputusan) -> Document | None:
    """Write the proof of a decision that was made by FHIR; None where it does not say enough."""
    fields = {**from_fhir({"": task}), "keputusan": keputusan}
    known = {name: value for name, value in fields.items() if value is not None}
    if not {"advis", "peminta", "penyetuju", "waktu"} <= known.keys():
        return None
    unknown = dict.fromkeys(("kasus", "noKasus", "pasien"), "") | {"diminta": known["waktu"]}
    proof = as_json(_proof(PersetujuanAdvis(**{**unknown, **known}), task["id"]))
    own = {"id": part_id(task["id"], "bukti"), "meta": {"profile": [structure("BuktiPersetujuan")]}}
    return {"resourceType": "Provenance", **own, **proof}


def _task(persetujuan: PersetujuanAdvis) -> Any:
    due: Any = {"period": period(None, tenggat("sla-d7", persetujuan.diminta))}
    task: Any = r4b.Task  # its alias for_fhir is not typed
    return task(
        groupIdentifier=r4b.Identifier(system=NO_KASUS, value=persetujuan.noKasus),
        partOf=several(reference("Task", persetujuan.kasus)),
        status=STATUS[persetujuan.keputusan],
        statusReason=r4b.CodeableConcept(text=persetujuan.alasan) if persetujuan.alasan else None,
        intent="order",
        code=concept(TUGAS, "persetujuan-advis"),
        focus=reference("Communication", persetujuan.advis),
        for_fhir=reference("Patient", persetujuan.pasien),
        executionPeriod=period(persetujuan.diminta, persetujuan.waktu),
        authoredOn=persetujuan.diminta,
        lastModified=persetujuan.waktu or persetujuan.diminta,
        requester=reference("PractitionerRole", persetujuan.peminta),
        owner=reference("PractitionerRole", persetujuan.penyetuju),
        restriction=due,
        output=_output(persetujuan.keputusan),
    )


def _output(keputusan: str | None) -> Any:
    if keputusan is None:
        return None
    return [
        {
            "type": r4b.CodeableConcept(text="keputusan"),
            "valueCodeableConcept": concept(KEPUTUSAN, keputusan),
        }
    ]


def _proof(persetujuan: PersetujuanAdvis, document_id: str) -> Any:
    approver: Any = reference("PractitionerRole", persetujuan.penyetuju)
    signature: Any = {
        "type": [r4b.Coding(system=SIGNATURE, code=VERIFICATION)],
        "when": persetujuan.waktu,
        "who": approver,
    }
    agents: Any = [
        {"type": concept(AGENT, "verifier"), "who": approver},
        {
            "type": concept(AGENT, "author"),
            "who": reference("PractitionerRole", persetujuan.peminta),
        },
    ]
    return r4b.Provenance(
        target=[
            reference("Communication", persetujuan.advis),
            reference("Task", document_id),
        ],
        recorded=persetujuan.waktu,
        activity=concept(KEPUTUSAN, persetujuan.keputusan),
        agent=agents,
        signature=[signature],
    )


MAPPING = Mapping(
    resource_type="Task",
    profile="PersetujuanAdvis",
    profiles={"bukti": "BuktiPersetujuan"},
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    parts=parts,
    criteria=(("code", f"{TUGAS}|persetujuan-advis"),),
    filters={
        "advis": "focus=Communication/{}",
        "kasus": "part-of=Task/{}",
        "noKasus": f"group-identifier={NO_KASUS}|{{}}",
        "pasien": "patient=Patient/{}",
        "penyetuju": "owner=PractitionerRole/{}",
        "diminta": "authored-on",
    },
    sort="-authored-on",
    constants=frozenset(
        {
            "Task.groupIdentifier.system",
            "Task.intent",
            "Task.code",
            "Task.output.type",
            "Task.output.valueCodeableConcept.coding.system",
            "Task.status",
            "Provenance.target",
            "Provenance.activity.coding.system",
            "Provenance.agent.type",
            "Provenance.signature.type",
        }
    ),
)
