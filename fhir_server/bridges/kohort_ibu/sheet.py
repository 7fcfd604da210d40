"""A Kohort Ibu file read into rows of text, whatever made it: Excel, LibreOffice, a CSV."""

from __future__ import annotations

import csv
import io
import re
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final
from zipfile import BadZipFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

COLUMNS: Final = {
    "nik": "nik",
    "nama": "nama",
    "namaibu": "nama",
    "tanggallahir": "tanggalLahir",
    "tgllahir": "tanggalLahir",
    "norm": "noRM",
    "norekammedis": "noRM",
    "nobukukia": "noBukuKIA",
    "desa": "desa",
    "kodedesa": "desa",
    "hp": "hp",
    "nohp": "hp",
    "alamat": "alamat",
    "hpht": "hpht",
    "g": "gravida",
    "gravida": "gravida",
    "p": "partus",
    "partus": "partus",
    "a": "abortus",
    "abortus": "abortus",
    "tanggalkontak": "kontak",
    "kontakpertama": "kontak",
    "persalinanterakhir": "persalinanTerakhir",
}
"""Headings as they are met, without spaces and signs → fields."""
NEEDED: Final = ("nik", "nama", "tanggalLahir", "desa", "hpht", "gravida", "partus", "abortus")
MOST_DIGITS: Final = 15
"""Excel keeps this many digits of a number; a NIK has one more."""


class UnreadableSheet(ValueError):
    """The file is no Kohort Ibu; the message says what would be right."""


def rows(file: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Give each row that is not empty with the number it has in the file."""
    table = _workbook(file) if file.suffix.lower() == ".xlsx" else _text(file)
    fields: list[str | None] | None = None
    for number, cells in enumerate(table, 1):
        if not any(cells):
            continue
        if fields is None:
            fields = _headings(cells)
        else:
            pairs = zip(fields, cells, strict=False)
            yield number, {name: said for name, said in pairs if name and said}
    if fields is None:
        raise UnreadableSheet(_right("berkas kosong"))


def _headings(cells: Sequence[str]) -> list[str | None]:
    fields = [COLUMNS.get(re.sub(r"[^a-z]", "", each.lower())) for each in cells]
    missing = [each for each in NEEDED if each not in fields]
    if missing:
        raise UnreadableSheet(_right(f"baris judul tidak memuat {', '.join(missing)}"))
    return fields


def _right(wrong: str) -> str:
    return f"{wrong}. Seharusnya: baris pertama berisi judul kolom {', '.join(NEEDED)}."


def _text(file: Path) -> Iterator[list[str]]:
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        wrong = f"bukan teks UTF-8 (bita ke-{error.start})"
        raise UnreadableSheet(_right(wrong)) from None
    first = text.partition("\n")[0]
    sign = max(",;\t", key=first.count)
    for cells in csv.reader(io.StringIO(text), delimiter=sign):
        yield [each.strip() for each in cells]


def _workbook(file: Path) -> Iterator[list[str]]:
    from openpyxl import load_workbook  # noqa: PLC0415 - only where a workbook is read
    from openpyxl.utils.exceptions import InvalidFileException  # noqa: PLC0415 - as above

    try:
        book = load_workbook(file, read_only=True, data_only=True)
    except (InvalidFileException, BadZipFile, KeyError):
        raise UnreadableSheet(_right("bukan buku kerja XLSX")) from None
    try:
        yield from _cells(book.worksheets[0].iter_rows(values_only=True))
    finally:
        book.close()


def _cells(table: Iterable[Sequence[Any]]) -> Iterator[list[str]]:
    for row in table:
        yield [_said(each) for each in row]


def _said(value: Any) -> str:
    """Write a cell as text; a number of too many digits says that Excel has rounded it."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and len(str(abs(value))) > MOST_DIGITS:
        return f"angka {value}"
    return str(value).strip()
