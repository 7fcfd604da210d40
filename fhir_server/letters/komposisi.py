"""Any Composition, section by section: reports, recapitulations, letters of other systems."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from fhir_server.letters import Surat
from fhir_server.letters.berkas import JENIS_DOKUMEN
from fhir_server.letters.kata import tanggal
from fhir_server.letters.narasi import narasi
from fhir_server.letters.orang import desa, faskes, faskes_petugas, nama, pasien, petugas
from fhir_server.letters.uraian import uraian
from fhir_server.mappings.codes import ADMINISTRATIVE_AREA
from fhir_server.mappings.elements import code_of, id_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.letters.berkas import Berkas
    from fhir_server.resources.wire import Document

DAY: Final = re.compile(r"\b\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])\b")
MONTH: Final = re.compile(r"(?<![\w./-])\d{4}-(?:0[1-9]|1[0-2])(?![\w/-])")
CAP: Final = {"entered-in-error": "Salah entri, tidak berlaku", "preliminary": "Draf"}


def isi(berkas: Berkas) -> dict[str, Any]:
    """Give what a Composition says."""
    composition = berkas.komposisi or {}
    author = _signer(composition)
    subject = composition.get("subject")
    return {
        "judul": _dated(composition.get("title", "")),
        "nomor": _number(composition),
        "kop": faskes(berkas, composition.get("custodian") or faskes_petugas(berkas, author)),
        "cap": CAP.get(composition.get("status", "")),
        "tanggal": composition.get("date"),
        "pasien": pasien(berkas, subject, composition.get("date"))
        if id_of(subject, "Patient")
        else None,
        "bagian": bagian(berkas, composition.get("section", ())),
        "penanda": petugas(berkas, author),
    }


def bagian(berkas: Berkas, sections: Sequence[Document]) -> list[dict[str, Any]]:
    """Give the sections: title, narrative, what the entries say, and the sections below."""
    written = [
        {
            "judul": nama(berkas.baca(each.get("focus"))) or _dated(each.get("title", "")),
            "narasi": narasi(each.get("text", {}).get("div", "")),
            "butir": [line for entry in each.get("entry", ()) for line in _lines(berkas, entry)],
            "bagian": bagian(berkas, each.get("section", ())),
        }
        for each in sections
    ]
    return [each for each in written if each["narasi"] or each["butir"] or each["bagian"]]


def _number(composition: Document) -> str | None:
    """Give the number of a letter; a report of ours has none, only what we store it by."""
    if code_of(composition.get("type"), JENIS_DOKUMEN):
        return None
    number: str | None = composition.get("identifier", {}).get("value")
    return number


def _signer(composition: Document) -> Document | None:
    """Give who signs: the first author that is a person, else the institution."""
    authors: list[Document] = composition.get("author", [])
    people = [each for each in authors if id_of(each, "Organization") is None]
    return next(iter([*people, *authors]), None)


def _dated(words: str) -> str:
    """Write the days and months in a heading out."""
    return MONTH.sub(lambda m: tanggal(m[0]), DAY.sub(lambda d: tanggal(d[0]), words))


def _lines(berkas: Berkas, entry: Document) -> list[str]:
    found = berkas.baca(entry)
    if not found:
        return list(filter(None, [entry.get("display", "")]))
    lines = uraian(found)
    if id_of(found.get("sender"), "Organization"):  # the server's own words
        lines = [_dated(each) for each in lines]
    return [f"{each}{_village(berkas, found)}" for each in lines]


def _village(berkas: Berkas, found: Document) -> str:
    """Say of which village a problem is; nothing of what is about one person."""
    if id_of(found.get("subject"), "Group") is None:
        return ""
    people = berkas.baca(found["subject"]).get("characteristic", ())
    said = [
        desa(berkas, code, each.get("valueCodeableConcept"))
        for each in people
        if (code := code_of(each.get("valueCodeableConcept"), ADMINISTRATIVE_AREA))
    ]
    return f" (desa {', '.join(said)})" if said else ""


SURAT = Surat("komposisi", isi)
