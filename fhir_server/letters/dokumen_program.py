"""Surat tugas and the other papers of a program (domain §1.E E1, E2, §2.1 row 32)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.letters import Surat
from fhir_server.letters.kata import kata, waktu
from fhir_server.letters.orang import faskes, nama, petugas
from fhir_server.mappings.elements import id_of

if TYPE_CHECKING:
    from fhir_server.letters.berkas import Berkas

CAP: Final = {"diganti": "Tidak berlaku, diganti", "salah-entri": "Salah entri, tidak berlaku"}


def isi(berkas: Berkas) -> dict[str, Any]:
    """Give what a paper says."""
    paper = berkas.utama
    fields = berkas.isian("dokumen_program", paper)
    kind = kata("jenis-dokumen", fields.get("jenis"))
    issuer = next(iter(paper.get("author", ())), None)
    return {
        "judul": kind or "Dokumen program",
        "nomor": fields.get("nomor"),
        "kop": faskes(berkas, issuer),
        "cap": CAP.get(fields.get("status") or ""),
        "tanggal": paper.get("date"),
        "waktu": waktu(paper.get("date")),
        "perihal": fields.get("judul"),
        "kepada": _recipients(berkas),
        "mahasiswa": _student(berkas),
        "paragraf": [each for each in (fields.get("isi") or "").split("\n") if each.strip()],
        "berkas": fields.get("jenisBerkas"),
        "penanda": petugas(berkas, paper.get("authenticator"), "Yang menandatangani"),
    }


def _recipients(berkas: Berkas) -> list[str]:
    """Name who a paper is for: the organizations it relates to."""
    related = berkas.utama.get("context", {}).get("related", ())
    read = (berkas.baca(each) for each in related if id_of(each, "Organization"))
    return [said for each in read if (said := nama(each))]


def _student(berkas: Berkas) -> dict[str, str]:
    """Say who is sent, and until when."""
    for each in berkas.utama.get("context", {}).get("related", ()):
        if id_of(each, "PractitionerRole"):
            role = berkas.baca(each)
            person = berkas.baca(role.get("practitioner"))
            return {"nama": nama(person), "sampai": role.get("period", {}).get("end", "")}
    return {"nama": "", "sampai": ""}


SURAT = Surat("dokumen_program", isi, entitas="dokumen_program")
