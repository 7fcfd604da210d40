"""Rujukan: a patient sent on to another facility (domain §5, §2.1 row 30).

The states and the moves between them are in ``status_rujukan``. A referral that was refused is
sent to another facility by naming a new ``tujuan``; who refused it stays in ``riwayatTujuan``.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Literal

from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen
from fhir_server.sop.rujukan_minimum import perlu_diagnosis
from fhir_server.sop.status_rujukan import AWAL, BR_R1
from fhir_server.sop.unit import Penjamin

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Jenis = Literal["medis", "sosial", "hukum", "internal"]
Prioritas = Literal["elektif", "segera", "darurat"]
Layanan = Literal["gawat-darurat", "rawat-inap", "rawat-jalan"]
Transport = Literal["ambulans", "lainnya"]
Kesadaran = Literal["compos-mentis", "apatis", "somnolen", "sopor", "koma"]
AlasanSelesai = Literal["meninggal", "pulang-paksa", "rujuk-lanjut", "lainnya"]
Tacc = Literal["tanpa", "waktu", "usia", "komplikasi", "komorbid"]
AlasanTolak = Literal["penuh", "tanpa-kompetensi", "tanpa-alat", "lainnya"]
Status = Literal[
    "disusun",
    "dikirim",
    "diterima-sistem",
    "disetujui",
    "ditolak",
    "pasien-tiba",
    "tidak-datang",
    "dalam-perawatan",
    "dirujuk-balik",
    "selesai-tanpa-rujuk-balik",
    "pembatalan-diminta",
    "dibatalkan",
    "salah-entri",
]
BATAS: Final = {
    "darurat": timedelta(minutes=15),
    "segera": timedelta(hours=2),
    "elektif": timedelta(hours=24),
}
"""How long the addressed facility has to answer, by priority, unless the clinic decides."""


@dokumen
class DiagnosisRujukan:
    """A diagnosis for which the patient is referred; ``kondisi`` if it was recorded before."""

    kode: str | None = bidang("Kode ICD-10", "§2.1/30", default=None, contoh="O14.1")
    nama: str | None = bidang(
        "Nama diagnosis", "§2.1/30", default=None, contoh="Preeklampsia berat"
    )
    kondisi: str | None = bidang(
        "Diagnosis yang sudah tercatat", "§5.1", default=None, rujuk="kondisi"
    )


@dokumen
class KondisiRujukan:
    """The patient's state when leaving."""

    sistolik: int | None = bidang("Sistolik (mmHg)", "§2.1/30", default=None, contoh=168)
    diastolik: int | None = bidang("Diastolik (mmHg)", "§2.1/30", default=None, contoh=112)
    nadi: int | None = bidang("Nadi per menit", "§2.1/30", default=None, contoh=98)
    napas: int | None = bidang("Napas per menit", "§2.1/30", default=None, contoh=22)
    suhu: Decimal | None = bidang("Suhu (°C)", "§2.1/30", default=None, contoh=36.9)
    spo2: int | None = bidang("SpO₂ (%)", "§2.1/30", default=None, contoh=97)
    kesadaran: Kesadaran | None = bidang(
        "Kesadaran", "§2.1/30", default=None, kode="kesadaran", contoh="compos-mentis"
    )


@dokumen
class PenjaminRujukan:
    """Who pays."""

    jenis: Penjamin = bidang("Jenis penjamin", "§2.1/37", kode="jenis-penjamin")
    nomor: str | None = bidang("Nomor kartu", "§2.1/37", default=None, contoh="9900000000001")


@dokumen
class TujuanLama:
    """A facility that was asked before and refused."""

    tujuan: str = bidang("Fasilitas yang menolak", "§5.2", rujuk="faskes", contoh="rs-b")
    dikirim: datetime | None = bidang("Waktu dikirim", "§5.2", default=None)
    batasJawab: datetime | None = bidang("Batas menjawab", "§5.1", default=None)
    alasanTolak: AlasanTolak | None = bidang(
        "Alasan menolak", "§5.2", default=None, kode="alasan-tolak", contoh="penuh"
    )
    keterangan: str | None = bidang("Keterangan", "§5.2", default=None)
    dijawab: datetime | None = bidang("Waktu menolak", "§5.2", default=None)


@dokumen
class LaporanSementara:
    """What the hospital reports while the patient is with it."""

    waktu: datetime | None = bidang("Waktu", "§5.3", default=None)
    isi: str = bidang("Isi laporan", "§5.3", contoh="SC cito 22.10, ibu dan bayi baik")


@dokumen
class Rujukan(Dokumen):
    """Surat rujukan."""

    faskes: str = bidang("Fasilitas perujuk", "§5.1", rujuk="faskes", contoh="pkm-todanan")
    nomor: str = bidang("Nomor rujukan", "§2.1/30", contoh="RJ-2024-0412", cari=True)
    pasien: str = bidang("Pasien", "§5.1", rujuk="pasien", contoh="siti", cari=True)
    jenis: Jenis = bidang("Jenis", "§2.1/30", kode="jenis-rujukan", contoh="medis", cari=True)
    prioritas: Prioritas = bidang(
        "Prioritas", "§2.1/30", kode="prioritas-rujukan", contoh="darurat"
    )
    layanan: Layanan = bidang(
        "Layanan yang diminta", "§5.1", kode="layanan-rujukan", contoh="gawat-darurat"
    )
    tujuan: str = bidang("Fasilitas tujuan", "§2.1/30", rujuk="faskes", contoh="rs-a", cari=True)
    alasan: str = bidang(
        "Alasan merujuk", "§2.1/30", contoh="Preeklampsia berat, 31 minggu, mohon tata laksana"
    )
    diagnosis: tuple[DiagnosisRujukan, ...] = bidang(
        "Diagnosis", "§2.1/30", contoh=[{"kode": "O14.1", "nama": "Preeklampsia berat"}]
    )
    perujuk: str = bidang(
        "Dokter perujuk", "§5.1", rujuk="petugas-kesehatan", contoh="dokter-todanan"
    )
    waktu: datetime = bidang("Waktu dibuat", "§5.1", contoh="2024-08-20T19:42:00+07:00")
    rujukanAsal: str | None = bidang(
        "Rujukan yang diteruskan ke rumah sakit lain", "§5.2", default=None, rujuk="rujukan"
    )
    kunjungan: str | None = bidang(
        "Kunjungan", "§5.1", default=None, rujuk="kunjungan", contoh="darurat-s5"
    )
    spesialis: str | None = bidang(
        "Spesialis yang diminta", "§2.1/30", default=None, contoh="Obstetri dan ginekologi"
    )
    kondisi: KondisiRujukan | None = bidang(
        "Kondisi saat dirujuk",
        "§2.1/30",
        default=None,
        contoh={"sistolik": 168, "diastolik": 112, "kesadaran": "compos-mentis"},
    )
    tindakanPra: tuple[str, ...] = bidang(
        "Tindakan sebelum dirujuk", "§2.1/30", default=(), contoh=["MgSO4 4 g intravena"]
    )
    transport: Transport | None = bidang(
        "Transportasi", "§2.1/30", default=None, kode="transport-rujukan", contoh="ambulans"
    )
    penjamin: PenjaminRujukan | None = bidang(
        "Penjamin", "§2.1/30", default=None, contoh={"jenis": "bpjs-pbi"}
    )
    estimasiTiba: datetime | None = bidang("Perkiraan tiba", "§2.1/30", default=None)
    petunjukPasien: str | None = bidang("Petunjuk untuk pasien", "§5.1", default=None)
    tacc: Tacc | None = bidang(
        "TACC: mengapa tidak selesai di puskesmas", "§5.1", default=None, kode="tacc"
    )
    alasanTacc: str | None = bidang("Alasan TACC", "§5.1", default=None)
    status: Status = bidang(
        "Status",
        "§5.2",
        default="dikirim",
        kode="status-rujukan",
        contoh="dikirim",
        cari=True,
    )
    waktuStatus: datetime | None = bidang(
        "Sejak kapan status ini, menurut yang mengubahnya", "§5.2", default=None
    )
    alasanSelesai: AlasanSelesai | None = bidang(
        "Alasan selesai tanpa rujuk balik",
        "§5.2",
        default=None,
        kode="alasan-selesai-rujukan",
        contoh="meninggal",
    )
    alasanTolak: AlasanTolak | None = bidang(
        "Alasan menolak", "§5.2", default=None, kode="alasan-tolak", contoh="penuh"
    )
    keterangan: str | None = bidang("Keterangan penolakan atau pembatalan", "§5.2", default=None)
    dikirim: datetime | None = bidang("Waktu dikirim ke tujuan", "§5.2", default=None)
    batasJawab: datetime | None = bidang("Batas tujuan menjawab", "§5.1", default=None, server=True)
    riwayatTujuan: tuple[TujuanLama, ...] = bidang(
        "Fasilitas yang menolak sebelumnya", "§5.2", default=(), server=True
    )
    laporanSementara: tuple[LaporanSementara, ...] = bidang(
        "Laporan sementara dari tujuan", "§5.3", default=(), server=True
    )
    janji: str | None = bidang(
        "Janji layanan di tujuan", "§5.3", default=None, rujuk="janji-layanan", server=True
    )
    rujukBalik: str | None = bidang(
        "Rujuk balik", "§5.1", default=None, rujuk="rujuk-balik", server=True
    )


def periksa(rujukan: Rujukan) -> Iterator[Teguran]:
    """Find what one letter of referral can get wrong."""
    if not rujukan.diagnosis and perlu_diagnosis(rujukan.jenis):
        yield Teguran("diagnosis", "kosong.", "paling sedikit satu diagnosis.", "domain §2.1/30")
    for tempat, each in enumerate(rujukan.diagnosis):
        if each.kode is None and each.kondisi is None:
            salah = "tidak menyebut diagnosis."
            yield Teguran(f"diagnosis[{tempat}]", salah, "kode ICD-10, atau kondisi yang tercatat.")
    if rujukan.tujuan == rujukan.faskes and rujukan.jenis != "internal":
        yield Teguran("tujuan", "sama dengan fasilitas perujuk.", "fasilitas lain, atau internal.")
    if rujukan.status == "selesai-tanpa-rujuk-balik" and rujukan.alasanSelesai is None:
        salah = "kosong pada rujukan yang selesai tanpa rujuk balik."
        yield Teguran("alasanSelesai", salah, "meninggal, pulang-paksa, rujuk-lanjut.", BR_R1)
    if rujukan.tacc not in (None, "tanpa") and not rujukan.alasanTacc:
        yield Teguran("alasanTacc", f"kosong pada TACC {rujukan.tacc}.", "alasannya.", "§5.1")
    if rujukan.status == "ditolak" and rujukan.alasanTolak is None:
        yield Teguran("alasanTolak", "kosong pada rujukan yang ditolak.", "alasannya.", BR_R1)
    if rujukan.estimasiTiba and rujukan.estimasiTiba < rujukan.waktu:
        yield Teguran("estimasiTiba", "lebih awal daripada waktu dibuat.", "sesudah waktu.")


def periksa_perubahan(lama: Mapping[str, Any], baru: Rujukan) -> Iterator[Teguran]:
    """Find which changes the SOP forbids (BR-R1): a new addressee too early.

    The moves are judged on the write road, for whoever makes them (``mappings/alur``).
    """
    dulu = lama.get("status") or "disusun"
    if dialihkan(lama, baru):
        if baru.status not in AWAL:
            yield _pengalihan(baru, "status", f"dikirim, bukan {baru.status}.")
    elif lama.get("tujuan") not in (None, baru.tujuan) and dulu != "disusun":
        yield _pengalihan(baru, "tujuan", f"tetap {lama['tujuan']}, kecuali rujukan ditolak.")


def dialihkan(lama: Mapping[str, Any], baru: Rujukan) -> bool:
    """Say whether a refused referral goes to another facility now."""
    return lama.get("status") == "ditolak" and lama.get("tujuan") != baru.tujuan


def _pengalihan(rujukan: Rujukan, tempat: str, benar: str) -> Teguran:
    return Teguran(
        tempat,
        f"rujukan {rujukan.nomor} hanya dapat dialihkan ke tujuan lain setelah ditolak.",
        benar,
        BR_R1,
        jenis="keadaan",
        english=f"BR-R1: referral {rujukan.nomor} goes to another facility only after it was "
        "refused, and is sent (dikirim) to that one then.",
    )
