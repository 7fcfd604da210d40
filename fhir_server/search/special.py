"""What the search parameters that are like no other write to the index, and how they ask.

``Location.near`` is a point and a distance around it.

https://hl7.org/fhir/R4/location.html#search
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from fhir_server.errors import BadRequest, NotSupported
from fhir_server.search.escapes import split

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fhir_server.search.field import Add, Aside, Field, Place, Writers
    from fhir_server.search.plan import Filter

SORT = ""
SINGLE = frozenset({"Location.position"})
REFUSED = {
    "phonetic": "Matching by sound is not supported; name:contains finds parts of names.",
    "_text": "Search in the narrative is off; the operator turns it on by FHIR_TEXT_SEARCH.",
    "_content": "Search in the content is off; the operator turns it on by FHIR_TEXT_SEARCH.",
    "_query": "Named queries are not supported.",
    "_contained": "Search in contained resources is not supported.",
    "_containedType": "Search in contained resources is not supported.",
    "_type": "_type names the types of a search over several; ask it at the base of the server.",
    "_score": "Matches are not scored here.",
}
EARTH_KM = 6378.1
KILOMETRES = {"km": 1.0, "m": 0.001, "[mi_us]": 1.609347, "mi": 1.609344}
NEAR_KM = 5.0


def _position(value: Any, add: Add) -> None:
    longitude, latitude = value.get("longitude"), value.get("latitude")
    if longitude is not None and latitude is not None:
        add([float(longitude), float(latitude)])


def writers(_place: Place) -> Writers:
    """Give the write half for each FHIR type."""
    return {"Location.position": _position}


def asides(_place: Place) -> Mapping[str, Mapping[str, Aside]]:
    """Write nothing beside."""
    return {}


def condition(field: Field, modifier: str | None, value: str, _place: Place) -> Filter:
    """Compile ``near=latitude|longitude|distance|unit``; without a distance, five kilometres."""
    if modifier is not None:
        raise NotSupported(f"Modifier :{modifier} is not supported on near.")
    parts = split(value, "|")
    try:
        latitude, longitude = float(parts[0]), float(parts[1])
        distance = float(parts[2]) if len(parts) > 2 and parts[2] else NEAR_KM
        radius = distance * KILOMETRES[parts[3] if len(parts) > 3 and parts[3] else "km"]
    except (ValueError, IndexError, KeyError):
        raise _unreadable(value) from None
    if not (abs(latitude) <= 90 and abs(longitude) <= 180 and 0 <= radius < math.pi * EARTH_KM):
        raise _unreadable(value)
    around = {"$centerSphere": [[longitude, latitude], radius / EARTH_KM]}
    return {field.path: {"$geoWithin": around}}


def _unreadable(value: str) -> BadRequest:
    return BadRequest(f"{value!r} is no place; right would be -7.05|110.43|5|km.")
