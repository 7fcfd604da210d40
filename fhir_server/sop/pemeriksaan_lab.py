"""The lab tests a puskesmas orders by name, and what their results look like."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, Literal

Bentuk = Literal["angka", "pilihan", "teks"]


@dataclass(frozen=True, slots=True)
class Pemeriksaan:
    """One test: its short code, its name on the slip, and the form of its result.

    ``satuan`` belongs to ``angka``; ``pilihan`` are the answers of a test with a fixed list.
    ``spesimen`` is what is taken from the patient, ``batas`` what a living body can have.
    """

    kode: str
    nama: str
    bentuk: Bentuk
    spesimen: str
    satuan: str | None = None
    pilihan: tuple[str, ...] = ()
    batas: tuple[int, int] = (0, 10**9)


REAKTIF = ("reaktif", "non-reaktif")
POSITIF = ("positif", "negatif")
CARIK = ("negatif", "trace", "+1", "+2", "+3", "+4")

_DAFTAR = (
    Pemeriksaan("hb", "Hemoglobin", "angka", "darah", "g/dL", batas=(1, 30)),
    Pemeriksaan("hematokrit", "Hematokrit", "angka", "darah", "%", batas=(3, 80)),
    Pemeriksaan("leukosit", "Leukosit", "angka", "darah", "10*3/uL", batas=(0, 1000)),
    Pemeriksaan("trombosit", "Trombosit", "angka", "darah", "10*3/uL", batas=(0, 5000)),
    Pemeriksaan("golongan-darah", "Golongan darah ABO", "pilihan", "darah", None,
                ("A", "B", "AB", "O")),
    Pemeriksaan("rhesus", "Rhesus", "pilihan", "darah", None, POSITIF),
    Pemeriksaan("hiv", "HIV (rapid)", "pilihan", "darah", None, REAKTIF),
    Pemeriksaan("sifilis-rpr", "Sifilis (RPR)", "pilihan", "darah", None, REAKTIF),
    Pemeriksaan("sifilis-vdrl", "Sifilis (VDRL)", "pilihan", "darah", None, REAKTIF),
    Pemeriksaan("hbsag", "HBsAg (rapid)", "pilihan", "darah", None, REAKTIF),
    Pemeriksaan("ns1", "Dengue NS1 (rapid)", "pilihan", "darah", None, POSITIF),
    Pemeriksaan("gds", "Gula darah sewaktu", "angka", "darah", "mg/dL", batas=(5, 2500)),
    Pemeriksaan("kolesterol", "Kolesterol total", "angka", "darah", "mg/dL", batas=(20, 2500)),
    Pemeriksaan("protein-urin", "Protein urin (carik celup)", "pilihan", "urin", None, CARIK),
    Pemeriksaan("bta", "Dahak BTA", "pilihan", "dahak", None,
                ("negatif", "scanty", "+1", "+2", "+3")),
)  # fmt: skip

DAFTAR: Final[dict[str, Pemeriksaan]] = {each.kode: each for each in _DAFTAR}


def dikenal(kode: str) -> bool:
    """Say whether a test can be ordered by this code: one of ours, or a LOINC code."""
    return kode in DAFTAR or angka_uji_benar(kode)


def saran(kode: str) -> list[str]:
    """Give the codes of ours that a misspelt one may mean."""
    return get_close_matches(kode, DAFTAR, 3, 0.5) or sorted(DAFTAR)


def angka_uji_benar(kode: str) -> bool:
    """Say whether a code has the form of a LOINC code and its check digit (modulus 10)."""
    badan, _, uji = kode.partition("-")
    if not (badan.isascii() and badan.isdigit() and uji.isdigit() and len(badan) <= 7):
        return False
    ganda = str(int(badan[::-1][::2][::-1]) * 2)
    jumlah = sum(map(int, ganda)) + sum(map(int, badan[::-1][1::2]))
    return uji == str(-jumlah % 10)
