"""What became of a message that was sent: sent, delivered, read or failed, in whatever order told.

Each report is joined with what is known, and what is known only grows: the order of the reports
and their repetition change nothing, and a message that was read never goes back to delivered.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from fhir_server.bridges.whatsapp import numbers, recording
from fhir_server.bridges.whatsapp.sending import NAME, adopted
from fhir_server.interactions.reader import StoreReader
from fhir_server.mappings.codes import CANONICAL
from fhir_server.mappings.elements import code_of, extension_of, instant_of
from fhir_server.mappings.konsultasi_alur import is_advice
from fhir_server.mappings.pesan_chat import DIBACA, KATEGORI

if TYPE_CHECKING:
    from datetime import datetime

    from fhir_server.bridges.whatsapp.cloud import Report
    from fhir_server.context import Context
    from fhir_server.resources.wire import Document
    from fhir_server.store.progress import State

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
    message = numbers.find(StoreReader(context), report.number)
    if message is None and report.token and adopted(context, report.token, report.number):
        message = numbers.find(StoreReader(context), report.number)
    if message is None:
        return False
    name = f"Communication/{message['id']}"
    if report.word == "failed":
        _freed(context, name, report.number)
    found = recording.insist(context, name, partial(_told, report))
    if report.word != "sent":
        _concluded(context, message, report)
    return found


def _told(report: Report, message: Document, reader: StoreReader) -> list[Document]:
    """Give a message with a report, and staff's Task: asked if it failed, settled if it arrived."""
    told = joined(message, report, reader.now.tzinfo)
    if told["status"] == "completed" and report.word != "sent":
        return [told, *recording.no_longer_asked(message, reader)]
    failed = told["status"] == "not-done" != message.get("status")
    quiet = code_of(message.get("category"), KATEGORI) == "sistem"
    why = f"Pesan tidak sampai: {told.get('statusReason', {}).get('text', NO_REASON)}"
    return [told, *(recording.asked(message, why, reader) if failed and not quiet else ())]


def _concluded(context: Context, message: Document, report: Report) -> None:
    """Tell the delivery what became of it: the message's, or that of the approval it waited for."""
    state: State = "refused" if report.word == "failed" else "accepted"
    reason = report.reason or "" if report.word == "failed" else ""
    own = f"Communication/{message['id']}"
    dispatches = context.store.unguarded.dispatches
    if dispatches.conclude(NAME, own, state, reason) or not is_advice(message, CANONICAL):
        return
    for each in StoreReader(context).find("Task", [("focus", own)]):
        dispatches.conclude(NAME, f"Task/{each['id']}", state, reason)


def _freed(context: Context, name: str, number: str) -> None:
    """Let staff have a message sent again that surely did not arrive."""
    sending = context.store.sendings.open(NAME, name)
    if sending is not None and sending.number == number:
        context.store.sendings.free(sending.token, "failed")


def joined(message: Document, report: Report, zone: Any = None) -> Document:
    """Give a message with what a report adds to what is known.

    One that its sender deleted stays; one that was stopped meanwhile stays stopped.
    """
    if message.get("status") == "entered-in-error":
        return message
    told = dict(message)
    sent = instant_of(message.get("sent"))
    moment = report.moment if sent is None else max(report.moment, sent)  # clocks differ
    if told.get("status") != "stopped" and RANK[report.word] > _rank(message):
        told["status"] = STATUS[report.word]
        told.pop("statusReason", None)
    if told["status"] == "not-done" and report.word == "failed":
        reason = min(report.reason or NO_REASON, *_reasons(told))
        told["statusReason"] = {"text": reason}
    if report.word in {"delivered", "read"}:
        told["received"] = _first(message.get("received"), moment, zone)
    return _read(told, moment, zone) if report.word == "read" else told


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
