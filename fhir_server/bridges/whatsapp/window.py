"""The 24 hours after a person's last message, in which WhatsApp delivers any text."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from fhir_server.bridges.whatsapp.threads import key_of
from fhir_server.mappings.elements import extension_of, identifier_of, ids_of, instant_of
from fhir_server.mappings.percakapan_konsultasi import UTAS
from fhir_server.mappings.pesan_chat import ARAH, WAMID

if TYPE_CHECKING:
    from fhir_server.mappings import Reader
    from fhir_server.resources.wire import Document

HOURS: Final = timedelta(hours=24)
MARGIN: Final = timedelta(minutes=5)
"""A message that is on its way when the window closes is refused."""


def is_open(reader: Reader, message: Document, line: str, number: str) -> bool:
    """Tell whether a number has written to this line of the clinic within the window.

    Only what came by the webhook counts: a chat imported from another telephone opens nothing.
    """
    since = reader.now - HOURS + MARGIN
    threads = {*_threads(reader, line, number), *ids_of(message.get("partOf"), "Communication")}
    if not threads:
        return False
    pairs = [
        ("part-of", ",".join(f"Communication/{each}" for each in sorted(threads))),
        ("sent", f"ge{since.isoformat()}"),
    ]
    return any(_came_by_whatsapp(each) for each in reader.find("Communication", pairs))


def _threads(reader: Reader, line: str, number: str) -> list[str]:
    key = key_of(line, number)
    found = reader.find("Communication", [("identifier", f"{UTAS}|{key}")])
    return [each["id"] for each in found]


def _came_by_whatsapp(message: Document) -> bool:
    number, sent = identifier_of(message, WAMID), instant_of(message.get("sent"))
    inward = (extension_of(message, ARAH) or {}).get("valueCode") == "masuk"
    return inward and number is not None and sent is not None
