"""What a lab slip and a lab report can get wrong."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from fhir_server.sop import hasil_lab, pengantar_lab
from fhir_server.sop.aturan import (
    ditutup_dengan_alasan,
    pengantar_hanya_pada_kunjungan_berjalan,
    selesai_tanpa_pengantar_terbuka,
)
from fhir_server.sop.hasil_lab import ButirHasil, HasilLab
from fhir_server.sop.pengantar_lab import PengantarLab

PAGI = datetime(2024, 4, 2, 2, 5, tzinfo=UTC)
SLIP = PengantarLab(
    faskes="pkm",
    nomor="LAB-1",
    pasien="siti",
    kunjungan="anc",
    pemeriksaan=("hb",),
    unitAsal="kia",
    peminta="bidan",
    waktu=PAGI,
    lab="lab",
)
HB = ButirHasil(pemeriksaan="hb", angka=Decimal("10.8"))
REPORT = HasilLab(
    faskes="pkm",
    nomor="HL-1",
    pengantar="lab-1",
    pasien="siti",
    kunjungan="anc",
    hasil=(HB,),
    waktu=PAGI,
    pemeriksa="analis",
    lab="lab",
)


def fields(reproofs):
    return [each.bidang for each in reproofs]


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({}, []),
        ({"pemeriksaan": ("hb", "75377-2")}, []),
        ({"pemeriksaan": ()}, ["pemeriksaan"]),
        ({"pemeriksaan": ("hbx",)}, ["pemeriksaan"]),
        ({"pemeriksaan": ("718-8",)}, ["pemeriksaan"]),
        ({"pemeriksaan": ("hb", "hb")}, ["pemeriksaan"]),
        ({"status": "batal"}, ["alasan"]),
        ({"status": "gagal"}, ["alasan"]),
        ({"status": "batal", "alasan": "Pasien menolak"}, []),
        ({"status": "selesai"}, []),
    ],
)
def test_slip(changes, wrong):
    assert fields(pengantar_lab.periksa(replace(SLIP, **changes))) == wrong


@pytest.mark.parametrize(
    ("dulu", "baru", "boleh"),
    [
        ("terbuka", "diproses", True),
        ("diproses", "selesai", True),
        ("diterima", "batal", True),
        (None, "selesai", True),
        ("selesai", "selesai", True),
        ("selesai", "salah-entri", True),
        ("selesai", "terbuka", False),
        ("batal", "selesai", False),
    ],
)
def test_slip_that_was_closed_stays_closed(dulu, baru, boleh):
    reproofs = list(pengantar_lab.periksa_perubahan({"status": dulu}, replace(SLIP, status=baru)))

    assert (not reproofs) is boleh
    assert {(each.aturan, each.jenis) for each in reproofs} <= {("BR-B6", "keadaan")}


@pytest.mark.parametrize(
    ("butir", "wrong"),
    [
        (HB, []),
        (ButirHasil(pemeriksaan="hiv", pilihan="non-reaktif"), []),
        (ButirHasil(pemeriksaan="75377-2", teks="Tidak ditemukan"), []),
        (ButirHasil(pemeriksaan="75377-2", angka=Decimal(1), satuan="mg/dL"), []),
        (ButirHasil(pemeriksaan="hb", alasanTanpaHasil="Sampel lisis"), []),
        (ButirHasil(pemeriksaan="hb"), ["hasil[0]"]),
        (ButirHasil(pemeriksaan="hb", angka=Decimal(1), teks="1"), ["hasil[0]"]),
        (ButirHasil(pemeriksaan="hbx", teks="?"), ["hasil[0].pemeriksaan"]),
        (ButirHasil(pemeriksaan="hiv", pilihan="negatif"), ["hasil[0].pilihan"]),
        (ButirHasil(pemeriksaan="hb", pilihan="negatif"), ["hasil[0].pilihan"]),
        (ButirHasil(pemeriksaan="hiv", angka=Decimal(0)), ["hasil[0].angka"]),
        (ButirHasil(pemeriksaan="75377-2", angka=Decimal(1)), ["hasil[0].satuan"]),
        (ButirHasil(pemeriksaan="hb", angka=Decimal(1080)), ["hasil[0].angka"]),
        (ButirHasil(pemeriksaan="hb", angka=Decimal(-1)), ["hasil[0].angka"]),
        (ButirHasil(pemeriksaan="hb", angka=Decimal("10.8"), satuan="kg"), ["hasil[0].satuan"]),
        (ButirHasil(pemeriksaan="hb", angka=Decimal("10.8"), satuan="g/dL"), []),
    ],
)
def test_one_result(butir, wrong):
    assert fields(hasil_lab.periksa(replace(REPORT, hasil=(butir,)))) == wrong


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"hasil": ()}, ["hasil"]),
        ({"hasil": (HB, HB)}, ["hasil[1].pemeriksaan"]),
        ({"diambil": PAGI + timedelta(minutes=1)}, ["diambil"]),
        ({"status": "dikoreksi"}, ["alasanKoreksi"]),
        ({"status": "dikoreksi", "alasanKoreksi": "Salah ketik"}, []),
    ],
)
def test_report(changes, wrong):
    assert fields(hasil_lab.periksa(replace(REPORT, **changes))) == wrong


@pytest.mark.parametrize(
    ("dulu", "changes", "boleh"),
    [
        ("sementara", {"status": "akhir"}, True),
        ("akhir", {"kesimpulan": "Anemia ringan"}, True),
        ("akhir", {"hasil": (replace(HB, angka=Decimal("9.8")),)}, False),
        ("akhir", {"status": "sementara"}, False),
        ("akhir", {"status": "dikoreksi"}, True),
        ("dikoreksi", {"status": "akhir"}, False),
        ("dikoreksi", {"status": "salah-entri"}, True),
    ],
)
def test_what_was_final_is_only_corrected(dulu, changes, boleh):
    lama = {"status": dulu, "hasil": (HB,)}

    reproofs = list(hasil_lab.periksa_perubahan(lama, replace(REPORT, **changes)))

    assert (not reproofs) is boleh
    assert {each.jenis for each in reproofs} <= {"keadaan"}


def test_br_b6_names_every_open_slip_and_what_to_do():
    teguran = selesai_tanpa_pengantar_terbuka(["LAB-2", "LAB-1"])

    assert (teguran.aturan, teguran.jenis) == ("BR-B6", "keadaan")
    assert "LAB-1, LAB-2" in teguran.kalimat
    assert "LAB-1, LAB-2" in teguran.english
    assert "batalkan pengantar dengan alasan" in teguran.benar
    assert selesai_tanpa_pengantar_terbuka([]) is None


def test_br_b6_words_for_the_other_sides():
    assert "LAB-1" in pengantar_hanya_pada_kunjungan_berjalan("LAB-1").kalimat
    assert ditutup_dengan_alasan("LAB-1", alasan=True) is None
    assert ditutup_dengan_alasan("LAB-1", alasan=False).jenis == "isi"
