"""Resep: a prescription of one or more drugs (domain §2.1 row 15)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Literal

from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

StatusResep = Literal["disusun", "aktif", "selesai", "dibatalkan"]
AsalResep = Literal["kunjungan", "konsultasi-daring"]
URUTAN: Final[dict[str, tuple[str, ...]]] = {
    "disusun": ("disusun", "aktif", "dibatalkan"),
    "aktif": ("aktif", "selesai", "dibatalkan"),
    "selesai": ("selesai",),
    "dibatalkan": ("dibatalkan",),
}


@dokumen
class ItemResep:
    """One drug of a prescription."""

    obat: str = bidang("Kode KFA", "§2.1/15", pola=r"9[0-9]{7}", contoh="93000937")
    nama: str = bidang("Nama obat", "§2.1/15", contoh="Tablet tambah darah (Fe dan asam folat)")
    signa: str = bidang("Aturan pakai", "§2.1/15", contoh="1 x 1 tablet")
    jumlah: Decimal = bidang("Jumlah", "§2.1/15", contoh=30)
    satuan: str = bidang("Satuan", "§2.1/15", default="tablet", contoh="tablet")
    catatan: str | None = bidang("Catatan", "§2.1/15", default=None)


@dokumen
class Resep(Dokumen):
    """Resep dokter atau bidan."""

    noResep: str = bidang("Nomor resep", "§2.1/15", contoh="RSP-20240402-017", cari=True)
    asal: AsalResep = bidang("Asal", "§2.1/15", kode="asal-resep", contoh="kunjungan")
    pasien: str = bidang("Pasien", "§2.1/15", rujuk="pasien", contoh="siti", cari=True)
    peresep: str = bidang("Peresep", "§2.1/15", rujuk="petugas", contoh="dokter-klaster-2")
    waktu: datetime = bidang(
        "Waktu ditulis", "§2.1/15", contoh="2024-04-02T10:12:00+07:00", cari=True, terjadi=True
    )
    item: tuple[ItemResep, ...] = bidang("Obat", "§2.1/15")
    kunjungan: str | None = bidang(
        "Kunjungan", "§2.1/15", default=None, rujuk="kunjungan", contoh="anc-s1", cari=True
    )
    kasus: str | None = bidang(
        "Kasus konsultasi", "§2.1/15", default=None, rujuk="kasus-konsultasi", contoh="kasus-s2"
    )
    status: StatusResep = bidang(
        "Status", "§2.1/15", default="aktif", kode="status-resep", contoh="aktif", cari=True
    )
    apotekLuar: str | None = bidang(
        "Apotek luar, bila obat tidak diambil di puskesmas",
        "BR-C9",
        default=None,
        rujuk="faskes",
        contoh="apotek-mitra",
    )


def periksa(resep: Resep) -> Iterator[Teguran]:
    """Find what one prescription can get wrong."""
    if not resep.item:
        yield Teguran("item", "kosong.", "paling sedikit satu obat.", "§2.1/15")
    for place, item in enumerate(resep.item):
        if item.jumlah <= 0:
            yield Teguran(f"item[{place}].jumlah", f"{item.jumlah}.", "lebih dari nol.")
    if resep.asal == "konsultasi-daring" and resep.kasus is None:
        yield Teguran("kasus", "resep konsultasi daring tanpa kasus.", "kasus konsultasinya.")


def periksa_perubahan(lama: Mapping[str, Any], baru: Resep) -> Iterator[Teguran]:
    """Find which changes a prescription forbids: draf → aktif → selesai, or dibatalkan."""
    boleh = URUTAN.get(lama.get("status") or "", tuple(URUTAN))
    if baru.status not in boleh:
        yield Teguran(
            "status",
            f"resep {lama.get('status')} tidak menjadi {baru.status}.",
            f"{', '.join(boleh)}.",
            "§4.4",
            jenis="keadaan",
        )
    if len(baru.item) < len(lama.get("item") or ()):
        yield Teguran(
            "item",
            "obat tidak dihapus dari resep yang sudah ada.",
            "batalkan resep ini dan tulis yang baru.",
            "§2.1/15",
            jenis="keadaan",
        )
