"""PelaksanaanHarian: who is on duty for a service on a day (domain §1.D D4, D5, §4.3).

The SOP runs LAKON "setiap hari": every calendar day has at least one duty.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from fhir_server.sop.alur import Alur, Keadaan
from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

StatusPiket = Literal["dijadwalkan", "berjalan", "selesai", "dibatalkan"]
TIM = ("tim pelaksana",)
ALUR_PIKET: Final = Alur(
    nama="pelaksanaan-harian",
    benda="piket",
    thing="duty",
    aturan="alur pelaksanaan harian (domain §1.D D4)",
    keadaan={
        "dijadwalkan": Keadaan(("berjalan", "selesai", "dibatalkan"), TIM, "requested"),
        "berjalan": Keadaan(("selesai", "dibatalkan"), ("operator",), "in-progress"),
        "selesai": Keadaan((), ("operator",), "completed"),
        "dibatalkan": Keadaan((), TIM, "cancelled"),
    },
)


@dokumen
class PelaksanaanHarian(Dokumen):
    """Piket harian sebuah layanan."""

    layanan: str = bidang("Layanan", "§1.D D4", rujuk="layanan", contoh="layanan-lakon", cari=True)
    faskes: str = bidang(
        "Penyelenggara", "§1.D", rujuk="faskes", contoh="tim-lakon-kembaran", cari=True
    )
    operator: str = bidang(
        "Operator", "§1.D D5", rujuk="petugas", contoh="operator-kembaran", cari=True
    )
    mulai: datetime = bidang(
        "Mulai bertugas", "§1.D D4", contoh="2021-07-12T00:00:00+07:00", cari=True
    )
    selesai: datetime = bidang("Selesai bertugas", "§1.D D4", contoh="2021-07-12T23:59:59+07:00")
    dokter: tuple[str, ...] = bidang(
        "Dokter yang bertugas",
        "§1.D D4",
        default=(),
        rujuk="petugas",
        contoh=["dokter-relawan-1", "dokter-pj"],
    )
    catatan: str | None = bidang("Catatan", "§1.D D4", default=None)
    status: StatusPiket = bidang(
        "Status",
        "§1.D D4",
        default="dijadwalkan",
        kode="status-piket",
        contoh="selesai",
        cari=True,
    )


def periksa(piket: PelaksanaanHarian) -> Iterator[Teguran]:
    """Find what one duty can get wrong."""
    if piket.selesai <= piket.mulai:
        yield Teguran("selesai", "tidak sesudah mulai.", f"sesudah {piket.mulai}.")
    if not piket.dokter:
        yield Teguran("dokter", "kosong.", "dokter yang bertugas.", "§1.D D6", jenis="peringatan")


def periksa_perubahan(lama: Mapping[str, Any], baru: PelaksanaanHarian) -> Iterator[Teguran]:
    """Find which changes a duty forbids."""
    if salah := ALUR_PIKET.pindah(lama.get("status"), baru.status):
        yield salah
