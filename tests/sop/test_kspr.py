"""The Poedji Rochjati card with its traps, against the scenarios and as properties."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.sop.kspr import (
    BERTENTANGAN,
    FAKTOR,
    KELOMPOK,
    anjuran,
    dihitung,
    kelompok,
    kelompok_berlaku,
    periksa,
    perincian,
    skor,
)

KARTU = st.sets(st.sampled_from(sorted(FAKTOR)))
BERAT = {"f10", "f17", "f18", "f19", "f20"}


@pytest.mark.parametrize(
    ("faktor", "jumlah", "golongan"),
    [
        pytest.param(["f06", "f04", "f10", "f11ab"], 22, "KRST", id="S1 Siti"),
        pytest.param(["f06", "f07", "f08"], 14, "KRST", id="S4 Endang"),
        pytest.param(["f06", "f04", "f10", "f11ab", "f20"], 30, "KRST", id="S5 Siti"),
        pytest.param(["f03"], 6, "KRT", id="S10 Nur Aini"),
        pytest.param(["f13", "f11ab"], 10, "KRT", id="S10 Kartika"),
        pytest.param([], 2, "KRR", id="S12 Dewi"),
        pytest.param(["f10"], 10, "KRT", id="caesarean section weighs 8"),
        pytest.param(["f09a", "f09b", "f09c"], 14, "KRST", id="9a, 9b and 9c are three rows"),
        pytest.param(["f11ab", "f11cd", "f11e", "f11f"], 18, "KRST", id="11 has four rows"),
    ],
)
def test_totals_and_groups(faktor, jumlah, golongan):
    assert periksa(faktor) == []
    assert skor(faktor) == jumlah
    assert kelompok(jumlah) == golongan


@given(KARTU)
def test_a_total_is_two_and_fours_and_eights(faktor):
    hitung = dihitung(faktor)
    berat = len(BERAT & set(hitung))

    assert skor(faktor) == 2 + 4 * (len(hitung) - berat) + 8 * berat
    assert skor(faktor) % 4 == 2
    assert kelompok(skor(faktor)) in KELOMPOK


@given(KARTU, st.sampled_from(sorted(FAKTOR)))
def test_one_more_factor_never_lowers_the_total(faktor, tambahan):
    assert skor(faktor | {tambahan}) >= skor(faktor)


@given(KARTU)
def test_preeclampsia_takes_the_place_of_its_milder_row(faktor):
    assert skor(faktor | {"f12", "f20"}) == skor(faktor - {"f12"} | {"f20"})


@pytest.mark.parametrize("jumlah", [-2, 0, 1, 3, 4, 5, 7, 9, 11, 13, 23])
def test_impossible_totals_are_refused(jumlah):
    with pytest.raises(ValueError, match="mustahil"):
        kelompok(jumlah)


@pytest.mark.parametrize(
    ("jumlah", "golongan"), [(2, "KRR"), (6, "KRT"), (10, "KRT"), (12, "KRST"), (14, "KRST")]
)
def test_limits_of_the_groups(jumlah, golongan):
    assert kelompok(jumlah) == golongan


@pytest.mark.parametrize(("satu", "dua"), BERTENTANGAN)
def test_contradicting_rows_are_named(satu, dua):
    (pesan,) = periksa([satu, dua])

    assert satu in pesan
    assert dua in pesan


def test_unknown_and_repeated_codes_are_named():
    pesan = " ".join(periksa(["f99", "f07", "f07"]))

    assert "'f99' tidak ada" in pesan
    assert "f07 tercatat dua kali" in pesan
    with pytest.raises(KeyError, match="f99"):
        skor(["f99"])


def test_the_sum_is_written_out():
    assert perincian(["f11ab", "f10"]) == "2 + f10 8 + f11ab 4 = 14"
    assert perincian([]) == "2 = 2"


def test_advice_of_the_card():
    assert (anjuran("KRST").tempat, anjuran("KRST").penolong) == ("RS", "dokter")
    assert anjuran("KRT").rujukan == "bidan/puskesmas"
    assert "rumah" not in anjuran("KRR").tempat
    assert anjuran("KRR").teks_kartu == "rumah/polindes"


def test_the_group_only_goes_up():
    assert kelompok_berlaku([], sebelumnya=[["f10", "f11ab"]]) == "KRST"
    assert kelompok_berlaku(["f20"], sebelumnya=[["f03"], []]) == "KRT"


def test_a_factor_recorded_in_error_takes_the_group_down():
    riwayat = [["f10", "f07"]]

    assert kelompok_berlaku(["f07"], riwayat) == "KRST"
    assert kelompok_berlaku(["f07"], riwayat, salah_catat=["f10"]) == "KRT"


@given(st.lists(KARTU, min_size=1))
def test_the_group_never_falls_below_any_contact(kontak):
    golongan = kelompok_berlaku(kontak[-1], kontak[:-1])

    assert KELOMPOK.index(golongan) == max(KELOMPOK.index(kelompok(skor(f))) for f in kontak)


def test_every_row_has_a_diagnosis_to_suggest():
    assert len(FAKTOR) == 26
    assert all(faktor.icd10 for faktor in FAKTOR.values())
    assert {kode for kode, faktor in FAKTOR.items() if faktor.bobot == 8} == BERAT
