"""The units of a puskesmas, its clusters, and who pays: the code lists that entities share."""

from __future__ import annotations

from typing import Literal

Unit = Literal[
    "loket",
    "kia",
    "anak-mtbs",
    "kb",
    "imunisasi",
    "persalinan",
    "gigi",
    "infeksi",
    "lab",
    "farmasi",
    "fisioterapi",
    "rawat-inap",
    "ugd",
    "umum-dewasa",
    "lansia",
]
Klaster = Literal["klaster-1", "klaster-2", "klaster-3", "klaster-4", "lintas-klaster"]
Penjamin = Literal["bpjs-pbi", "bpjs-nonpbi", "umum", "gratis"]
