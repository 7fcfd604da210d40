"""``Measure/sla-osoc`` and ``Measure/osoc-rekap``: times and yield of OSOC (domain §1.E)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from fhir_server.interactions.reader import StoreReader
from fhir_server.mappings import hitungan_osoc
from fhir_server.mappings.codes import code_system
from fhir_server.mappings.elements import instant_of
from fhir_server.mappings.urutan_osoc import step_of
from fhir_server.operations.measures import Count, Evaluation, Group
from fhir_server.sop.kepatuhan_osoc import LANGKAH, kepatuhan
from fhir_server.sop.sla import Jam

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.context import Context
    from fhir_server.operations.measures import Asked
    from fhir_server.resources.wire import Document
    from fhir_server.sop.sla import Ringkasan

SLA = code_system("sla")


def compliance(context: Context, asked: Asked) -> Evaluation:
    """Measure the steps that were given out in the period: first all together, then each."""
    now = context.clock().astimezone(asked.start.tzinfo)
    found, canonical = clocks(context, asked), context.settings.canonical.rstrip("/")
    all_of_them = kepatuhan(found, now)
    late = tuple(each.tugas for each in all_of_them.pelanggaran if each.tugas)
    whole = Group(
        {"text": "semua langkah"},
        _counts(all_of_them.langkah.values(), found, lists=asked.lists),
        all_of_them.persen,
        extension=tuple(_late(canonical, each) for each in late),
    )
    steps = [
        Group(
            {"coding": [{"system": f"{canonical}/CodeSystem/sla", "code": code}]},
            _counts([one], [j for j in found if j.langkah == code], lists=asked.lists),
            one.kepatuhan,
        )
        for code, one in all_of_them.langkah.items()
    ]
    return Evaluation((whole, *steps))


def clocks(context: Context, asked: Asked) -> list[Jam]:
    """Read the clocks of a period from the Tasks that have begun."""
    pairs = [
        ("code", ",".join(f"{SLA}|{each}" for each in LANGKAH)),
        ("authored-on", f"ge{asked.start.isoformat()}"),
        ("authored-on", f"lt{asked.end.isoformat()}"),
        ("status:not", "entered-in-error"),
    ]
    if asked.reporter is not None:
        pairs.append(("subject", asked.reporter))
    found = StoreReader(context).find("Task", pairs)
    return [clock for each in found if (clock := _clock(each)) is not None]


def yielded(context: Context, asked: Asked) -> Evaluation:
    """Count clients, visits, risk and danger signs of the period."""
    last = (asked.end - timedelta(microseconds=1)).date()
    where = (asked.reporter or "").partition("/")[2] or None
    found = hitungan_osoc.counted(StoreReader(context), where, asked.start.date(), last)
    canonical = context.settings.canonical.rstrip("/")
    groups = [
        Group(
            {"coding": [{"system": f"{canonical}/CodeSystem/hitungan-osoc", "code": code}]},
            (Count("initial-population", len(names), _named(names, lists=asked.lists)),),
        )
        for code, names in found.items()
    ]
    return Evaluation(tuple(groups))


def _clock(task: Document) -> Jam | None:
    step, ran = step_of(task, SLA), task.get("executionPeriod", {})
    begun = instant_of(ran.get("start")) or instant_of(task.get("authoredOn"))
    if step is None or begun is None:
        return None
    closed = task.get("status") == "completed"
    return Jam(
        langkah=step,
        kasus=task["id"],
        mulai=begun,
        selesai=instant_of(ran.get("end")) if closed else None,
        batal=task.get("status") in {"cancelled", "rejected"},
        tugas=f"Task/{task['id']}",
    )


def _counts(of: Any, clocks: Sequence[Jam], *, lists: bool) -> tuple[Count, ...]:
    each: list[Ringkasan] = list(of)
    closed = [j for j in clocks if not j.batal and j.selesai is not None]
    parts = (
        ("initial-population", sum(one.semua for one in each), clocks),
        (
            "denominator-exclusion",
            sum(one.dibatalkan for one in each),
            [j for j in clocks if j.batal],
        ),
        ("denominator", sum(one.tertutup for one in each), closed),
        ("numerator", sum(one.tepat for one in each), [j for j in closed if j.tepat]),
    )
    return tuple(
        Count(code, number, _named([j.tugas or "" for j in some], lists=lists))
        for code, number, some in parts
    )


def _named(names: Sequence[str], *, lists: bool) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names)) if lists else ()


def _late(canonical: str, task: str) -> Document:
    url = f"{canonical}/StructureDefinition/sla-terlambat"
    return {"url": url, "valueReference": {"reference": task}}


MEASURES = {"sla-osoc": compliance, "osoc-rekap": yielded}
