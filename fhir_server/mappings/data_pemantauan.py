"""What is recorded of the monitoring in a village and a period: the facts of A3.

A patient belongs into a report with a planned contact of the period, a case that began in it, or
a message of the monitoring (BR-A3).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings.codes import code_system
from fhir_server.mappings.elements import code_of, day_of, id_of, ids_of, instant_of
from fhir_server.mappings.konsultasi_daring import LAYANAN
from fhir_server.mappings.pihak import is_public
from fhir_server.sop.laporan_pemantauan_desa import BarisLaporan, KontakLaporan

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime, timedelta, tzinfo

    from fhir_server.mappings import Reader
    from fhir_server.resources.wire import Document

    Pairs = list[tuple[str, str]]

KATEGORI: Final = code_system("kategori-komunikasi")
STATUS_KONTAK: Final = code_system("status-kontak")
DATA: Final = {
    "Observation": ("pengamatan", "patient", "date"),
    "QuestionnaireResponse": ("isian", "patient", "authored"),
    "Condition": ("keluhan", "patient", "recorded-date"),
}
"""Type of what was learnt → field of the row, search parameters of whom and when."""


@dataclass(slots=True)
class _Data:
    """The resources of one patient in the period."""

    requests: list[Document] = field(default_factory=list)
    cases: list[Document] = field(default_factory=list)
    older: dict[str, str] = field(default_factory=dict)  # Encounter → case begun before
    messages: list[Document] = field(default_factory=list)
    learnt: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


def planned(desa: str, mulai: date, sampai: date) -> Pairs:
    """Ask for the planned contacts of a village that are due in a period, kept or not."""
    return [
        ("patient.desa", desa),
        ("category", f"{KATEGORI}|pemantauan"),
        ("status", "active,completed"),
        *_within("occurrence", mulai, sampai),
    ]


def begun(desa: str, mulai: date, sampai: date) -> Pairs:
    """Ask for the cases of a village that began in a period."""
    return [
        ("patient.desa", desa),
        ("code", f"{LAYANAN}|pemantauan"),
        ("status:not", "entered-in-error"),
        *_within("authored-on", mulai, sampai),
    ]


def written(desa: str, mulai: date, sampai: date) -> Pairs:
    """Ask for the messages of the monitoring of a village in a period."""
    return [
        ("patient.desa", desa),
        ("category", f"{KATEGORI}|pemantauan"),
        ("status:not", "entered-in-error,not-done,preparation"),
        *_within("sent", mulai, sampai),
    ]


def rows(reader: Reader, desa: str, mulai: date, sampai: date) -> tuple[BarisLaporan, ...]:
    """Give a row for every patient of the village with a contact in the period."""
    found: dict[str, _Data] = defaultdict(_Data)
    asked = (desa, mulai, sampai)
    for each in reader.find("CommunicationRequest", planned(*asked)):
        found[_whose(each, "subject")].requests.append(each)
    for each in reader.find("Task", begun(*asked)):
        found[_whose(each, "for")].cases.append(each)
    for each in reader.find("Communication", written(*asked)):
        found[_whose(each, "subject")].messages.append(each)
    found.pop("", None)
    _add_older_cases(reader, found)
    _add_what_was_learnt(reader, found, mulai, sampai)
    return tuple(_row(who, found[who], reader) for who in sorted(found))


def waits(
    reader: Reader, desa: str, mulai: date, sampai: date
) -> tuple[list[timedelta], list[timedelta]]:
    """Give how long first answers took: of patients to the clinic, and of the clinic to patients.

    What one side writes before the other answers is waited for since the first of it.
    """
    by_patients: list[timedelta] = []
    by_clinic: list[timedelta] = []
    last: dict[str, tuple[bool, datetime]] = {}  # who → whether the public wrote last, and since
    found = reader.find("Communication", written(desa, mulai, sampai))
    timed = [(sent, each) for each in found if (sent := instant_of(each.get("sent")))]
    for sent, each in sorted(timed, key=lambda pair: pair[0]):
        who, public = _whose(each, "subject"), is_public(each.get("sender"))
        by_public, since = last.setdefault(who, (public, sent))
        if by_public != public:
            (by_patients if public else by_clinic).append(sent - since)
            last[who] = (public, sent)
    return by_patients, by_clinic


def _add_older_cases(reader: Reader, found: dict[str, _Data]) -> None:
    """Find the cases, begun before the period, that messages of the period belong to."""
    known = {_visit(case) for data in found.values() for case in data.cases}
    visits = {id_of(m.get("encounter"), "Encounter") for d in found.values() for m in d.messages}
    names = ",".join(sorted(f"Encounter/{each}" for each in visits - known if each))
    if not names:
        return
    for each in reader.find("Task", [("encounter", names), ("code", f"{LAYANAN}|pemantauan")]):
        found[_whose(each, "for")].older[_visit(each) or ""] = each["id"]


def _add_what_was_learnt(
    reader: Reader, found: dict[str, _Data], mulai: date, sampai: date
) -> None:
    if not found:
        return
    who = ",".join(f"Patient/{each}" for each in sorted(found))
    for kind, (name, whose, when) in DATA.items():
        pairs = [(whose, who), *_within(when, mulai, sampai)]
        for each in reader.find(kind, pairs):
            found[_whose(each, "subject")].learnt[name].append(each["id"])
    cases = [f"Encounter/{e}" for data in found.values() for c in data.cases if (e := _visit(c))]
    if cases:
        known = {each["id"] for data in found.values() for each in data.messages}
        for each in reader.find("Communication", [("encounter", ",".join(cases))]):
            if each["id"] not in known:
                found[_whose(each, "subject")].messages.append(each)


def _row(who: str, data: _Data, reader: Reader) -> BarisLaporan:
    zone = reader.now.tzinfo
    messages = sorted(data.messages, key=lambda each: each.get("sent", ""))
    contacts = []
    for request in data.requests:
        case = _of_request(data.cases, request["id"])
        mine = _taken(messages, request["id"], case)
        contacts.append(_planned(request, case, mine, reader))
    known = {each["id"] for each in data.requests}
    for case in data.cases:
        based = ids_of(case.get("basedOn"), "CommunicationRequest")
        if not known.intersection(based):
            mine = _taken(messages, "", case)
            contacts.append(_contact(case, mine, zone, late=bool(based)))
    contacts += _others(messages, data.older, zone)
    learnt = {name: tuple(sorted(ids)) for name, ids in data.learnt.items()}
    ordered = sorted(contacts, key=lambda each: (each.tanggal, each.hasil))
    return BarisLaporan(pasien=who, kontak=tuple(ordered), **learnt)


def _planned(
    request: Document, case: Document | None, messages: Sequence[Document], reader: Reader
) -> KontakLaporan:
    day: Any = day_of(request.get("occurrenceDateTime"))
    if request.get("status") == "active":
        result = "terlewat" if day < reader.now.date() else "terjadwal"
    elif code_of(request.get("statusReason"), STATUS_KONTAK) == "terlambat":
        result = "terlambat"
    else:
        result = "dijawab" if _answered(messages) else "menunggu-jawaban"
    return KontakLaporan(
        tanggal=day,
        hasil=result,  # type: ignore[arg-type]  # one of its words
        jadwal=request["id"],
        kasus=case["id"] if case else None,
        pesan=_ids(messages),
    )


def _contact(
    case: Document, messages: Sequence[Document], zone: tzinfo | None, *, late: bool
) -> KontakLaporan:
    began = instant_of(case.get("authoredOn"))
    day: Any = began.astimezone(zone).date() if began else day_of(case.get("authoredOn"))
    return KontakLaporan(
        tanggal=day,
        hasil="terlambat" if late else "keluhan-sendiri",
        jadwal=next(iter(ids_of(case.get("basedOn"), "CommunicationRequest")), None),
        kasus=case["id"],
        pesan=_ids(messages),
    )


def _others(
    messages: list[Document], older: dict[str, str], zone: tzinfo | None
) -> list[KontakLaporan]:
    """Give what was written besides planned contacts and new cases: a contact a day and case."""
    days: dict[tuple[Any, str], list[Document]] = defaultdict(list)
    for each in messages:
        sent = instant_of(each.get("sent"))
        if sent is not None:
            case = older.get(id_of(each.get("encounter"), "Encounter") or "", "")
            days[sent.astimezone(zone).date(), case].append(each)
    return [
        KontakLaporan(tanggal=day, hasil="di-luar-jadwal", kasus=case or None, pesan=_ids(some))
        for (day, case), some in days.items()
    ]


def _taken(messages: list[Document], request: str, case: Document | None) -> list[Document]:
    """Take from the messages those of a contact: they name it, or are of its consultation."""
    visit = _visit(case) if case else None
    mine = [
        each
        for each in messages
        if request in ids_of(each.get("basedOn"), "CommunicationRequest")
        or (visit is not None and id_of(each.get("encounter"), "Encounter") == visit)
    ]
    for each in mine:
        messages.remove(each)
    return mine


def _answered(messages: Iterable[Document]) -> bool:
    return any(is_public(each.get("sender")) for each in messages)


def _of_request(cases: Iterable[Document], request: str) -> Document | None:
    of = (c for c in cases if request in ids_of(c.get("basedOn"), "CommunicationRequest"))
    return next(of, None)


def _visit(case: Document) -> str | None:
    return id_of(case.get("encounter"), "Encounter")


def _whose(resource: Document, element: str) -> str:
    return id_of(resource.get(element), "Patient") or ""


def _ids(messages: Iterable[Document]) -> tuple[str, ...]:
    return tuple(each["id"] for each in messages)


def _within(parameter: str, mulai: date, sampai: date) -> Pairs:
    return [(parameter, f"ge{mulai}"), (parameter, f"le{sampai}")]
