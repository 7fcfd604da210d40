"""``EpisodeOfCare/[id]/$rekap-isolasi``: how an isolation at home stands.

When it is due to end, which readings of two a day and which days of chat are missing, how many
messages went to and fro, and what was escalated. ``sampai`` is the last day looked at: today, the
computed end, or when it was ended, whichever is first.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import orjson

from fhir_server.errors import BadRequest, Gone, NotFound
from fhir_server.interactions.matches import matches
from fhir_server.mappings.codes import as_mapped, code_system, criterion
from fhir_server.mappings.elements import code_of, day_of, instant_of
from fhir_server.mappings.eskalasi_darurat import TUGAS
from fhir_server.mappings.eskalasi_darurat import state_of as escalation_state
from fhir_server.mappings.isolasi_mandiri import JENIS, MAPPING, PLAN
from fhir_server.mappings.pemantauan_isoman import FORM
from fhir_server.mappings.pihak import is_public
from fhir_server.operations.call import answered
from fhir_server.operations.operation import Operation, Parameter
from fhir_server.sop.isolasi import sesi, tanpa_kontak, terlewat

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, tzinfo

    from fhir_server.context import Context
    from fhir_server.interactions.request import Answer
    from fhir_server.operations.call import Call
    from fhir_server.resources.wire import Document

KATEGORI = code_system("kategori-komunikasi")
NOT_CHAT = frozenset({"utas", "sistem", "pemberitahuan"})
COUNTED = ("in-progress", "completed", "amended")


def run(context: Context, call: Call) -> Answer:
    """Answer the recapitulation as Parameters."""
    episode = _episode(context, str(call.resource_id))
    zone = ZoneInfo(context.settings.timezone)
    fields = MAPPING.from_fhir({"": episode})
    first, due = fields["mulai"], fields["selesaiDihitung"]
    if first is None:
        raise BadRequest(f"EpisodeOfCare/{episode['id']} does not say when isolation began.")
    last = _last(context, call, episode, due)
    patient = ("patient", f"Patient/{fields['pasien']}")
    read = _moments(context, zone, episode["id"])
    chat = [m for m in _messages(context, patient) if _within(m, first, last, zone)]
    ours = {_day(m, zone) for m in chat if not is_public(m.get("sender"))}
    raised = _escalations(context, patient, first, last, zone)
    turn = sesi(min(read))[1] if read and min(read).date() == first else "pagi"
    missed = terlewat(first, last, read, dari=turn)
    return answered(
        ("mulai", "date", first.isoformat()),
        *([("selesaiDihitung", "date", due.isoformat())] if due else []),
        ("sampai", "date", last.isoformat()),
        ("bacaan", "integer", len({sesi(each) for each in read if first <= each.date() <= last})),
        *(
            ("bacaanTerlewat", [("tanggal", "date", d.isoformat()), ("sesi", "code", s)])
            for d, s in missed
        ),
        *(("tanpaKontak", "date", d.isoformat()) for d in tanpa_kontak(first, last, ours)),
        ("pesanMasuk", "integer", sum(is_public(each.get("sender")) for each in chat)),
        ("pesanKeluar", "integer", sum(not is_public(each.get("sender")) for each in chat)),
        *(_raised(each) for each in raised),
    )


def _raised(task: Document) -> Any:
    return (
        "eskalasi",
        [
            ("tugas", "Reference", {"reference": f"Task/{task['id']}"}),
            ("status", "code", escalation_state(task) or "diusulkan"),
            ("alasan", "string", task.get("description", "")),
        ],
    )


def _episode(context: Context, resource_id: str) -> Document:
    found = _one(context, f"EpisodeOfCare/{resource_id}")
    if code_of(found.get("type"), JENIS) != "isoman":
        raise BadRequest(
            f"EpisodeOfCare/{resource_id} is no isolation at home (jenis-episode#isoman)."
        )
    return found


def _one(context: Context, name: str) -> Document:
    stored = context.store.read(*name.split("/", 1))
    if stored is None:
        raise NotFound(f"There is no {name}.")
    if stored.text is None:
        raise Gone(f"{name} was deleted.")
    document: Document = orjson.loads(as_mapped(stored.raw, context.settings.canonical))
    return document


def _last(context: Context, call: Call, episode: Document, due: date | None) -> date:
    given = call.one("sampai")
    if given is not None:
        try:
            return date.fromisoformat(given)
        except ValueError:
            raise BadRequest(f"sampai={given!r} is not a day; right is 2021-07-15.") from None
    today = context.clock().astimezone(ZoneInfo(context.settings.timezone)).date()
    ended = day_of(episode.get("period", {}).get("end"))
    return min(each for each in (today, due, ended) if each is not None)


def _found(context: Context, kind: str, *pairs: tuple[str, str]) -> list[Document]:
    canonical = context.settings.canonical
    asked = [(name, criterion(value, canonical)) for name, value in pairs]
    return [orjson.loads(as_mapped(each.raw, canonical)) for each in matches(context, kind, asked)]


def _moments(context: Context, zone: tzinfo, own_id: str) -> list[datetime]:
    """Give when readings were made; those that wait for confirmation count as made."""
    pairs = [("based-on", f"CarePlan/{own_id}-{PLAN}"), ("questionnaire", FORM)]
    found = _found(context, "QuestionnaireResponse", *pairs)
    moments = (instant_of(e.get("authored")) for e in found if e.get("status") in COUNTED)
    return [each.astimezone(zone) for each in moments if each is not None]


def _messages(context: Context, patient: tuple[str, str]) -> Iterable[Document]:
    found = _found(context, "Communication", patient)
    return [e for e in found if code_of(e.get("category"), KATEGORI) not in NOT_CHAT]


def _escalations(
    context: Context, patient: tuple[str, str], first: date, last: date, zone: tzinfo
) -> list[Document]:
    found = _found(context, "Task", patient, ("code", f"{TUGAS}|eskalasi-darurat"))
    inside = [
        (moment, each)
        for each in found
        if (moment := instant_of(each.get("authoredOn"))) is not None
        and first <= moment.astimezone(zone).date() <= last
    ]
    return [each for _, each in sorted(inside, key=lambda pair: (pair[0], pair[1]["id"]))]


def _within(message: Document, first: date, last: date, zone: tzinfo) -> bool:
    day = _day(message, zone)
    return day is not None and first <= day <= last


def _day(message: Document, zone: tzinfo) -> Any:
    sent = instant_of(message.get("sent"))
    return None if sent is None else sent.astimezone(zone).date()


OPERATION = Operation(
    name="rekap-isolasi",
    types=("EpisodeOfCare",),
    levels=frozenset({"instance"}),
    says="How an isolation at home stands: its end, what was missed, what was escalated.",
    parameters=(
        Parameter("sampai", "date", says="The last day looked at."),
        Parameter("mulai", "date", use="out", minimum=1, says="First day."),
        Parameter("selesaiDihitung", "date", use="out", says="Computed day of release."),
        Parameter("bacaan", "integer", use="out", minimum=1, says="Readings made, two a day."),
        Parameter(
            "bacaanTerlewat",
            use="out",
            maximum="*",
            says="Readings that were missed.",
            parts=(
                Parameter("tanggal", "date", use="out", minimum=1, says="The day."),
                Parameter("sesi", "code", use="out", minimum=1, says="pagi or sore."),
            ),
        ),
        Parameter("tanpaKontak", "date", use="out", maximum="*", says="Days no staff wrote."),
        Parameter("pesanMasuk", "integer", use="out", minimum=1, says="Messages of the patient."),
        Parameter("pesanKeluar", "integer", use="out", minimum=1, says="Messages of staff."),
        Parameter(
            "eskalasi",
            use="out",
            maximum="*",
            says="What was escalated, and its state.",
            parts=(
                Parameter("tugas", "Reference", use="out", minimum=1, says="The Task."),
                Parameter(
                    "status", "code", use="out", minimum=1, says="A code of status-eskalasi."
                ),
                Parameter("alasan", "string", use="out", minimum=1, says="What was found."),
            ),
        ),
    ),
    run=run,
)
