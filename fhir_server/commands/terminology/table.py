"""Tables of any owner: KFA, the ICD-10 list of the Ministry of Health, a list of one's own.

Columns are known by their names, in English and Indonesian; ``display_id`` is a name in the
language ``id``. Every other column becomes a property of the concept.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fhir_server.commands.terminology.files import Unreadable, one
from fhir_server.commands.terminology.reading import Distribution, known
from fhir_server.resources.terminology.concepts import Concept

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fhir_server.commands.terminology.files import File, Row

ICD10 = "http://hl7.org/fhir/sid/icd-10"
KFA = "http://sys-ids.kemkes.go.id/kfa"

COLUMNS = {
    "code": ("code", "kode", "kfa_code", "kode_kfa", "icd10", "icd_10", "kode_icd", "kode_icd_10"),
    "display": (
        *("display", "name", "nama", "description", "deskripsi", "str", "text", "uraian"),
        *("nama_produk", "nama_penyakit", "diagnosis"),
    ),
    "parent": (
        *("parent", "induk", "parent_code", "kode_induk", "template_code", "kfa_template_code"),
        *("product_template_code", "kode_template"),
    ),
    "definition": ("definition", "definisi"),
    "status": ("status", "active", "aktif"),
}
INACTIVE = {"inactive", "retired", "deprecated", "false", "0", "no", "tidak", "nonaktif"}
VERSION = ("version", "versi")

_NAME = re.compile(r"^(?:display|name|nama|designation|str)[_:]([a-z]{2,3}(?:-[a-z0-9]{2,8})?)$")
_WORDS = {"nama_indonesia": "id", "indonesia": "id", "nama_inggris": "en", "english": "en"}
_PART = re.compile(r"[|;]")


def read(path: Path, *, url: str, name: str, version: str = "") -> Distribution:
    """Read a table; the hierarchy of ICD-10 is in its codes where no column says it."""
    file = one(path, "*.csv", "*.tsv", "*.txt", "*.csv.gz")
    layout = _Layout(file)
    parents: dict[str, tuple[str, ...]] = {}
    edition = ""
    for row in layout.rows():
        code = layout.code(row)
        parents.setdefault(code, layout.parents(row, derived=url == ICD10))
        edition = edition or next((row[each] for each in VERSION if row.get(each)), "")
    above = known(parents)

    def concepts() -> Iterator[Concept]:
        return (layout.concept(row, above[layout.code(row)]) for row in layout.rows())

    return Distribution(url, version or edition, name, above, concepts)


class _Layout:
    """Which column of a table is what."""

    def __init__(self, file: File) -> None:
        self._file = file
        head = next(iter(self._plain()), {})
        self._columns = {
            kind: next((each for each in names if each in head), "")
            for kind, names in COLUMNS.items()
        }
        self._languages = {each: language for each in head if (language := _language(each))}
        if not self._columns["display"]:
            self._columns["display"] = next(iter(self._languages), "")
        for kind in ("code", "display"):
            if not self._columns[kind]:
                right = ", ".join(COLUMNS[kind])
                raise Unreadable(f"{file.name} has no column with the {kind}: one of {right}.")
        used = {*self._columns.values(), *self._languages, *VERSION}
        self._others = [each for each in head if each and each not in used]

    def rows(self) -> Iterator[Row]:
        """Give the rows that have a code."""
        return (row for row in self._plain() if self.code(row))

    def code(self, row: Row) -> str:
        """Give the code of a row."""
        return row.get(self._columns["code"], "").strip()

    def parents(self, row: Row, *, derived: bool) -> tuple[str, ...]:
        """Give the codes directly above; ``A00.0`` lies below ``A00``."""
        column = self._columns["parent"]
        if column:
            parts = (each.strip() for each in _PART.split(row.get(column, "")))
            return tuple(filter(None, parts))
        whole, dot, rest = self.code(row).partition(".")
        if not derived or not dot:
            return ()
        return (*(f"{whole}.{rest[:n]}" for n in range(len(rest) - 1, 0, -1)), whole)

    def concept(self, row: Row, above: tuple[str, ...]) -> Concept:
        """Read one row."""
        names = [
            {"language": language, "value": row[column].strip()}
            for column, language in self._languages.items()
            if row.get(column, "").strip()
        ]
        values = [
            {"code": column, "valueString": row[column].strip()}
            for column in self._others
            if row.get(column, "").strip()
        ]
        return Concept(
            code=self.code(row),
            display=row.get(self._columns["display"], "").strip(),
            definition=row.get(self._columns["definition"], "").strip(),
            parents=above[:1] if not self._columns["parent"] else above,
            designations=tuple(names),
            properties=tuple(values),
            inactive=row.get(self._columns["status"], "").strip().lower() in INACTIVE,
        )

    def _plain(self) -> Iterator[Row]:
        for row in self._file.rows():
            yield {_plain(name): value for name, value in row.items() if name}


def _plain(column: str) -> str:
    return re.sub(r"[ .-]+", "_", column.strip().lower())


def _language(column: str) -> str:
    found = _NAME.match(column)
    return found[1] if found else _WORDS.get(column, "")
