"""Who stands on a letter: the patient, the facility that writes, who signs, which village."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.letters.kata import KELAMIN, konsep, tanggal, umur
from fhir_server.mappings.codes import ADMINISTRATIVE_AREA, NIK, sid
from fhir_server.mappings.elements import identifier_of

if TYPE_CHECKING:
    from fhir_server.letters.berkas import Berkas
    from fhir_server.resources.wire import Document

NO_SIP, NIP, NO_BPJS = sid("no-sip"), sid("nip"), sid("no-bpjs")
NO_RM: Final = f"{sid('no-rm')}/"
TANPA_NAMA: Final = "(nama tidak tercatat)"


def pasien(berkas: Berkas, reference: Document | None, pada: str | None) -> dict[str, Any]:
    """Say who the patient is, with the age on the day of the letter."""
    person = berkas.baca(reference)
    lahir = person.get("birthDate")
    umurnya = umur(lahir, pada)
    return {
        "nama": nama(person) if person else (reference or {}).get("display") or TANPA_NAMA,
        "nik": identifier_of(person, NIK),
        "noRM": identifier_of(person, NO_RM),
        "noBPJS": identifier_of(person, NO_BPJS),
        "lahir": f"{tanggal(lahir)} ({umurnya})" if umurnya else tanggal(lahir),
        "umur": umurnya,
        "kelamin": KELAMIN.get(person.get("gender", ""), ""),
        "alamat": alamat(person),
        "hp": _phone(person),
    }


def faskes(berkas: Berkas, reference: Document | None) -> dict[str, Any]:
    """Give the head of a letter: the facility, what it belongs to, where it is."""
    place = berkas.baca(reference)
    return {
        "nama": place.get("name") or (reference or {}).get("display") or "",
        "induk": berkas.baca(place.get("partOf")).get("name", ""),
        "alamat": alamat(place),
        "telepon": _phone(place),
        "kota": next((e["city"] for e in place.get("address", ()) if e.get("city")), ""),
    }


def faskes_petugas(berkas: Berkas, reference: Document | None) -> Document | None:
    """Give the facility for which a PractitionerRole works."""
    found: Document | None = berkas.baca(reference).get("organization")
    return found


def petugas(berkas: Berkas, reference: Document | None, sebagai: str = "") -> dict[str, str]:
    """Say who signs, with the numbers that stand below a signature."""
    role = berkas.baca(reference)
    person = berkas.baca(role.get("practitioner")) if "practitioner" in role else role
    numbers = (("SIP", NO_SIP), ("NIP", NIP))
    return {
        "sebagai": sebagai or next((konsep(each) for each in role.get("code", ())), ""),
        "nama": (nama(person) if person else "") or (reference or {}).get("display", ""),
        "nomor": " · ".join(f"{w} {n}" for w, s in numbers if (n := identifier_of(person, s))),
    }


def nama(person: Document) -> str:
    """Write a person's name, or an institution's."""
    names = person.get("name", ())
    if isinstance(names, str):
        return names
    for each in names:
        parts = (*each.get("prefix", ()), *each.get("given", ()), each.get("family"))
        words = each.get("text") or " ".join(filter(None, parts))
        if words:
            return str(words)
    return ""


def desa(berkas: Berkas, kode: str, konsepnya: Document | None = None) -> str:
    """Name a village, with its code: as its Location is called, or as who coded it calls it."""
    places = (e for e in berkas.semua("Location") if identifier_of(e, ADMINISTRATIVE_AREA) == kode)
    name = next((nama(each) for each in places), "") or konsep(konsepnya)
    return f"{name} ({kode})" if name and name != kode else kode


def alamat(found: Document) -> str:
    """Write the first address on one line."""
    for each in found.get("address", ()):
        parts = (*each.get("line", ()), each.get("district"), each.get("city"))
        if words := each.get("text") or ", ".join(filter(None, parts)):
            return str(words)
    return ""


def _phone(found: Document) -> str:
    phones = (e.get("value") for e in found.get("telecom", ()) if e.get("system") == "phone")
    return next((each for each in phones if each), "")
