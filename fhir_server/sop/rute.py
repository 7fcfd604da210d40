"""Rute: where a patient is sent, by age and complaint (domain §1.C C3, BR-C3). Pure.

The table is walked from the top. An emergency ends it; a toothache goes to the dental room first
and then on to the cluster; a known or suspected infection moves every stop into the cluster's
infection room.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal, get_args

from fhir_server.sop.antrean import UMUR_LANSIA

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fhir_server.sop.unit import Klaster, Unit

BR_C3: Final = "BR-C3"
UMUR_DEWASA: Final = 18
Keluhan = Literal["gigi", "demam-pernapasan", "bayi", "umum"]
KELUHAN: Final[tuple[str, ...]] = get_args(Keluhan)


@dataclass(frozen=True, slots=True)
class Fakta:
    """What the route depends on, and nothing else."""

    umur: int
    gawat_darurat: bool = False
    keluhan: frozenset[str] = frozenset()
    hamil: bool = False
    nifas: bool = False
    menyusui: bool = False
    infeksi: bool = False


@dataclass(frozen=True, slots=True)
class Langkah:
    """One stop: the unit, its cluster, whether it is made in the infection room, and why."""

    unit: Unit
    klaster: Klaster
    alasan: str
    ruang_infeksi: bool = False


def rute(fakta: Fakta) -> tuple[Langkah, ...]:
    """Suggest the stops of a visit in their order (BR-C3)."""
    if fakta.gawat_darurat:
        return (Langkah("ugd", "lintas-klaster", "gawat darurat: ditangani seketika di UGD"),)
    tuju = _klaster(fakta)
    gigi = Langkah("gigi", tuju.klaster, "keluhan gigi: ruang gigi lebih dahulu")
    langkah = (gigi, tuju) if "gigi" in fakta.keluhan else (tuju,)
    if not menular(fakta):
        return langkah
    tambah = "; penyakit menular atau gejala demam/pernapasan akut: di ruang infeksi"
    return tuple(replace(e, ruang_infeksi=True, alasan=e.alasan + tambah) for e in langkah)


def menular(fakta: Fakta) -> bool:
    """Say whether the infection room is needed: known infection, or an acute fever or cough."""
    return fakta.infeksi or "demam-pernapasan" in fakta.keluhan


def keluhan_dari_diagnosis(kode: str) -> Keluhan | None:
    """Read from an ICD-10 code which kind of complaint it is, where it decides about the route."""
    if "K00" <= kode[:3] <= "K14":
        return "gigi"
    if "J00" <= kode[:3] <= "J22" or kode[:3] in {"R05", "R50", "U07"}:
        return "demam-pernapasan"
    return None


def penyakit_menular(kode: str) -> bool:
    """Say whether an ICD-10 code is of the chapter of infectious diseases."""
    return "A" <= kode[:1] <= "B"


def _klaster(fakta: Fakta) -> Langkah:
    for alasan in _klaster_2(fakta):
        unit: Unit = "anak-mtbs" if alasan.startswith("umur") else "kia"
        return Langkah(unit, "klaster-2", f"{alasan}: klaster 2")
    if fakta.umur < UMUR_LANSIA:
        return Langkah("umum-dewasa", "klaster-3", f"umur {fakta.umur} tahun (dewasa): klaster 3")
    return Langkah("lansia", "klaster-3", f"umur {fakta.umur} tahun (lansia): klaster 3")


def _klaster_2(fakta: Fakta) -> Iterator[str]:
    if fakta.hamil:
        yield "hamil"
    if fakta.nifas:
        yield "nifas"
    if fakta.menyusui and "bayi" in fakta.keluhan:
        yield "ibu menyusui dengan keluhan bayi"
    if fakta.umur < UMUR_DEWASA:
        yield f"umur {fakta.umur} tahun (di bawah 18)"
