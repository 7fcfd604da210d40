"""Dates of a pregnancy, against the figures of the scenarios and the calendar."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.sop.kehamilan import (
    UsiaHamil,
    hpl,
    kode_kunjungan,
    tahun_genap,
    tanggal_pada,
    trimester,
    usia_hamil,
)

TANGGAL = st.dates(date(2000, 1, 1), date(2040, 1, 1))


@pytest.mark.parametrize(
    ("hpht", "pada", "usia"),
    [
        (date(2024, 1, 15), date(2024, 4, 2), "11w1d"),
        (date(2024, 1, 8), date(2024, 8, 5), "30w0d"),
        (date(2024, 1, 15), date(2024, 8, 20), "31w1d"),
        (date(2019, 4, 10), date(2019, 10, 7), "25w5d"),
        (date(2023, 8, 14), date(2024, 5, 17), "39w4d"),
    ],
)
def test_gestational_age_of_the_scenarios(hpht, pada, usia):
    assert str(usia_hamil(hpht, pada)) == usia


def test_expected_birth_of_siti():
    assert hpl(date(2024, 1, 15)) == date(2024, 10, 21)


@given(TANGGAL)
def test_expected_birth_is_forty_weeks(hpht):
    assert usia_hamil(hpht, hpl(hpht)) == UsiaHamil(40)
    assert tanggal_pada(hpht, 40) == hpl(hpht)


@given(TANGGAL, st.integers(0, 320))
def test_weeks_and_days_add_up(hpht, hari):
    usia = usia_hamil(hpht, hpht + timedelta(days=hari))

    assert usia.minggu * 7 + usia.hari == hari
    assert 0 <= usia.hari <= 6


def test_a_date_before_hpht_is_refused():
    with pytest.raises(ValueError, match="mendahului HPHT"):
        usia_hamil(date(2024, 1, 15), date(2024, 1, 14))


@pytest.mark.parametrize(
    ("usia", "ke"),
    [
        (UsiaHamil(12), 1),
        (UsiaHamil(12, 1), 2),
        (UsiaHamil(24), 2),
        (UsiaHamil(24, 1), 3),
        (UsiaHamil(41), 3),
    ],
)
def test_trimester_limits(usia, ke):
    assert trimester(usia) == ke


@pytest.mark.parametrize(
    ("urutan", "usia", "kode"),
    [
        (1, UsiaHamil(11, 1), "K1M"),
        (1, UsiaHamil(12, 0), "K1M"),
        (1, UsiaHamil(12, 1), "K1A"),
        (2, UsiaHamil(16), "K2"),
        (6, UsiaHamil(38), "K6"),
        (7, UsiaHamil(39), None),
    ],
)
def test_codes_of_antenatal_visits(urutan, usia, kode):
    assert kode_kunjungan(urutan, usia) == kode


def test_there_is_no_visit_zero():
    with pytest.raises(ValueError, match="mulai dari 1"):
        kode_kunjungan(0, UsiaHamil(10))


@pytest.mark.parametrize(
    ("dari", "sampai", "tahun"),
    [
        (date(1989, 1, 15), date(2024, 1, 15), 35),
        (date(1989, 1, 16), date(2024, 1, 15), 34),
        (date(2000, 2, 29), date(2023, 2, 28), 22),
        (date(2000, 2, 29), date(2023, 3, 1), 23),
    ],
)
def test_completed_years(dari, sampai, tahun):
    assert tahun_genap(dari, sampai) == tahun
