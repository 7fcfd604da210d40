"""PWS: targets, cumulative targets, coverage, and every boundary of a village's status."""

from decimal import Decimal

import pytest

from fhir_server.sop import pws
from fhir_server.sop.analisis_pws import (
    AnalisisPws,
    DataPws,
    KegiatanRtl,
    MasalahPws,
    periksa,
    urutan,
)
from fhir_server.sop.pws import INDIKATOR, Penduduk, Sasaran


def penduduk(jumlah=None, cbr="20", **resmi):
    return Penduduk({k.replace("_", "-"): v for k, v in resmi.items()}, jumlah, Decimal(cbr))


@pytest.mark.parametrize(
    ("kode", "data", "harapan"),
    [
        ("K1", penduduk(1000, ibu_hamil=60), Sasaran(60, "resmi")),
        ("K1", penduduk(1000), Sasaran(22, "perkiraan")),
        ("PF", penduduk(1000), Sasaran(21, "perkiraan")),
        ("KF1", penduduk(1000), Sasaran(21, "perkiraan")),
        ("KF1", penduduk(bersalin=57), Sasaran(57, "resmi")),
        ("KN1", penduduk(1000), Sasaran(20, "perkiraan")),
        ("PK", penduduk(ibu_hamil=60), Sasaran(12, "resmi")),
        ("PK", penduduk(1000), Sasaran(4, "perkiraan")),
        ("NKOMP", penduduk(bayi=50), Sasaran(8, "resmi")),
        ("KB-AKTIF", penduduk(1000), Sasaran(None, "tidak-ada")),
        ("K1", None, Sasaran(None, "tidak-ada")),
        ("K1", penduduk(), Sasaran(None, "tidak-ada")),
        ("MTBS", penduduk(1000), Sasaran(None, "tidak-ada")),
    ],
)
def test_a_target_is_the_official_one_or_else_the_estimate(kode, data, harapan):
    assert pws.sasaran(INDIKATOR[kode], data) == harapan


@pytest.mark.parametrize(("angka", "hasil"), [("22.5", 23), ("22.49", 22), ("7.5", 8), ("6.5", 7)])
def test_estimates_are_rounded_half_up(angka, hasil):
    assert pws.bulatkan(Decimal(angka)) == hasil


def test_the_cumulative_target_is_a_twelfth_of_the_annual_one_a_month():
    assert [pws.target_kumulatif(Decimal(60), month) for month in (1, 6, 12)] == [5, 30, 60]


@pytest.mark.parametrize(
    ("pembilang", "penyebut", "persen"),
    [
        (27, 100, "27.0"),
        (1, 3, "33.3"),
        (1, 16, "6.3"),
        (0, 5, "0.0"),
        (3, 0, None),
        (3, None, None),
    ],
)
def test_coverage_in_percent_with_one_decimal_half_up(pembilang, penyebut, persen):
    found = pws.cakupan(pembilang, penyebut)

    assert found == (None if persen is None else Decimal(persen))


@pytest.mark.parametrize(
    ("kumulatif", "bulan_ini", "bulan_lalu", "status"),
    [
        (31, 6, 5, "BAIK"),
        (31, 5, 5, "BAIK"),
        (31, 4, 5, "KURANG"),
        (30, 5, 5, "BAIK"),
        (30, 4, 5, "KURANG"),
        (29, 6, 5, "CUKUP"),
        (29, 5, 5, "JELEK"),
        (29, 4, 5, "JELEK"),
    ],
)
def test_status_of_a_village_at_every_boundary(kumulatif, bulan_ini, bulan_lalu, status):
    target = pws.target_kumulatif(Decimal(60), 6)

    assert pws.status_desa(kumulatif, target, pws.arah(bulan_ini, bulan_lalu)) == status


def test_a_target_that_is_no_whole_number_is_not_rounded_before_it_is_compared():
    target = pws.target_kumulatif(Decimal(25), 1)

    assert pws.status_desa(2, target, "naik") == "CUKUP"
    assert pws.status_desa(3, target, "naik") == "BAIK"


def test_steady_below_the_target_is_a_setting():
    assert pws.status_desa(1, Decimal(5), "tetap", "CUKUP") == "CUKUP"


@pytest.mark.parametrize(
    ("ini", "lalu", "penyebut", "arah"),
    [
        (5, 5, (10, 20), "naik"),
        (5, 5, (20, 10), "turun"),
        (1, 2, (10, 20), "tetap"),
        (1, 0, (10, 0), "tetap"),
    ],
)
def test_the_trend_compares_coverage_not_numbers(ini, lalu, penyebut, arah):
    assert pws.arah(ini, lalu, penyebut) == arah


@pytest.mark.parametrize(
    ("semua", "hasil"),
    [
        ([Sasaran(60, "resmi"), Sasaran(24, "resmi")], Sasaran(84, "resmi")),
        ([Sasaran(60, "resmi"), Sasaran(22, "perkiraan")], Sasaran(82, "perkiraan")),
        ([Sasaran(60, "resmi"), pws.TANPA_SASARAN], pws.TANPA_SASARAN),
        ([], pws.TANPA_SASARAN),
    ],
)
def test_the_sum_of_targets_says_where_it_comes_from(semua, hasil):
    assert pws.jumlah(semua) == hasil


def test_annual_targets_and_vaccines_of_the_operator():
    assert pws.baca_target("K1=100, K4=95") == {"K1": 100, "K4": 95}
    assert pws.baca_vaksin("BCG=VG1,BCG=VG2,MR=VG3") == {"BCG": ("VG1", "VG2"), "MR": ("VG3",)}
    for wrong in ("K1", "K9=10", "K1=banyak"):
        with pytest.raises(ValueError, match="right would be"):
            pws.baca_target(wrong)
    with pytest.raises(ValueError, match="right would be"):
        pws.baca_vaksin("CACAR=VG1")


def masalah(nomor, status="JELEK", kekurangan="10", **lain):
    return MasalahPws(
        nomor=nomor,
        desa=lain.pop("desa", f"99020120{nomor:02d}"),
        indikator=lain.pop("indikator", "K4"),
        uraian="x",
        sumber="klaster-2",
        statusDesa=status,
        kekurangan=Decimal(kekurangan),
        **lain,
    )


def test_problems_are_ranked_by_status_then_shortfall_then_indicator():
    ranked = urutan(
        [
            masalah(1, "CUKUP", "90"),
            masalah(2, "JELEK", "10"),
            masalah(3, "KURANG", "0"),
            masalah(4, "JELEK", "40"),
            masalah(5, "JELEK", "10", indikator="K1"),
        ]
    )

    assert ranked == (4, 5, 2, 3, 1)


def test_usg_ranks_only_where_every_problem_has_it():
    usg = {"urgensi": 5, "keseriusan": 5, "pertumbuhan": 5}
    little = {"urgensi": 1, "keseriusan": 1, "pertumbuhan": 1}

    assert urutan([masalah(1, "JELEK", **little), masalah(2, "CUKUP", **usg)]) == (2, 1)
    assert urutan([masalah(1, "JELEK"), masalah(2, "CUKUP", **usg)]) == (1, 2)


def analisis(**lain):
    bawaan = {
        "faskes": "pkm",
        "bulan": "2024-06",
        "penyusun": "p",
        "waktu": None,
        "data": (DataPws(indikator="K4", laporan="r"),),
    }
    return AnalisisPws(**{**bawaan, **lain})


@pytest.mark.parametrize(
    ("lain", "kata"),
    [
        ({"masalah": (masalah(1), masalah(1))}, "dua kali"),
        ({"masalah": (masalah(1), masalah(2)), "prioritas": (1,)}, "bukan urutan"),
        ({"masalah": (masalah(1, urgensi=6),)}, "urgensi 6"),
        ({"masalah": (masalah(1),), "status": "final"}, "padahal ada masalah"),
        ({"data": (DataPws(indikator="K9", laporan="r"),)}, "K9 tidak dikenal"),
    ],
)
def test_what_an_analysis_can_get_wrong(lain, kata):
    found = [each.kalimat for each in periksa(analisis(**lain))]

    assert len(found) == 1
    assert kata in found[0]


def test_an_activity_must_answer_a_problem_and_end_after_it_begins():
    kegiatan = KegiatanRtl(
        masalah=7, jenis="posyandu", uraian="x", pelaksana="faskes/p", mulai=2, sampai=1
    )

    found = [each.kalimat for each in periksa(analisis(rtl=(kegiatan,)))]

    assert ["tidak ada masalah nomor 7" in found[0], "lebih awal" in found[1]] == [True, True]
