"""``Patient/[id]/$siapa-melihat``: who has seen or changed a record, in its patient's words.

Accesses of one day that are alike are one line. For who may read the audit trail, and for the
patient.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from fhir_server.audit import kata
from fhir_server.audit.lookings import Asked, lines, named
from fhir_server.auth.scopes import allows
from fhir_server.errors import Forbidden, NotFound
from fhir_server.operations.call import answered
from fhir_server.operations.operation import Operation, Parameter
from fhir_server.search.date import bounds
from fhir_server.store.trail import AUDIT

if TYPE_CHECKING:
    from fhir_server.audit.lookings import Line
    from fhir_server.context import Context
    from fhir_server.interactions.request import Answer
    from fhir_server.operations.call import Call, Out

MOST: Final = 200
INDONESIAN, ENGLISH = 0, 1


def run(context: Context, call: Call) -> Answer:
    """Answer the lines as Parameters, the newest first."""
    patient = call.resource_id or ""
    _expect_right(context, patient)
    if context.store.read("Patient", patient) is None:
        raise NotFound(f"There is no Patient/{patient}.")
    store = context.store.unguarded
    language = ENGLISH if _wants_english(call) else INDONESIAN
    found, more = lines(store, _asked(call, patient, context.settings.timezone), language)
    names = named(store, found)
    out = [_line(each, names, patient, language) for each in found]
    return answered(*out, *([("lanjut", "instant", more.isoformat())] if more else []))


def _asked(call: Call, patient: str, timezone: str) -> Asked:
    zone = ZoneInfo(timezone)
    since, until, before = (call.one(name) for name in ("sejak", "sampai", "sebelum"))
    highs = [bounds(until, zone)[1]] if until else []
    highs += [bounds(before, zone)[0]] if before else []
    low = bounds(since, zone)[0] if since else None
    return Asked(patient, low, min(highs, default=None), zone, call.one("_count") or MOST)


def _expect_right(context: Context, patient: str) -> None:
    principal = context.principal
    if principal.person == f"Patient/{patient}":
        return
    if principal.reach != "everything" or not allows(principal.scopes, AUDIT, "s"):
        raise Forbidden(
            "Who has seen a record is for its patient, and for who may search AuditEvent without "
            "limits.",
            indonesian="Daftar siapa yang melihat hanya untuk pasien itu sendiri dan pengelola.",
        )


def _wants_english(call: Call) -> bool:
    return call.request.headers.get("accept-language", "").lower().startswith("en")


def _line(line: Line, names: dict[str, str], patient: str, language: int) -> Out:
    looking = line.looking
    who = _who(looking.who, names, patient, language)
    place = names.get(looking.place, "")
    said = kata.sentence(
        language,
        who=who,
        place=place,
        letter=looking.letter,
        what=looking.what,
        times=line.times,
        refused=looking.refused,
        deed=looking.deed,
    )
    parts: list[Out] = [
        ("kalimat", "string", said),
        ("tanggal", "date", looking.day),
        ("pertama", "instant", line.first.isoformat(timespec="milliseconds")),
        ("terakhir", "instant", line.last.isoformat(timespec="milliseconds")),
        ("siapa", "string", who),
        ("tindakan", "code", looking.letter),
        ("apa", "string", looking.what),
        ("kali", "integer", line.times),
        ("ditolak", "boolean", looking.refused),
    ]
    parts += [("lembaga", "string", place)] if place else []
    parts += [("alasan", "string", looking.reason)] if looking.reason else []
    return ("akses", parts)


def _who(who: str, names: dict[str, str], patient: str, language: int) -> str:
    if who == f"Patient/{patient}":
        return ("Anda sendiri", "you yourself")[language]
    if who == "operator":
        return kata.OPERATOR[language]
    if "/" in who:
        return names.get(who) or who
    return f"{kata.APP[language]} {who}" if who != "unknown" else kata.UNKNOWN[language]


OPERATION = Operation(
    name="siapa-melihat",
    types=("Patient",),
    levels=frozenset({"instance"}),
    says="Who has seen or changed the record of a patient, in words the patient understands.",
    parameters=(
        Parameter("sejak", "date", says="Only from this day on."),
        Parameter("sampai", "date", says="Only up to this day."),
        Parameter("sebelum", "instant", says="Only from before this moment: `lanjut` of a page."),
        Parameter("_count", "integer", says=f"Most lines; {MOST} if it is not given."),
        Parameter("akses", "BackboneElement", use="out", maximum="*", says="One line."),
        Parameter("lanjut", "instant", use="out", says="There is more, from before this moment."),
    ),
    run=run,
)
