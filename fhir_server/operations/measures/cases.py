"""Counts the cases of a population of PWS: its searches become one Counting of the store."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from fhir_server.errors import BadRequest
from fhir_server.interactions.matches import matches
from fhir_server.mappings.codes import ICD_10, KFA, criterion
from fhir_server.mappings.indikator_pws import PERAN
from fhir_server.search.compile import compile as compile_query
from fhir_server.search.query import parse
from fhir_server.sop.pws import baca_vaksin
from fhir_server.store.counting import Age, Counting, Stream
from fhir_server.store.episodes import DAY_MS, Contacts
from fhir_server.store.pipeline import both

if TYPE_CHECKING:
    from datetime import datetime

    from fhir_server.context import Context
    from fhir_server.mappings.indikator_pws import Hitungan, Pencarian
    from fhir_server.operations.measures.area import Area
    from fhir_server.search.plan import Filter, Plan
    from fhir_server.store.counting import Cell, Once

ONCE: Final[dict[str, Once]] = {
    "kehamilan": "episode",
    "orang": "person",
    "hari": "day",
    "masing-masing": "each",
}
AFTER: Final = "~"


def cases(  # noqa: PLR0913 - what a count is about
    context: Context,
    wanted: Hitungan,
    area: Area,
    start: datetime,
    end: datetime,
    *,
    lists: bool = False,
) -> list[Cell]:
    """Count by village and month what happened from ``start`` until before ``end``.

    Events are looked at from the beginning of the year, so that nobody counts twice in it.
    """
    year = start.replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
    counting = Counting(
        streams=tuple(_stream(context, each) for each in wanted.cari),
        once=ONCE[wanted.per],
        first=_ms(year),
        low=_ms(start),
        high=_ms(end),
        zone=context.settings.timezone,
        villages=tuple(area.villages),
        providers=area.providers,
        members=area.members,
        places=tuple(area.places.items()) if wanted.tempat else (),
        needed=wanted.perlu,
        near=None if wanted.dekat is None else _days(*wanted.dekat),
        age=None if wanted.umur is None else Age(*wanted.umur),
        pregnant=wanted.hamil,
        contacts=None if wanted.kontak is None else _contacts(context, *wanted.kontak),
        lists=lists,
    )
    return context.store.count_cases(counting)


def _stream(context: Context, wanted: Pencarian) -> Stream:
    return Stream(_plan(context, wanted), f"ix.{wanted.tanggal}.l")


def _plan(context: Context, wanted: Pencarian) -> Plan:
    canonical = context.settings.canonical
    pairs = [(name, criterion(value, canonical)) for name, value in wanted.kriteria]
    own = baca_vaksin(context.settings.pws_vaccines).get(wanted.antigen, ())
    if own:
        name, known = pairs[0]
        pairs[0] = (name, ",".join([known, *(f"{KFA}|{code}" for code in own)]))
    query = parse(wanted.tipe, pairs, context.parameters, strict=True)
    plan = compile_query(query, context.parameters, context.settings)
    if not wanted.kisaran:
        return plan
    choices: Filter = {"$or": [_between(*each) for each in wanted.kisaran]}
    return replace(plan, filter=both(plan.filter, choices))


def _between(first: str, last: str) -> Filter:
    """Select the codes of the categories from ``first`` to ``last``, both with all below them."""
    bounds = {"$gte": f"{ICD_10}|{first}", "$lt": f"{ICD_10}|{last}{AFTER}"}
    return {"ix.code": {"$elemMatch": bounds}}


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _days(before: int, after: int) -> tuple[int, int]:
    return before * DAY_MS, after * DAY_MS


def _contacts(context: Context, first: int, second: int, third: int, doctor: int) -> Contacts:
    if doctor == 0:
        return Contacts((first, second, third))
    role = criterion(f"{PERAN}|dokter", context.settings.canonical)
    found = matches(context, "PractitionerRole", [("role", role)])
    if len(found) > context.settings.chain_limit:
        raise BadRequest(f"{len(found)} doctors are more than FHIR_CHAIN_LIMIT allows.")
    names = tuple(f"PractitionerRole/{each.id}" for each in found)
    return Contacts((first, second, third), doctor, names)
