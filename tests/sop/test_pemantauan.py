"""When the bidan writes, against S1 and S4, and as properties over any pregnancy."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.sop.kehamilan import hpl, tanggal_pada
from fhir_server.sop.pemantauan import IRAMA, jadwalkan, sesudah_tanda_bahaya

HPHT = st.dates(date(2015, 1, 1), date(2035, 1, 1))


def test_siti_of_s1():
    mingguan, akhir = jadwalkan("KRST", date(2024, 1, 15), mulai=date(2024, 4, 9))
    kontak = list(mingguan.kontak())

    assert mingguan.frekuensi == "mingguan"
    assert (len(kontak), kontak[0], kontak[-1]) == (24, date(2024, 4, 9), date(2024, 9, 17))
    assert akhir.frekuensi == "dua-kali-seminggu"
    assert next(akhir.kontak()) == date(2024, 9, 24)
    assert akhir.berakhir == date(2024, 10, 21)


def test_endang_of_s4_is_contacted_on_mondays():
    (mingguan, _) = jadwalkan("KRST", date(2024, 1, 8), mulai=date(2024, 4, 1))

    assert date(2024, 8, 5) in set(mingguan.kontak())
    assert {tanggal.isoweekday() for tanggal in mingguan.kontak()} == {1}


def test_krt_every_fourteen_days_then_weekly():
    awal, akhir = jadwalkan("KRT", date(2024, 1, 15), mulai=date(2024, 4, 9))

    assert {(b - a).days for a, b in pairwise(awal.kontak())} == {14}
    assert {(b - a).days for a, b in pairwise(akhir.kontak())} == {7}


def test_krr_has_no_schedule():
    assert jadwalkan("KRR", date(2024, 1, 15), date(2024, 4, 9)) == []


@pytest.mark.parametrize(
    ("mulai", "banyak"), [(date(2024, 9, 22), 2), (date(2024, 9, 23), 1), (date(2024, 10, 22), 0)]
)
def test_a_late_start_has_the_phases_that_remain(mulai, banyak):
    assert len(jadwalkan("KRST", date(2024, 1, 15), mulai)) == banyak


@given(HPHT, st.integers(0, 280), st.sampled_from(sorted(IRAMA)))
def test_contacts_follow_the_rhythm_to_the_end(hpht, hari, kelompok):
    mulai = hpht + timedelta(days=hari)
    kontak = [t for fase in jadwalkan(kelompok, hpht, mulai) for t in fase.kontak()]
    jarak_awal, jarak_akhir = (14, 7) if kelompok == "KRT" else (7, 4)

    assert kontak[0] == mulai
    assert kontak[-1] <= hpl(hpht)
    assert (hpl(hpht) - kontak[-1]).days < jarak_awal
    for satu, dua in pairwise(kontak):
        batas = jarak_akhir if satu >= tanggal_pada(hpht, 36) else jarak_awal
        assert 1 <= (dua - satu).days <= batas


def test_three_days_after_a_danger_sign():
    hari = list(sesudah_tanda_bahaya(date(2024, 8, 20)).kontak())

    assert hari == [date(2024, 8, 21), date(2024, 8, 22), date(2024, 8, 23)]
