"""Laporan pemantauan desa: each patient of the village, her contacts, what was found (SOP A)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.letters import Surat
from fhir_server.letters.kata import kata, tanggal
from fhir_server.letters.orang import desa, faskes, faskes_petugas, nama, petugas
from fhir_server.letters.uraian import uraian
from fhir_server.mappings.codes import code_system
from fhir_server.mappings.elements import code_of
from fhir_server.mappings.ukur import MEASURES, SIDES

if TYPE_CHECKING:
    from fhir_server.letters.berkas import Berkas
    from fhir_server.resources.wire import Document

UKURAN: Final = frozenset({*SIDES, *(field for field, _, _ in MEASURES.values())})
"""Items of a form that are measurements too."""
HASIL_KONTAK: Final = code_system("status-kontak")
CAP: Final = {"disusun": "Draf", "salah-entri": "Salah entri, tidak berlaku"}
RENCANA: Final = frozenset({"CommunicationRequest", "Task"})
"""What stands behind a contact and says nothing that its result does not."""


def isi(berkas: Berkas) -> dict[str, Any]:
    """Give what the report says."""
    composition = berkas.komposisi or {}
    fields = berkas.isian("laporan_pemantauan_desa", composition)
    author = next(iter(composition.get("author", ())), None)
    doctor = {"reference": f"PractitionerRole/{fields.get('dokter')}"}
    place = composition.get("custodian") or faskes_petugas(berkas, author)
    return {
        "judul": "Laporan Pemantauan Desa",
        "nomor": None,
        "kop": faskes(berkas, place),
        "cap": CAP.get(fields.get("status") or ""),
        "tanggal": composition.get("date"),
        "desa": desa(berkas, fields["desa"]) if fields.get("desa") else None,
        "masa": masa(fields.get("mulai"), fields.get("sampai")),
        "kepada": petugas(berkas, doctor)["nama"],
        "ringkasan": [
            ("Kontak jatuh tempo", fields.get("jatuhTempo")),
            ("Dihubungi pada harinya", fields.get("tepatWaktu")),
            ("Terlewat", fields.get("terlewat")),
        ],
        "kepatuhan": fields.get("kepatuhan"),
        "baris": [_row(berkas, each) for each in composition.get("section", ()) if "focus" in each],
        "catatan": fields.get("catatan"),
        "penanda": petugas(berkas, author, "Bidan desa"),
    }


def masa(mulai: Any, sampai: Any) -> str:
    """Write a period of days; one day alone as that."""
    first, last = tanggal(mulai), tanggal(sampai)
    return first if first == last else f"{first} s.d. {last}"


def _row(berkas: Berkas, section: Document) -> dict[str, Any]:
    person = berkas.baca(section["focus"])
    return {
        "nama": nama(person) or section.get("title", ""),
        "lahir": tanggal(person.get("birthDate")),
        "kontak": [_contact(berkas, each) for each in section.get("section", ())],
        "temuan": temuan(list(map(berkas.baca, section.get("entry", ())))),
    }


def temuan(resources: list[Document]) -> list[str]:
    """Say what was found; what was measured once, by the measurement, which has its unit."""
    if any(each.get("resourceType") == "Observation" for each in resources):
        resources = [_without_measures(each) for each in resources]
    return [line for each in resources if each for line in uraian(each)]


def _without_measures(resource: Document) -> Document:
    if resource.get("resourceType") != "QuestionnaireResponse":
        return resource
    items = [each for each in resource.get("item", ()) if each.get("linkId") not in UKURAN]
    return {**resource, "item": items}


def _contact(berkas: Berkas, section: Document) -> dict[str, Any]:
    found = (berkas.baca(each) for each in section.get("entry", ()))
    said = [each for each in found if each and each["resourceType"] not in RENCANA]
    return {
        "tanggal": tanggal(section.get("title")),
        "hasil": kata(HASIL_KONTAK, code_of(section.get("code"), HASIL_KONTAK)),
        "pesan": [line for each in said for line in uraian(each)],
    }


SURAT = Surat(
    "laporan_desa",
    isi,
    entitas="laporan_pemantauan_desa",
    jenis="laporan-pemantauan-desa",
    kertas="A4 landscape",
)
