"""The stream of a backup and of an archived oplog: frames, each a letter, a length and BSON.

H says what this is (format, server, database, moment, the collections with their indexes); C begins
a collection; D is one document and O one entry of the oplog, byte for byte; E ends them with their
number and SHA-256; with Z the stream is whole.
"""

from __future__ import annotations

import hashlib
import struct
from typing import TYPE_CHECKING, Any, Literal

import bson

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

FORMAT = 1
HEAD = struct.Struct(">cI")
LETTERS = b"HCDOEZ"
LARGEST_FRAME = 64 * 1024 * 1024
CUT_OFF = "The backup ends before its end: the file was cut off."

Letter = Literal[b"H", b"C", b"D", b"O", b"E", b"Z"]
Document = dict[str, Any]


class Damaged(Exception):
    """A backup cannot be used; the message is one line that says why."""


class Sum:
    """Documents that pass by, counted and digested in their order."""

    def __init__(self) -> None:
        self.number, self._digest = 0, hashlib.sha256()

    def add(self, content: bytes | memoryview) -> None:
        """Count one more."""
        self.number += 1
        self._digest.update(content)

    def said(self) -> Document:
        """Give what E says."""
        return {"documents": self.number, "sha256": self._digest.digest()}

    def agree(self, content: bytes) -> None:
        """Raise Damaged if E says anything else."""
        said = bson.decode(content)
        if said != self.said():
            raise Damaged(
                f"The backup is damaged: {said['documents']} documents are not as they were."
            )


def put(target: BinaryIO, letter: Letter, content: bytes) -> None:
    """Write one frame."""
    target.write(HEAD.pack(letter, len(content)))
    target.write(content)


def head(source: BinaryIO, kind: str | None = None) -> Document:
    """Read the first frame; Damaged if this is nothing of ours, or not of a kind that is asked."""
    letter, content = next(frames(source), (b"", b""))
    found: Document = bson.decode(content) if letter == b"H" else {}
    if found.get("format") != FORMAT:
        raise Damaged("This is no backup of this server, or one of a newer server.")
    if kind and found.get("kind", "backup") != kind:
        raise Damaged(f"This is a file of another kind ({found.get('kind', 'backup')}).")
    return found


def frames(source: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """Give letters and contents, as far as the stream is whole."""
    while len(begun := source.read(HEAD.size)) == HEAD.size:
        letter, size = HEAD.unpack(begun)
        if letter not in LETTERS or size > LARGEST_FRAME:
            raise Damaged("This is no backup of this server, or it is damaged.")
        content = source.read(size)
        if len(content) < size:
            return
        yield letter, content
