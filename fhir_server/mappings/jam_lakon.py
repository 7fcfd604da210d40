"""The clocks of LAKON cases, read from their Tasks (domain §4.3, BR-D8). Pure.

A period holds the cases that were submitted in it, with all their steps. Cases that were rejected
never enter; those that were withdrawn leave the denominator, and so does what nobody could carry
out because the patient was not reached.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from fhir_server.mappings import konsultasi_alur as courses
from fhir_server.mappings.elements import instant_of
from fhir_server.mappings.rules import local
from fhir_server.mappings.tugas_lakon import LANGKAH, end_of, is_guessed, kind_of, start_of
from fhir_server.sop.sla import Jam

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fhir_server.resources.wire import Document
    from fhir_server.sop.sla import Presisi

WITHDRAWN: Final = "dibatalkan-pasien"
UNREACHED: Final = "tidak-dapat-dihubungi"
PROGRAM: Final = {
    "disposisi": "sla-d1",
    "pelajari": "sla-d2",
    "koordinasi": "sla-d3",
}
"""Code of a Task of the program → its clock."""


def of_cases(cases: Iterable[Document], steps: Iterable[Document]) -> list[Jam]:
    """Read the clocks of cases and of their steps."""
    parts: dict[str, list[Document]] = defaultdict(list)
    for each in steps:
        if each.get("status") not in {"entered-in-error", "draft"}:
            for name in filter(None, (local(r, "Task") for r in each.get("partOf", ()))):
                parts[name].append(each)
    found: list[Jam] = []
    for case in cases:
        state = courses.case_state(case)
        if state != "ditolak" and case.get("status") != "entered-in-error":
            withdrawn = state == WITHDRAWN
            clocks = _case(case, state, parts[f"Task/{case['id']}"])
            found += [replace(each, batal=True) if withdrawn else each for each in clocks]
    return found


def of_program(tasks: Iterable[Document]) -> Iterator[Jam]:
    """Read the clocks of the steps that start the program: D1, D2, D3."""
    for task in tasks:
        codes = [each.get("code") for each in task.get("code", {}).get("coding", ())]
        name = next((PROGRAM[each] for each in codes if each in PROGRAM), None)
        start = instant_of(task.get("authoredOn")) if name == "sla-d1" else start_of(task)
        if name is not None and start is not None and task.get("status") != "entered-in-error":
            cancelled = task.get("status") == "cancelled"
            yield Jam(name, f"Task/{task['id']}", start, end_of(task), batal=cancelled)


def of_days(duties: Iterable[Document], start: datetime, end: datetime) -> Iterator[Jam]:
    """Say for every day from ``start`` until before ``end`` whether somebody was on duty (D4)."""
    served: dict[str, str] = {}
    for task in duties:
        began = start_of(task)
        if began is not None and task.get("status") not in {"cancelled", "entered-in-error"}:
            served.setdefault(began.astimezone(start.tzinfo).date().isoformat(), task["id"])
    day = start
    while day < end:
        name = day.date().isoformat()
        after = datetime.combine(day.date() + timedelta(days=1), time(), day.tzinfo)
        on_duty = name in served
        yield Jam("sla-d4", name, day, day if on_duty else after)
        day = after


def _case(case: Document, state: str | None, steps: Sequence[Document]) -> list[Jam]:
    name, exact = f"Task/{case['id']}", _precision(case)
    of: dict[str, list[Document]] = {kind: [] for kind in LANGKAH}
    begun = [(start, each) for each in steps if (start := start_of(each)) is not None]
    for _, each in sorted(begun, key=lambda pair: (pair[0], pair[1]["id"])):
        if (kind := kind_of(each)) is not None:
            of[kind].append(each)
    clocks = []
    for kind, tasks in of.items():
        for place, task in enumerate(tasks, 1):
            start = start_of(task)
            if start is not None:
                cycle = place if kind != "meneruskan-saran" else max(1, len(of["memberi-saran"]))
                clocks.append(
                    Jam(
                        LANGKAH[kind],
                        name,
                        start,
                        end_of(task),
                        dokter=_doctor(task, of["memberi-saran"]),
                        putaran=cycle,
                        presisi=_precision(task) if exact == "detik" else exact,
                        batal=task.get("status") == "cancelled",
                        perkiraan=is_guessed(task),
                        tugas=f"Task/{task['id']}",
                    )
                )
    clocks += _unasked(name, state, of, exact)
    return [*clocks, *_total(case, state, of, exact)]


def _unasked(
    name: str, state: str | None, of: dict[str, list[Document]], exact: Presisi
) -> Iterator[Jam]:
    """Count the wait for an approval that nobody has been asked for yet."""
    asked = {local(each.get("focus"), "Communication") for each in of["persetujuan-advis"]}
    for task in of["memberi-saran"][-1:]:
        written = end_of(task)
        missing = local(task.get("focus"), "Communication") not in asked
        if state == "saran-dibuat" and written is not None and missing:
            cycle = len(of["memberi-saran"])
            yield Jam("sla-d7", name, written, putaran=cycle, presisi=exact)


def _total(
    case: Document, state: str | None, of: dict[str, list[Document]], exact: Presisi
) -> Iterator[Jam]:
    start = instant_of(case.get("authoredOn"))
    if start is None:
        return
    ends = [end for each in of["meneruskan-saran"] if (end := end_of(each)) is not None]
    if not ends and state == "selesai":
        ends = [e for e in [instant_of(case.get("executionPeriod", {}).get("end"))] if e]
    guessed = any(is_guessed(each) for each in of["meneruskan-saran"][:1])
    doctor = _doctor({}, of["memberi-saran"])
    end = min(ends, default=None)
    name = f"Task/{case['id']}"
    left = end is None and state == UNREACHED
    if any(_precision(each) == "menit" for each in of["meneruskan-saran"]):
        exact = "menit"
    yield Jam("sla-total", name, start, end, doctor, 1, exact, left, guessed, name)


def _doctor(task: Document, advising: Sequence[Document]) -> str | None:
    """Say whose clock it is: the approver's of an approval, else the last adviser's."""
    if kind_of(task) in {"memberi-saran", "persetujuan-advis"}:
        return _role(task)
    return next((found for each in reversed(advising) if (found := _role(each))), None)


def _role(task: Document) -> str | None:
    return local(task.get("owner"), "PractitionerRole")


def _precision(resource: Document) -> Presisi:
    for each in resource.get("extension", ()):
        if each.get("url", "").endswith("/StructureDefinition/presisi-waktu"):
            return "menit" if each.get("valueCode") == "menit" else "detik"
    return "detik"
