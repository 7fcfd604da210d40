"""Dates, ages, numbers and codes in Indonesian."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from fhir_server.letters.kata import angka, jumlah, kata, konsep, tanggal, umur, waktu
from fhir_server.mappings.codes import code_system


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("2024-08-20", "20 Agustus 2024"),
        ("2024-08", "Agustus 2024"),
        ("2024", "2024"),
        (date(2024, 1, 1), "1 Januari 2024"),
        ("2024-08-20T23:30:00Z", "21 Agustus 2024"),
        (datetime(2024, 8, 20, 17, tzinfo=UTC), "21 Agustus 2024"),
        (None, ""),
        ("kemarinT", ""),
    ],
)
def test_a_day_is_written_out_on_the_clinics_calendar(value, written):
    assert tanggal(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("2024-08-20T19:42:00+07:00", "20 Agustus 2024 pukul 19.42"),
        ("2024-08-20T12:42:00Z", "20 Agustus 2024 pukul 19.42"),
        ("2024-08-20", "20 Agustus 2024"),
        (None, ""),
    ],
)
def test_a_moment(value, written):
    assert waktu(value) == written


@pytest.mark.parametrize(
    ("lahir", "pada", "written"),
    [
        ("1986-03-12", "2024-03-11", "37 tahun"),
        ("1986-03-12", "2024-03-12", "38 tahun"),
        ("2022-04-28", "2024-05-07", "2 tahun"),
        ("2022-02-28", "2024-05-07", "2 tahun 2 bulan"),
        ("2024-05-01", "2024-05-07", "6 hari"),
        ("2024-03-01", "2024-05-07", "2 bulan"),
        (None, "2024-05-07", ""),
        ("1986", "2024-05-07", ""),
    ],
)
def test_an_age(lahir, pada, written):
    assert umur(lahir, pada) == written


def test_numbers_and_units():
    assert angka(Decimal("36.9")) == "36,9"
    assert jumlah({"value": 36.9, "code": "Cel"}) == "36,9 °C"
    assert jumlah({"value": 3, "unit": "tablet"}) == "3 tablet"
    assert jumlah(None) == ""


def test_a_concept_in_our_words_first():
    ours = {"system": code_system("kesadaran"), "code": "compos-mentis", "display": "alert"}

    assert konsep({"coding": [ours]}) == "Compos mentis"
    assert konsep({"text": "Nyeri", "coding": [ours]}) == "Nyeri"
    assert konsep({"coding": [{"system": "http://x", "code": "y"}]}) == "y"
    assert konsep(None) == ""
    assert kata("transport-rujukan", "ambulans") == "Ambulans"
