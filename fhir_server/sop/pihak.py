"""Pihak: who takes part in a chat, written as kind and id: ``pasien/siti``, ``petugas/bidan-kia``.

Source: SOP Chat dengan petugas, pengertian: dokter, bidan, ibu hamil, pasien isolasi mandiri, and
the family and groups who act for them. A telephone number that nobody has matched with a person
yet is ``wa/628…``; who it is, staff decide, never the server.
"""

from __future__ import annotations

from typing import Final

JENIS: Final = ("pasien", "keluarga", "petugas", "tim", "faskes", "wa")
POLA: Final = rf"({'|'.join(JENIS)})/[A-Za-z0-9.\-]{{1,64}}"


def jenis(pihak: str) -> str:
    """Give the kind of a party."""
    return pihak.partition("/")[0]


def adalah_warga(pihak: str) -> bool:
    """Tell whether a party is the patient or family, not staff and not an unknown number."""
    return jenis(pihak) in {"pasien", "keluarga"}
