"""A visit that goes to the laboratory and comes back to its unit (SOP steps B6 and B8).

While a slip is open the Encounter is ``onleave`` with the laboratory as its active location and
the unit's room reserved; when the last slip closes it is ``in-progress`` in that room again.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from fhir_server.errors import Invalid, Issue
from fhir_server.mappings.codes import code_system
from fhir_server.mappings.elements import id_of
from fhir_server.mappings.kunjungan_selesai import OPEN

if TYPE_CHECKING:
    from fhir_server.mappings import Reader
    from fhir_server.resources.wire import Document

PRESENT = ("arrived", "triaged", "in-progress")
SLIP = f"{code_system('jenis-tugas')}|pengantar-lab"


def visit(reader: Reader, kunjungan: str, pasien: str) -> Document:
    """Give the Encounter of a lab document; it must be there and be the patient's own."""
    encounter = reader.read(f"Encounter/{kunjungan}")
    if encounter is None:
        raise Invalid([_wrong("kunjungan", f"kunjungan {kunjungan} tidak ada.", "no such visit")])
    if id_of(encounter.get("subject"), "Patient") != pasien:
        says = f"kunjungan {kunjungan} bukan milik pasien {pasien}."
        raise Invalid([_wrong("pasien", says, "the visit is another patient's")])
    return encounter


def opened(encounter: Document, lab: str | None, when: datetime) -> list[Document]:
    """Say what becomes of a visit when a slip of it is opened."""
    if encounter.get("status") not in PRESENT:
        return []
    return [to_lab(encounter, lab, when)]


def closed(reader: Reader, encounter: Document, slip: str, when: datetime) -> list[Document]:
    """Say what becomes of a visit when a slip of it is closed.

    While another one is open the visit stays, but is written all the same: two slips that close
    at once meet there, and the later one sees that it is the last.
    """
    if encounter.get("status") != "onleave":
        return []
    pairs = [
        ("encounter", f"Encounter/{encounter['id']}"),
        ("code", SLIP),
        ("status", ",".join(OPEN)),
    ]
    others = [each for each in reader.find("Task", pairs) if each["id"] != slip]
    return [encounter if others else to_unit(encounter, when)]


def to_lab(encounter: Document, lab: str | None, when: datetime) -> Document:
    """Send a visit to the laboratory; its room stays reserved."""
    moved = turned(encounter, "onleave", when)
    if lab is None:
        return moved
    kept = [
        {**each, "status": "reserved"} if each.get("status") == "active" else each
        for each in encounter.get("location", ())
    ]
    return {**moved, "location": [*kept, _here({"reference": f"Location/{lab}"}, _since(moved))]}


def to_unit(encounter: Document, when: datetime) -> Document:
    """Bring a visit back to the room that was reserved for it, if there was one."""
    places = encounter.get("location", ())
    left, moved = _since(encounter), turned(encounter, "in-progress", when)
    back = _since(moved)
    ends = {"reserved": left or back, "active": back}
    past = [_left(each, ends[each["status"]]) if _is_over(each, left) else each for each in places]
    rooms = [each["location"] for each in places if each.get("status") == "reserved"]
    here = [_here(rooms[-1], back)] if rooms else []
    return {**moved, "location": [*past, *here]} if places else moved


def _here(location: Document, since: Any) -> Document:
    return {"location": location, "status": "active", "period": {"start": since}}


def _is_over(place: Document, left: str | None) -> bool:
    """Say whether a place ends with the return: a reserved room, and the laboratory itself."""
    if place.get("status") == "active":
        return left is not None and place.get("period", {}).get("start") == left
    return place.get("status") == "reserved"


def _since(encounter: Document) -> Any:
    """Give since when the present status holds."""
    history = encounter.get("statusHistory") or [{}]
    return history[-1].get("period", {}).get("start")


def _left(place: Document, end: str) -> Document:
    period = place.get("period", {})
    return {**place, "status": "completed", "period": {**period, "end": _later(period, end)}}


def turned(encounter: Document, status: str, when: datetime) -> Document:
    """Change the status and close the open entry of its history."""
    history = list(encounter.get("statusHistory", ()))
    if not history or "end" in history[-1].get("period", {}):
        start = history[-1]["period"]["end"] if history else _start(encounter)
        period = {} if start is None else {"start": start}
        history.append({"status": encounter["status"], "period": period})
    last = history.pop()
    period = last.get("period", {})
    done = {**last, "period": {**period, "end": _later(period, when.isoformat())}}
    now = {"status": status, "period": {"start": done["period"]["end"]}}
    return {**encounter, "status": status, "statusHistory": [*history, done, now]}


def _start(encounter: Document) -> str | None:
    found: str | None = encounter.get("period", {}).get("start")
    return found


def _later(period: Document, end: str) -> str:
    """Give the end of a period that a clock which runs behind cannot put before its start."""
    start = period.get("start")
    if start is None or "T" not in start:
        return end
    return end if datetime.fromisoformat(start) <= datetime.fromisoformat(end) else str(start)


def _wrong(field: str, says: str, english: str) -> Issue:
    return Issue("value", f"{field}: {english}. / {says}", field, indonesian=f"{field}: {says}")
