"""What a message says, whatever its type: words and attachments. Pure.

Media stay with WhatsApp: an attachment names where Meta keeps the file, nothing is fetched. A
type that has no words of its own is told in Indonesian, so that staff see that something came.

https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/reference/messages
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from fhir_server.sop.pesan_chat import Lampiran

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fhir_server.sop.pesan_chat import JenisLampiran

Document = dict[str, Any]
Content = tuple[str | None, tuple[Lampiran, ...]]

GRAPH: Final = "https://graph.facebook.com/"
MEDIA: Final[dict[str, JenisLampiran]] = {
    "image": "gambar",
    "audio": "audio",
    "voice": "audio",
    "video": "video",
    "document": "dokumen",
    "sticker": "stiker",
}
_CONTROLS: Final = dict.fromkeys(each for each in range(32) if chr(each) not in "\n\t")
_MEDIA_ID: Final = re.compile(r"[A-Za-z0-9_.\-]{1,256}")
_MEDIA_TYPE: Final = re.compile(r"[\w.+\-]+/[\w.+\-]+")


def read(kind: str, content: Document) -> Content:
    """Give the words and attachments of a message; there is always one of both."""
    if kind in MEDIA:
        return said(content.get("caption")), (_file(MEDIA[kind], content),)
    text, attachments = _READERS.get(kind, _other(kind))(content)
    if text is None and not attachments:
        text = f"(pesan {kind} tanpa isi)"
    return text, attachments


def _file(kind: JenisLampiran, content: Document) -> Lampiran:
    media = content.get("id")
    known = isinstance(media, str) and _MEDIA_ID.fullmatch(media)
    sort = str(content.get("mime_type") or "").partition(";")[0].strip()
    return Lampiran(
        jenis=kind,
        nama=said(content.get("filename")),
        tipe=sort if _MEDIA_TYPE.fullmatch(sort) else None,
        alamat=f"{GRAPH}{media}" if known else None,
    )


def _text(content: Document) -> Content:
    return said(content.get("body")), ()


def _location(content: Document) -> Content:
    place = ", ".join(_words(content, "name", "address"))
    spot = f"{content.get('latitude')}, {content.get('longitude')}"
    return f"Lokasi: {spot}{f' ({place})' if place else ''}", ()


def _contacts(content: Document) -> Content:
    people = _objects(content, "contacts")
    text = "\n".join(_contact(each) for each in people) or None
    return text, tuple(Lampiran(jenis="kontak", nama=_name(each)) for each in people)


def _contact(person: Document) -> str:
    phones = _objects(person, "phones")
    numbers = [word for each in phones for word in _words(each, "phone")]
    return "Kontak: " + ", ".join([_name(person) or "tanpa nama", *numbers])


def _name(person: Document) -> str | None:
    name = person.get("name")
    return said(name.get("formatted_name")) if isinstance(name, dict) else None


def _interactive(content: Document) -> Content:
    reply = content.get(str(content.get("type")))
    if not isinstance(reply, dict):
        return None, ()
    return "\n".join(_words(reply, "title", "description", "body", "response_json")) or None, ()


def _button(content: Document) -> Content:
    return next(_words(content, "text", "payload"), None), ()


def _order(content: Document) -> Content:
    items = _objects(content, "product_items")
    told = f"(pesanan {len(items)} barang dari katalog)"
    return "\n".join([told, *_words(content, "text")]), ()


def _reaction(content: Document) -> Content:
    return said(content.get("emoji")) or "(reaksi dicabut)", ()


def _objects(content: Document, name: str) -> list[Document]:
    """Give what is an object in a list; what else may stand there says nothing."""
    given = content.get(name)
    return [each for each in given if isinstance(each, dict)] if isinstance(given, list) else []


def _other(kind: str) -> Callable[[Document], Content]:
    def read_other(content: Document) -> Content:
        why = "; ".join(word for e in _objects(content, "errors") for word in _words(e, "title"))
        told = next(_words(content, "body"), why)
        return f"(pesan jenis {kind}{f': {told}' if told else ''})", ()

    return read_other


_READERS: Final[dict[str, Callable[[Document], Content]]] = {
    "text": _text,
    "location": _location,
    "contacts": _contacts,
    "interactive": _interactive,
    "button": _button,
    "reaction": _reaction,
    "order": _order,
}


def _words(content: Document, *keys: str) -> Iterator[str]:
    for key in keys:
        word = said(content.get(key))
        if word is not None:
            yield word


def said(value: Any) -> str | None:
    """Give a text without what FHIR allows in no string; None if nothing is left."""
    if not isinstance(value, str):
        return None
    return value.encode(errors="ignore").decode().translate(_CONTROLS).strip() or None
