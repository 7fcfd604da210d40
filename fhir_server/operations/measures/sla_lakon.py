"""``Measure/sla-lakon``: how often the steps of LAKON kept their limits (domain §4.3, BR-D8).

One group a step; compliance is closed in time / closed. Strata: doctor, week, cycle. What still
runs though its time is over is listed, whether or not lists were asked for.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from fhir_server.interactions.matches import matches
from fhir_server.mappings.codes import as_mapped, code_system, criterion
from fhir_server.mappings.jam_lakon import of_cases, of_days, of_program
from fhir_server.mappings.rules import local
from fhir_server.operations.measures import Count, Evaluation, Group, Stratum
from fhir_server.resources.wire import parse
from fhir_server.sop.sla import ringkas

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime, tzinfo
    from decimal import Decimal

    from fhir_server.context import Context
    from fhir_server.operations.measures import Asked
    from fhir_server.resources.wire import Document
    from fhir_server.sop.sla import Jam, Ringkasan

STEPS: Final = (
    "sla-d1",
    "sla-d2",
    "sla-d3",
    "sla-d4",
    "sla-d5",
    "sla-d6",
    "sla-d7",
    "sla-d8",
    "sla-total",
)
AT_ONCE: Final = 200
LAST: Final = "terakhir"


def evaluate(context: Context, asked: Asked) -> Evaluation:
    """Measure every step of the cases that were submitted in the period."""
    now = context.clock().astimezone(asked.start.tzinfo)
    of: dict[str, list[Jam]] = defaultdict(list)
    for each in clocks(context, asked, now):
        of[each.langkah].append(each)
    canonical = context.settings.canonical.rstrip("/")
    groups = tuple(_group(step, of[step], now, canonical, lists=asked.lists) for step in STEPS)
    return Evaluation(groups)


def clocks(context: Context, asked: Asked, now: datetime) -> list[Jam]:
    """Read the clocks of a period from the Tasks."""
    kinds, services = code_system("jenis-tugas"), code_system("layanan-konsultasi")
    within = [
        ("authored-on", f"ge{asked.start.isoformat()}"),
        ("authored-on", f"lt{asked.end.isoformat()}"),
    ]
    cases = _tasks(context, [("code", f"{services}|lakon"), *within])
    cases = _reported(context, cases, asked.reporter)
    names = [f"Task/{each['id']}" for each in cases]
    steps = [
        step
        for place in range(0, len(names), AT_ONCE)
        for step in _tasks(context, [("part-of", ",".join(names[place : place + AT_ONCE]))])
    ]
    first = ",".join(f"{kinds}|{each}" for each in ("disposisi", "pelajari", "koordinasi"))
    program = _own(_tasks(context, [("code", first), *within]), asked.reporter)
    duties = _tasks(context, [("code", f"{kinds}|pelaksanaan-harian"), *within])
    days = of_days(_own(duties, asked.reporter), asked.start, min(asked.end, now))
    found = [*of_cases(cases, steps), *of_program(program), *days]
    return [_here(each, asked.start.tzinfo) for each in found]


def _here(clock: Jam, zone: tzinfo | None) -> Jam:
    """Give a clock in the clinic's zone, whatever zone a client wrote it in: days begin there."""
    end = clock.selesai and clock.selesai.astimezone(zone)
    return replace(clock, mulai=clock.mulai.astimezone(zone), selesai=end)


def _tasks(context: Context, pairs: Sequence[tuple[str, str]]) -> list[Document]:
    canonical = context.settings.canonical
    asked = [(name, criterion(value, canonical)) for name, value in pairs]
    return [parse(as_mapped(e.raw, canonical)) for e in matches(context, "Task", asked)]


def _reported(context: Context, cases: list[Document], reporter: str | None) -> list[Document]:
    """Keep the cases whose consultation the reporter provides."""
    if reporter is None:
        return cases
    ours: set[str] = set()
    visits = [
        name.partition("/")[2] for e in cases if (name := local(e.get("encounter"), "Encounter"))
    ]
    for place in range(0, len(visits), AT_ONCE):
        pairs = [("_id", ",".join(visits[place : place + AT_ONCE])), ("service-provider", reporter)]
        ours |= {f"Encounter/{each.id}" for each in matches(context, "Encounter", pairs)}
    return [each for each in cases if local(each.get("encounter"), "Encounter") in ours]


def _own(tasks: Iterable[Document], reporter: str | None) -> list[Document]:
    return [e for e in tasks if reporter is None or local(e.get("for"), "Organization") == reporter]


def _group(
    step: str, clocks: Sequence[Jam], now: datetime, canonical: str, *, lists: bool
) -> Group:
    summary = ringkas(clocks, now)
    return Group(
        {"coding": [{"system": f"{canonical}/CodeSystem/sla", "code": step}]},
        _counts(summary, clocks, lists=lists),
        summary.kepatuhan,
        strata=_strata(clocks, now, canonical),
        extension=_extensions(summary, canonical),
    )


def _counts(summary: Ringkasan, clocks: Sequence[Jam], *, lists: bool) -> tuple[Count, ...]:
    running = [each for each in clocks if not each.batal]
    closed = [each for each in running if each.selesai is not None]
    parts = (
        ("initial-population", summary.semua, clocks),
        ("denominator-exclusion", summary.dibatalkan, [e for e in clocks if e.batal]),
        ("denominator", summary.tertutup, closed),
        ("numerator", summary.tepat, [e for e in closed if e.tepat]),
    )
    return tuple(Count(code, count, _names(part) if lists else ()) for code, count, part in parts)


def _names(clocks: Iterable[Jam]) -> tuple[str, ...]:
    names = dict.fromkeys(each.tugas or each.kasus for each in clocks)
    return tuple(each for each in names if each.startswith("Task/"))


def _strata(clocks: Sequence[Jam], now: datetime, canonical: str) -> dict[str, tuple[Stratum, ...]]:
    last: dict[str, int] = defaultdict(int)
    for each in clocks:
        last[each.kasus] = max(last[each.kasus], each.putaran)
    parts: dict[str, dict[str, list[Jam]]] = {"dokter": {}, "minggu": {}, "putaran": {}}
    for each in clocks:
        year, week, _ = each.mulai.isocalendar()
        if each.dokter is not None:
            parts["dokter"].setdefault(each.dokter, []).append(each)
        parts["minggu"].setdefault(f"{year}-W{week:02d}", []).append(each)
        if each.langkah in {"sla-d6", "sla-d7"}:
            parts["putaran"].setdefault(str(each.putaran), []).append(each)
            if each.putaran == last[each.kasus]:
                parts["putaran"].setdefault(LAST, []).append(each)
    return {
        by: tuple(_stratum(name, part[name], now, canonical) for name in sorted(part))
        for by, part in parts.items()
    }


def _stratum(name: str, clocks: Sequence[Jam], now: datetime, canonical: str) -> Stratum:
    summary = ringkas(clocks, now)
    counts = _counts(summary, clocks, lists=False)
    extension = _extensions(summary, canonical)
    return Stratum({"text": name}, counts, summary.kepatuhan, extension)


def _extensions(summary: Ringkasan, canonical: str) -> tuple[Document, ...]:
    """Say the median and the 90th percentile in seconds, and what is late and still runs."""
    base = f"{canonical}/StructureDefinition"
    times = (("sla-median", summary.median), ("sla-p90", summary.p90))
    late = dict.fromkeys(each.tugas or each.kasus for each in summary.terlambat_berjalan)
    return (
        *(
            {"url": f"{base}/{name}", "valueQuantity": _seconds(value)}
            for name, value in times
            if value is not None
        ),
        *(
            {"url": f"{base}/sla-terlambat-berjalan", "valueReference": {"reference": each}}
            for each in late
        ),
    )


def _seconds(value: Decimal) -> Document:
    whole = int(value) if value == value.to_integral_value() else float(value)
    return {"value": whole, "unit": "s", "system": "http://unitsofmeasure.org", "code": "s"}


MEASURES = {"sla-lakon": evaluate}
