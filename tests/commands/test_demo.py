"""The demo loads whole, twice without harm, and everybody in it is invented."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fhir_server.app import create_app
from fhir_server.commands import demo
from fhir_server.mappings import load_mappings
from fhir_server.sop import arsip

NOW = datetime.now(UTC)


@pytest.fixture
def context(context):
    """Keep the clock still: no midnight comes in between."""
    return replace(context, clock=lambda: NOW)


def test_the_demo_loads_and_loading_it_again_changes_nothing(context):
    number = demo.load(context)
    before = context.store.statistics()

    demo.load(context)

    assert number == len(list(demo.documents(NOW)))
    assert context.store.statistics() == before
    assert arsip.Arsip.objects(keadaan="diterima").count() == 0


def test_the_demo_shows_every_kind_of_document_and_a_pws_table(context):
    demo.load(context)
    http, month = create_app(context).test_client(), NOW - timedelta(days=12)
    lists = {name: http.get(f"/sop/v1/{name.replace('_', '-')}") for name in load_mappings()}

    answer = http.get(f"/sop/v1/pws?indikator=K1&bulan={month:%Y-%m}")

    assert [name for name, found in lists.items() if not found.json["dokumen"]] == []
    rows = {each["nama"]: each for each in answer.json["tabel"][0]["baris"]}
    assert rows["Desa Sumber Rejeki"]["bulanIni"] >= 1
    assert rows["Desa Sumber Rejeki"]["sasaran"] == 12
    assert rows["Desa Sumber"]["asalSasaran"] == "perkiraan"


def test_everybody_in_the_demo_is_invented():
    niks = [
        value
        for entry in demo.documents(NOW)
        for name, value in entry["dokumen"].items()
        if name in {"nik", "nikIbu"}
    ]

    assert niks
    assert all(nik.startswith("99") for nik in niks)


def test_dates_of_the_demo_lie_around_today():
    today = datetime(2025, 5, 6, 12, tzinfo=UTC)

    entries = {entry["id"]: entry["dokumen"] for entry in demo.documents(today)}

    assert entries["demo-antrean-siti"]["tanggal"] == "2025-05-06"
    assert entries["demo-kunjungan-alif"]["mulai"] == "2025-05-04T08:00:00+00:00"


def test_an_id_of_the_demo_is_of_one_document():
    told: dict[tuple[str, str], dict] = {}

    for entry in demo.documents(NOW):
        key = (entry["entitas"], entry["id"])
        assert told.setdefault(key, entry["dokumen"]) == entry["dokumen"], key
