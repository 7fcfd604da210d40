"""Lokasi: a room, a place of service, or an area that is served (domain §2.1 row 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen
from fhir_server.sop.unit import Unit

if TYPE_CHECKING:
    from collections.abc import Iterator

JenisLokasi = Literal["ruang", "pustu", "posyandu", "desa", "dusun", "rumah"]


@dokumen
class Lokasi(Dokumen):
    """Ruang, tempat layanan atau wilayah."""

    nama: str = bidang("Nama", "§2.1/5", contoh="Ruang KIA", cari=True)
    jenis: JenisLokasi = bidang(
        "Jenis lokasi", "§2.1/5", kode="jenis-lokasi", contoh="ruang", cari=True
    )
    kode: str | None = bidang(
        "Kode wilayah (desa)", "§2.1/5", default=None, pola=r"\d{10}", cari=True
    )
    induk: str | None = bidang("Lokasi induk", "§2.1/5", default=None, rujuk="lokasi", cari=True)
    faskes: str | None = bidang(
        "Faskes pengelola", "§2.1/5", default=None, rujuk="faskes", cari=True
    )
    unit: Unit | None = bidang(
        "Unit yang melayani di ruang ini",
        "BR-C5",
        default=None,
        kode="unit-layanan",
        contoh="kia",
        cari=True,
    )


def periksa(lokasi: Lokasi) -> Iterator[Teguran]:
    """Find what one location can get wrong."""
    if lokasi.jenis == "desa" and lokasi.kode is None:
        yield Teguran("kode", "desa tanpa kode wilayah.", "10 angka.", "domain §2.1/5")
