"""JejakAudit as AuditEvent, after IHE's Basic Audit Log Patterns (PatientRead).

https://hl7.org/fhir/R4/auditevent.html and https://profiles.ihe.net/ITI/BALP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import Mapping, r4b
from fhir_server.mappings.elements import id_of, instant_of

if TYPE_CHECKING:
    from collections.abc import Mapping as Table
    from collections.abc import Sequence

    from fhir_server.mappings import Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.jejak_audit import JejakAudit

BALP: Final = "https://profiles.ihe.net/ITI/BALP"
PATIENT_READ: Final = f"{BALP}/StructureDefinition/IHE.BasicAudit.PatientRead"
HL7: Final = "http://terminology.hl7.org/CodeSystem"
INTERACTION: Final = "http://hl7.org/fhir/restful-interaction"
DICOM: Final = "http://dicom.nema.org/resources/ontology/DCM"
TINDAKAN: Final = {"buat": "C", "baca": "R", "ubah": "U", "hapus": "D", "jalankan": "E"}
DIBACA: Final = {fhir: sop for sop, fhir in TINDAKAN.items()}
CLIENT, SERVER, USER = "110152", "110153", "IRCP"
PERSON, OBJECT, REQUEST = "1", "2", "XrequestId"


def event(jejak: JejakAudit) -> Document:
    """Write an access as plain JSON: every read writes one, so it must cost little."""
    host = {"address": jejak.server, "type": "5"}
    system = {"identifier": {"value": jejak.server}}
    return {
        "resourceType": "AuditEvent",
        "type": _coding(f"{HL7}/audit-event-type", "rest"),
        "subtype": _subtypes(jejak),
        "action": TINDAKAN[jejak.tindakan],
        "recorded": jejak.waktu.isoformat(timespec="milliseconds"),
        "outcome": "0",
        "agent": [
            {"type": _concept(DICOM, CLIENT), "who": _named(jejak.pelaku), "requestor": False},
            {"type": _concept(DICOM, SERVER), "who": system, "requestor": False, "network": host},
            {
                "type": _concept(f"{HL7}/v3-ParticipationType", USER),
                "who": _named(jejak.pelaku),
                "requestor": True,
            },
        ],
        "source": {
            "observer": system,
            "type": [_coding(f"{HL7}/security-source-type", "4")],
        },
        "entity": [*_entities(jejak)],
    }


def to_fhir(jejak: JejakAudit, _id: str) -> Resources:
    """Write an access."""
    return {"": r4b.AuditEvent(**event(jejak))}


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read an access, whoever recorded it."""
    found = resources[""]
    agents = found.get("agent", ())
    user = next((each.get("who") for each in agents if each.get("requestor")), None)
    entities = found.get("entity", ())
    of_type = {each.get("type", {}).get("code"): each.get("what", {}) for each in entities}
    patients = (
        id_of(each.get("what"), "Patient")
        for each in entities
        if each.get("type", {}).get("code") == PERSON
    )
    what = of_type.get(OBJECT, {})
    shown = [each.get("display") for each in found.get("subtype", ())]
    return {
        "waktu": instant_of(found.get("recorded")),
        "pelaku": _value(user) or (user or {}).get("reference"),
        "tindakan": DIBACA.get(found.get("action", "")),
        "objek": what.get("reference") or what.get("display") or _asked(entities),
        "server": _value(found.get("source", {}).get("observer")),
        "operasi": next((each for each in shown if each), None),
        "pasien": tuple(each for each in patients if each is not None),
        "permintaan": _value(of_type.get(REQUEST)),
    }


def _entities(jejak: JejakAudit) -> list[Document]:
    kind, role = f"{HL7}/audit-entity-type", f"{HL7}/object-role"
    data = {
        "what": {"reference" if "/" in jejak.objek else "display": jejak.objek},
        "type": _coding(kind, OBJECT),
        "role": _coding(role, "4"),
    }
    patients = [
        {
            "what": {"reference": f"Patient/{each}"},
            "type": _coding(kind, PERSON),
            "role": _coding(role, "1"),
        }
        for each in jejak.pasien
    ]
    request = {
        "what": _named(jejak.permintaan or ""),
        "type": _coding(f"{BALP}/CodeSystem/BasicAuditEntityType", REQUEST),
    }
    return [data, *patients, *([request] if jejak.permintaan else ())]


def _subtypes(jejak: JejakAudit) -> list[Document]:
    kinds = [_coding(INTERACTION, "read")] if jejak.tindakan == "baca" else []
    if jejak.operasi is not None:
        kinds.append({**_coding(INTERACTION, "operation"), "display": jejak.operasi})
    return kinds or [_coding(INTERACTION, "operation")]


def _coding(system: str, code: str) -> Document:
    return {"system": system, "code": code}


def _concept(system: str, code: str) -> Document:
    return {"coding": [_coding(system, code)]}


def _named(value: str) -> Document:
    return {"identifier": {"value": value}}


def _value(reference: Document | None) -> str | None:
    found: str | None = (reference or {}).get("identifier", {}).get("value")
    return found


def _asked(entities: Sequence[Document]) -> str | None:
    """Give what was searched through."""
    return next((each["description"] for each in entities if each.get("description")), None)


MAPPING = Mapping(
    resource_type="AuditEvent",
    profile="JejakAudit",
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    filters={"waktu": "date", "pasien": "patient=Patient/{}"},
    sort="-date",
    read_only=True,
    constants=frozenset(
        {
            "AuditEvent.type",
            "AuditEvent.subtype",
            "AuditEvent.outcome",
            "AuditEvent.agent.type",
            "AuditEvent.agent.requestor",
            "AuditEvent.agent.network.type",
            "AuditEvent.source.type",
            "AuditEvent.entity.type",
            "AuditEvent.entity.role",
        }
    ),
)
