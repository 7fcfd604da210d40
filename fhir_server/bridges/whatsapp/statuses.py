"""What became of a message that was sent: sent, delivered, read or failed, in whatever order told.

Each report is joined with what is known, and what is known only grows: the order of the reports
and their repetition change nothing, and a message that was read never goes back to delivered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.bridges.whatsapp import numbers
from fhir_server.interactions import write
from fhir_server.interactions.reader import StoreReader, outward
from fhir_server.mappings.elements import extension_of, instant_of
from fhir_server.mappings.pesan_chat import DIBACA

if TYPE_CHECKING:
    from datetime import datetime

    from fhir_server.bridges.whatsapp.cloud import Report
    from fhir_server.context import Context
    from fhir_server.resources.wire import Document

RANK: Final = {"sent": 1, "failed": 2, "delivered": 3, "read": 4}
STATUS: Final = {
    "sent": "in-progress",
    "failed": "not-done",
    "delivered": "completed",
    "read": "completed",
}
NO_REASON: Final = "tidak disebutkan WhatsApp"


def apply(context: Context, report: Report) -> bool:
    """Write a report into its message; False if the message is not here (yet)."""
    reader = StoreReader(context)
    message = numbers.find(reader, report.number)
    if message is None:
        return False
    told = joined(message, report, reader.now.tzinfo)
    if told != message:
        name = f"Communication/{message['id']}"
        raw = outward(context, told)
        put = write.prepare(context, raw, message["id"], if_match=reader.versions[name])
        write.commit(context, [put])
    return True


def joined(message: Document, report: Report, zone: Any = None) -> Document:
    """Give a message with what a report adds to what is known; one its sender deleted stays."""
    if message.get("status") == "entered-in-error":
        return message
    told = dict(message)
    if RANK[report.word] > _rank(message):
        told["status"] = STATUS[report.word]
        told.pop("statusReason", None)
    if told["status"] == "not-done" and report.word == "failed":
        reason = min(report.reason or NO_REASON, *_reasons(told))
        told["statusReason"] = {"text": reason}
    if report.word in {"delivered", "read"}:
        told["received"] = _first(message.get("received"), report.moment, zone)
    return _read(told, report.moment, zone) if report.word == "read" else told


def _rank(message: Document) -> int:
    """Say how much is known; ``completed`` without a time only says that staff wrote it down."""
    if extension_of(message, DIBACA) is not None:
        return RANK["read"]
    if "received" in message:
        return RANK["delivered"]
    known = {"not-done": RANK["failed"], "in-progress": RANK["sent"], "completed": RANK["sent"]}
    return known.get(message.get("status", ""), 0)


def _reasons(message: Document) -> list[str]:
    text = message.get("statusReason", {}).get("text")
    return [text] if text else ["\U0010ffff"]


def _read(message: Document, moment: datetime, zone: Any) -> Document:
    known = (extension_of(message, DIBACA) or {}).get("valueDateTime")
    others = [each for each in message.get("extension", ()) if each.get("url") != DIBACA]
    seen = {"url": DIBACA, "valueDateTime": _first(known, moment, zone)}
    return {**message, "extension": [*others, seen]}


def _first(known: str | None, moment: datetime, zone: Any) -> str:
    """Give the earlier of two instants, as it stood if it is the known one."""
    before = instant_of(known)
    if known is not None and before is not None and before <= moment:
        return known
    return moment.astimezone(zone).isoformat()
