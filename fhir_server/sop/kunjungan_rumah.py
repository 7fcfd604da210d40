"""KunjunganRumah: a visit to a patient's home, planned or asked for (§1.C C12, §2.1 row 35).

A visit for a task closes it: what came of the visit is what came of the task.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen
from fhir_server.sop.tindak_lanjut import C12, Hasil

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dokumen
class KunjunganRumah(Dokumen):
    """Kunjungan rumah."""

    faskes: str = bidang(
        "Pustu atau puskesmas", "§2.1/35", rujuk="faskes", contoh="pustu-sidorejo", cari=True
    )
    nomor: str = bidang("Nomor kunjungan", "§2.1/35", contoh="KR-2024-0012", cari=True)
    pasien: str = bidang("Pasien", "§2.1/35", rujuk="pasien", contoh="siti", cari=True)
    petugas: str = bidang(
        "Petugas", "§2.1/35", rujuk="petugas-kesehatan", contoh="bidan-desa-sidorejo", cari=True
    )
    mulai: datetime = bidang(
        "Mulai", "§2.1/35", contoh="2024-07-10T09:00:00+07:00", cari=True, terjadi=True
    )
    selesai: datetime | None = bidang(
        "Selesai; kosong selama berlangsung", "§2.1/35", default=None, terjadi=True
    )
    hasil: Hasil | None = bidang(
        "Hasil", "§2.1/35", default=None, kode="hasil-tindak-lanjut", contoh="selesai"
    )
    tugas: str | None = bidang(
        "Tugas yang dikerjakan; kosong: kunjungan rutin tanpa tugas",
        "§1.C C12",
        default=None,
        rujuk="tindak-lanjut",
    )
    lokasi: str | None = bidang("Tempat", "§2.1/35", default=None, rujuk="lokasi")
    temuan: str | None = bidang(
        "Temuan", "§2.1/35", default=None, contoh="Belum pernah memeriksakan kehamilan"
    )
    tindakan: str | None = bidang(
        "Yang dilakukan", "§2.1/35", default=None, contoh="Edukasi, diantar ke pustu"
    )
    rencana: str | None = bidang("Rencana", "§2.1/35", default=None, contoh="ANC besok di pustu")


def periksa(kunjungan: KunjunganRumah) -> Iterator[Teguran]:
    """Find what one home visit can get wrong."""
    yield from selesai_dengan_hasil(kunjungan.mulai, kunjungan.selesai, kunjungan.hasil)
    if kunjungan.hasil == "selesai" and not (kunjungan.temuan or kunjungan.tindakan):
        yield Teguran("temuan", "kosong pada kunjungan selesai.", "temuan atau tindakan.", C12)


def selesai_dengan_hasil(
    mulai: datetime, selesai: datetime | None, hasil: str | None
) -> Iterator[Teguran]:
    """Judge that field work which has ended says how, and only then."""
    if selesai is not None and selesai < mulai:
        yield Teguran("selesai", "lebih awal daripada mulai.", f"sesudah {mulai}.")
    if (selesai is None) != (hasil is None):
        yield Teguran(
            "hasil", "tidak sesuai dengan waktu selesai.", "keduanya terisi atau keduanya kosong."
        )


def periksa_perubahan(lama: Mapping[str, Any], baru: KunjunganRumah) -> Iterator[Teguran]:
    """Find which changes a home visit forbids: one that has ended stays so."""
    if lama.get("hasil") is not None and lama["hasil"] != baru.hasil:
        yield Teguran(
            "hasil",
            f"kunjungan {baru.nomor} sudah berakhir dengan hasil {lama['hasil']}.",
            "hasil tetap; kunjungan baru untuk hasil baru.",
            C12,
            jenis="keadaan",
        )
