"""PesanChat as a Communication that is part of its thread.

A message that its sender deleted stays as a resource without its text: entered-in-error. What a
message brings about in the monitoring of a patient is in ``kontak_pemantauan``.

https://hl7.org/fhir/R4/communication.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, get_args

from fhir_server.mappings import Mapping, r4b
from fhir_server.mappings.codes import code_system, sid, structure
from fhir_server.mappings.elements import (
    code_of,
    concept,
    extension_of,
    id_of,
    identifier,
    identifier_of,
    ids_of,
    instant_of,
    reference,
    several,
)
from fhir_server.mappings.medium import medium, medium_of
from fhir_server.mappings.pihak import WA_ID, parties, parties_of, party, party_of
from fhir_server.sop.pesan_chat import KategoriPesan, Lampiran

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.pesan_chat import PesanChat

WAMID: Final = sid("wamid")
EKSPOR: Final = sid("pesan-ekspor")
PESAN: Final = sid("pesan")
KATEGORI: Final = code_system("kategori-komunikasi")
ARAH: Final = structure("arah-pesan")
DIBACA: Final = structure("dibaca-pada")
DISUNTING: Final = structure("disunting")
DIHAPUS: Final = structure("dihapus-pengirim")
PRESISI: Final = structure("presisi-waktu")
JENIS_LAMPIRAN: Final = structure("jenis-lampiran")
STATUS: Final = {
    "menunggu": "preparation",
    "terkirim": "in-progress",
    "diterima": "completed",
    "gagal": "not-done",
}
SHA_256: Final = 64


def to_fhir(pesan: PesanChat, _id: str) -> Resources:
    """Write a message."""
    number = pesan.idPesan
    failed = r4b.CodeableConcept(text=pesan.alasanGagal) if pesan.alasanGagal else None
    message = r4b.Communication(
        extension=_extensions(pesan),
        identifier=several(identifier(system_of(number), number)),
        basedOn=several(
            reference("Task", pesan.kasus), reference("CommunicationRequest", pesan.jadwal)
        ),
        partOf=several(reference("Communication", pesan.utas)),
        inResponseTo=several(
            reference("Communication", pesan.balasanDari), _quoted(pesan.nomorBalasan)
        ),
        status="entered-in-error" if pesan.dihapus else STATUS[pesan.status],
        statusReason=failed,
        category=several(concept(KATEGORI, pesan.kategori)),
        priority="stat" if pesan.kategori == "darurat" else "routine",
        medium=medium(pesan.kanal),
        subject=reference("Patient", pesan.pasien),
        encounter=reference("Encounter", pesan.kunjungan),
        sent=pesan.waktuKirim,
        received=pesan.waktuTerima,
        recipient=parties(pesan.penerima),
        sender=_sender(pesan),
        payload=_payload(pesan),
    )
    return {"": message}


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a message, also one that the webhook or another system wrote."""
    message = resources[""]
    status = {code: word for word, code in STATUS.items()}
    numbers = (identifier_of(message, system) for system in (WAMID, EKSPOR, PESAN))
    kategori = code_of(message.get("category"), KATEGORI)
    return {
        "idPesan": next((each for each in numbers if each), None),
        "utas": next(iter(ids_of(message.get("partOf"), "Communication")), None),
        "arah": (extension_of(message, ARAH) or {}).get("valueCode"),
        "waktuKirim": instant_of(message.get("sent")),
        "pengirim": party_of(message.get("sender")),
        "namaPengirim": _shown_name(message.get("sender", {})),
        "penerima": parties_of(message.get("recipient")),
        "pasien": id_of(message.get("subject"), "Patient"),
        "kasus": next(iter(ids_of(message.get("basedOn"), "Task")), None),
        "kunjungan": id_of(message.get("encounter"), "Encounter"),
        "jadwal": next(iter(ids_of(message.get("basedOn"), "CommunicationRequest")), None),
        "isi": _text(message),
        "lampiran": tuple(_attachments(message)),
        "balasanDari": next(iter(ids_of(message.get("inResponseTo"), "Communication")), None),
        "nomorBalasan": _quoted_number(message),
        "kategori": kategori if kategori in get_args(KategoriPesan) else None,
        "kanal": medium_of(message.get("medium")),
        "status": status.get(message.get("status", ""), "diterima"),
        "alasanGagal": message.get("statusReason", {}).get("text"),
        "waktuTerima": instant_of(message.get("received")),
        "waktuBaca": instant_of((extension_of(message, DIBACA) or {}).get("valueDateTime")),
        "presisi": (extension_of(message, PRESISI) or {}).get("valueCode"),
        "disunting": (extension_of(message, DISUNTING) or {}).get("valueBoolean") is True,
        "dihapus": message.get("status") == "entered-in-error",
    }


def system_of(number: str) -> str:
    """Name the system of a message's number: WhatsApp's own, ours of an export, or another."""
    if number.startswith("wamid."):
        return WAMID
    hexadecimal = all(each in "0123456789abcdef" for each in number)
    return EKSPOR if hexadecimal and len(number) == SHA_256 else PESAN


def _sender(pesan: PesanChat) -> Any:
    """Write who sent it; an unknown number may be shown by the name it gives itself."""
    if pesan.namaPengirim is None or pesan.pengirim is None:
        return party(pesan.pengirim)
    number = pesan.pengirim.partition("/")[2]
    return r4b.Reference(identifier=identifier(WA_ID, number), display=pesan.namaPengirim)


def _shown_name(sender: Document) -> str | None:
    number = sender.get("identifier", {})
    if "reference" in sender or number.get("system") != WA_ID:
        return None
    name: str | None = sender.get("display")
    return None if name == number.get("value") else name


def _quoted(number: str | None) -> Any:
    if number is None:
        return None
    return r4b.Reference(identifier=identifier(system_of(number), number))


def _quoted_number(message: Document) -> str | None:
    """Give the number of a quoted message that only its number is known of."""
    for each in message.get("inResponseTo", ()):
        if "reference" not in each:
            number: str | None = each.get("identifier", {}).get("value")
            return number
    return None


def _extensions(pesan: PesanChat) -> list[Any] | None:
    return several(
        r4b.Extension(url=ARAH, valueCode=pesan.arah),
        r4b.Extension(url=PRESISI, valueCode=pesan.presisi),
        pesan.waktuBaca and r4b.Extension(url=DIBACA, valueDateTime=pesan.waktuBaca),
        r4b.Extension(url=DISUNTING, valueBoolean=True) if pesan.disunting else None,
        r4b.Extension(url=DIHAPUS, valueBoolean=True) if pesan.dihapus else None,
    )


def _payload(pesan: PesanChat) -> Any:
    if pesan.dihapus:
        return None
    text = [{"contentString": pesan.isi}] if pesan.isi else []
    return [*text, *({"contentAttachment": _attachment(each)} for each in pesan.lampiran)] or None


def _attachment(lampiran: Lampiran) -> Any:
    return r4b.Attachment(
        extension=[r4b.Extension(url=JENIS_LAMPIRAN, valueCode=lampiran.jenis)],
        contentType=lampiran.tipe,
        url=lampiran.alamat,
        title=lampiran.nama,
    )


def _text(message: Document) -> str | None:
    texts = [each.get("contentString") for each in message.get("payload", ())]
    return "\n".join(each for each in texts if each) or None


def _attachments(message: Document) -> Iterator[Lampiran]:
    for each in message.get("payload", ()):
        found = each.get("contentAttachment")
        if found is not None:
            jenis = (extension_of(found, JENIS_LAMPIRAN) or {}).get("valueCode", "media")
            yield Lampiran(
                jenis=jenis,
                nama=found.get("title"),
                tipe=found.get("contentType"),
                alamat=found.get("url"),
            )


MAPPING = Mapping(
    resource_type="Communication",
    profile="PesanChat",
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    criteria=(("part-of:missing", "false"), ("category:not", f"{KATEGORI}|advis-dokter")),
    filters={
        "idPesan": "identifier",
        "utas": "part-of=Communication/{}",
        "pasien": "patient=Patient/{}",
        "kasus": "based-on=Task/{}",
        "waktuKirim": "sent",
    },
    sort="sent",
    constants=frozenset(
        {
            "Communication.extension.url",
            "Communication.identifier.system",
            "Communication.category.coding.system",
            "Communication.medium.coding.system",
            "Communication.sender.identifier.system",
            "Communication.inResponseTo.identifier.system",
            "Communication.recipient.identifier.system",
            "Communication.payload.contentAttachment.extension.url",
        }
    ),
)
