"""Output files: lines in compressed parts, which together are one gzip file or one plain text.

Each part is a piece of a DEFLATE stream that ends on a byte and looks back at nothing. So a part
can be written again, read alone, and sent compressed without any work: gzip's header, the parts one
after another, an empty last block, checksum and length (RFC 1951, RFC 1952).
"""

from __future__ import annotations

import struct
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from isal import isal_zlib

from fhir_server.interactions.request import Answer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fhir_server.store.jobs import Job, Jobs

LEVEL = 1
OF_WHOM = " of whom"
"""Added to the name of a segment: who the patients of its lines are, for the audit trail."""
RAW_DEFLATE = -15
HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
LAST_BLOCK = b"\x03\x00"
TRAILER = struct.Struct("<II")
NDJSON = "application/fhir+ndjson"


@dataclass(slots=True)
class File:
    """A file as far as it is written: ``count`` lines, ``size`` bytes of text, ``packed`` sent.

    ``segments`` are names of output and how many parts of each belong to the file: one segment for
    each worker that had a hand in it, so that one whose lease is over spoils nothing. ``input`` is
    the place of what it reports on among the inputs of an import.
    """

    name: str
    type: str
    count: int = 0
    size: int = 0
    packed: int = 0
    crc: int = 0
    input: int | None = None
    segments: list[list[Any]] = field(default_factory=list)

    def kept(self) -> dict[str, Any]:
        """Write it down, to go on from there."""
        return asdict(self)


def write(  # noqa: PLR0913, PLR0917 - what is written, and where
    jobs: Jobs, job: Job, file: File, lines: bytes, count: int, patients: Iterable[str] = ()
) -> None:
    """Add lines, of which each has its line feed, and the ids of the patients they are about."""
    part = pack(lines)
    mine = f"{file.name} {job.holder}"
    if not file.segments or file.segments[-1][0] != mine:
        file.segments.append([mine, 0])
    segment = file.segments[-1]
    jobs.append(job, mine, segment[1], part)
    if named := "\n".join(sorted(patients)):
        jobs.append(job, mine + OF_WHOM, segment[1], pack(named.encode()))
    segment[1] += 1
    file.count += count
    file.size += len(lines)
    file.packed += len(part)
    file.crc = isal_zlib.crc32(lines, file.crc)


def pack(lines: bytes) -> bytes:
    """Compress lines into a part."""
    stream = isal_zlib.compressobj(LEVEL, isal_zlib.DEFLATED, RAW_DEFLATE)
    return stream.compress(lines) + stream.flush(isal_zlib.Z_FULL_FLUSH)


def answer(jobs: Jobs, job: Job, file: File, accept_encoding: str) -> Answer:
    """Send a file, compressed if the client reads gzip, part by part."""
    parts = _parts(jobs, job, file)
    headers = {"Content-Type": NDJSON, "Vary": "Accept-Encoding"}
    if "gzip" in accept_encoding:
        length = len(HEADER) + file.packed + len(LAST_BLOCK) + TRAILER.size
        headers |= {"Content-Encoding": "gzip", "Content-Length": str(length)}
        return Answer(200, b"", headers, _zipped(parts, file))
    headers["Content-Length"] = str(file.size)
    return Answer(200, b"", headers, _plain(parts))


def patients(jobs: Jobs, job: Job, file: File) -> set[str]:
    """Give the ids of the patients whom a file is about."""
    found: set[str] = set()
    for name, _ in file.segments:
        for part in _plain(jobs.parts(job.id, name + OF_WHOM)):
            found.update(part.decode().split("\n"))
    return found


def _parts(jobs: Jobs, job: Job, file: File) -> Iterator[bytes]:
    for name, count in file.segments:
        yield from islice(jobs.parts(job.id, name), count)


def _zipped(parts: Iterator[bytes], file: File) -> Iterator[bytes]:
    yield HEADER
    yield from parts
    yield LAST_BLOCK + TRAILER.pack(file.crc, file.size & 0xFFFFFFFF)


def _plain(parts: Iterator[bytes]) -> Iterator[bytes]:
    for part in parts:
        yield isal_zlib.decompressobj(RAW_DEFLATE).decompress(part)
