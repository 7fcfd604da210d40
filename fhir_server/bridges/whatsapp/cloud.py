"""What a webhook of the WhatsApp Cloud API says. Pure: bytes in, messages and statuses out.

One POST may hold several entries, changes, messages and statuses. What has no number, no time or
no sender is counted as unreadable, never guessed.

https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/components
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Iterator

Document = dict[str, Any]
Word = Literal["sent", "delivered", "read", "failed"]

WHATSAPP: Final = "whatsapp_business_account"
MESSAGES: Final = "messages"


class Unreadable(ValueError):
    """The body is no webhook of WhatsApp."""


@dataclass(frozen=True, slots=True)
class Line:
    """The clinic's own number: Meta's id of it, and how people dial it."""

    id: str
    number: str


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message; ``content`` is as Meta gave it, ``name`` what the sender calls himself."""

    number: str
    line: Line
    sender: str
    name: str | None
    moment: datetime
    kind: str
    quoted: str | None
    content: Document


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a message that was sent from here; ``token`` is what it was sent with."""

    number: str
    word: Word
    moment: datetime
    reason: str | None = None
    token: str | None = None


@dataclass(slots=True)
class Posting:
    """A webhook as read; ``ignored`` names fields that say nothing about messages."""

    messages: list[Incoming] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    unreadable: int = 0


def read(body: bytes) -> Posting:
    """Read the body of a webhook."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable("The body is not JSON.") from error
    if not isinstance(given, dict) or given.get("object") != WHATSAPP:
        raise Unreadable(f"object is not {WHATSAPP}.")
    posting = Posting()
    for entry in _documents(given, "entry"):
        for change in _documents(entry, "changes"):
            _take(change, posting)
    return posting


def written(report: Report) -> bytes:
    """Write a status alone, to be read by ``read_report`` when its message is there."""
    said = {
        "number": report.number,
        "word": report.word,
        "moment": report.moment.isoformat(),
        "reason": report.reason,
        "token": report.token,
    }
    return json.dumps(said, sort_keys=True).encode()


def read_report(body: bytes) -> Report:
    """Read a status that ``written`` wrote."""
    said = json.loads(body)
    moment = datetime.fromisoformat(said["moment"])
    return Report(said["number"], said["word"], moment, said["reason"], said.get("token"))


def _take(change: Document, posting: Posting) -> None:
    value = change.get("value")
    if change.get("field") != MESSAGES or not isinstance(value, dict):
        posting.ignored.append(str(change.get("field")))
        return
    names = dict(_names(value))
    line = _line(value)
    for each in _documents(value, "messages"):
        _add(posting, posting.messages, _message(each, line, names))
    for each in _documents(value, "statuses"):
        _add(posting, posting.reports, _report(each))


def _add(posting: Posting, found: list[Any], each: Any) -> None:
    if each is None:
        posting.unreadable += 1
    else:
        found.append(each)


def _message(given: Document, line: Line | None, names: dict[str, str]) -> Incoming | None:
    number = _text(given, "id")
    sender = _text(given, "from") or _text(given, "from_user_id")  # who hides his number has an id
    moment, kind = _moment(given), _text(given, "type") or "unknown"
    if line is None or number is None or sender is None or moment is None:
        return None
    content = given.get(kind)
    whole = content if isinstance(content, dict) else {kind: content, "errors": given.get("errors")}
    context = given.get("context")
    quoted = _text(context, "id") if isinstance(context, dict) else None
    if kind == "reaction":
        quoted = _text(whole, "message_id") or quoted
    return Incoming(number, line, sender, names.get(sender), moment, kind, quoted, whole)


def _report(given: Document) -> Report | None:
    number, moment, word = _text(given, "id"), _moment(given), _word(given)
    if number is None or moment is None or word is None:
        return None
    errors = [
        f"{each.get('code', '')} {each.get('title') or each.get('message') or ''}".strip()
        for each in _documents(given, "errors")
    ]
    token = _text(given, "biz_opaque_callback_data")
    return Report(number, word, moment, "; ".join(errors) or None, token)


def _word(given: Document) -> Word | None:
    """Read a status; a voice message that was played was read."""
    said = "read" if given.get("status") == "played" else given.get("status")
    words: tuple[Word, ...] = get_args(Word)
    return next((each for each in words if each == said), None)


def _line(value: Document) -> Line | None:
    metadata = value.get("metadata")
    if not isinstance(metadata, dict):
        return None
    own_id, number = _text(metadata, "phone_number_id"), _text(metadata, "display_phone_number")
    return None if own_id is None or number is None else Line(own_id, _digits(number))


def _names(value: Document) -> Iterator[tuple[str, str]]:
    for each in _documents(value, "contacts"):
        number, profile = _text(each, "wa_id") or _text(each, "user_id"), each.get("profile")
        name = _text(profile, "name") if isinstance(profile, dict) else None
        if number is not None and name is not None:
            yield number, name


def _moment(given: Document) -> datetime | None:
    """Read epoch seconds, which Meta writes as a string."""
    try:
        return datetime.fromtimestamp(int(given.get("timestamp", "")), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _documents(given: Document, key: str) -> Iterator[Document]:
    found = given.get(key)
    if isinstance(found, list):
        yield from (each for each in found if isinstance(each, dict))


def _text(given: Document, key: str) -> str | None:
    """Give a text that can be written as UTF-8; None if there is none."""
    value = given.get(key)
    return value.encode(errors="ignore").decode() or None if isinstance(value, str) else None


def _digits(number: str) -> str:
    return "".join(each for each in number if each.isdigit()) or number
