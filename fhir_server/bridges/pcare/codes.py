"""Codes of P-Care that only the puskesmas knows: clinics, doctors, hospitals, specialities.

    [poli]
    kia = "003"
    [dokter]
    dokter-todanan = "100001"
    [ppk]
    rs-a = "0001R001"
    [subspesialis."Obstetri dan ginekologi"]
    kdSubSpesialis1 = "3"
    kdSarana = "1"
    [tetap]
    kdTkp = "10"

Keys of `dokter` and `ppk` are ids of PractitionerRole and Organization, of `poli` our units.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TABLES: Final = ("poli", "dokter", "ppk", "subspesialis", "khusus", "sadar", "tetap")
SADAR: Final = {"compos-mentis": "01", "somnolen": "02", "sopor": "03", "koma": "04"}
"""P-Care's four levels; `apatis` has none and needs one in the file."""


@dataclass(frozen=True, slots=True)
class Codes:
    """What the file says, table by table. `tetap` goes into every payload as it is."""

    poli: Mapping[str, str] = field(default_factory=dict)
    dokter: Mapping[str, str] = field(default_factory=dict)
    ppk: Mapping[str, str] = field(default_factory=dict)
    subspesialis: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    khusus: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    sadar: Mapping[str, str] = field(default_factory=dict)
    tetap: Mapping[str, Any] = field(default_factory=dict)


def read(path: Path) -> Codes:
    """Read the file; ValueError names what is wrong with it."""
    try:
        found = tomllib.loads(path.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"{path}: {error}.") from None
    unknown = sorted(set(found) - set(TABLES))
    if unknown:
        raise ValueError(f"{path}: no table {', '.join(unknown)}; tables: {', '.join(TABLES)}.")
    plain = [name for name, table in found.items() if not isinstance(table, dict)]
    if plain:
        raise ValueError(f"{path}: {plain[0]} is no table; [{plain[0]}] would be right.")
    return Codes(**found)
