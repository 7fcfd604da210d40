"""K4 and K6 of a pregnancy, and the windows of KF and KN after a birth."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from fhir_server.sop.kehamilan import tanggal_pada
from fhir_server.sop.kontak_kia import (
    NEONATUS,
    NIFAS,
    KontakANC,
    capaian,
    kode_neonatus,
    kode_nifas,
)

HPHT = date(2024, 1, 15)
WIB = ZoneInfo("Asia/Jakarta")
LAHIR = datetime(2024, 5, 17, 4, 36, tzinfo=WIB)


def pada(*minggu, dokter=()):
    return [KontakANC(tanggal_pada(HPHT, each), each in dokter) for each in minggu]


def test_a_full_pregnancy_reaches_k6():
    hasil = capaian(HPHT, pada(10, 16, 22, 28, 32, 36, dokter=(10, 32)))

    assert (hasil.k1, hasil.k1_murni, hasil.k4, hasil.k6) == (True, True, True, True)
    assert hasil.kurang == ()


def test_six_contacts_without_a_second_dokter_are_not_k6():
    hasil = capaian(HPHT, pada(10, 16, 22, 28, 32, 36, dokter=(10,)))

    assert hasil.k4
    assert not hasil.k6
    assert hasil.kurang == ("oleh dokter: 1 dari 2 kontak",)


def test_k4_wants_one_one_two():
    assert capaian(HPHT, pada(12, 24, 25, 38)).k4
    assert not capaian(HPHT, pada(12, 13, 20, 38)).k4
    assert not capaian(HPHT, pada(13, 20, 25, 30, 36)).k4


def test_six_contacts_in_the_wrong_trimesters_are_not_k6():
    hasil = capaian(HPHT, pada(8, 10, 12, 30, 34, 38, dokter=(8, 38)))

    assert hasil.kurang == ("trimester 2: 0 dari 2 kontak",)


def test_two_visits_on_one_day_are_one_contact():
    hasil = capaian(HPHT, pada(10, 10, 20, 30, dokter=(10,)))

    assert not hasil.k4
    assert "trimester 3: 1 dari 3 kontak" in hasil.kurang


def test_a_late_first_contact_is_not_murni():
    assert not capaian(HPHT, pada(13)).k1_murni
    assert capaian(HPHT, []).k1 is False


@pytest.mark.parametrize(
    ("sesudah", "kf", "kn"),
    [
        (timedelta(hours=5, minutes=59), None, None),
        (timedelta(hours=6), "KF1", "KN1"),
        (timedelta(hours=48), "KF1", "KN1"),
        (timedelta(hours=48, minutes=1), None, None),
        (timedelta(days=3), "KF2", "KN2"),
        (timedelta(days=7, hours=19), "KF2", "KN2"),
        (timedelta(days=8), "KF3", "KN3"),
        (timedelta(days=28), "KF3", "KN3"),
        (timedelta(days=29), "KF4", None),
        (timedelta(days=42), "KF4", None),
        (timedelta(days=43), None, None),
        (-timedelta(hours=1), None, None),
    ],
)
def test_windows_after_birth(sesudah, kf, kn):
    assert (kode_nifas(LAHIR, LAHIR + sesudah), kode_neonatus(LAHIR, LAHIR + sesudah)) == (kf, kn)


def test_dewi_of_s12():
    assert kode_nifas(LAHIR, datetime(2024, 5, 17, 12, tzinfo=WIB)) == "KF1"
    assert kode_neonatus(LAHIR, datetime(2024, 5, 18, 9, tzinfo=WIB)) == "KN1"


def test_days_are_those_of_the_clock_of_the_birth():
    utc = datetime(2024, 5, 19, 17, 30, tzinfo=ZoneInfo("UTC"))  # 20 May, 00.30 WIB

    assert kode_nifas(LAHIR, utc) == "KF2"


def test_windows_as_dates():
    assert NIFAS[1].tanggal(LAHIR) == (date(2024, 5, 20), date(2024, 5, 24))
    assert NEONATUS[0].tanggal(LAHIR) == (date(2024, 5, 17), date(2024, 5, 19))
