"""Faskes: a health facility, or a partner of one (domain §2.1 row 4)."""

from __future__ import annotations

from typing import Literal

from fhir_server.sop.dokumen import Dokumen, bidang, dokumen
from fhir_server.sop.unit import Klaster

JenisFaskes = Literal[
    "puskesmas",
    "pustu",
    "pkd",
    "posyandu",
    "rs-fkrtl",
    "klinik",
    "apotik",
    "lab",
    "dinkes",
    "perguruan-tinggi",
    "kecamatan",
    "lembaga-sosial",
    "lembaga-hukum",
]


@dokumen
class Faskes(Dokumen):
    """Fasilitas kesehatan, unit atau lembaga mitra."""

    kode: str = bidang("Kode faskes", "§2.1/4", contoh="99010101", cari=True)
    jenis: JenisFaskes = bidang(
        "Jenis faskes", "§2.1/4", kode="jenis-faskes", contoh="puskesmas", cari=True
    )
    nama: str = bidang("Nama", "§2.1/4", contoh="Puskesmas Dharma Rini", cari=True)
    induk: str | None = bidang("Faskes induk", "§2.1/4", default=None, rujuk="faskes", cari=True)
    klaster: Klaster | None = bidang("Klaster", "§2.1/4", default=None, kode="klaster")
    wilayahKerja: tuple[str, ...] = bidang(
        "Kode desa di wilayah kerja", "§2.1/4", default=(), contoh=["9901022001"]
    )
    alamat: str | None = bidang(
        "Alamat untuk kop surat", "§2.1/4", default=None, contoh="Jalan Raya Dharma Rini 12"
    )
    kota: str | None = bidang(
        "Kota atau kabupaten, tempat surat ditandatangani",
        "§2.1/4",
        default=None,
        contoh="Dharma Rini",
    )
    telepon: str | None = bidang("Telepon", "§2.1/4", default=None, contoh="0299-000001")
