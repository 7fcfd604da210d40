"""Kartu Skor Poedji Rochjati: every row of the card, what is ticked, sum and group (§3.1)."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from fhir_server.letters import Surat
from fhir_server.letters.kata import kata
from fhir_server.letters.orang import faskes, faskes_petugas, pasien, petugas
from fhir_server.sop import kspr
from fhir_server.sop.kehamilan import hpl, usia_hamil

if TYPE_CHECKING:
    from fhir_server.letters.berkas import Berkas


def isi(berkas: Berkas) -> dict[str, Any]:
    """Give what the card says."""
    assessment = berkas.utama
    fields = berkas.isian("skor_poedji_rochjati", assessment)
    assessor, when = assessment.get("performer"), assessment.get("occurrenceDateTime")
    ticked = set(kspr.dihitung(fields.get("faktor") or ()))
    groups = groupby(kspr.FAKTOR.values(), key=lambda each: each.golongan)
    return {
        "judul": "Kartu Skor Poedji Rochjati",
        "nomor": None,
        "kop": faskes(berkas, faskes_petugas(berkas, assessor)),
        "cap": None,
        "tanggal": when,
        "pasien": pasien(berkas, assessment.get("subject"), when),
        "kontak": kata("kontak-kspr", fields.get("kontak")),
        "fakta": fields.get("fakta"),
        **_pregnancy(fields),
        "skor_awal": kspr.SKOR_AWAL,
        "golongan": [
            (name, [(each, each.kode in ticked) for each in rows]) for name, rows in groups
        ],
        "skor": fields.get("skor"),
        "kelompok": fields.get("kelompok"),
        "arti": kata("kelompok-risiko-kspr", fields.get("kelompok")),
        "anjuran": assessment.get("mitigation"),
        "penanda": petugas(berkas, assessor, "Penilai"),
    }


def _pregnancy(fields: dict[str, Any]) -> dict[str, Any]:
    hpht, when = fields.get("hpht"), fields.get("waktu")
    if hpht is None:
        return {"hpht": None, "hpl": None, "usia": None}
    usia = usia_hamil(hpht, when.date()) if when else None
    words = usia and f"{usia.minggu} minggu {usia.hari} hari"
    return {"hpht": hpht, "hpl": hpl(hpht), "usia": words}


SURAT = Surat("kartu_kspr", isi, entitas="skor_poedji_rochjati")
