"""LangkahProgram: one step by which a program is set up, with its limit (domain §1.D, §1.E).

Disposisi, studying, coordination; letters, reception, preparation, reports: work of the organisers
that is about no patient. What a step brings forth are documents.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from fhir_server.sop import pihak
from fhir_server.sop.alur import Alur, Keadaan
from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LangkahBernomor = Literal[
    "sla-d1",
    "sla-d2",
    "sla-d3",
    "sla-e1",
    "sla-e2",
    "sla-e3",
    "sla-e4a",
    "sla-e4b",
    "sla-e5",
    "sla-e6",
    "sla-e7",
    "sla-e8",
    "sla-e9",
]
StatusLangkah = Literal["ditugaskan", "dikerjakan", "selesai", "dibatalkan"]
PEMBERI, PELAKSANA = ("pemberi tugas",), ("pelaksana",)
ALUR_LANGKAH: Final = Alur(
    nama="langkah-program",
    benda="langkah program",
    thing="step of a program",
    aturan="alur langkah program (domain §1.D, §1.E)",
    keadaan={
        "ditugaskan": Keadaan(("dikerjakan", "selesai", "dibatalkan"), PEMBERI, "requested"),
        "dikerjakan": Keadaan(("selesai", "dibatalkan"), PELAKSANA, "in-progress"),
        "selesai": Keadaan((), PELAKSANA, "completed"),
        "dibatalkan": Keadaan((), PEMBERI, "cancelled"),
    },
)


@dokumen
class LangkahProgram(Dokumen):
    """Langkah persiapan dan pelaporan sebuah program."""

    langkah: LangkahBernomor = bidang(
        "Langkah", "§1.D D1-D3, §1.E", kode="sla", contoh="sla-d1", cari=True
    )
    faskes: str = bidang(
        "Penyelenggara", "§1.D", rujuk="faskes", contoh="tim-lakon-kembaran", cari=True
    )
    pemberi: str = bidang(
        "Pemberi tugas", "§1.D D1", pola=pihak.POLA, contoh="petugas/camat-kembaran"
    )
    pelaksana: str = bidang(
        "Pelaksana", "§1.D D1", pola=pihak.POLA, contoh="tim/tim-pelaksana-lakon", cari=True
    )
    ditugaskan: datetime = bidang(
        "Waktu ditugaskan", "§4.3", contoh="2021-07-01T08:00:00+07:00", cari=True
    )
    mulai: datetime | None = bidang(
        "Waktu mulai dikerjakan; kosong: waktu ditugaskan",
        "§4.3",
        default=None,
        contoh="2021-07-01T08:00:00+07:00",
    )
    selesai: datetime | None = bidang(
        "Waktu selesai", "§4.3", default=None, contoh="2021-07-01T08:05:00+07:00"
    )
    kelengkapan: tuple[str, ...] = bidang(
        "Dokumen kelengkapan (id)", "§1.D D1", default=(), contoh=["sk-tim-pelaksana"]
    )
    keluaran: tuple[str, ...] = bidang(
        "Dokumen keluaran (id)", "§1.D D1", default=(), contoh=["disposisi-1"]
    )
    catatan: str | None = bidang("Catatan", "§1.D", default=None)
    status: StatusLangkah = bidang(
        "Status",
        "§1.D",
        default="ditugaskan",
        kode="status-langkah-program",
        contoh="selesai",
        cari=True,
    )
    alasan: str | None = bidang("Alasan dibatalkan", "§1.D", default=None)


def periksa(langkah: LangkahProgram) -> Iterator[Teguran]:
    """Find what one step can get wrong."""
    mulai = langkah.mulai or langkah.ditugaskan
    if mulai < langkah.ditugaskan:
        yield Teguran("mulai", "sebelum ditugaskan.", f"sesudah {langkah.ditugaskan}.", "§4.3")
    if (langkah.status == "selesai") != (langkah.selesai is not None):
        yield Teguran(
            "selesai",
            f"tidak cocok dengan status {langkah.status}.",
            "waktu selesai, hanya pada status selesai.",
            "§4.3",
        )
    if langkah.selesai is not None and langkah.selesai < mulai:
        yield Teguran("selesai", "sebelum mulai.", f"sesudah {mulai}.", "§4.3")
    if langkah.status == "dibatalkan" and not langkah.alasan:
        yield Teguran("alasan", "dibatalkan tanpa alasan.", "alasannya.")
    if langkah.status == "selesai" and not langkah.keluaran:
        yield Teguran("keluaran", "kosong.", "dokumen yang dihasilkan.", "§1.D", jenis="peringatan")


def periksa_perubahan(lama: Mapping[str, Any], baru: LangkahProgram) -> Iterator[Teguran]:
    """Find which changes a step forbids."""
    if salah := ALUR_LANGKAH.pindah(lama.get("status"), baru.status):
        yield salah
    if lama.get("langkah") not in (None, baru.langkah):
        yield Teguran("langkah", "berubah.", f"tetap {lama['langkah']}.", jenis="keadaan")
