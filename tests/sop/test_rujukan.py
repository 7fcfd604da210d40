"""What a letter of referral can get wrong, and where it may go next."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fhir_server.sop.rujukan import (
    BATAS,
    DiagnosisRujukan,
    Rujukan,
    dialihkan,
    periksa,
    periksa_perubahan,
)

PETANG = datetime(2024, 8, 20, 12, 42, tzinfo=UTC)
SURAT = Rujukan(
    faskes="pkm-todanan",
    nomor="RJ-1",
    pasien="siti",
    jenis="medis",
    prioritas="darurat",
    layanan="gawat-darurat",
    tujuan="rs-a",
    alasan="PEB",
    diagnosis=(DiagnosisRujukan(kode="O14.1"),),
    perujuk="dokter",
    waktu=PETANG,
)


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({}, []),
        ({"diagnosis": (DiagnosisRujukan(kondisi="peb-s5"),)}, []),
        ({"diagnosis": ()}, ["diagnosis"]),
        ({"diagnosis": (DiagnosisRujukan(nama="PEB"),)}, ["diagnosis[0]"]),
        ({"tujuan": "pkm-todanan"}, ["tujuan"]),
        ({"tujuan": "pkm-todanan", "jenis": "internal"}, []),
        ({"status": "ditolak"}, ["alasanTolak"]),
        ({"status": "ditolak", "alasanTolak": "penuh"}, []),
        ({"estimasiTiba": PETANG - timedelta(minutes=1)}, ["estimasiTiba"]),
        ({"estimasiTiba": PETANG + timedelta(hours=1)}, []),
    ],
)
def test_letter(changes, wrong):
    assert [each.bidang for each in periksa(replace(SURAT, **changes))] == wrong


@pytest.mark.parametrize(
    ("lama", "changes", "wrong"),
    [
        ({"status": "dikirim", "tujuan": "rs-a"}, {"status": "disetujui"}, []),
        ({"status": "disusun", "tujuan": "rs-b"}, {"status": "dikirim"}, []),
        ({"status": "dikirim", "tujuan": "rs-b"}, {}, ["tujuan"]),
        ({"status": "ditolak", "tujuan": "rs-b"}, {"status": "dikirim"}, []),
        ({"status": "ditolak", "tujuan": "rs-b"}, {"status": "disetujui"}, ["status"]),
        ({"status": "ditolak", "tujuan": "rs-a"}, {"status": "dibatalkan"}, []),
    ],
)
def test_br_r1_a_new_addressee_only_after_a_refusal(lama, changes, wrong):
    reproofs = list(periksa_perubahan(lama, replace(SURAT, **changes)))

    assert [each.bidang for each in reproofs] == wrong
    assert {(each.aturan, each.jenis) for each in reproofs} <= {("BR-R1", "keadaan")}


def test_only_what_was_refused_is_rerouted():
    assert dialihkan({"status": "ditolak", "tujuan": "rs-b"}, SURAT)
    assert not dialihkan({"status": "dikirim", "tujuan": "rs-b"}, SURAT)
    assert not dialihkan({"status": "ditolak", "tujuan": "rs-a"}, SURAT)


def test_every_priority_has_a_limit():
    assert {name: limit.total_seconds() / 60 for name, limit in BATAS.items()} == {
        "darurat": 15,
        "segera": 120,
        "elektif": 1440,
    }
