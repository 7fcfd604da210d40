"""A district: every indicator, for the district and for each puskesmas, against a plain recount.

The large version, with times, is tests/performance/bench_district.py.
"""

from __future__ import annotations

from datetime import datetime

import orjson
import pytest

from fhir_server.interactions.write import prepare
from tests.operations.district import District
from tests.operations.measuring import keep
from tests.operations.recount import Recount, differences

CLINICS, PEOPLE = 3, 80
YEAR, MAY = ("2024-01-01", "2024-12-31"), ("2024-05-01", "2024-05-31")


@pytest.fixture
def district(context):
    """Store a district; gives it with what a recount has seen of it."""
    made, recount = District(CLINICS, PEOPLE), Recount()
    puts = []
    for document in made.documents():
        recount.see(document)
        puts.append(prepare(context, orjson.dumps(document), document["id"]))
    for start in range(0, len(puts), 500):
        context.store.transact(puts[start : start + 500])
    return made, recount


def test_br_c11_every_indicator_of_a_district_is_what_a_recount_gives(fhir, district):
    made, recount = district
    areas = made.areas()
    wrong, counted = {}, 0
    tables = recount.tables()
    for name, cases in tables.items():
        keep(fhir, name)
        for reporter, period in (("dinkes", YEAR), ("dinkes", MAY), ("pkm-1", YEAR), ("", YEAR)):
            who = f"&reporter=Organization/{reporter}" if reporter else ""
            query = f"periodStart={period[0]}&periodEnd={period[1]}{who}"
            report = fhir.read(f"Measure/{name}/$evaluate-measure?{query}")
            bounds = datetime.fromisoformat(period[0]), datetime.fromisoformat(f"{period[1]}T23:59")
            wrong |= differences(recount, report, cases, *areas[reporter], bounds)
            counted += bool(report["group"][0]["population"][-1]["count"])

    assert wrong == {}
    assert counted > 2 * len(tables)  # where nothing was counted nothing was compared
