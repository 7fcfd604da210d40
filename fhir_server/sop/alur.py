"""Alur: a state machine of the SOPs as one table: states, moves, who makes them.

Everything that asks whether something may move asks its table: the SOP document's rules, the rule
on the write road (``mappings/alur``) and the page docs/sop/alur.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fhir_server.sop.dokumen import Teguran

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Keadaan:
    """One state: what may follow it, who brings it about, and its word in English."""

    berikut: tuple[str, ...] = ()
    oleh: tuple[str, ...] = ()
    english: str = ""


@dataclass(frozen=True, slots=True)
class Alur:
    """The states of one kind of thing and the moves between them.

    ``benda`` and ``thing`` say in both languages what moves, ``aturan`` is the rule or the place
    of the SOP. ``awal``: the states in which it may begin; empty where it may begin in any, as
    what is entered from paper does. ``selalu``: states that may follow every other one.
    """

    nama: str
    benda: str
    thing: str
    aturan: str
    keadaan: Mapping[str, Keadaan]
    awal: tuple[str, ...] = ()
    selalu: tuple[str, ...] = ()
    bidang: str = "status"

    @property
    def berikut(self) -> dict[str, tuple[str, ...]]:
        """Give the table: state → the states that may follow."""
        return {nama: each.berikut for nama, each in self.keadaan.items()}

    @property
    def akhir(self) -> tuple[str, ...]:
        """Give the states after which nothing comes."""
        return tuple(nama for nama, each in self.keadaan.items() if not each.berikut)

    def boleh(self, dari: str | None, ke: str | None) -> bool:
        """Say whether one state may follow another; staying is no move, the unknown not judged."""
        if dari is None or dari not in self.keadaan or ke not in self.keadaan or ke == dari:
            return True
        return ke in self.selalu or ke in self.keadaan[dari].berikut

    def pindah(self, dari: str | None, ke: str | None, sebutan: str = "") -> Teguran | None:
        """Judge one move; ``sebutan`` says which one it is, as people call it."""
        if dari is None or ke is None or self.boleh(dari, ke):
            return None
        boleh = self.keadaan[dari].berikut
        milik = " ".join(filter(None, (self.benda, sebutan)))
        return Teguran(
            self.bidang,
            f"{milik} berstatus {dari} dan tidak dapat menjadi {ke}.",
            f"salah satu dari: {', '.join(boleh)}."
            if boleh
            else f"tetap {dari}; {self.benda} ini sudah berakhir (status bersifat akhir).",
            self.aturan,
            jenis="keadaan",
            english=self._english(dari, ke, sebutan),
        )

    def mulai(self, ke: str | None, sebutan: str = "") -> Teguran | None:
        """Judge the state in which one begins."""
        if not self.awal or ke not in self.keadaan or ke in self.awal:
            return None
        milik = " ".join(filter(None, (self.benda, sebutan)))
        allowed = ", ".join(map(self.inggris, self.awal))
        return Teguran(
            self.bidang,
            f"{milik} tidak dapat dimulai dengan status {ke}.",
            f"salah satu dari: {', '.join(self.awal)}.",
            self.aturan,
            jenis="keadaan",
            english=f"{self.aturan}: a {self.thing} cannot begin as {self.inggris(ke or '')}. "
            f"Allowed: {allowed}.",
        )

    def inggris(self, nama: str) -> str:
        """Give a state's word in English, or the state's own code where it has none."""
        return self.keadaan[nama].english or nama

    def dengan(self, nama: str, aturan: str, **berikut: tuple[str, ...]) -> Alur:
        """Make a variant in which some states (``_`` for ``-``) may be followed by more."""
        lebih = {kunci.replace("_", "-"): tuple(each) for kunci, each in berikut.items()}
        return replace(
            self,
            nama=nama,
            aturan=aturan,
            keadaan={
                kunci: replace(each, berikut=(*each.berikut, *lebih.get(kunci, ())))
                for kunci, each in self.keadaan.items()
            },
        )

    def _english(self, dari: str, ke: str, sebutan: str) -> str:
        whose = " ".join(filter(None, (self.thing, sebutan)))
        allowed = ", ".join(map(self.inggris, self.keadaan[dari].berikut))
        return (
            f"{self.aturan}: {whose} is {self.inggris(dari)} and cannot become "
            f"{self.inggris(ke)}. "
            + (f"Allowed next: {allowed}." if allowed else f"{self.inggris(dari)} is final.")
        )
