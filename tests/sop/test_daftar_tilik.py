"""The checklist of the chat SOP: compliance rate, what the data answer, what may be left open."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from fhir_server.sop.daftar_tilik import (
    ButirTilik,
    DaftarTilik,
    cr,
    nilai_advis,
    nilai_dokumentasi,
    nilai_jadwal,
    nilai_laporan,
    periksa,
)
from fhir_server.sop.laporan_pemantauan_desa import BarisLaporan, KontakLaporan


def tilik(nomor, **lain):
    butir = tuple(ButirTilik(nomor=each, jawaban="ya") for each in nomor)
    fields = {"auditor": "a", "unit": "pkm", "tanggal": datetime(2024, 8, 6, tzinfo=UTC)}
    return DaftarTilik(butir=butir, **{**fields, **lain})


def baris(*hasil):
    day = date(2024, 8, 5)
    kontak = tuple(KontakLaporan(tanggal=day, hasil=each) for each in hasil)
    return [BarisLaporan(pasien="endang", kontak=kontak)]


@pytest.mark.parametrize(
    ("jawaban", "rate"),
    [
        (["ya", "ya", "ya", "ya", "tb", "ya"], "100.0"),
        (["tidak", "ya", "ya", "ya", "tb", "ya"], "80.0"),
        (["tidak"] * 15 + ["ya"], "6.3"),  # 6.25: half up, not as binary floats round
        (["ya", "ya", "tidak"], "66.7"),
        (["tidak", "tb"], "0.0"),
    ],
)
def test_compliance_is_yes_of_yes_and_no_half_up(jawaban, rate):
    assert cr(jawaban) == Decimal(rate)


def test_nothing_that_applies_has_no_rate():
    assert cr(["tb", "tb"]) is None


@pytest.mark.parametrize(
    ("hasil", "jawaban"),
    [
        (["dijawab", "menunggu-jawaban"], "ya"),
        (["dijawab", "terlewat"], "tidak"),
        (["dijawab", "terlambat"], "tidak"),
        (["terjadwal", "keluhan-sendiri"], "tb"),
        (["dijawab", "terjadwal"], "ya"),
    ],
)
def test_question_1_asks_for_every_due_day(hasil, jawaban):
    assert nilai_jadwal(baris(*hasil))[0] == jawaban


def test_question_3_asks_for_every_patient():
    assert nilai_laporan(["endang", "lilis"], ["endang"]) == (
        "tidak",
        "1 dari 2 pasien dengan kontak dilaporkan",
    )
    assert nilai_laporan(["endang"], ["endang", "siti"])[0] == "ya"
    assert nilai_laporan([], ["endang"])[0] == "tb"


def test_question_4_asks_for_every_report():
    assert [nilai_advis(*each)[0] for each in ((2, 1), (2, 2), (0, 0))] == ["tidak", "ya", "tb"]


def test_br_a6_question_6_asks_for_every_contact():
    found = [nilai_dokumentasi(*each)[0] for each in ((3, 2), (3, 3), (0, 0))]

    assert found == ["tidak", "ya", "tb"]


def test_what_the_data_answer_may_be_left_out_only_with_village_and_period():
    masa = {"desa": "9902012003", "mulai": date(2024, 8, 5), "sampai": date(2024, 8, 5)}

    assert list(periksa(tilik("25", **masa))) == []
    (teguran,) = periksa(tilik("25"))
    assert "nomor 1, 3, 4, 6 belum dijawab" in teguran.salah
    (teguran,) = periksa(tilik("5", **masa))
    assert "nomor 2 belum dijawab" in teguran.salah


def test_a_question_is_answered_once_and_exists():
    salah = [each.salah for each in periksa(tilik([*"123456", "6", "7"]))]

    assert salah == ["nomor 6 dijawab dua kali.", "nomor 7 tidak ada."]
