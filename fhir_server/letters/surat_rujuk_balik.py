"""Surat rujuk balik: what the hospital found and did, and what is to be watched (§2.1 row 31)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.letters import Surat
from fhir_server.letters.kata import kata
from fhir_server.letters.orang import faskes, pasien, petugas
from fhir_server.letters.surat_rujukan import diagnoses, number_of

if TYPE_CHECKING:
    from fhir_server.letters.berkas import Berkas

CAP: Final = {"dibatalkan": "Dibatalkan", "salah-entri": "Salah entri, tidak berlaku"}


def isi(berkas: Berkas) -> dict[str, Any]:
    """Give what the letter says."""
    request = berkas.pokok("ServiceRequest")
    fields = berkas.isian("rujuk_balik", request)
    composition = berkas.komposisi or {}
    original = berkas.baca(next(iter(request.get("basedOn", ())), None))
    author = next(iter(composition.get("author", ())), None)
    when = request.get("authoredOn")
    control = fields.get("kontrolKe") and {"reference": f"Organization/{fields['kontrolKe']}"}
    return {
        "judul": "Surat Rujuk Balik",
        "nomor": fields.get("nomor"),
        "kop": faskes(berkas, request.get("requester")),
        "cap": CAP.get(fields.get("status") or ""),
        "tanggal": when,
        "penerima": faskes(berkas, next(iter(request.get("performer", ())), None)),
        "pasien": pasien(berkas, request.get("subject"), when),
        "asal": {"nomor": number_of(original), "tanggal": original.get("authoredOn")}
        if original
        else None,
        "perawatan": kata("perawatan", fields.get("perawatan")),
        "diagnosis": diagnoses(berkas, request),
        "tindakan": fields.get("tindakan") or (),
        "penunjang": fields.get("penunjang") or (),
        "obat": fields.get("obat") or (),
        "anjuran": fields.get("anjuranPemantauan"),
        "kontrol": fields.get("tglKontrol"),
        "kontrol_ke": faskes(berkas, control)["nama"] if control else "",
        "prb": fields.get("prb"),
        "penanda": petugas(berkas, author, "Dokter yang merawat"),
    }


SURAT = Surat("surat_rujuk_balik", isi, entitas="rujuk_balik", jenis="surat-rujuk-balik")
