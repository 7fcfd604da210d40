"""Layanan: a service that is offered: to whom, where, when, how to reach it (domain §2.1 row 6).

Source: SOP LAKON GAMAN KEMBAR, syarat, tarif, waktu, sarana, informasi.
"""

from __future__ import annotations

from datetime import time
from typing import TYPE_CHECKING, Literal

from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen
from fhir_server.sop.percakapan_konsultasi import LayananKonsultasi, Medium

if TYPE_CHECKING:
    from collections.abc import Iterator

Hari = Literal["senin", "selasa", "rabu", "kamis", "jumat", "sabtu", "minggu"]
Saluran = Literal["telepon", "whatsapp", "email", "situs", "instagram"]
Karakteristik = Literal["gratis", "24-jam", "daring", "antar-obat"]


@dokumen
class Kontak:
    """Satu cara menghubungi layanan."""

    saluran: Saluran = bidang("Saluran", "§1.D", contoh="whatsapp")
    nilai: str = bidang("Nomor atau alamat", "§1.D", contoh="+62 800 0000 0000")


@dokumen
class JamLayanan:
    """Kapan layanan dibuka."""

    hari: tuple[Hari, ...] = bidang("Hari", "§1.D", contoh=["senin", "selasa"])
    mulai: time | None = bidang(
        "Mulai; kosong: sepanjang hari", "§1.D", default=None, contoh="07:30"
    )
    selesai: time | None = bidang("Selesai", "§1.D", default=None, contoh="14:00")


@dokumen
class Layanan(Dokumen):
    """Layanan yang ditawarkan."""

    nama: str = bidang("Nama", "§2.1/6", contoh="LAKON GAMAN KEMBAR", cari=True)
    jenis: LayananKonsultasi = bidang(
        "Jenis layanan", "§2.1/6", kode="layanan-konsultasi", contoh="lakon", cari=True
    )
    faskes: str = bidang(
        "Penyelenggara", "§2.1/6", rujuk="faskes", contoh="tim-lakon-kembaran", cari=True
    )
    keterangan: str | None = bidang("Keterangan", "§1.D", default=None)
    syarat: str | None = bidang(
        "Syarat", "§1.D BR-D1", default=None, contoh="Penduduk Kecamatan Kembaran"
    )
    wilayah: tuple[str, ...] = bidang(
        "Wilayah yang dilayani (lokasi)", "§1.D BR-D1", default=(), contoh=["kec-990302"]
    )
    karakteristik: tuple[Karakteristik, ...] = bidang(
        "Karakteristik", "§2.1/6", default=(), kode="karakteristik-layanan", contoh=["gratis"]
    )
    kanal: tuple[Medium, ...] = bidang(
        "Kanal yang diterima",
        "§1.D",
        default=(),
        kode="medium-komunikasi",
        contoh=["whatsapp", "landing-page"],
    )
    kontak: tuple[Kontak, ...] = bidang("Kontak", "§1.D", default=())
    jam: tuple[JamLayanan, ...] = bidang("Jam layanan", "§1.D", default=())
    aktif: bool = bidang("Aktif", "§2.1/6", default=True, contoh=True)


def periksa(layanan: Layanan) -> Iterator[Teguran]:
    """Find what one service can get wrong."""
    if "24-jam" in layanan.karakteristik and any(each.mulai for each in layanan.jam):
        yield Teguran("jam", "berjam, padahal 24 jam.", "sepanjang hari.", "§1.D")
    for place, each in enumerate(layanan.jam):
        if (each.mulai is None) != (each.selesai is None):
            yield Teguran(f"jam[{place}]", "hanya satu ujung.", "mulai dan selesai, atau tidak.")
    if layanan.jenis == "lakon" and "gratis" not in layanan.karakteristik:
        yield Teguran("karakteristik", "LAKON tanpa gratis.", "gratis.", "BR-D2")
