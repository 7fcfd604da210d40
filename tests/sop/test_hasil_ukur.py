"""What measured values mean, by age and in pregnancy; 10T; episodes of care (domain §3.4)."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from fhir_server.sop.episode_kehamilan import (
    ALUR_EPISODE,
    EpisodeKehamilan,
    imt,
    jarak_bulan,
    lengkap,
    periksa,
)
from fhir_server.sop.hasil_ukur import HasilUkur, periksa_ukur, tandai
from fhir_server.sop.kehamilan import UsiaHamil
from fhir_server.sop.persalinan import nama_bayi, urutan_lahir
from fhir_server.sop.sepuluh_t import SEPULUH_T, FaktaT, nilai_t

DEWASA = 30 * 12


def mark(umur=DEWASA, *, hamil=False, **hasil):
    return {each.ukuran: each.penanda for each in tandai(HasilUkur(**hasil), umur, hamil=hamil)}


@pytest.mark.parametrize(
    ("sistolik", "diastolik", "penanda"),
    [
        (130, 85, "normal"),
        (140, 85, "tinggi"),
        (130, 90, "tinggi"),
        (160, 85, "kritis-tinggi"),
        (130, 110, "kritis-tinggi"),
        (89, 59, "rendah"),
    ],
)
def test_blood_pressure(sistolik, diastolik, penanda):
    assert mark(sistolik=sistolik, diastolik=diastolik) == {"tekanan-darah": penanda}


@pytest.mark.parametrize(
    ("lila", "hamil", "umur", "penanda"),
    [
        ("22.9", True, DEWASA, "kek"),
        ("23", True, DEWASA, "risiko-kek"),
        ("23.4", True, DEWASA, "risiko-kek"),
        ("23.5", True, DEWASA, "normal"),
        ("11.4", False, 24, "kritis-rendah"),
        ("12.4", False, 24, "rendah"),
        ("12.5", False, 24, "normal"),
        ("22", False, DEWASA, None),
    ],
)
def test_arm_circumference(lila, hamil, umur, penanda):
    assert mark(umur, hamil=hamil, lila=Decimal(lila)).get("lila") == penanda


@pytest.mark.parametrize(
    ("umur", "hasil", "penanda"),
    [
        (24, {"suhu": Decimal("37.5")}, {"suhu": "tinggi"}),
        (DEWASA, {"suhu": Decimal("37.5")}, {"suhu": "normal"}),
        (DEWASA, {"suhu": Decimal("38.0")}, {"suhu": "tinggi"}),
        (24, {"napas": 40}, {"napas": "tinggi"}),
        (24, {"napas": 39}, {"napas": "normal"}),
        (100, {"napas": 39}, {}),
        (DEWASA, {"napas": 31}, {"napas": "kritis-tinggi"}),
        (DEWASA, {"napas": 21}, {"napas": "tinggi"}),
        (24, {"spo2": Decimal(93)}, {"spo2": "rendah"}),
        (24, {"spo2": Decimal(89)}, {"spo2": "kritis-rendah"}),
        (24, {"sistolik": 90, "diastolik": 60}, {}),
        (None, {"napas": 44, "suhu": Decimal(39)}, {}),
    ],
)
def test_marks_follow_the_age(umur, hasil, penanda):
    assert mark(umur, **hasil) == penanda


@pytest.mark.parametrize(
    ("hasil", "bidang"),
    [
        ({"sistolik": 130}, "hasil"),
        ({"sistolik": 80, "diastolik": 120}, "hasil.sistolik"),
        ({"suhu": Decimal(386)}, "hasil.suhu"),
        ({}, "hasil"),
    ],
)
def test_what_no_body_has_is_refused(hasil, bidang):
    assert [each.bidang for each in periksa_ukur(HasilUkur(**hasil), "hasil")] == [bidang]


def test_10t_asks_only_what_is_due():
    nothing = FaktaT(*(False,) * len(SEPULUH_T))

    early = [each.kode for each in nilai_t(nothing, UsiaHamil(11, 1))]
    late = [each.kode for each in nilai_t(nothing, UsiaHamil(20))]

    assert early == ["t1", "t2", "t3", "t6", "t7", "t8", "t9", "t10"]
    assert late == list(SEPULUH_T)


def test_10t_says_what_was_done():
    found = {each.kode: each.dilakukan for each in nilai_t(FaktaT(*(True,) * 10), UsiaHamil(8))}

    assert found == dict.fromkeys(SEPULUH_T, True)


def pregnancy(**fields):
    known = {
        "faskes": "pkm",
        "pasien": "siti",
        "hpht": date(2024, 1, 15),
        "gravida": 4,
        "partus": 3,
        "abortus": 0,
        "dicatat": datetime(2024, 4, 2, 1, 45, tzinfo=UTC),
    }
    return EpisodeKehamilan(**{**known, **fields})


def test_a_lost_woman_ends_308_days_after_hpht():
    found = lengkap(pregnancy(status="selesai", alasanSelesai="hilang-kontak"))

    assert found.selesai == date(2024, 11, 18)
    assert found.hpl == date(2024, 10, 21)
    assert found.nomor == "ANC-siti-20240115"


@pytest.mark.parametrize(
    ("fields", "bidang", "jenis"),
    [
        ({"gravida": 3}, "gravida", "peringatan"),
        ({"gravida": 0, "partus": 0, "abortus": -1}, "gravida", "isi"),
        ({"hpht": date(2024, 4, 3)}, "hpht", "isi"),
        ({"status": "selesai"}, "alasanSelesai", "isi"),
        ({"selesai": date(2024, 10, 1)}, "status", "isi"),
        ({"persalinanTerakhir": date(2024, 1, 15)}, "persalinanTerakhir", "isi"),
    ],
)
def test_what_one_pregnancy_gets_wrong(fields, bidang, jenis):
    assert (bidang, jenis) in [(e.bidang, e.jenis) for e in periksa(pregnancy(**fields))]


def test_a_finished_episode_runs_again_only_when_its_end_was_an_error():
    assert ALUR_EPISODE.pindah("selesai", "berjalan") is None
    assert ALUR_EPISODE.pindah("selesai", "batal").jenis == "keadaan"
    assert ALUR_EPISODE.pindah("batal", "berjalan").jenis == "keadaan"
    assert ALUR_EPISODE.pindah("selesai", "salah-entri") is None


@pytest.mark.parametrize(
    ("persalinan", "bulan"),
    [(date(2013, 1, 10), 132), (date(2013, 1, 16), 131), (date(2023, 12, 15), 1), (None, None)],
)
def test_the_interval_counts_completed_months(persalinan, bulan):
    assert jarak_bulan(persalinan, date(2024, 1, 15)) == bulan


def test_body_mass_index():
    assert imt(Decimal("58.5"), Decimal(152)) == Decimal("25.3")
    assert imt(None, Decimal(152)) is None


def test_an_only_child_has_order_0_and_twins_count_from_1():
    assert [urutan_lahir(1, 1), urutan_lahir(1, 2), urutan_lahir(2, 2)] == [0, 1, 2]
    assert nama_bayi("Dewi", 0) == "Bayi Ny. Dewi"
    assert nama_bayi("Dewi", 2) == "Bayi 2 Ny. Dewi"
