"""Usulan faktor KSPR: which rows of the card the recorded facts speak for.

A suggestion with its reason, never a decision: the bidan confirms or leaves it.

Source: Kartu Skor Poedji Rochjati. Age is counted in completed years and the interval from the
last birth, both at HPHT (our decision); only "kurang dari 2 tahun" is strict, other limits include
their value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from fhir_server.sop.kehamilan import UsiaHamil, tahun_genap, usia_hamil

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import date
    from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Fakta:
    """What is known of a pregnant woman on ``tanggal``; None: not known, nothing is suggested.

    Height in cm, haemoglobin in g/dL, blood pressure in mmHg; ``persalinan_terakhir`` is the
    last birth, not the last miscarriage.
    """

    hpht: date
    tanggal: date
    tanggal_lahir: date | None = None
    gravida: int | None = None
    paritas: int = 0
    abortus: int = 0
    persalinan_terakhir: date | None = None
    tinggi: Decimal | None = None
    pernah_sesar: bool = False
    hb: Decimal | None = None
    sistolik: int | None = None
    diastolik: int | None = None
    bengkak: bool = False
    jumlah_janin: int | None = None
    letak: Literal["kepala", "sungsang", "lintang"] | None = None


@dataclass(frozen=True, slots=True)
class Usulan:
    """One row of the card that the facts speak for, and the fact in the bidan's words."""

    faktor: str
    alasan: str


def usulkan(fakta: Fakta, dikonfirmasi: Collection[str] = ()) -> list[Usulan]:
    """Suggest rows of the card, in its order, leaving out what is confirmed already.

    With 20 (severe preeclampsia) confirmed, 12 is no longer suggested: it is part of it.
    """
    lewati = set(dikonfirmasi) | ({"f12"} if "f20" in dikonfirmasi else set())
    semua = [*_umur(fakta), *_riwayat(fakta), *_kehamilan_ini(fakta)]
    return sorted((u for u in semua if u.faktor not in lewati), key=lambda u: u.faktor)


def _umur(fakta: Fakta) -> Iterator[Usulan]:
    if fakta.tanggal_lahir is None:
        return
    umur = tahun_genap(fakta.tanggal_lahir, fakta.hpht)
    if umur <= 16:
        yield Usulan("f01", f"umur {umur} tahun pada HPHT")
    if umur >= 35 and fakta.gravida is not None:
        pertama = fakta.gravida == 1
        yield Usulan("f02b" if pertama else "f06", f"umur {umur} tahun pada HPHT")


def _riwayat(fakta: Fakta) -> Iterator[Usulan]:
    if fakta.persalinan_terakhir is not None:
        jarak = tahun_genap(fakta.persalinan_terakhir, fakta.hpht)
        if jarak < 2:
            yield Usulan("f03", f"jarak {jarak} tahun dari persalinan terakhir ke HPHT")
        if jarak >= 10:
            yield Usulan("f04", f"jarak {jarak} tahun dari persalinan terakhir ke HPHT")
    if fakta.paritas >= 4:
        yield Usulan("f05", f"paritas {fakta.paritas}")
    if fakta.tinggi is not None and fakta.tinggi <= 145:
        yield Usulan("f07", f"tinggi badan {fakta.tinggi} cm")
    if fakta.abortus >= 1:
        yield Usulan("f08", f"abortus {fakta.abortus}")
    if fakta.pernah_sesar:
        yield Usulan("f10", "riwayat operasi sesar")


def _kehamilan_ini(fakta: Fakta) -> Iterator[Usulan]:
    if fakta.hb is not None and fakta.hb < 11:
        yield Usulan("f11ab", f"Hb {fakta.hb} g/dL")
    if fakta.bengkak and _tensi_tinggi(fakta):
        yield Usulan("f12", f"bengkak dan TD {fakta.sistolik}/{fakta.diastolik}")
    if fakta.jumlah_janin is not None and fakta.jumlah_janin >= 2:
        yield Usulan("f13", f"{fakta.jumlah_janin} janin")
    usia = usia_hamil(fakta.hpht, fakta.tanggal)
    if usia >= UsiaHamil(42):
        yield Usulan("f16", f"usia hamil {usia}")
    if fakta.letak in {"sungsang", "lintang"}:
        faktor = "f17" if fakta.letak == "sungsang" else "f18"
        yield Usulan(faktor, f"letak {fakta.letak} pada usia hamil {usia}")


def _tensi_tinggi(fakta: Fakta) -> bool:
    return (fakta.sistolik or 0) >= 140 or (fakta.diastolik or 0) >= 90
