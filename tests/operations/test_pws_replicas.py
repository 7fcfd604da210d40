"""The Measures by the same code on three mongods: every report is that of the embedded database."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest
from mongoengine import connection

from fhir_server.app import build_context, create_app
from fhir_server.interactions.write import prepare
from tests.operations.district import District
from tests.operations.measuring import PROFILES, keep
from tests.soak.replicas import PATIENCE, ReplicaSet
from tests.support.both import Caller
from tests.support.processes import until

pytestmark = pytest.mark.slow
MEASURES = sorted(each.stem for each in (PROFILES / "measure").glob("*.json"))
YEAR = "periodStart=2024-01-01&periodEnd=2024-12-31"
CLINICS, PEOPLE, TOGETHER = 2, 40, 500


def reports(settings, uri, documents):
    """Store a district at an address; give the report of every Measure for the dinas."""
    context = build_context(replace(settings, mongodb_uri=uri), uri)
    try:
        puts = [prepare(context, orjson.dumps(each), each["id"]) for each in documents]
        for start in range(0, len(puts), TOGETHER):
            context.store.transact(puts[start : start + TOGETHER])
        fhir = Caller(create_app(context).test_client(), "/fhir", "application/fhir+json")
        return {name: evaluated(fhir, name) for name in MEASURES}
    finally:
        context.store.close()
        connection.disconnect_all()


def evaluated(fhir, name):
    keep(fhir, name)
    asked = f"Measure/{name}/$evaluate-measure?{YEAR}&reporter=Organization/dinkes"
    said = fhir.read(asked)
    return {key: each for key, each in said.items() if key not in {"id", "date", "meta"}}


def test_every_measure_gives_the_same_report_on_three_members(settings, mongodb_uri, tmp_path):
    documents = list(District(CLINICS, PEOPLE).documents())

    with ReplicaSet(tmp_path) as members:
        until(members.whole, PATIENCE)
        clustered = reports(settings, members.uri, documents)
        until(members.whole, PATIENCE)  # both secondaries lived through it
    embedded = reports(settings, mongodb_uri, documents)

    assert clustered == embedded
    counted = [e for e in embedded.values() if e["group"][0]["population"][-1]["count"]]
    assert len(counted) > len(MEASURES) / 2  # where nothing was counted nothing was compared
