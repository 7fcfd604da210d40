"""Resep: the medicines of one prescription, for the pharmacy (domain §2.1 row 15)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.letters import Surat
from fhir_server.letters.orang import faskes, faskes_petugas, pasien, petugas

if TYPE_CHECKING:
    from fhir_server.letters.berkas import Berkas

CAP: Final = {"disusun": "Belum disetujui", "dibatalkan": "Dibatalkan"}


def isi(berkas: Berkas) -> dict[str, Any]:
    """Give what the prescription says."""
    first = berkas.utama
    fields = berkas.isian("resep", first)
    prescriber, when = first.get("requester"), first.get("authoredOn")
    return {
        "judul": "Resep",
        "nomor": fields.get("noResep"),
        "kop": faskes(berkas, faskes_petugas(berkas, prescriber)),
        "cap": CAP.get(fields.get("status") or ""),
        "tanggal": when,
        "pasien": pasien(berkas, first.get("subject"), when),
        "item": fields.get("item") or (),
        "penanda": petugas(berkas, prescriber, "Penulis resep"),
    }


SURAT = Surat("resep", isi, entitas="resep", kertas="A5")
