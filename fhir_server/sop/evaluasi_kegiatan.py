"""EvaluasiKegiatan: Pustu and cadres judge a home visit or an activity (domain §1.C C13)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal

from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen

if TYPE_CHECKING:
    from collections.abc import Iterator

Jenis = Literal["rutin", "tindak-lanjut-pws"]
C13: Final = "domain §1.C C13"


@dokumen
class EvaluasiKegiatan(Dokumen):
    """Evaluasi kunjungan rumah atau kegiatan."""

    faskes: str = bidang(
        "Pustu yang mengevaluasi", "§1.C C13", rujuk="faskes", contoh="pustu-sidorejo", cari=True
    )
    tugas: str = bidang("Tugas yang dievaluasi", "§1.C C13", rujuk="tindak-lanjut", contoh="tl-s11")
    jenis: Jenis = bidang(
        "Jenis evaluasi", "§1.C C13", kode="jenis-evaluasi", contoh="tindak-lanjut-pws"
    )
    penilai: str = bidang(
        "Penilai", "§1.C C13", rujuk="petugas-kesehatan", contoh="bidan-desa-sidorejo", cari=True
    )
    waktu: datetime = bidang(
        "Waktu", "§1.C C13", contoh="2024-07-15T13:00:00+07:00", cari=True, terjadi=True
    )
    tercapai: bool = bidang("Tujuan tercapai", "§1.C C13", contoh=True)
    kendala: str | None = bidang(
        "Kendala", "§1.C C13", default=None, contoh="Dua ibu bekerja di luar desa"
    )
    rencana: str | None = bidang(
        "Rencana selanjutnya", "§1.C C13", default=None, contoh="Kunjungan ulang sore hari"
    )


def periksa(evaluasi: EvaluasiKegiatan) -> Iterator[Teguran]:
    """Find what one evaluation can get wrong."""
    if not evaluasi.tercapai and not (evaluasi.kendala or evaluasi.rencana):
        yield Teguran(
            "kendala", "kosong padahal tujuan tidak tercapai.", "kendala atau rencana.", C13
        )


def belum_berakhir(tugas: str, status: str | None) -> Teguran:
    """Word C13: what is evaluated has not been done yet."""
    return Teguran(
        "tugas",
        f"tugas {tugas} berstatus {status or 'tidak dikenal'}, belum dapat dievaluasi.",
        "tugas yang selesai atau gagal.",
        C13,
        jenis="keadaan",
        english=f"C13: task {tugas} is {status or 'not known'}; only one that is completed or "
        "failed is evaluated.",
    )


def jenis_sesuai(jenis: str | None, asal: str | None) -> Teguran | None:
    """Judge that work which the PWS asked for is evaluated as such, and no other."""
    benar = "tindak-lanjut-pws" if asal == "pws" else "rutin"
    if jenis == benar:
        return None
    return Teguran(
        "jenis",
        f"{jenis} untuk tugas yang berasal dari {asal or 'sumber tidak dikenal'}.",
        f"{benar}.",
        C13,
        english=f"C13: an evaluation of this task is of kind {benar}, not {jenis}.",
    )
