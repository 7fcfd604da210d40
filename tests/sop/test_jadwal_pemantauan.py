"""A schedule on its own: what is filled in, what must be said; what the operator may set."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from fhir_server.config import Settings
from fhir_server.mappings.kontak_terjadwal import habits
from fhir_server.sop.jadwal_pemantauan import JadwalPemantauan, lengkap, periksa
from fhir_server.sop.pemantauan import KEBIASAAN, jadwalkan
from fhir_server.sop.rencana_asuhan import KontakTerjadwal


def jadwal(**lain):
    fields = {
        "pasien": "siti",
        "alasan": "sesudah-tanda-bahaya",
        "pelaksana": "bidan",
        "dibuat": datetime(2024, 8, 20, 14, tzinfo=UTC),
        "mulai": date(2024, 8, 21),
    }
    return JadwalPemantauan(**{**fields, **lain})


def hari(found):
    return [each.tanggal.day for each in found.kontak]


def test_after_a_danger_sign_she_is_written_to_for_three_days():
    found = lengkap(jadwal())

    assert (found.frekuensi, hari(found)) == ("harian", [21, 22, 23])
    assert found.berakhir == date(2024, 8, 23)


def test_isolation_is_written_to_daily_until_its_end():
    found = lengkap(jadwal(alasan="isoman", berakhir=date(2024, 8, 30)))

    assert hari(found) == list(range(21, 31))


def test_a_day_that_was_kept_stays_kept():
    kept = KontakTerjadwal(tanggal=date(2024, 8, 22), status="selesai")

    found = lengkap(jadwal(), [kept])

    assert [each.status for each in found.kontak] == ["terjadwal", "selesai", "terjadwal"]


@pytest.mark.parametrize(
    ("lain", "bidang"),
    [
        ({"alasan": "isoman"}, ["berakhir"]),
        ({"alasan": "ibu-hamil-risti", "berakhir": date(2024, 9, 1)}, ["frekuensi"]),
        ({"berakhir": date(2024, 8, 1)}, ["berakhir"]),
        ({}, []),
    ],
)
def test_what_a_schedule_must_say(lain, bidang):
    assert [each.bidang for each in periksa(jadwal(**lain))] == bidang


def test_the_defaults_of_the_settings_are_those_of_the_sop():
    assert habits(Settings()) == KEBIASAAN


def test_the_operator_may_set_other_rhythms():
    settings = Settings(
        pemantauan_krt="mingguan", pemantauan_minggu=32, pemantauan_tanda_bahaya_hari=5
    )

    kebiasaan = habits(settings)

    (mingguan,) = {
        each.frekuensi for each in jadwalkan("KRT", date(2024, 1, 15), date(2024, 4, 9), kebiasaan)
    }
    assert mingguan == "mingguan"
    assert hari(lengkap(jadwal(), kebiasaan=kebiasaan)) == [21, 22, 23, 24, 25]


def test_a_rhythm_that_does_not_exist_names_its_setting():
    with pytest.raises(ValueError, match=r"FHIR_PEMANTAUAN_KRST='sekali'.*dua-mingguan"):
        habits(Settings(pemantauan_krst="sekali"))
