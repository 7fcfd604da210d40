"""Surat rujukan: to another facility, with the patient's state on leaving (domain §2.1 row 30)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.letters import Surat
from fhir_server.letters.kata import kata
from fhir_server.letters.orang import faskes, faskes_petugas, pasien, petugas
from fhir_server.letters.uraian import diagnosis, nilai, pemeriksaan
from fhir_server.mappings.tugas_rujukan import NOMOR

if TYPE_CHECKING:
    from fhir_server.letters.berkas import Berkas
    from fhir_server.resources.wire import Document

CAP: Final = {
    "disusun": "Draf",
    "dibatalkan": "Dibatalkan",
    "salah-entri": "Salah entri, tidak berlaku",
}
JUDUL: Final = {
    "sosial": "Surat Rujukan Sosial",
    "hukum": "Surat Rujukan Bantuan Hukum",
    "internal": "Surat Rujukan Internal",
}
MOHON: Final = {
    "sosial": "mohon bantuan dan pendampingan sosial bagi warga berikut",
    "hukum": "mohon bantuan dan pendampingan hukum bagi warga berikut",
}
MENDESAK: Final = {"stat": "Darurat", "urgent": "Segera"}


def isi(berkas: Berkas) -> dict[str, Any]:
    """Give what the letter says."""
    request = berkas.pokok("ServiceRequest")
    fields = berkas.isian("rujukan", request)
    author, when = request.get("requester"), request.get("authoredOn")
    sender = {"reference": f"Organization/{fields.get('faskes')}"}
    own = berkas.baca(sender) or faskes_petugas(berkas, author)
    jenis = fields.get("jenis") or "medis"
    return {
        "judul": JUDUL.get(jenis, "Surat Rujukan"),
        "mohon": MOHON.get(jenis, "mohon pemeriksaan dan penanganan lebih lanjut pasien berikut"),
        "nomor": fields.get("nomor"),
        "kop": faskes(berkas, sender if berkas.baca(sender) else own),
        "cap": CAP.get(fields.get("status") or ""),
        "mendesak": MENDESAK.get(request.get("priority", "")),
        "tanggal": when,
        "tujuan": faskes(berkas, next(iter(request.get("performer", ())), None)),
        "bagian_tujuan": fields.get("spesialis") or _service(jenis, fields.get("layanan")),
        "pasien": _person(jenis, pasien(berkas, request.get("subject"), when)),
        "penjamin": _payer(fields.get("penjamin")),
        "alasan": fields.get("alasan"),
        "diagnosis": diagnoses(berkas, request),
        "tanda": signs(berkas, request),
        "tindakan": fields.get("tindakanPra") or (),
        "transport": kata("transport-rujukan", fields.get("transport")),
        "estimasi": fields.get("estimasiTiba"),
        "petunjuk": fields.get("petunjukPasien"),
        "penanda": petugas(
            berkas, author, "Yang merujuk" if jenis in MOHON else "Dokter yang merujuk"
        ),
    }


def diagnoses(berkas: Berkas, request: Document) -> list[str]:
    """Give the diagnoses that a request names."""
    named = (berkas.baca(each) for each in request.get("reasonReference", ()))
    return [diagnosis(each) for each in named if each]


def signs(berkas: Berkas, request: Document) -> list[tuple[str, str]]:
    """Give the findings that a request rests on, with their values."""
    named = (berkas.baca(each) for each in request.get("supportingInfo", ()))
    found = [each for each in named if each.get("resourceType") == "Observation"]
    return [(pemeriksaan(each), nilai(each)) for each in found]


def number_of(request: Document) -> str | None:
    """Read the number of a referral or back-referral."""
    systems = (e for e in request.get("identifier", ()) if e.get("system", "").startswith(NOMOR))
    return next((each.get("value") for each in systems), None)


def _service(jenis: str, layanan: str | None) -> str:
    return "" if jenis in MOHON else kata("layanan-rujukan", layanan)


def _person(jenis: str, person: dict[str, Any]) -> dict[str, Any]:
    """Say no more of a person to a social or legal institution than who it is (C8)."""
    return {**person, "noRM": None, "noBPJS": None} if jenis in MOHON else person


def _payer(penjamin: Any) -> str:
    if penjamin is None:
        return ""
    words = kata("jenis-penjamin", penjamin.jenis)
    return f"{words}, nomor {penjamin.nomor}" if penjamin.nomor else words


SURAT = Surat("surat_rujukan", isi, entitas="rujukan", jenis="surat-rujukan")
