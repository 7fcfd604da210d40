"""Files of messages: fetched from Meta into a Binary, by a worker, while Meta still has them.

The message is stored first, with a reference to the file at Meta. When the file has come, the
reference points to the Binary. What is too large, of a type that is not taken, or not what it
says it is stays with Meta; so does what cannot be fetched in the seven days Meta keeps it.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import structlog

from fhir_server.bridges.whatsapp import graph, recording
from fhir_server.bridges.whatsapp.content import GRAPH
from fhir_server.interactions.faults import report as reported

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fhir_server.context import Context
    from fhir_server.interactions.reader import StoreReader
    from fhir_server.resources.wire import Document
    from fhir_server.sop.pesan_chat import Lampiran
    from fhir_server.store.deliveries import Delivery

log = structlog.get_logger(__name__)

SOURCE: Final = "whatsapp-media"
LEASE_SECONDS: Final = 120.0
FIRST_WAIT: Final = 5.0
LONGEST_WAIT: Final = 4 * 3600.0
MOST_ATTEMPTS: Final = 48
SIGNATURES: Final[dict[str, tuple[tuple[int, bytes], ...]]] = {
    "image/jpeg": ((0, b"\xff\xd8\xff"),),
    "image/png": ((0, b"\x89PNG\r\n\x1a\n"),),
    "image/webp": ((8, b"WEBP"),),
    "application/pdf": ((0, b"%PDF-"),),
    "audio/ogg": ((0, b"OggS"),),
    "audio/amr": ((0, b"#!AMR"),),
    "audio/mp4": ((4, b"ftyp"),),
    "video/mp4": ((4, b"ftyp"),),
    "video/3gpp": ((4, b"ftyp"),),
    "audio/mpeg": ((0, b"ID3"), (0, b"\xff\xfb"), (0, b"\xff\xf3"), (0, b"\xff\xf2")),
    "audio/aac": ((0, b"\xff\xf1"), (0, b"\xff\xf9")),
}
"""Where a file of a type has which bytes; one of them is enough."""


class Unwanted(Exception):
    """A file that stays with Meta; the message says why."""


def note(context: Context, message_id: str, files: Iterable[Lampiran]) -> None:
    """Leave the files of a message to be fetched, if that is wanted."""
    settings = context.settings
    if not settings.whatsapp_token or settings.whatsapp_media <= 0:
        return
    if any((each.alamat or "").startswith(GRAPH) for each in files):
        body = json.dumps({"message": message_id}).encode()
        context.store.deliveries.keep(SOURCE, body)


def fetch(context: Context) -> bool:
    """Fetch the files of the message that has waited longest; False if none waits."""
    delivery = context.store.deliveries.claim((SOURCE,), LEASE_SECONDS)
    if delivery is None:
        return False
    message_id = str(json.loads(delivery.body)["message"])
    try:
        _fetched(context, message_id)
    except Unwanted as why:
        log.info("whatsapp: a file stays with Meta", message=message_id, why=str(why))
        context.store.deliveries.done(delivery)
    except (graph.Refused, graph.Unknown) as error:
        _again(context, delivery, message_id, str(error))
    except Exception as error:  # noqa: BLE001 -- a bug leaves one file with Meta, not all work
        reported(error, delivery.id)
        _again(context, delivery, message_id, type(error).__name__)
    else:
        context.store.deliveries.done(delivery)
    return True


def _again(context: Context, delivery: Delivery, message_id: str, why: str) -> None:
    if delivery.attempts >= MOST_ATTEMPTS:
        log.warning("whatsapp: a file could not be fetched", message=message_id, why=why)
        context.store.deliveries.done(delivery)
        return
    wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(delivery.attempts - 1, 12))
    context.store.deliveries.hold(delivery, wait)


def _fetched(context: Context, message_id: str) -> None:
    """Fetch each file and let the message point to it; Unwanted only after all were tried."""
    name = f"Communication/{message_id}"
    found = context.store.read("Communication", message_id)
    if found is None or found.text is None:
        return
    api, kept, unwanted = graph.Graph(context.settings), {}, list[str]()
    for address in _addresses(json.loads(found.raw)):
        try:
            kept[address] = _file(context, api, address.removeprefix(GRAPH))
        except Unwanted as why:
            unwanted.append(str(why))
    if kept:
        recording.insist(context, name, partial(_pointing, kept))
    if unwanted:
        raise Unwanted("; ".join(unwanted))


def _file(context: Context, api: graph.Graph, media_id: str) -> tuple[str, str, bytes]:
    settings = context.settings
    where = api.media(media_id)
    allowed = {each.strip() for each in settings.whatsapp_media_tipe.split(",")}
    if where.media_type not in allowed:
        raise Unwanted(f"type {where.media_type}")
    try:
        content = api.fetch(where, settings.whatsapp_media)
    except graph.TooLarge:
        raise Unwanted(f"larger than {settings.whatsapp_media} bytes") from None
    if not is_what_it_says(where.media_type, content):
        raise Unwanted(f"not {where.media_type}")
    own_id = f"wa-{hashlib.sha256(media_id.encode()).hexdigest()[:40]}"
    return own_id, where.media_type, content


def is_what_it_says(media_type: str, content: bytes) -> bool:
    """Tell whether content begins as its type does; a type of no known beginning is believed."""
    known = SIGNATURES.get(media_type)
    return known is None or any(content[at : at + len(b)] == b for at, b in known)


def _pointing(
    kept: dict[str, tuple[str, str, bytes]], message: Document, reader: StoreReader
) -> Sequence[Document]:
    """Give the Binaries that are not there, and the message with attachments pointing to them."""
    about = {"reference": f"Communication/{message['id']}"}
    files: list[Document] = [
        {
            "resourceType": "Binary",
            "id": own_id,
            "contentType": kind,
            "securityContext": about,
            "data": base64.b64encode(content).decode(),
        }
        for own_id, kind, content in kept.values()
        if reader.read(f"Binary/{own_id}") is None
    ]
    return [*files, {**message, "payload": [_moved(each, kept) for each in message["payload"]]}]


def _moved(payload: Document, kept: dict[str, tuple[str, str, bytes]]) -> Document:
    attachment: Any = payload.get("contentAttachment", {})
    if attachment.get("url") not in kept:
        return payload
    own_id, kind, content = kept[attachment["url"]]
    digest = base64.b64encode(hashlib.sha1(content, usedforsecurity=False).digest()).decode()
    more = {"contentType": kind, "url": f"Binary/{own_id}", "size": len(content), "hash": digest}
    return {**payload, "contentAttachment": {**attachment, **more}}


def _addresses(message: Document) -> Iterator[str]:
    for each in message.get("payload", ()):
        address = each.get("contentAttachment", {}).get("url", "")
        if address.startswith(GRAPH):
            yield address
