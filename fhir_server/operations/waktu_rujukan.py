"""``ServiceRequest/[id]/$waktu-rujukan``: how long a referral took, computed from its history.

For a referral: each facility that was asked, when it answered, and whether that was in time; the
loop from the first sending to the back-referral. For a back-referral: acceptance, first contact,
and the loop to the outcome. What is still to come is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from fhir_server.errors import Gone, NotFound
from fhir_server.interactions.matches import matches
from fhir_server.mappings.codes import as_mapped, code_system, criterion
from fhir_server.mappings.riwayat_tugas import contact_due, due, first_contact, moves
from fhir_server.operations.call import answered
from fhir_server.operations.operation import Operation, Parameter
from fhir_server.sop.waktu_rujukan import (
    DIJAWAB,
    pertama,
    selang,
    tepat_waktu,
    waktu_jawab,
    waktu_lingkar,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from fhir_server.context import Context
    from fhir_server.interactions.request import Answer
    from fhir_server.operations.call import Call, Out
    from fhir_server.resources.wire import Document
    from fhir_server.sop.waktu_rujukan import Kejadian
    from fhir_server.store.ops import Stored

JENIS_TUGAS = code_system("jenis-tugas")


def run(context: Context, call: Call) -> Answer:
    """Answer the times as Parameters."""
    resource_id = call.resource_id or ""
    stored = context.store.read("ServiceRequest", resource_id)
    if stored is None:
        raise NotFound(f"There is no ServiceRequest/{resource_id}.")
    if stored.text is None:
        raise Gone(f"ServiceRequest/{resource_id} was deleted.")
    out: list[Out] = []
    asked = _works(context, resource_id, "rujukan")
    for task, history in asked:
        out.append(("tujuan", _answer_of(task, history, context.clock())))
    every = sorted((each for _, history in asked for each in history), key=lambda e: e.waktu)
    out += _duration("lingkar", waktu_lingkar(every))
    for task, history in _works(context, resource_id, "rujuk-balik"):
        out.append(("rujuk-balik", _back_referral(task, history, context.clock())))
    return answered(*out)


def _answer_of(task: Document, history: Sequence[Kejadian], now: datetime) -> list[Out]:
    sent, limit = pertama(history, "dikirim"), due(task)
    return [
        *_reference("faskes", task.get("owner")),
        *_moves(history),
        *_duration("jawab", waktu_jawab(history)),
        *_duration("batas", selang(sent, limit)),
        *_kept("tepat", tepat_waktu(pertama(history, *DIJAWAB), limit, now)),
    ]


def _back_referral(task: Document, history: Sequence[Kejadian], now: datetime) -> list[Out]:
    sent = pertama(history, "dikirim")
    accepted, contact = pertama(history, *DIJAWAB), first_contact(task)
    return [
        *_reference("pelaksana", task.get("owner")),
        *_moves(history),
        *_duration("terima", selang(sent, accepted)),
        *_kept("terima-tepat", tepat_waktu(accepted, due(task), now)),
        *_duration("kontak", selang(sent, contact)),
        *_kept("kontak-tepat", tepat_waktu(contact, contact_due(task), now)),
        *_duration("lingkar", selang(sent, pertama(history, "selesai"))),
    ]


def _works(
    context: Context, request: str, kind: str
) -> list[tuple[Document, tuple[Kejadian, ...]]]:
    """Give the Tasks of a request, in the order in which they were asked, with their moves."""
    canonical = context.settings.canonical
    code = criterion(f"{JENIS_TUGAS}|{kind}", canonical)
    pairs = [("focus", f"ServiceRequest/{request}"), ("code", code), ("_sort", "authored-on,_id")]
    found = []
    for each in matches(context, "Task", pairs):
        versions = [
            (_document(version, canonical), version.moment)
            for version in _versions(context, each)
            if version.text is not None
        ]
        found.append((versions[-1][0], moves(versions)))
    return found


def _versions(context: Context, stored: Stored) -> list[Stored]:
    """Give all versions of a Task, the oldest first."""
    found: list[Stored] = []
    after: Sequence[Any] | None = None
    while True:
        page = context.store.history("Task", stored.id, count=100, after=after)
        found += page.resources
        if not page.more:
            return found[::-1]
        after = page.last


def _document(stored: Stored, canonical: str) -> Document:
    document: Document = orjson.loads(as_mapped(stored.raw, canonical))
    return document


def _moves(history: Sequence[Kejadian]) -> list[Out]:
    return [
        ("keadaan", [("status", "Code", e.status), ("waktu", "DateTime", e.waktu.isoformat())])
        for e in history
    ]


def _reference(name: str, found: Document | None) -> list[Out]:
    return [] if found is None else [(name, "Reference", found)]


def _duration(name: str, lama: timedelta | None) -> list[Out]:
    if lama is None:
        return []
    minutes = lama.total_seconds() / 60
    number = int(minutes) if minutes == int(minutes) else round(minutes, 3)
    unit = {"unit": "menit", "system": "http://unitsofmeasure.org", "code": "min"}
    return [(name, "Duration", {"value": number, **unit})]


def _kept(name: str, tepat: bool | None) -> list[Out]:  # noqa: FBT001 - a verdict
    return [] if tepat is None else [(name, "Boolean", tepat)]


OPERATION = Operation(
    name="waktu-rujukan",
    types=("ServiceRequest",),
    levels=frozenset({"instance"}),
    says="How long a referral or back-referral took: answer, loop, acceptance, first contact.",
    parameters=(
        Parameter("return", "Parameters", use="out", minimum=1, says="The times, in minutes."),
    ),
    run=run,
)
