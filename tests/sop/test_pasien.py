"""What one registration can get wrong, and the NIK's digits."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from fhir_server.sop.pasien import Pasien, bagian_lahir, periksa, umur

SITI = Pasien(
    faskes="pkm-dharma-rini",
    noRM="RM-1",
    nama="Siti Rahmawati",
    tanggalLahir=date(1986, 3, 12),
    jenisKelamin="female",
    provinsi="99",
    kabupaten="9902",
    kecamatan="990201",
    desa="9902012001",
    nik="9902015203860001",
)


def found(**fields):
    return [(each.bidang, each.jenis) for each in periksa(replace(SITI, **fields))]


def test_a_right_registration_is_not_reproved():
    assert found() == []


@pytest.mark.parametrize("nik", ["", "99020152038600011", "990201520386000", "99020152038600O1"])
def test_a_nik_that_is_not_16_digits_is_refused(nik):
    assert found(nik=nik) == [("nik", "isi")]


def test_no_nik_is_allowed():
    assert found(nik=None) == []


@pytest.mark.parametrize(
    "other",
    [{"tanggalLahir": date(1986, 3, 13)}, {"jenisKelamin": "male"}],
)
def test_a_nik_that_does_not_fit_birth_or_sex_is_a_warning(other):
    assert found(**other) == [("nik", "peringatan")]


@pytest.mark.parametrize(
    ("born", "sex", "digits"),
    [
        (date(1986, 3, 12), "female", "520386"),
        (date(1975, 7, 21), "male", "210775"),
        (date(2000, 1, 31), "female", "710100"),
    ],
)
def test_a_woman_is_born_forty_days_later(born, sex, digits):
    assert bagian_lahir(born, sex) == digits


def test_an_area_must_lie_within_the_wider_one():
    assert found(desa="9903012001") == [("desa", "isi")]
    assert found(provinsi="98") == [("kabupaten", "isi")]


def test_twins_are_counted_from_one():
    assert found(urutanLahir=0) == []
    assert found(urutanLahir=-1) == [("urutanLahir", "isi")]


@pytest.mark.parametrize(
    ("day", "years"),
    [(date(2024, 4, 1), 59), (date(2024, 4, 2), 60), (date(2024, 4, 3), 60)],
)
def test_age_grows_on_the_birthday(day, years):
    assert umur(date(1964, 4, 2), day) == years


def test_someone_born_on_a_leap_day_is_older_on_the_first_of_march():
    assert umur(date(2000, 2, 29), date(2001, 2, 28)) == 0
    assert umur(date(2000, 2, 29), date(2001, 3, 1)) == 1
