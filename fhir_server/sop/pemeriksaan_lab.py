"""The lab tests a puskesmas orders by name, and what their results look like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Bentuk = Literal["angka", "pilihan", "teks"]


@dataclass(frozen=True, slots=True)
class Pemeriksaan:
    """One test: its short code, its name on the slip, and the form of its result.

    ``satuan`` belongs to ``angka``; ``pilihan`` are the answers of a test with a fixed list.
    ``spesimen`` is what is taken from the patient.
    """

    kode: str
    nama: str
    bentuk: Bentuk
    spesimen: str
    satuan: str | None = None
    pilihan: tuple[str, ...] = ()


REAKTIF = ("reaktif", "non-reaktif")
POSITIF = ("positif", "negatif")
CARIK = ("negatif", "trace", "+1", "+2", "+3", "+4")

_DAFTAR = (
    Pemeriksaan("hb", "Hemoglobin", "angka", "darah", "g/dL"),
    Pemeriksaan("hematokrit", "Hematokrit", "angka", "darah", "%"),
    Pemeriksaan("leukosit", "Leukosit", "angka", "darah", "10*3/uL"),
    Pemeriksaan("trombosit", "Trombosit", "angka", "darah", "10*3/uL"),
    Pemeriksaan("golongan-darah", "Golongan darah ABO", "pilihan", "darah", None,
                ("A", "B", "AB", "O")),
    Pemeriksaan("rhesus", "Rhesus", "pilihan", "darah", None, POSITIF),
    Pemeriksaan("hiv", "HIV (rapid)", "pilihan", "darah", None, REAKTIF),
    Pemeriksaan("sifilis-rpr", "Sifilis (RPR)", "pilihan", "darah", None, REAKTIF),
    Pemeriksaan("sifilis-vdrl", "Sifilis (VDRL)", "pilihan", "darah", None, REAKTIF),
    Pemeriksaan("hbsag", "HBsAg (rapid)", "pilihan", "darah", None, REAKTIF),
    Pemeriksaan("ns1", "Dengue NS1 (rapid)", "pilihan", "darah", None, POSITIF),
    Pemeriksaan("gds", "Gula darah sewaktu", "angka", "darah", "mg/dL"),
    Pemeriksaan("kolesterol", "Kolesterol total", "angka", "darah", "mg/dL"),
    Pemeriksaan("protein-urin", "Protein urin (carik celup)", "pilihan", "urin", None, CARIK),
    Pemeriksaan("bta", "Dahak BTA", "pilihan", "dahak", None,
                ("negatif", "scanty", "+1", "+2", "+3")),
)  # fmt: skip

DAFTAR: Final[dict[str, Pemeriksaan]] = {each.kode: each for each in _DAFTAR}
