"""An exported chat into the store, by the road that every SOP document takes.

BR-W2: a message's id is the hash of thread, time, sender, body and its place among identical ones,
so importing a longer export of the same chat adds only what is new.
"""

from __future__ import annotations

import hashlib
import mimetypes
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fhir_server import exchange
from fhir_server.bridges.whatsapp.cases import open_case_of
from fhir_server.bridges.whatsapp.participants import NIK, Participants, UnreadableMap
from fhir_server.bridges.whatsapp.report import Report
from fhir_server.errors import FhirError, NotFound
from fhir_server.interactions.reader import StoreReader
from fhir_server.search.plan import Plan
from fhir_server.sop import pihak
from fhir_server.sop.percakapan_konsultasi import PercakapanKonsultasi
from fhir_server.sop.pesan_chat import Lampiran, PesanChat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from fhir_server.bridges.whatsapp.cases import Case
    from fhir_server.bridges.whatsapp.export import Export, Message
    from fhir_server.bridges.whatsapp.markers import Attachment
    from fhir_server.context import Context
    from fhir_server.sop.pesan_chat import KategoriPesan

PAGE = 500
_MEDIA = {"image": "gambar", "video": "video", "audio": "audio", "application": "dokumen"}
_CONTROLS = dict.fromkeys(each for each in range(32) if chr(each) not in "\n\t")


def bring_in(
    context: Context,
    chat: Export,
    who: Participants,
    advance: Callable[[], None] = lambda: None,
) -> Report:
    """Store what is new of a chat; ``advance`` is called once a message."""
    parties = _resolved(context, who)
    report = Report(who.thread, warnings=list(chat.warnings))
    numbered = list(zip(numbers(who, chat.messages), chat.messages, strict=True))
    known = _known(context, [number for number, _ in numbered])
    _open_thread(context, chat, who, parties)
    case = _case(context, who)
    for number, message in numbered:
        _one(context, who, parties, report, (number, message, number in known), case)
        advance()
    return report


def _case(context: Context, who: Participants) -> Case | None:
    """Give the open LAKON case that a chat of that service belongs to; history opens none."""
    if who.service != "lakon" or who.patient is None:
        return None
    return open_case_of(StoreReader(context), who.patient)


def numbers(who: Participants, messages: Iterable[Message]) -> Iterator[str]:
    """Give every message its number (BR-W2)."""
    seen: Counter[str] = Counter()
    for each in messages:
        moment = _moment(who, each).isoformat()
        said = "|".join([who.thread, moment, each.sender or "", each.body.rstrip("\n")])
        yield hashlib.sha256(f"{said}|{seen[said]}".encode("utf-8", "surrogatepass")).hexdigest()
        seen[said] += 1


def _one(  # noqa: PLR0913, PLR0917 - a message, and what it goes into
    context: Context,
    who: Participants,
    parties: dict[str, str],
    report: Report,
    numbered: tuple[str, Message, bool],
    case: Case | None,
) -> None:
    number, message, known = numbered
    if message.kind == "system":
        report.system += 1
    elif message.sender is not None and message.sender not in parties:
        report.unmapped[message.sender] += 1
    elif known:
        report.already += 1
    elif not (message.text.strip() or message.attachments or message.deleted):
        report.skipped += 1
    else:
        try:
            document = _joining(_document(who, parties, number, message), case)
            made = exchange.publish(context, "pesan_chat", document, document_id=number)
        except FhirError as refusal:
            if refusal.status >= 500:
                raise
            issue = refusal.issues[0]
            report.refused.append(f"Baris {message.first}: {issue.indonesian or issue.diagnostics}")
        else:
            report.already += made.replayed
            report.new += not made.replayed


def _document(
    who: Participants, parties: dict[str, str], number: str, message: Message
) -> PesanChat:
    sender = parties[message.sender] if message.sender is not None else None
    others = [each for each in dict.fromkeys(parties.values()) if each != sender]
    text = message.text.translate(_CONTROLS).strip()
    call = message.kind == "missed-call"
    return PesanChat(
        sumber="impor-ekspor",
        idPesan=number,
        utas=who.thread,
        arah=_direction(sender, others),  # type: ignore[arg-type]
        waktuKirim=_moment(who, message),
        pengirim=sender,
        penerima=tuple(others) if sender is not None else (),
        pasien=who.patient,
        isi=None if message.deleted else text or None,
        lampiran=tuple(_attachment(each) for each in message.attachments),
        kategori="sistem" if call else _category(who, sender, message),
        presisi="detik" if message.has_seconds else "menit",
        disunting=message.edited,
        dihapus=message.deleted,
    )


def _joining(message: PesanChat, case: Case | None) -> PesanChat:
    """Let a message belong to the case, if it was written since that began."""
    if case is None or case.begun is None or message.waktuKirim < case.begun:
        return message
    return replace(message, kasus=case.id, kunjungan=case.consultation)


def _category(who: Participants, sender: str | None, message: Message) -> KategoriPesan:
    if sender is not None and pihak.adalah_warga(sender):
        return who.category(message.moment)
    return who.usual


def _direction(sender: str | None, others: Sequence[str]) -> str:
    if sender is None or pihak.adalah_warga(sender) or pihak.jenis(sender) == "wa":
        return "masuk"
    return "keluar" if any(pihak.adalah_warga(each) for each in others) else "internal"


def _attachment(attachment: Attachment) -> Lampiran:
    kind: Any = attachment.kind
    media = mimetypes.guess_type(attachment.name or "")[0]
    if kind == "media" and media is not None:
        kind = "stiker" if media == "image/webp" else _MEDIA.get(media.partition("/")[0], "media")
    return Lampiran(jenis=kind, nama=attachment.name, tipe=media)


def _moment(who: Participants, message: Message) -> datetime:
    return message.moment.replace(tzinfo=who.zone)


def _open_thread(
    context: Context, chat: Export, who: Participants, parties: dict[str, str]
) -> None:
    """Make the thread if this is its first import."""
    try:
        exchange.present(context, "percakapan_konsultasi", who.thread)
    except NotFound:
        thread = PercakapanKonsultasi(
            sumber="impor-ekspor",
            idUtas=who.thread,
            layanan=who.service,
            kanal="whatsapp",
            dimulai=_moment(who, chat.messages[0]),
            peserta=tuple(dict.fromkeys(parties.values())),
            pasien=who.patient,
        )
        exchange.publish(context, "percakapan_konsultasi", thread, document_id=who.thread)


def _known(context: Context, ids: Sequence[str]) -> set[str]:
    """Say which messages are there already, also those that were deleted since."""
    found: set[str] = set()
    for start in range(0, len(ids), PAGE):
        some = list(dict.fromkeys(ids[start : start + PAGE]))
        plan = Plan("Communication", {"_id": {"$in": some}}, limit=len(some))
        found.update(each.id for each in context.store.search(plan).resources)
    gone = (each for each in ids if each not in found)
    return found | {each for each in gone if context.store.read("Communication", each) is not None}


def _resolved(context: Context, who: Participants) -> dict[str, str]:
    """Give every name its party; a NIK must be a registered patient's."""
    return {
        name: _patient(context, name, party) if party.startswith(NIK) else party
        for name, party in who.parties.items()
    }


def _patient(context: Context, name: str, party: str) -> str:
    page = exchange.listing(context, "pasien", {"nik": party.removeprefix(NIK)}, count=2)
    if len(page.documents) != 1:
        raise UnreadableMap(
            f"peserta {name}: NIK itu dimiliki {len(page.documents)} pasien. Seharusnya: tepat "
            "satu; daftarkan pasien dahulu, atau tulis pasien/<id>."
        )
    return f"pasien/{page.documents[0].id}"
