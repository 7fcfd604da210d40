"""PengantarLab: the slip that sends a patient to the laboratory (domain §1.B B6, §2.1 row 13).

That a visit cannot be finished while one is open is BR-B6, in ``aturan``.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen
from fhir_server.sop.pemeriksaan_lab import dikenal, saran
from fhir_server.sop.unit import Unit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Status = Literal[
    "terbuka", "diterima", "diproses", "selesai", "ditolak", "batal", "gagal", "salah-entri"
]
TERBUKA: Final = ("terbuka", "diterima", "diproses")
TANPA_HASIL: Final = ("ditolak", "batal", "gagal", "salah-entri")


@dokumen
class PengantarLab(Dokumen):
    """Pengantar laboratorium."""

    faskes: str = bidang("Puskesmas", "§2.1/13", rujuk="faskes", contoh="pkm-dharma-rini")
    nomor: str = bidang("Nomor pengantar", "§2.1/13", contoh="LAB-20240402-009", cari=True)
    pasien: str = bidang("Pasien", "§2.1/13", rujuk="pasien", contoh="siti", cari=True)
    kunjungan: str = bidang("Kunjungan", "§1.B B6", rujuk="kunjungan", contoh="anc-s1", cari=True)
    pemeriksaan: tuple[str, ...] = bidang(
        "Pemeriksaan yang diminta: kode daftar pemeriksaan, atau kode LOINC",
        "§2.1/13",
        contoh=["hb", "protein-urin"],
    )
    unitAsal: Unit = bidang(
        "Unit yang meminta, tempat pasien kembali", "§1.B B6", kode="unit-layanan", contoh="kia"
    )
    peminta: str = bidang(
        "Petugas peminta", "§2.1/13", rujuk="petugas-kesehatan", contoh="bidan-kia"
    )
    waktu: datetime = bidang(
        "Waktu permintaan", "§2.1/13", contoh="2024-04-02T09:04:00+07:00", terjadi=True
    )
    lab: str = bidang(
        "Laboratorium", "§2.1/13", rujuk="faskes", contoh="lab-dharma-rini", cari=True
    )
    lokasiLab: str | None = bidang(
        "Ruang laboratorium", "§1.B B6", default=None, rujuk="lokasi", contoh="lab"
    )
    cito: bool = bidang("Cito (segera)", "§2.1/13", default=False, contoh=False)
    diagnosis: str | None = bidang(
        "Diagnosis kerja (ICD-10)", "§2.1/13", default=None, contoh="Z34.9"
    )
    kondisi: str | None = bidang(
        "Diagnosis yang sudah tercatat", "§2.1/13", default=None, rujuk="kondisi", contoh="z35-8"
    )
    catatan: str | None = bidang("Catatan untuk laboratorium", "§2.1/13", default=None)
    status: Status = bidang(
        "Status",
        "§1.B B6",
        default="terbuka",
        kode="status-pengantar-lab",
        contoh="terbuka",
        cari=True,
    )
    alasan: str | None = bidang(
        "Alasan tanpa hasil", "BR-B6", default=None, contoh="Pasien menolak diambil darah"
    )
    diterima: datetime | None = bidang(
        "Waktu diterima laboratorium",
        "§1.B B6",
        default=None,
        contoh="2024-04-02T09:06:00+07:00",
        terjadi=True,
    )
    ditutup: datetime | None = bidang(
        "Waktu selesai atau batal",
        "§1.B B6",
        default=None,
        contoh="2024-04-02T10:05:00+07:00",
        terjadi=True,
    )
    hasil: tuple[str, ...] = bidang(
        "Hasil yang sudah masuk", "§2.1/14", default=(), rujuk="hasil-lab", server=True
    )


def periksa(pengantar: PengantarLab) -> Iterator[Teguran]:
    """Find what one slip can get wrong."""
    if not pengantar.pemeriksaan:
        yield Teguran(
            "pemeriksaan", "kosong.", "paling sedikit satu pemeriksaan.", "domain §2.1/13"
        )
    for kode in dict.fromkeys(pengantar.pemeriksaan):
        if not dikenal(kode):
            yield Teguran(
                "pemeriksaan",
                f"{kode} tidak dikenal dan bukan kode LOINC yang sah.",
                f"kode LOINC atau salah satu dari: {', '.join(saran(kode))}.",
            )
        if pengantar.pemeriksaan.count(kode) > 1:
            yield Teguran("pemeriksaan", f"{kode} diminta lebih dari sekali.", "sekali saja.")
    if pengantar.status in TANPA_HASIL and not pengantar.alasan:
        yield Teguran(
            "alasan",
            f"pengantar berstatus {pengantar.status} tanpa alasan.",
            "alasan mengapa tidak ada hasil.",
            "BR-B6",
            english="BR-B6: a slip that is closed without a result needs a reason (alasan).",
        )


def periksa_perubahan(lama: Mapping[str, Any], baru: PengantarLab) -> Iterator[Teguran]:
    """Find which changes a slip forbids: one that was closed stays as it is."""
    dulu = lama.get("status")
    if dulu in (None, *TERBUKA) or baru.status in (dulu, "salah-entri"):
        return
    yield Teguran(
        "status",
        f"pengantar {baru.nomor} sudah {dulu} dan tidak dapat menjadi {baru.status}.",
        "buat pengantar baru.",
        "BR-B6",
        jenis="keadaan",
        english=f"BR-B6: slip {baru.nomor} is {dulu} and cannot become {baru.status}.",
    )
