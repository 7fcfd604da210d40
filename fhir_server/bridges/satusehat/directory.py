"""Organization and Location: the units and rooms of our facility."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_server.bridges.satusehat import constants as c
from fhir_server.bridges.satusehat.ownership import elsewhere, itself
from fhir_server.bridges.satusehat.payload import NotWanted
from fhir_server.bridges.satusehat.people import with_area

if TYPE_CHECKING:
    from fhir_server.bridges.satusehat.draft import Draft
    from fhir_server.bridges.satusehat.payload import Rendering

ORGANIZATION = ("active", "type", "name", "telecom", "address", "partOf")
LOCATION = (
    "status",
    "name",
    "description",
    "mode",
    "telecom",
    "address",
    "physicalType",
    "position",
    "managingOrganization",
)
UNIT = {"system": c.ORGANIZATION_TYPE, "code": "team", "display": "Organizational team"}


def organization(draft: Draft) -> Rendering:
    """Write a unit of the facility."""
    unit = draft.resource
    if reason := elsewhere(itself(unit), draft.known):
        return NotWanted(reason)
    body = draft.body(unit, ORGANIZATION)
    if "partOf" not in body:
        body["partOf"] = draft.own_organization()
    body.setdefault("active", True)
    if "type" not in body:
        body["type"] = [{"coding": [UNIT]}]
    known = (e.get("value") for e in unit.get("identifier", ()) if _is_code(e))
    system, value = draft.identified(value=next(known, None))
    body["identifier"] = [{"use": "official", "system": system, "value": value}]
    with_area(draft, body)
    search = (("partof", body["partOf"]["reference"].rpartition("/")[2]),)
    return draft.result(draft.request(body, (system, value), search=search))


def location(draft: Draft) -> Rendering:
    """Write a room of the facility."""
    room = draft.resource
    if reason := elsewhere(room.get("managingOrganization"), draft.known):
        return NotWanted(reason)
    body = draft.body(room, LOCATION)
    if "managingOrganization" not in body:
        body["managingOrganization"] = draft.own_organization()
    known = (e.get("value") for e in room.get("identifier", ()) if _is_room(e))
    system, value = draft.identified(value=next(known, None))
    body["identifier"] = [{"system": system, "value": value}]
    body.setdefault("description", room.get("name", ""))
    if "position" not in body and draft.choices.position:
        body["position"] = _position(draft)
    with_area(draft, body)
    search = (("identifier", f"{system}|{value}"),)
    return draft.result(draft.request(body, (system, value), search=search))


def _position(draft: Draft) -> dict[str, float]:
    """Give the place of a room that has none of its own: the puskesmas's."""
    try:
        latitude, longitude = map(float, draft.choices.position.split(","))
    except ValueError:
        draft.refuse(
            "Location.position",
            f"FHIR_SATUSEHAT_POSITION={draft.choices.position} is no latitude and longitude",
            "-7.316,110.181",
        )
        raise
    return {"latitude": latitude, "longitude": longitude}


def _is_code(identifier: dict[str, str]) -> bool:
    return identifier.get("system", "").startswith(c.FACILITY)


def _is_room(identifier: dict[str, str]) -> bool:
    return identifier.get("system", "").startswith(f"{c.SYS_IDS}/location")
