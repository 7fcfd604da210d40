"""The village report: its figures, and who must be in it (BR-A3)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from fhir_server.sop.laporan_pemantauan_desa import (
    BarisLaporan,
    KontakLaporan,
    hitung,
    lengkap,
    persen,
)


def baris(*hasil):
    day = date(2024, 8, 5)
    kontak = tuple(KontakLaporan(tanggal=day, hasil=each) for each in hasil)
    return BarisLaporan(pasien="endang", kontak=kontak)


@pytest.mark.parametrize(
    ("hasil", "jatuh_tempo", "tepat", "terlewat", "kepatuhan"),
    [
        (["dijawab", "terlewat"], 2, 1, 1, "50.0"),
        (["menunggu-jawaban", "terlambat", "terjadwal"], 3, 1, 0, "33.3"),
        (["dijawab", "keluhan-sendiri", "di-luar-jadwal"], 1, 1, 0, "100.0"),
    ],
)
def test_adherence_is_kept_on_the_day_of_due(hasil, jatuh_tempo, tepat, terlewat, kepatuhan):
    assert hitung([baris(*hasil)]) == {
        "jatuhTempo": jatuh_tempo,
        "tepatWaktu": tepat,
        "terlewat": terlewat,
        "kepatuhan": Decimal(kepatuhan),
    }


def test_nothing_due_has_no_adherence():
    assert hitung([baris("keluhan-sendiri")])["kepatuhan"] is None


def test_a_share_is_rounded_half_up():
    assert persen(1, 16) == Decimal("6.3")


def test_br_a3_names_whom_the_report_misses():
    teguran = lengkap(["endang", "lilis"], ["endang"])

    assert teguran.aturan == "BR-A3"
    assert teguran.jenis == "isi"
    assert "lilis" in teguran.salah
    assert "endang" not in teguran.salah


def test_br_a3_a_report_may_hold_more():
    assert lengkap(["endang"], ["endang", "siti"]) is None
