"""Events of the trail as AuditEvents, after IHE's Basic Audit Log Patterns 1.1 (BALP).

One AuditEvent for each resource that was written and each patient concerned, as BALP asks. What was
refused keeps the pattern, but does not declare the profile, which is for what succeeded.

https://profiles.ihe.net/ITI/BALP/content.html
"""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import parse_qsl

from fhir_server.mappings.jejak_audit import BALP, DICOM, HL7, INTERACTION, REQUEST
from fhir_server.resources.wire import dump, text
from fhir_server.search.index import index
from fhir_server.store.trail.chain import moment_of, opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fhir_server.resources.wire import Document
    from fhir_server.search.parameters import Parameters
    from fhir_server.store.trail.chain import Block
    from fhir_server.store.trail.portions import Row

    Wanted = Callable[[Row], bool]

SOURCE, DESTINATION, APPLICATION = "110153", "110152", "110150"
PATTERNS: Final = {
    "create": "Create",
    "read": "Read",
    "vread": "Read",
    "update": "Update",
    "patch": "Update",
    "delete": "Delete",
    "search-type": "Query",
    "search-system": "Query",
}
"""The pattern of an interaction; others (history, operation, SOP) have none of their own."""

QUERIES: Final = frozenset({"search-type", "search-system"})
_OURS: Final = {"sop": "SOP", "work": "work", "completed": "completed"}
SIGN_INS: Final = {"login": ("110122", "Login"), "logout": ("110123", "Logout"), "introspect": ()}
"""What the token endpoint and its neighbours do, as DICOM calls it; R4 has no word for it."""

COMMAND: Final = "command"
_AUTHENTICATION: Final = "110114"
_BRINGING_IN: Final = ("load", "load-package", "load-terminology", "import", "restore")
_OF_COMMANDS: Final = {
    "client": "110113",
    "backup": "110106",
    **dict.fromkeys(_BRINGING_IN, "110107"),
}
_ACTIVITY: Final = "110100"
"""DICOM's kinds of event: security, export, import; any other command is an activity."""
_SUBTYPES: Final = {"C": "create", "U": "update", "D": "delete"}
_REASON: Final = f"{HL7}/v3-ActReason"
_REFUSED, _FAILED = 400, 500


class Unit(NamedTuple):
    """One thing that an access did: ``letter`` and ``kind`` of it, what to, and to whom."""

    letter: str
    kind: str
    what: str
    patients: tuple[str, ...]


def renderer(parameters: Parameters, server: str) -> Callable[[Block, Wanted], list[Document]]:
    """Make what turns a block into AuditEvents as the store keeps resources."""

    def rendered(block: Block, wanted: Wanted) -> list[Document]:
        people, rows = opened(block)
        found = []
        for place, row in enumerate(rows):
            if wanted(row):
                head = f"{row[0]:011x}-{block['c']}-{block['n']:08x}-{place:04x}"
                found += [_stored(each, parameters) for each in events(row, people, head, server)]
        return found

    return rendered


def events(row: Row, people: list[Document], head: str, server: str) -> Iterator[Document]:
    """Give the AuditEvents of one access; their ids begin with ``head``."""
    number = 0
    for unit in _units(row):
        for patient in unit.patients or ("",):
            event_id, who = f"{head}-{number:03x}", people[row[4]]
            yield _event(row, unit, patient, who=who, event_id=event_id, server=server)
            number += 1


OPENING = "/$akses-darurat"
"""What is told of its patient as well as of the work that it makes for others."""


def _units(row: Row) -> Iterator[Unit]:
    """Part an access into what it has changed, each version by itself, and what it was besides."""
    seen: set[str] = set(row[9])
    for letter, kind, identity, version, patients in row[10]:
        what = f"{kind}/{identity}/_history/{version}"
        subtype = row[2] if row[2] in {"update", "patch"} and letter == "U" else _SUBTYPES[letter]
        yield Unit(letter, subtype, what, tuple(patients))
        if not (row[7] or "").endswith(OPENING):
            seen -= set(patients)
    if not row[10] or (row[2] not in {"create", "update", "patch", "delete"} and row[7]):
        yield Unit(row[1], row[2], row[7], tuple(sorted(seen)))


def _stored(event: Document, parameters: Parameters) -> Document:
    """Write an event as the store keeps a resource."""
    moment = event.pop("_moment")
    kept = text(dump(event), event["id"])
    return {
        "_id": event["id"],
        "v": 1,
        "t": moment_of(moment),
        "m": "POST",
        "raw": kept.raw,
        "at": kept.at,
        "ix": index(event, parameters),
    }


def _event(  # noqa: PLR0913 - what an event is made of
    row: Row, unit: Unit, patient: str, *, who: Document, event_id: str, server: str
) -> Document:
    succeeded = row[3] < _REFUSED
    pattern = PATTERNS.get("read" if unit.kind == "operation" and unit.letter == "R" else unit.kind)
    event: Document = {"resourceType": "AuditEvent", "id": event_id}
    if succeeded and pattern:
        name = f"IHE.BasicAudit.{'Patient' if patient else ''}{pattern}"
        event["meta"] = {"profile": [f"{BALP}/StructureDefinition/{name}"]}
    event["type"] = _type(unit)
    event["subtype"] = _subtypes(unit)
    event["action"] = unit.letter
    event["recorded"] = moment_of(row[0]).isoformat(timespec="milliseconds")
    event["outcome"] = "0" if succeeded else "8" if row[3] >= _FAILED else "4"
    if not succeeded:
        event["outcomeDesc"] = f"HTTP {row[3]}"
    if row[12]:
        event["purposeOfEvent"] = [_note(name, value) for name, value in row[12].items()]
    system = {"identifier": {"value": server}}
    event["agent"] = [*_agents(row, unit, who, system, server)]
    event["source"] = {
        "observer": system,
        "type": [_coding(f"{HL7}/security-source-type", "4")],
    }
    event["entity"] = [*_entities(row, unit, patient)]
    event["_moment"] = row[0]
    return event


def _type(unit: Unit) -> Document:
    if unit.kind in SIGN_INS:
        return _coding(DICOM, _AUTHENTICATION)
    if unit.kind == COMMAND:
        return _coding(DICOM, _OF_COMMANDS.get(unit.what.partition(" ")[0], _ACTIVITY))
    return _coding(f"{HL7}/audit-event-type", "rest")


def _subtypes(unit: Unit) -> list[Document]:
    if known := SIGN_INS.get(unit.kind):
        return [{**_coding(DICOM, known[0]), "display": known[1]}]
    if unit.kind in {COMMAND, "introspect"}:
        return [{"display": unit.what if unit.kind == COMMAND else unit.kind}]
    if unit.kind in _OURS:
        return [{**_coding(INTERACTION, "operation"), "display": _OURS[unit.kind]}]
    if unit.kind != "operation":
        return [_coding(INTERACTION, unit.kind)]
    place, name = unit.what.partition("/")[0], unit.what.rpartition("/")[2]
    shown = f"{place}/{name}" if place != name else name
    reading = [_coding(INTERACTION, "read")] if unit.letter == "R" else []
    return [*reading, {**_coding(INTERACTION, "operation"), "display": shown}]


def _agents(
    row: Row, unit: Unit, who: Document, system: Document, server: str
) -> Iterator[Document]:
    client, served = _roles(unit)
    subject = who.get("client") or who.get("subject") or "unknown"
    network = {"address": row[5], "type": "2"} if row[5] else {"address": "localhost", "type": "1"}
    yield {
        "type": client,
        "who": {"identifier": {"value": subject}},
        "requestor": False,
        "network": network,
    }
    yield {
        "type": served,
        "who": system,
        "requestor": False,
        "network": {"address": server, "type": "5"},
    }
    person = who.get("person") or who.get("user")
    user: Document = {
        "type": _concept(f"{HL7}/v3-ParticipationType", "AUT" if unit.letter in "CUD" else "IRCP"),
        "who": {"reference": person} if "/" in (person or "") else _named(person or subject),
        "requestor": True,
    }
    if who.get("role"):
        user["role"] = [{"text": str(who["role"])}]
    if who.get("purpose"):
        user["purposeOfUse"] = [_concept(_REASON, str(who["purpose"]))]
    yield user
    if who.get("organization"):
        yield {
            "type": _concept(f"{HL7}/v3-ParticipationType", "CST"),
            "who": {"reference": who["organization"]},
            "requestor": False,
        }


def _roles(unit: Unit) -> tuple[Document, Document]:
    """Give what client and server are in a pattern, as BALP has it."""
    if unit.letter == "D":
        custodian = _concept(f"{HL7}/provenance-participant-type", "custodian")
        return _concept(DICOM, APPLICATION), custodian
    if unit.letter == "R":
        return _concept(DICOM, DESTINATION), _concept(DICOM, SOURCE)
    return _concept(DICOM, SOURCE), _concept(DICOM, DESTINATION)


def _entities(row: Row, unit: Unit, patient: str) -> Iterator[Document]:
    kind, role = f"{HL7}/audit-entity-type", f"{HL7}/object-role"
    if unit.kind in QUERIES:
        asked = f"{unit.what}?{row[8] or ''}"
        yield {
            "type": _coding(kind, "2"),
            "role": _coding(role, "24"),
            "description": unit.what or "?",
            "query": b64encode(asked.encode()).decode(),
        }
    elif unit.what:
        yield {
            "what": _what(unit.what),
            "type": _coding(kind, "2"),
            "role": _coding(role, "4"),
            **_details(row, unit),
        }
    if patient:
        yield {
            "what": {"reference": f"Patient/{patient}"},
            "type": _coding(kind, "1"),
            "role": _coding(role, "1"),
        }
    if row[6]:
        yield {
            "what": _named(row[6]),
            "type": _coding(f"{BALP}/CodeSystem/BasicAuditEntityType", REQUEST),
        }


def _details(row: Row, unit: Unit) -> Document:
    """Give what is said of a sign-in or a command, as pairs of name and value."""
    if unit.kind != COMMAND and unit.kind not in SIGN_INS:
        return {}
    pairs = parse_qsl(row[8] or "")
    return {"detail": [{"type": n, "valueString": v} for n, v in pairs]} if pairs else {}


def _what(target: str) -> Document:
    """Refer to a resource; an operation on one is shown beside it."""
    parts = [each for each in target.split("/") if each]
    is_plain = len(parts) > 1 and not target.startswith("/") and not parts[1].startswith(("$", "_"))
    if not is_plain or not parts[0].isalpha():
        return {"display": target}
    if parts[-1].startswith("$"):
        return {"reference": "/".join(parts[:2]), "display": target}
    return {"reference": "/".join(parts[:4] if parts[2:3] == ["_history"] else parts[:2])}


def _note(name: str, value: Any) -> Document:
    if name == "darurat":
        return {**_concept(_REASON, "BTG"), "text": f"darurat: {value}"}
    return {"text": f"{name}: {value}"}


def _coding(system: str, code: str) -> Document:
    return {"system": system, "code": code}


def _concept(system: str, code: str) -> Document:
    return {"coding": [_coding(system, code)]}


def _named(value: str) -> Document:
    return {"identifier": {"value": value}}
