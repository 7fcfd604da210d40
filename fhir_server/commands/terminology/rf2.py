"""SNOMED CT as its release centres distribute it: the snapshot files of RF2.

The descriptions are read in slices, so that not all of them are in memory at once.

https://confluence.ihtsdotools.org/display/DOCRELFMT
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fhir_server.commands.terminology.files import find, one
from fhir_server.commands.terminology.reading import Distribution, known
from fhir_server.resources.terminology.concepts import Concept
from fhir_server.resources.terminology.valuesets import SNOMED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fhir_server.commands.terminology.files import File, Row

IS_A = "116680003"
FULLY_SPECIFIED = "900000000000003001"
PREFERRED = "900000000000548007"
INTERNATIONAL = "900000000000207008"
DEFINED = "900000000000073002"
SLICE = 50_000
"""Concepts whose descriptions are in memory at once."""

_DATE = re.compile(r"_(\d{8})\.txt$")


@dataclass(frozen=True, slots=True)
class _Concept:
    active: bool
    defined: bool


def read(path: Path, *, version: str = "") -> Distribution:
    """Read a folder or zip of a release."""
    file = one(path, "*sct2_Concept_Snapshot*.txt")
    descriptions = find(path, "*sct2_Description_Snapshot*.txt")
    concepts = {
        row["id"]: _Concept(row["active"] == "1", row["definitionStatusId"] == DEFINED)
        for row in _rows(file)
    }
    above: dict[str, tuple[str, ...]] = dict.fromkeys(concepts, ())
    for row in _rows(one(path, "*sct2_Relationship_Snapshot*.txt")):
        if row["typeId"] == IS_A and row["active"] == "1" and row["sourceId"] in above:
            above[row["sourceId"]] = (*above[row["sourceId"]], row["destinationId"])
    found = _DATE.search(file.name)
    if found and not version:
        version = f"{SNOMED}/{INTERNATIONAL}/version/{found[1]}"
    parents = known(above)
    preferred = _preferred(path)

    def slices() -> Iterator[Concept]:
        codes = list(concepts)
        for start in range(0, len(codes), SLICE):
            some = codes[start : start + SLICE]
            names = _names(descriptions, set(some))
            for code in some:
                yield _concept(code, concepts[code], parents[code], (names[code], preferred))

    return Distribution(SNOMED, version, "SNOMED CT", parents, slices)


def _rows(file: File) -> Iterator[Row]:
    return file.rows(quoted=False, delimiter="\t")


def _preferred(path: Path) -> frozenset[str]:
    """Give the descriptions that some language reference set prefers."""
    return frozenset(
        row["referencedComponentId"]
        for file in find(path, "*der2_cRefset_Language*Snapshot*.txt")
        for row in _rows(file)
        if row["active"] == "1" and row["acceptabilityId"] == PREFERRED
    )


def _names(files: list[File], wanted: set[str]) -> defaultdict[str, list[Row]]:
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for file in files:
        for row in _rows(file):
            if row["active"] == "1" and row["conceptId"] in wanted:
                kept = {name: row[name] for name in ("id", "languageCode", "typeId", "term")}
                found[row["conceptId"]].append(kept)
    return found


def _concept(
    code: str, concept: _Concept, above: tuple[str, ...], named: tuple[list[Row], frozenset[str]]
) -> Concept:
    names, preferred = named

    def rank(row: Row) -> tuple[bool, bool, bool]:
        english = row["languageCode"] == "en"
        return not english, row["typeId"] == FULLY_SPECIFIED, row["id"] not in preferred

    ordered = sorted(names, key=rank)
    display = ordered[0]["term"] if ordered else ""
    return Concept(
        code=code,
        display=display,
        parents=above,
        designations=tuple(
            {"language": row["languageCode"], "value": row["term"]} for row in ordered[1:]
        ),
        properties=({"code": "sufficientlyDefined", "valueBoolean": concept.defined},),
        inactive=not concept.active,
    )
