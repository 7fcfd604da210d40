"""Isolation at home: when it ends, for whom it is, and which readings were missed."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.sop.isolasi import (
    Syarat,
    selesai,
    selesai_bergejala,
    selesai_tanpa_gejala,
    sesi,
    tanpa_kontak,
    terlewat,
    tidak_layak,
    wajib,
)

WIB = ZoneInfo("Asia/Jakarta")
D = date(2021, 7, 10)
HARI = st.dates(date(2020, 3, 1), date(2030, 1, 1))


@given(HARI)
def test_without_symptoms_ten_days_from_the_specimen(spesimen):
    assert selesai_tanpa_gejala(spesimen) == spesimen + timedelta(days=10)


@pytest.mark.parametrize(
    ("gejala_terakhir", "hari"),
    [(None, 13), (0, 13), (5, 13), (10, 13), (11, 14), (12, 15), (20, 23)],
)
def test_with_symptoms_at_least_thirteen_days(gejala_terakhir, hari):
    terakhir = None if gejala_terakhir is None else D + timedelta(days=gejala_terakhir)

    assert selesai_bergejala(D, terakhir) == D + timedelta(days=hari)


def test_symptoms_cannot_end_before_they_begin():
    with pytest.raises(ValueError, match="mendahului onset"):
        selesai_bergejala(D, D - timedelta(days=1))


def test_the_onset_decides_where_there_was_one():
    spesimen = D - timedelta(days=2)

    assert selesai(spesimen, None) == spesimen + timedelta(days=10)
    assert selesai(spesimen, D) == D + timedelta(days=13)
    assert selesai(None, None) is None


def test_eligibility_names_every_reason():
    assert tidak_layak(Syarat(45, kamar_terpisah=True, kamar_mandi=True, oksimeter=True)) == []
    assert tidak_layak(Syarat(46, ("diabetes",))) == [
        "umur 46 tahun (paling tua 45)",
        "komorbid: diabetes",
        "tanpa kamar terpisah",
        "tanpa kamar mandi di rumah",
        "tanpa oksimeter",
    ]


@pytest.mark.parametrize(
    ("jam", "diharapkan"), [((6, 30), "pagi"), ((11, 59), "pagi"), ((12, 0), "sore")]
)
def test_noon_is_the_afternoons(jam, diharapkan):
    assert sesi(datetime(2021, 7, 10, *jam, tzinfo=WIB)) == (D, diharapkan)


def test_two_readings_a_day_are_due():
    sampai = D + timedelta(days=13)

    assert len(list(wajib(D, sampai))) == 28
    dibaca = [
        datetime(hari.year, hari.month, hari.day, 7 if kapan == "pagi" else 18, tzinfo=WIB)
        for hari, kapan in wajib(D, sampai)
        if (hari.day, kapan) not in {(13, "sore"), (20, "pagi")}
    ]
    assert terlewat(D, sampai, dibaca) == [(date(2021, 7, 13), "sore"), (date(2021, 7, 20), "pagi")]


def test_who_begins_in_the_afternoon_owes_no_morning():
    assert terlewat(D, D, [], dari="sore") == [(D, "sore")]


def test_days_without_a_message_of_the_bidan():
    assert tanpa_kontak(D, D + timedelta(days=2), {D, D + timedelta(days=2)}) == [
        D + timedelta(days=1)
    ]
