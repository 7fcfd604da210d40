"""Files of a distribution: one file, a folder of them, or a zip of a folder."""

from __future__ import annotations

import csv
import fnmatch
import gzip
import hashlib
import io
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SAMPLE = 64 * 1024
LONGEST_FIELD = 1024 * 1024

Row = dict[str, str]


class Unreadable(Exception):
    """A file is not what it should be; the message says which, where and what would be right."""


@dataclass(frozen=True, slots=True)
class File:
    """One file, perhaps inside a zip; ``name`` is its path there."""

    path: Path
    name: str
    member: str = ""

    @contextmanager
    def binary(self) -> Iterator[IO[bytes]]:
        """Open it; a .gz is unpacked on the way."""
        if self.member:
            with zipfile.ZipFile(self.path) as archive, archive.open(self.member) as file:
                yield file
        elif self.path.suffix == ".gz":
            with gzip.open(self.path) as unpacked:
                yield cast("IO[bytes]", unpacked)
        else:
            with self.path.open("rb") as plain:
                yield plain

    @contextmanager
    def text(self) -> Iterator[io.TextIOWrapper]:
        """Open it as UTF-8, with or without a mark at its beginning."""
        with self.binary() as file, io.TextIOWrapper(file, "utf-8-sig", newline="") as text:
            yield text

    def rows(self, *, quoted: bool = True, delimiter: str = "") -> Iterator[Row]:
        """Read a table whose first line names its columns."""
        delimiter = delimiter or self._delimiter()
        quoting: Any = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
        csv.field_size_limit(LONGEST_FIELD)
        with self.text() as text:
            reader = csv.DictReader(text, delimiter=delimiter, quoting=quoting, restval="")
            try:
                for row in reader:
                    yield {name: value for name, value in row.items() if isinstance(value, str)}
            except (csv.Error, UnicodeDecodeError) as error:
                line = reader.line_num
                raise Unreadable(f"{self.name}, line {line}: {error}; a UTF-8 table.") from None

    def _delimiter(self) -> str:
        with self.text() as text:
            try:
                head = text.read(SAMPLE).partition("\n")[0]
            except UnicodeDecodeError as error:
                raise Unreadable(f"{self.name} is not UTF-8: {error.reason}.") from None
        return max(",;\t|", key=head.count)


def find(path: Path, *patterns: str) -> list[File]:
    """Give the files of a folder or zip whose names fit a pattern; a single file fits always."""
    if path.is_dir():
        inside = sorted(each for each in path.rglob("*") if each.is_file())
        named = [File(each, str(each.relative_to(path))) for each in inside]
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            named = [File(path, name, name) for name in sorted(archive.namelist())]
    else:
        return [File(path, path.name)]
    return [each for each in named if _fits(each.name, patterns)]


def _fits(name: str, patterns: tuple[str, ...]) -> bool:
    base = name.rpartition("/")[2].lower()
    return any(fnmatch.fnmatch(base, pattern.lower()) for pattern in patterns)


def one(path: Path, *patterns: str) -> File:
    """Give the file that must be there."""
    found = find(path, *patterns)
    if not found:
        raise Unreadable(f"{path} has no file {' or '.join(patterns)}.")
    return found[0]


def fingerprint(path: Path) -> str:
    """Name the content of a path as it is now: names, sizes and times."""
    files = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
    facts = [f"{file.resolve()}:{file.stat().st_size}:{file.stat().st_mtime_ns}" for file in files]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()
