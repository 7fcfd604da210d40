"""How long the Measures of PWS take for a district of several puskesmas, and are they right.

    PYTHONPATH=. python -m tests.performance.bench_district FOLDER [CLINICS [PEOPLE]]

Makes an embedded database of an invented district in a folder (or uses what is there), evaluates
every Measure for the district and for one puskesmas over a whole year, and compares each number of
each village with a recount in plain Python. With FHIR_MONGODB_URI it uses that database instead:
a replica set, or a cluster. Prints the median of three, in milliseconds. 5 puskesmas of 14,000
people are a million resources.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click
import orjson

from fhir_server.commands.opening import opened
from fhir_server.commands.seeding import bring_up_to_date
from fhir_server.config import Settings
from fhir_server.interactions.request import Request
from fhir_server.interactions.write import prepare
from fhir_server.operations import answer
from tests.operations.district import District
from tests.operations.recount import Recount, differences

if TYPE_CHECKING:
    from fhir_server.context import Context

TOGETHER = 1000
REPEATS = 3
VILLAGES = 20
PERIOD = "periodStart=2024-01-01&periodEnd=2024-12-31"
BOUNDS = datetime(2024, 1, 1), datetime(2024, 12, 31, 23, 59)  # noqa: DTZ001


def see(district: District) -> Recount:
    """Count the district in plain Python."""
    recount = Recount()
    for each in district.documents():
        recount.see(each)
    return recount


def fill(context: Context, district: District) -> None:
    """Store the district, in batches, as the command ``load`` does: without the SOPs' rules."""
    bring_up_to_date(context)
    documents, done = iter(district.documents()), 0
    while batch := list(islice(documents, TOGETHER)):
        puts = [prepare(context, orjson.dumps(each), each["id"]) for each in batch]
        context.store.transact(puts)
        done += len(batch)
        click.echo(f"\r{done} resources", nl=False, err=True)
    click.echo(err=True)


def timed(context: Context, name: str, reporter: str) -> tuple[float, dict[str, object]]:
    """Evaluate a Measure for who reports: median milliseconds, and the last report."""
    query = f"{PERIOD}&reporter=Organization/{reporter}"
    request = Request("GET", f"Measure/{name}/$evaluate-measure", "http://x/fhir", query)
    taken = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        given = answer(context, request)
        taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken), orjson.loads(given.body)


def main() -> None:
    """Fill if there is nothing, then time and compare every Measure."""
    folder, *sizes = sys.argv[1:]
    clinics, people = (*map(int, sizes), *(5, 14_000)[len(sizes) :])
    district = District(clinics, people, VILLAGES)
    areas = district.areas()
    uri = os.environ.get("FHIR_MONGODB_URI", "")
    settings = Settings(data=Path(folder), demo=False, mongod_cache_gb=1.0, mongodb_uri=uri)
    with opened(settings) as context:
        if context.store.statistics().get("Encounter", 0) == 0:
            fill(context, district)
        click.echo(f"{sum(context.store.statistics().values())} resources")
        recount = see(district)
        for name, cases in sorted(recount.tables().items()):
            row, wrong, number = f"{name:24}", {}, 0
            for reporter in ("pkm-0", "dinkes"):
                median, report = timed(context, name, reporter)
                wrong |= differences(recount, report, cases, *areas[reporter], BOUNDS)
                number = report["group"][0]["population"][-1]["count"]  # type: ignore[index]
                row += f"{median:9.0f} ms"
            click.echo(f"{row}{number:>9}  {wrong or 'as recounted'}")
        for reporter in ("pkm-0", "dinkes"):
            median, _ = timed(context, "beban-penyakit", reporter)
            click.echo(f"{'beban-penyakit ' + reporter:24}{median:9.0f} ms")


if __name__ == "__main__":
    main()
