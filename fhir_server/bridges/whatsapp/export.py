"""An exported WhatsApp chat as messages. Pure: text in, messages and a report out.

Every line of the file belongs to one message, or is named in ``stray``: nothing is lost. The order
of day and month is decided once for the whole file, for a telephone never changes it half-way.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from fhir_server.bridges.whatsapp.lines import (
    MARK,
    Header,
    cleaned,
    header,
    is_impossible,
    unmarked,
)
from fhir_server.bridges.whatsapp.markers import Attachment, Kind, is_event, read

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


class UnreadableExport(ValueError):
    """The file cannot be read as an exported chat; the message says why and shows the lines."""


@dataclass(frozen=True, slots=True)
class Message:
    """One entry of the chat: lines ``first`` to ``last`` of the file, counted from 1.

    ``moment`` is local time without a zone, exact to the second only if ``has_seconds``. ``body``
    is what the file says, ``text`` what the person wrote.
    """

    kind: Kind
    moment: datetime
    has_seconds: bool
    sender: str | None
    body: str
    text: str
    attachments: tuple[Attachment, ...]
    edited: bool
    deleted: bool
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Export:
    """A chat as read; ``stray`` are the lines before the first message."""

    messages: tuple[Message, ...]
    day_first: bool
    stray: tuple[str, ...]
    warnings: tuple[str, ...]


def parse(text: str) -> Export:
    """Read an exported chat; a file that is none, or whose dates contradict, is refused."""
    lines = [cleaned(line) for line in text.split("\n")]
    if lines[-1] == "":
        lines.pop()
    heads = [(at, head) for at, line in enumerate(lines) if (head := header(line))]
    if not heads:
        raise UnreadableExport(_no_chat(lines))
    day_first, warnings = _order(heads)
    bounds = pairwise([*heads, (len(lines), heads[-1][1])])
    messages = tuple(
        _message(head, lines[at + 1 : end], at + 1, day_first=day_first)
        for (at, head), (end, _) in bounds
    )
    if wrong := [at + 1 for at, line in enumerate(lines) if is_impossible(line)]:
        warnings.append(
            f"Baris {_few(wrong)}: tanggal atau jam yang tidak ada; dibaca sebagai lanjutan pesan "
            "sebelumnya."
        )
    stray = tuple(unmarked(line) for line in lines[: heads[0][0]])
    if any(line.strip() for line in stray):
        warnings.append(f"{len(stray)} baris sebelum pesan pertama tidak termasuk pesan mana pun.")
    return Export(messages, day_first, stray, tuple(warnings))


def _message(head: Header, following: Sequence[str], first: int, *, day_first: bool) -> Message:
    sender, start, marked = _split(head.rest)
    body = unmarked("\n".join([start, *following]))
    reading = read(body, sender, marked=marked)
    moment = head.moment(day_first=day_first)
    if moment is None:
        raise UnreadableExport(f"Baris {first}: tanggal tidak ada dalam kalender.")
    return Message(
        reading.kind,
        moment,
        head.has_seconds,
        sender,
        body,
        reading.text,
        reading.attachments,
        reading.edited,
        reading.deleted,
        first,
        first + len(following),
    )


def _split(rest: str) -> tuple[str | None, str, bool]:
    """Give sender, the first line of the body, and whether the telephone marked it as its own."""
    if is_event(unmarked(rest)):
        return None, rest, True
    sender, colon, body = rest.partition(": ")
    if not colon and rest.endswith(":"):
        sender, colon, body = rest[:-1], ":", ""
    if not colon or not unmarked(sender).strip():
        return None, rest, True
    return unmarked(sender).strip(), body, body.startswith(MARK)


def _order(heads: Sequence[tuple[int, Header]]) -> tuple[bool, list[str]]:
    day = [at + 1 for at, head in heads if head.a > 12]
    month = [at + 1 for at, head in heads if head.b > 12]
    if day and month:
        raise UnreadableExport(
            f"Urutan tanggal bertentangan: baris {_few(day)} menaruh hari di depan, baris "
            f"{_few(month)} menaruh bulan di depan. Tidak ada pesan yang diimpor; ekspor ulang "
            "percakapan dari satu telepon."
        )
    if not day and not month:
        return True, [
            "Tidak ada tanggal di atas 12, sehingga urutan hari dan bulan tidak terbukti; dibaca "
            "sebagai hari/bulan."
        ]
    return bool(day), []


def _few(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:5]))
    return f"{shown}, …" if len(numbers) > 5 else shown


def _no_chat(lines: Sequence[str]) -> str:
    first = next((line for line in lines if line.strip()), "")
    return (
        "Tidak ada satu pun baris yang dimulai seperti pesan WhatsApp, misalnya "
        "'14/11/23 10.04 - Nama: teks' atau '[20/08/24, 14.30.15] Nama: teks'. "
        f"Baris pertama: {len(first)} huruf."
    )
