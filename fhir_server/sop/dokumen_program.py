"""DokumenProgram: letters and papers of a program (domain §1.E E1, E2, E5, §1.D, §2.1 row 32).

Surat tugas, surat pemberitahuan, disposisi, pedoman teknis, bahan konseling; and the scans of what
is kept on paper. What it says stands in ``isi`` or in a file, a Binary of this server.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from fhir_server.sop import pihak
from fhir_server.sop.alur import Alur, Keadaan
from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

JenisDokumenProgram = Literal[
    "surat-tugas",
    "surat-pemberitahuan",
    "disposisi",
    "pedoman-teknis",
    "rencana-aksi",
    "bahan-konseling",
    "salinan-manual",
]
StatusDokumen = Literal["berlaku", "diganti", "salah-entri"]
PENERBIT: Final = ("penerbit",)
ALUR_DOKUMEN: Final = Alur(
    nama="dokumen-program",
    benda="dokumen",
    thing="document",
    aturan="domain §2.1/32",
    keadaan={
        "berlaku": Keadaan(("diganti",), PENERBIT, "current"),
        "diganti": Keadaan((), PENERBIT, "superseded"),
        "salah-entri": Keadaan((), PENERBIT, "entered-in-error"),
    },
    selalu=("salah-entri",),
)


@dokumen
class DokumenProgram(Dokumen):
    """Surat atau dokumen sebuah program."""

    jenis: JenisDokumenProgram = bidang(
        "Jenis", "§2.1/32", kode="jenis-dokumen", contoh="surat-tugas", cari=True
    )
    nomor: str = bidang("Nomor", "§2.1/32", contoh="ST/019/OSOC/2019", cari=True)
    penerbit: str = bidang(
        "Penerbit", "§2.1/32", rujuk="faskes", contoh="perguruan-tinggi", cari=True
    )
    waktu: datetime = bidang("Waktu terbit", "§2.1/32", contoh="2019-10-01T08:00:00+07:00")
    judul: str = bidang(
        "Judul atau perihal", "§2.1/32", contoh="Surat tugas pendampingan ibu hamil"
    )
    isi: str | None = bidang(
        "Isi", "§2.1/32", default=None, contoh="Menugaskan mahasiswa berikut …"
    )
    berkas: str | None = bidang(
        "Berkas (id Binary), bila bukan teks", "§1.E", default=None, contoh="pindaian-1"
    )
    jenisBerkas: str | None = bidang(
        "Jenis berkas", "§1.E", default=None, contoh="application/pdf", pola=r"[\w.+-]+/[\w.+-]+"
    )
    penandaTangan: str | None = bidang(
        "Penanda tangan", "§2.1/32", default=None, rujuk="petugas-kesehatan"
    )
    mahasiswa: str | None = bidang(
        "Mahasiswa yang ditugaskan",
        "§1.E E1",
        default=None,
        rujuk="petugas-kesehatan",
        contoh="putri",
    )
    penerima: tuple[str, ...] = bidang(
        "Penerima", "§1.E E2", default=(), pola=pihak.POLA, contoh=["faskes/pkm-osoc"]
    )
    orang: str | None = bidang(
        "Mahasiswa sebagai orang (Practitioner)", "§1.E E1", default=None, server=True
    )
    status: StatusDokumen = bidang(
        "Status", "§2.1/32", default="berlaku", kode="status-dokumen", contoh="berlaku"
    )


def periksa(surat: DokumenProgram) -> Iterator[Teguran]:
    """Find what one document can get wrong."""
    if (surat.isi is None) == (surat.berkas is None):
        yield Teguran("isi", "tepat satu dari isi dan berkas.", "isi sebagai teks, atau berkas.")
    if (surat.berkas is None) != (surat.jenisBerkas is None):
        yield Teguran("jenisBerkas", "tidak cocok dengan berkas.", "mis. application/pdf.")
    if surat.jenis == "surat-tugas" and surat.mahasiswa is None:
        yield Teguran("mahasiswa", "kosong pada surat tugas.", "siapa yang ditugaskan.", "§1.E E1")
    if surat.jenis == "surat-pemberitahuan" and not surat.penerima:
        yield Teguran("penerima", "kosong pada pemberitahuan.", "siapa yang diberi tahu.", "§1.E")


def periksa_perubahan(lama: Mapping[str, Any], baru: DokumenProgram) -> Iterator[Teguran]:
    """Find which changes a document forbids."""
    if salah := ALUR_DOKUMEN.pindah(lama.get("status"), baru.status, baru.nomor):
        yield salah
