"""``Appointment/$antrean-berikutnya`` and ``$panggil-antrean``: who waits, who is next (BR-B20).

``unit`` is required, ``tanggal`` is today unless given, ``faskes`` narrows it to one puskesmas.
The order comes from priority and number alone; who pays is never looked at. Two who call at once
call two patients.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import orjson

from fhir_server.errors import BadRequest, Conflict, NotFound, PreconditionFailed
from fhir_server.interactions.answers import headers_of
from fhir_server.interactions.matches import matches
from fhir_server.interactions.reader import StoreReader, inward, outward
from fhir_server.interactions.request import Answer
from fhir_server.interactions.write import commit, prepare
from fhir_server.mappings.antrean import DAHULU, NOMOR, UNIT, WALK_IN, called, nomor_of
from fhir_server.mappings.codes import as_mapped, criterion, sid
from fhir_server.operations.operation import Operation, Parameter
from fhir_server.resources.bundles import join, quoted
from fhir_server.sop.antrean import Giliran, urutan

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.operations.call import Call
    from fhir_server.store.ops import Stored


def run(context: Context, call: Call) -> Answer:
    """Answer a searchset Bundle in the order of being called."""
    request = call.request
    given = call.one("tanggal")
    day = None if given is None else _day(given)
    waiting = berikutnya(context, call.required("unit"), day, call.one("faskes"))
    base = quoted(request.base)[:-1]
    entries = [
        b'{"fullUrl":%s/Appointment/%s","resource":%s,"search":{"mode":"match"}}'
        % (base, each.id.encode(), each.raw)
        for each in waiting
    ]
    links = [("self", f"{request.base}/{request.path}?{request.query}")]
    return Answer(200, join("searchset", entries, links=links, total=len(waiting)))


def call_next(context: Context, call: Call) -> Answer:
    """Answer the Appointment that was called."""
    given = call.one("tanggal")
    day = None if given is None else _day(given)
    stored = panggil(context, call.required("unit"), day, call.one("faskes"))
    return Answer(200, stored.raw, headers_of(stored))


def panggil(
    context: Context, unit: str, tanggal: date | None = None, faskes: str | None = None
) -> Stored:
    """Call who is next and give the Appointment; NotFound where nobody waits."""
    reader = StoreReader(context)
    for waiting in berikutnya(context, unit, tanggal, faskes):
        raw = outward(context, called(inward(context, waiting), reader.now))
        put = prepare(context, raw, waiting.id, if_match=waiting.version)
        try:
            return commit(context, [put])[0].stored
        except (Conflict, PreconditionFailed):  # another counter was faster: call the one after
            continue
    says = f"Nobody waits in the queue of {unit}."
    raise NotFound(says, indonesian=f"Tidak ada yang menunggu di antrean {unit}.")


def berikutnya(
    context: Context, unit: str, tanggal: date | None = None, faskes: str | None = None
) -> list[Stored]:
    """Give the Appointments that wait, the next one first."""
    day = tanggal or context.clock().astimezone(ZoneInfo(context.settings.timezone)).date()
    pairs = [
        ("service-type", f"{UNIT}|{unit}"),
        ("date", day.isoformat()),
        ("status", "arrived"),
        ("appointment-type", "|".join(WALK_IN)),
    ]
    if faskes is not None:
        pairs.append(("identifier", f"{sid(NOMOR, faskes)}|"))
    canonical = context.settings.canonical
    found = matches(context, "Appointment", [(n, criterion(v, canonical)) for n, v in pairs])
    return sorted(found, key=lambda each: urutan(_giliran(each, canonical)))


def _giliran(stored: Stored, canonical: str) -> Giliran:
    appointment = orjson.loads(as_mapped(stored.raw, canonical))
    number = nomor_of(appointment)
    return Giliran(appointment.get("priority") == DAHULU, 0 if number is None else number)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadRequest(f"tanggal={text!r} is not a day; right is 2024-04-02.") from None


_QUEUE = (
    Parameter("unit", "code", minimum=1, says="A code of the code system unit-layanan."),
    Parameter("tanggal", "date", says="The day of the queue; today if absent."),
    Parameter("faskes", "id", says="Only the queue of this puskesmas."),
)

OPERATIONS = (
    Operation(
        name="antrean-berikutnya",
        types=("Appointment",),
        levels=frozenset({"type"}),
        says="Who waits in the queue of a unit, in the order of being called (BR-B20).",
        parameters=(
            *_QUEUE,
            Parameter("return", "Bundle", use="out", minimum=1, says="The Appointments."),
        ),
        run=run,
    ),
    Operation(
        name="panggil-antrean",
        types=("Appointment",),
        levels=frozenset({"type"}),
        says="Call who is next in the queue of a unit; two who call at once call two patients.",
        affects_state=True,
        parameters=(
            *_QUEUE,
            Parameter("return", "Appointment", use="out", minimum=1, says="Who was called."),
        ),
        run=call_next,
    ),
)
