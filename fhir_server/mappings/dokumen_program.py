"""DokumenProgram as DocumentReference; a notice is also the Communication that brings it (E2).

https://hl7.org/fhir/R4/documentreference.html
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import Mapping, part_id, r4b
from fhir_server.mappings.alur import Jaga
from fhir_server.mappings.codes import code_system, sid
from fhir_server.mappings.elements import (
    code_of,
    concept,
    id_of,
    identifier,
    identifier_of,
    ids_of,
    instant_of,
    reference,
    several,
)
from fhir_server.mappings.pihak import parties, parties_of
from fhir_server.sop.dokumen_program import ALUR_DOKUMEN

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Reader, Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.dokumen_program import DokumenProgram

JENIS, KOMUNIKASI = code_system("jenis-dokumen"), code_system("kategori-komunikasi")
NOMOR: Final = sid("no-dokumen-program")
NOTICE: Final = "pemberitahuan"
PLAIN: Final = "text/plain; charset=utf-8"
STATUS: Final = {"berlaku": "current", "diganti": "superseded", "salah-entri": "entered-in-error"}
DIBACA: Final = {status: state for state, status in STATUS.items()}
OURS: Final = (
    "surat-tugas",
    "surat-pemberitahuan",
    "disposisi",
    "pedoman-teknis",
    "rencana-aksi",
    "bahan-konseling",
    "salinan-manual",
)


def to_fhir(surat: DokumenProgram, own_id: str) -> Resources:
    """Write a document, and the notice that brings it to those it is for."""
    notice = surat.jenis == "surat-pemberitahuan" and surat.penerima
    written = {"": _document(surat)}
    return {**written, NOTICE: _notice(surat, own_id)} if notice else written


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a document."""
    paper = resources[""]
    held: Document = next((e.get("attachment", {}) for e in paper.get("content", ())), {})
    related = list(paper.get("context", {}).get("related", ()))
    students = ids_of(related, "PractitionerRole")
    others = [each for each in related if id_of(each, "PractitionerRole") not in students[:1]]
    text = held.get("data")
    file = id_of({"reference": held.get("url", "")}, "Binary")
    return {
        "jenis": code_of(paper.get("type"), JENIS),
        "nomor": identifier_of(paper, NOMOR + "/"),
        "penerbit": next(iter(ids_of(paper.get("author"), "Organization")), None),
        "waktu": instant_of(paper.get("date")),
        "judul": paper.get("description") or held.get("title"),
        "isi": b64decode(text).decode("utf-8", "replace") if text else None,
        "berkas": file,
        "jenisBerkas": held.get("contentType") if file else None,
        "penandaTangan": id_of(paper.get("authenticator"), "PractitionerRole"),
        "mahasiswa": next(iter(students), None),
        "penerima": parties_of(others),
        "orang": id_of(paper.get("subject"), "Practitioner"),
        "status": DIBACA.get(paper.get("status", "")),
    }


def parts(paper: Document, _gathered: Table[str, Document]) -> dict[str, str]:
    """Find the notice of a letter that is one."""
    if code_of(paper.get("type"), JENIS) != "surat-pemberitahuan":
        return {}
    return {NOTICE: f"Communication/{part_id(paper['id'], NOTICE)}"}


def complete(
    surat: DokumenProgram, _before: Table[str, Any] | None, reader: Reader
) -> tuple[DokumenProgram, tuple[()]]:
    """Fill which person the student is."""
    role = reader.read(f"PractitionerRole/{surat.mahasiswa}") if surat.mahasiswa else None
    person = id_of((role or {}).get("practitioner"), "Practitioner")
    return replace(surat, orang=person), ()


def _document(surat: DokumenProgram) -> Any:
    others = parties(surat.penerima) or ()
    about = several(reference("PractitionerRole", surat.mahasiswa), *others)
    return r4b.DocumentReference(
        identifier=[identifier(f"{NOMOR}/{surat.penerbit}", surat.nomor)],
        status=STATUS[surat.status],
        type=concept(JENIS, surat.jenis),
        subject=reference("Practitioner", surat.orang),
        date=surat.waktu,
        author=[reference("Organization", surat.penerbit)],
        authenticator=reference("PractitionerRole", surat.penandaTangan),
        custodian=reference("Organization", surat.penerbit),
        description=surat.judul,
        content=[{"attachment": _held(surat)}],
        context={"related": about} if about else None,
    )


def _held(surat: DokumenProgram) -> Any:
    if surat.isi is not None:
        data = b64encode(surat.isi.encode())
        return r4b.Attachment(contentType=PLAIN, data=data, title=surat.judul)
    return r4b.Attachment(
        contentType=surat.jenisBerkas, url=f"Binary/{surat.berkas}", title=surat.judul
    )


def _notice(surat: DokumenProgram, own_id: str) -> Any:
    wrong = surat.status == "salah-entri"
    return r4b.Communication(
        status="entered-in-error" if wrong else "completed",
        category=[concept(KOMUNIKASI, "pemberitahuan")],
        sent=surat.waktu,
        recipient=parties(surat.penerima),
        sender=reference("Organization", surat.penerbit),
        payload=[{"contentReference": reference("DocumentReference", own_id)}],
    )


def is_paper(document: Document, canonical: str) -> bool:
    """Say whether a DocumentReference is a paper of a program."""
    system = f"{canonical}/CodeSystem/jenis-dokumen"
    return any(e.get("system") == system for e in document.get("type", {}).get("coding", ()))


def _state(document: Document) -> str | None:
    return DIBACA.get(document.get("status", ""))


JAGA: Final = Jaga(ALUR_DOKUMEN, "DocumentReference", is_paper, _state, STATUS)

MAPPING = Mapping(
    resource_type="DocumentReference",
    profile="DokumenProgram",
    profiles={NOTICE: "PemberitahuanProgram"},
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    parts=parts,
    complete=complete,
    criteria=(("type", ",".join(f"{JENIS}|{each}" for each in OURS)),),
    filters={
        "jenis": f"type={JENIS}|{{}}",
        "nomor": "identifier",
        "penerbit": "author=Organization/{}",
    },
    sort="-date",
    constants=frozenset(
        {
            "DocumentReference.content.attachment.contentType",
            "DocumentReference.type.coding.system",
            "Communication.category",
            "Communication.payload",
            "Communication.status",
        }
    ),
)
