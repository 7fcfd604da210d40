"""The area a report is about: its villages, who reports, and whose services count as its own."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import orjson

from fhir_server.errors import BadRequest, NotFound
from fhir_server.interactions.matches import matches
from fhir_server.mappings.codes import ADMINISTRATIVE_AREA, as_mapped, criterion
from fhir_server.mappings.elements import identifier_of, ids_of
from fhir_server.mappings.faskes import JENIS, WILAYAH_KERJA
from fhir_server.mappings.sasaran_desa import village_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fhir_server.context import Context
    from fhir_server.operations.measures import Asked
    from fhir_server.resources.wire import Document

DEEPEST = 4
TOGETHER = 200
VILLAGE_DIGITS = 10


@dataclass(frozen=True, slots=True)
class Area:
    """``villages``: code → name. ``providers`` are ``Organization/id``; None: whoever serves here.

    ``places``: ``Location/id`` of a village → its code. ``members``: only these patients are looked
    at (``Patient/id``); None: everybody.
    """

    villages: dict[str, str]
    reporter: str | None = None
    providers: tuple[str, ...] | None = None
    members: tuple[str, ...] | None = None
    places: dict[str, str] = field(default_factory=dict)


def area_of(context: Context, asked: Asked) -> Area:
    """Find the area of a report: of who reports, narrowed to the subject."""
    area = reported(context, asked.reporter)
    kind, _, identity = (asked.subject or "").partition("/")
    if kind == "Location":
        return within(context, area, _code_of(_there(context, kind, identity)))
    if kind == "Group":
        return _of_group(context, area, _there(context, kind, identity))
    if kind == "Patient":
        _there(context, kind, identity)
        return replace(area, members=(asked.subject or "",))
    if kind:
        raise BadRequest(f"subject={asked.subject}: right would be a Location, Group or Patient.")
    return area


def reported(context: Context, reporter: str | None) -> Area:
    """Find the area of a puskesmas and what is below it; without one, of all there are."""
    if reporter is None:
        clinics = _organizations(context, ("type", f"{JENIS}|puskesmas"))
        only = clinics[0]["id"] if len(clinics) == 1 else None
        return replace(
            _area(context, _villages(clinics)), reporter=f"Organization/{only}" if only else None
        )
    family = _family(context, _there(context, *reporter.split("/", 1)))
    providers = tuple(f"Organization/{each['id']}" for each in family)
    area = _area(context, _villages(family))
    return replace(area, reporter=reporter, providers=providers)


def _family(context: Context, root: Document) -> list[Document]:
    """Give an organization and all that are part of it."""
    found, level = {root["id"]: root}, [root]
    for _ in range(DEEPEST):
        names = ",".join(f"Organization/{each['id']}" for each in level)
        below = _organizations(context, ("partof", names)) if names else []
        level = [each for each in below if each["id"] not in found]
        found |= {each["id"]: each for each in level}
    return list(found.values())


def _organizations(context: Context, *pairs: tuple[str, str]) -> list[Document]:
    return _found(context, "Organization", *pairs)


def _villages(organizations: Iterable[Document]) -> list[str]:
    codes = {
        each["valueCode"]
        for organization in organizations
        for each in organization.get("extension", ())
        if each.get("url") == WILAYAH_KERJA and "valueCode" in each
    }
    return sorted(codes)


def _area(context: Context, codes: list[str]) -> Area:
    """Give villages with the names and the ids of their Locations, as far as there are any."""
    names: dict[str, str] = {}
    places: dict[str, str] = {}
    for start in range(0, len(codes), TOGETHER):
        some = codes[start : start + TOGETHER]
        asked = ",".join(f"{ADMINISTRATIVE_AREA}|{code}" for code in some)
        for each in _found(context, "Location", ("identifier", asked)):
            code = identifier_of(each, ADMINISTRATIVE_AREA) or ""
            names.setdefault(code, each.get("name", ""))
            places[f"Location/{each['id']}"] = code
    return Area({code: names.get(code, "") for code in codes}, places=places)


def within(context: Context, area: Area, code: str) -> Area:
    """Narrow an area to the villages whose codes begin so; one village may lie outside it."""
    inside = {each: name for each, name in area.villages.items() if each.startswith(code)}
    if inside or len(code) != VILLAGE_DIGITS:
        return replace(area, villages=inside)
    alone = _area(context, [code])
    return replace(area, villages=alone.villages, places=alone.places)


def _of_group(context: Context, area: Area, group: Document) -> Area:
    """Take the village of a target group, or else the people who are members of a group."""
    village = village_of(group)
    if village is not None and not group.get("member"):
        return within(context, area, village)
    entities = [each.get("entity", {}) for each in group.get("member", ())]
    return replace(area, members=tuple(f"Patient/{each}" for each in ids_of(entities, "Patient")))


def _code_of(location: Document) -> str:
    code = identifier_of(location, ADMINISTRATIVE_AREA)
    if code is None:
        raise BadRequest(
            f"Location/{location['id']} has no identifier of {ADMINISTRATIVE_AREA}, so it is no "
            "area that can be counted."
        )
    return code


def _there(context: Context, kind: str, identity: str) -> Document:
    stored = context.store.read(kind, identity)
    if stored is None or stored.text is None:
        says = f"There is no {kind}/{identity}."
        raise NotFound(says, indonesian=f"Tidak ada {kind}/{identity} di server ini.")
    document: Document = orjson.loads(as_mapped(stored.raw, context.settings.canonical))
    return document


def _found(context: Context, kind: str, *pairs: tuple[str, str]) -> list[Document]:
    canonical = context.settings.canonical
    asked = [(name, criterion(value, canonical)) for name, value in pairs]
    return [orjson.loads(as_mapped(e.raw, canonical)) for e in matches(context, kind, asked)]
