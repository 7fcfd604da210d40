"""What WhatsApp writes into an exported chat in place of, or around, what people wrote.

BR-W3: a text is WhatsApp's own only when the whole of it is the marker. "suami keluar kota" is a
message of a patient, though "keluar" also marks somebody who left the group.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["message", "missed-call", "system"]

_EDITED: Final = re.compile(r"\s*<(?:Pesan ini diedit|This message was edited)>\Z")
_DELETED: Final = re.compile(
    r"(?:Pesan ini (?:telah )?dihapus|Anda (?:telah )?menghapus pesan ini"
    r"|This message was deleted|You deleted this message)\.?"
)
_MISSED_CALL: Final = re.compile(
    r"(?:Panggilan (?:suara|video)(?: grup)? tak terjawab|Missed (?:group )?(?:voice|video) call)"
    r"(?: (?:pukul|at) \d{1,2}[.:]\d{2}(?: ?[AaPp]\.?[Mm]\.?)?)?"
    r"(?:[.,] ?(?:Ketuk untuk menelepon (?:kembali|balik)|Tap to call back))?\.?"
)
_ENCRYPTION: Final = re.compile(
    r"(?:Pesan dan panggilan (?:dienkripsi|terenkripsi) secara end-to-end"
    r"|Messages and calls are end-to-end encrypted)"
    r"(?:\.|[.,] (?:Tidak seorang pun|Hanya orang|Ketuk|Pelajari|No one outside|Only people|Tap"
    r"|Learn more)[^\n]*)?"
)
_SECURITY_CODE: Final = re.compile(
    r"(?:Kode keamanan (?:Anda dengan )?[^\n:]+ (?:telah )?berubah"
    r"|Your security code with [^\n:]+ changed)"
    r"(?:\.(?: (?:Ketuk|Pelajari|Tap|Learn more)[^\n]*)?)?"
)
_GROUP_EVENT: Final = re.compile(
    r"(?P<actor>[^\n:\"\u201c]+?) "
    r"(?:keluar|left|menambahkan [^\n]+|added [^\n]+|mengeluarkan [^\n]+"
    r"|removed [^\n]+|membuat grup\b[^\n]*|created group\b[^\n]*"
    r"|(?:mengubah|mengganti) (?:subjek|deskripsi|ikon|setelan)\b[^\n]*"
    r"|changed (?:the|this) (?:subject|group|settings)\b[^\n]*"
    r"|bergabung menggunakan tautan[^\n]*|joined using [^\n]*)"
)

_KINDS: Final = {
    "gambar": "gambar",
    "image": "gambar",
    "video": "video",
    "audio": "audio",
    "stiker": "stiker",
    "sticker": "stiker",
    "gif": "gif",
    "dokumen": "dokumen",
    "document": "dokumen",
    "kontak": "kontak",
    "contact": "kontak",
}
_ANY_OMITTED: Final = re.compile(r"<(?:Media tidak disertakan|Media omitted)>")
_OMITTED: Final = re.compile(
    r"(?:(?P<name>[^\n]+?) • [^\n]*?)?(?:[Kk]artu )?"
    r"(?P<kind>[Gg]ambar|[Vv]ideo|[Aa]udio|[Ss]tiker|GIF|[Dd]okumen|[Kk]ontak) tidak disertakan"
    r"|(?:(?P<named>[^\n]+?) • [^\n]*?)?"
    r"(?P<sort>[Ii]mage|[Vv]ideo|[Aa]udio|[Ss]ticker|GIF|[Dd]ocument|[Cc]ontact)(?: card)? omitted"
)
_ATTACHED: Final = re.compile(
    r"(?P<name>[^\n<>]+\.\w{2,5}) \((?:file terlampir|file attached)\)"
    r"|<(?:terlampir|attached): (?P<path>[^\n<>]+)>"
)


@dataclass(frozen=True, slots=True)
class Attachment:
    """Something sent with a message; an export never holds its bytes.

    ``kind`` is ``media`` where the export does not say; ``name`` is the file's, if given.
    """

    kind: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What a body says once WhatsApp's own words are taken out of it."""

    kind: Kind
    text: str
    attachments: tuple[Attachment, ...] = ()
    edited: bool = False
    deleted: bool = False


def is_event(text: str) -> bool:
    """Tell whether the whole of a head's rest tells of the group, though it may have a colon.

    Only a quoted name of a group or an explanation has one; otherwise a colon ends a sender.
    """
    if _ENCRYPTION.fullmatch(text) or _SECURITY_CODE.fullmatch(text):
        return True
    before, colon, _ = text.partition(": ")
    quoted = not colon or any(quote in before for quote in '"“')
    return quoted and _GROUP_EVENT.fullmatch(text) is not None


def read(body: str, sender: str | None, *, marked: bool) -> Reading:
    """Take WhatsApp's words out of a body; ``marked``: the telephone says that they are its own.

    Without that mark, who "left" or "added" must be the sender, for patients write "suami keluar".
    """
    if _MISSED_CALL.fullmatch(body):
        return Reading("missed-call", body)
    if sender is None or _is_own(body, sender, marked=marked):
        return Reading("system", body)
    text, edits = _EDITED.subn("", body)
    if _DELETED.fullmatch(text):
        return Reading("message", "", edited=edits > 0, deleted=True)
    text, attachments = _attachments(text)
    return Reading("message", text, attachments, edited=edits > 0)


def _is_own(body: str, sender: str, *, marked: bool) -> bool:
    if _ENCRYPTION.fullmatch(body) or _SECURITY_CODE.fullmatch(body):
        return True
    event = _GROUP_EVENT.fullmatch(body)
    return event is not None and (marked or event["actor"] == sender)


def _attachments(text: str) -> tuple[str, tuple[Attachment, ...]]:
    whole = _OMITTED.fullmatch(text)
    if whole:
        kind = (whole["kind"] or whole["sort"]).lower()
        return "", (Attachment(_KINDS[kind], whole["name"] or whole["named"]),)
    lines = text.split("\n")
    found = [attachment for line in lines if (attachment := _line(line.strip()))]
    caption = [line for line in lines if not _line(line.strip())]
    return "\n".join(caption), tuple(found)


def _line(line: str) -> Attachment | None:
    if _ANY_OMITTED.fullmatch(line):
        return Attachment("media")
    attached = _ATTACHED.fullmatch(line)
    return Attachment("media", attached["name"] or attached["path"]) if attached else None
