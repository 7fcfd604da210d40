"""KegiatanPosyandu: a Posyandu day or a Pustu activity for a group (§1.C C12, §2.1 row 35)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal

from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen
from fhir_server.sop.kunjungan_rumah import selesai_dengan_hasil
from fhir_server.sop.tindak_lanjut import C12, Hasil

if TYPE_CHECKING:
    from collections.abc import Iterator

Jenis = Literal["posyandu", "kegiatan-pustu"]


@dokumen
class KegiatanPosyandu(Dokumen):
    """Kegiatan posyandu atau pustu."""

    faskes: str = bidang(
        "Pustu atau puskesmas", "§2.1/35", rujuk="faskes", contoh="pustu-sidorejo", cari=True
    )
    nomor: str = bidang("Nomor kegiatan", "§2.1/35", contoh="KP-2024-0007", cari=True)
    jenis: Jenis = bidang(
        "Jenis kegiatan", "§2.1/35", kode="jenis-tugas", contoh="posyandu", cari=True
    )
    kelompok: str = bidang(
        "Kelompok sasaran (Group)", "§1.C C12", rujuk="kelompok", contoh="sasaran-sidorejo"
    )
    petugas: str = bidang(
        "Petugas", "§2.1/35", rujuk="petugas-kesehatan", contoh="kader-sidorejo", cari=True
    )
    lokasi: str = bidang("Tempat", "§2.1/35", rujuk="lokasi", contoh="posyandu-melati", cari=True)
    mulai: datetime = bidang(
        "Mulai", "§2.1/35", contoh="2024-07-11T08:00:00+07:00", cari=True, terjadi=True
    )
    selesai: datetime | None = bidang(
        "Selesai; kosong selama berlangsung", "§2.1/35", default=None, terjadi=True
    )
    hasil: Hasil | None = bidang(
        "Hasil", "§2.1/35", default=None, kode="hasil-tindak-lanjut", contoh="selesai"
    )
    sasaran: int | None = bidang("Jumlah sasaran", "§2.1/35", default=None, contoh=40)
    hadir: int | None = bidang("Jumlah hadir", "§2.1/35", default=None, contoh=31)
    uraian: str | None = bidang(
        "Yang dilakukan", "§2.1/35", default=None, contoh="Penimbangan, PMT, penyuluhan"
    )
    tugas: str | None = bidang(
        "Tugas yang dikerjakan", "§1.C C12", default=None, rujuk="tindak-lanjut"
    )


def periksa(kegiatan: KegiatanPosyandu) -> Iterator[Teguran]:
    """Find what one activity can get wrong."""
    yield from selesai_dengan_hasil(kegiatan.mulai, kegiatan.selesai, kegiatan.hasil)
    for nama in ("sasaran", "hadir"):
        jumlah = getattr(kegiatan, nama)
        if jumlah is not None and jumlah < 0:
            yield Teguran(nama, "kurang dari nol.", "nol atau lebih.")
    if kegiatan.hasil == "selesai" and kegiatan.hadir is None:
        yield Teguran("hadir", "kosong pada kegiatan selesai.", "jumlah yang hadir.", C12)
