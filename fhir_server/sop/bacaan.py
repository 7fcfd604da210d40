"""Bacaan: the readings that a message names. What is found is confirmed by staff before it counts.

Source: KMK 4829/2021 asks for temperature, SpO₂ and breathing rate twice a day; the spellings are
those of people who write on a telephone. A number that no living body can have is no reading.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from fhir_server.sop.tanda_bahaya import usulkan

_ANGKA: Final = r"\D{0,12}?(?P<n>\d{2,3}(?:[.,]\d)?)(?![\d/])"
_POLA: Final = {
    "suhu": re.compile(r"\b(?:suhu|temp\w*|panas|demam)" + _ANGKA, re.IGNORECASE),
    "spo2": re.compile(
        r"\b(?:spo[2₂]|sp02|saturasi|sat|oksigen|o2)(?:\s*(?:oksigen|o2))?" + _ANGKA, re.IGNORECASE
    ),
    "napas": re.compile(r"\b(?:napas|nafas|rr|respirasi)" + _ANGKA, re.IGNORECASE),
    "nadi": re.compile(r"\b(?:nadi|hr|denyut|bpm|pulse)" + _ANGKA, re.IGNORECASE),
}
_TENSI: Final = re.compile(r"\b(?P<s>[6-9]\d|1\d\d|2[0-5]\d)\s*/\s*(?P<d>[3-9]\d|1[0-5]\d)\b")
_DERAJAT: Final = re.compile(r"\b(?P<n>\d{2}(?:[.,]\d)?)\s*(?:°|derajat|celc?ius)", re.IGNORECASE)
_BATAS: Final = {"suhu": (34, 43), "spo2": (50, 100), "napas": (8, 70), "nadi": (30, 220)}


@dataclass(frozen=True, slots=True)
class Bacaan:
    """What a message names: °C, per cent, breaths and beats a minute, mmHg."""

    suhu: Decimal | None = None
    spo2: int | None = None
    napas: int | None = None
    nadi: int | None = None
    sistolik: int | None = None
    diastolik: int | None = None
    sesak: bool = False

    @property
    def ada(self) -> bool:
        """Say whether the message names any value at all."""
        return any(
            each is not None
            for each in (self.suhu, self.spo2, self.napas, self.nadi, self.sistolik)
        )


def baca(teks: str) -> Bacaan:
    """Read a message; of a value that is named twice the last counts."""
    suhu = _terakhir("suhu", _POLA["suhu"], teks) or _terakhir("suhu", _DERAJAT, teks)
    tensi = list(_TENSI.finditer(teks))
    return Bacaan(
        suhu=suhu,
        spo2=_bulat(_terakhir("spo2", _POLA["spo2"], teks)),
        napas=_bulat(_terakhir("napas", _POLA["napas"], teks)),
        nadi=_bulat(_terakhir("nadi", _POLA["nadi"], teks)),
        sistolik=int(tensi[-1]["s"]) if tensi else None,
        diastolik=int(tensi[-1]["d"]) if tensi else None,
        sesak=any(each.tanda.kode == "sesak-napas" for each in usulkan(teks)),
    )


def _terakhir(nama: str, pola: re.Pattern[str], teks: str) -> Decimal | None:
    rendah, tinggi = _BATAS[nama]
    dibaca = [Decimal(each["n"].replace(",", ".")) for each in pola.finditer(teks)]
    masuk = [each for each in dibaca if rendah <= each <= tinggi]
    return masuk[-1] if masuk else None


def _bulat(nilai: Decimal | None) -> int | None:
    return None if nilai is None else int(nilai)
