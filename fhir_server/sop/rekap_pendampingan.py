"""RekapPendampingan: all accompaniment of a puskesmas in a period, for the Dinkes (§1.E E8, E9).

The server counts. The Dinkes receives it, and what it receives is material for planning.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from fhir_server.sop.alur import Alur, Keadaan
from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

StatusRekap = Literal["dikirim", "diterima", "salah-entri"]
E9: Final = "domain §1.E E9"
ALUR_REKAP: Final = Alur(
    nama="rekap-pendampingan",
    benda="rekap",
    thing="recapitulation",
    aturan=E9,
    keadaan={
        "dikirim": Keadaan(("diterima",), ("puskesmas",), "sent"),
        "diterima": Keadaan((), ("dinas kesehatan",), "received"),
        "salah-entri": Keadaan((), ("puskesmas",), "entered in error"),
    },
    awal=("dikirim",),
    selalu=("salah-entri",),
)


@dokumen
class HitunganPendampingan:
    """What a period came to."""

    klien: int = bidang("Klien", "§1.E E8", contoh=2)
    kunjungan: int = bidang("Kunjungan pendampingan", "§1.E E8", contoh=3)
    krt: int = bidang("Klien risiko tinggi (KRT)", "§1.E E8", contoh=2)
    krst: int = bidang("Klien risiko sangat tinggi (KRST)", "§1.E E8", contoh=0)
    tandaBahaya: int = bidang("Tanda bahaya yang ditemukan", "§1.E E8", contoh=1)


@dokumen
class RekapPendampingan(Dokumen):
    """Rekap pendampingan satu puskesmas."""

    faskes: str = bidang("Puskesmas", "§1.E E8", rujuk="faskes", contoh="pkm-osoc", cari=True)
    penerima: str = bidang("Dinas kesehatan", "§1.E E9", rujuk="faskes", contoh="dinkes")
    dari: date = bidang("Periode dari", "§1.E E8", contoh="2019-10-01")
    sampai: date = bidang("Periode sampai", "§1.E E8", contoh="2019-10-31")
    penyusun: str = bidang(
        "Penyusun", "§1.E E8", rujuk="petugas-kesehatan", contoh="bidan-koordinator"
    )
    mulai: datetime = bidang("Mulai disusun", "§1.E E8", contoh="2019-11-01T08:00:00+07:00")
    selesai: datetime = bidang("Selesai disusun", "§1.E E8", contoh="2019-11-01T11:01:00+07:00")
    kesimpulan: str | None = bidang("Kesimpulan", "§1.E E8", default=None)
    status: StatusRekap = bidang(
        "Status", "§1.E E9", default="dikirim", kode="status-rekap", contoh="diterima", cari=True
    )
    mulaiDiterima: datetime | None = bidang(
        "Dinas mulai memeriksa", "§1.E E9", default=None, contoh="2019-11-04T09:00:00+07:00"
    )
    diterima: datetime | None = bidang(
        "Waktu diterima", "§1.E E9", default=None, contoh="2019-11-04T09:08:00+07:00"
    )
    hitungan: HitunganPendampingan | None = bidang("Hitungan", "§1.E E8", default=None, server=True)
    laporan: tuple[str, ...] = bidang(
        "Laporan mahasiswa yang final", "§1.E E8", default=(), server=True
    )


def periksa(rekap: RekapPendampingan) -> Iterator[Teguran]:
    """Find what one recapitulation can get wrong."""
    if rekap.sampai < rekap.dari:
        yield Teguran("sampai", "lebih awal daripada dari.", f"sesudah {rekap.dari}.")
    if rekap.selesai < rekap.mulai:
        yield Teguran("selesai", "lebih awal daripada mulai.", f"sesudah {rekap.mulai}.")
    if (rekap.status == "diterima") != (rekap.diterima is not None):
        yield Teguran("diterima", f"tidak cocok dengan status {rekap.status}.", "waktunya.", E9)
    if rekap.mulaiDiterima and rekap.diterima and rekap.diterima < rekap.mulaiDiterima:
        yield Teguran("diterima", "sebelum mulai diperiksa.", f"sesudah {rekap.mulaiDiterima}.")


def periksa_perubahan(lama: Mapping[str, Any], baru: RekapPendampingan) -> Iterator[Teguran]:
    """Find which changes a recapitulation forbids."""
    if salah := ALUR_REKAP.pindah(lama.get("status"), baru.status):
        yield salah
