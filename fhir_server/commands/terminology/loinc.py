"""LOINC as Regenstrief distributes it: the table, and the hierarchy by component and system.

https://loinc.org/kb/users-guide/
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fhir_server.commands.terminology.files import Unreadable, find, one
from fhir_server.commands.terminology.reading import Distribution, known
from fhir_server.resources.terminology.concepts import Concept
from fhir_server.resources.terminology.valuesets import LOINC

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fhir_server.commands.terminology.files import Row

TABLE = "Loinc.csv"
HIERARCHY = "ComponentHierarchyBySystem.csv"
PROPERTIES = (
    *("COMPONENT", "PROPERTY", "TIME_ASPCT", "SYSTEM", "SCALE_TYP", "METHOD_TYP", "CLASS"),
    *("CLASSTYPE", "ORDER_OBS", "STATUS", "EXAMPLE_UCUM_UNITS"),
)
NAMES = ("SHORTNAME", "DisplayName", "CONSUMER_NAME")

_VERSION = re.compile(r"(\d+\.\d+)")


def read(path: Path, *, version: str = "") -> Distribution:
    """Read a folder or zip of LOINC, or the table alone."""
    table = one(path, TABLE)
    parts: dict[str, str] = {}
    parents: dict[str, tuple[str, ...]] = {}
    for row in table.rows():
        if "LOINC_NUM" not in row:
            raise Unreadable(f"{table.name} has no column LOINC_NUM: it is no table of LOINC.")
        parents[row["LOINC_NUM"]] = ()
    hierarchy = [each for each in find(path, HIERARCHY) if each.name != table.name]
    for row in hierarchy[0].rows() if hierarchy else ():
        code = row["CODE"]
        if code not in parents:
            parts[code] = row["CODE_TEXT"]
        parents[code] = (*parents.get(code, ()), row["IMMEDIATE_PARENT"])
    found = _VERSION.search(path.name)
    above = known(parents)

    def concepts() -> Iterator[Concept]:
        for code, text in parts.items():
            yield Concept(code, text, parents=above[code])
        yield from (_concept(row, above[row["LOINC_NUM"]]) for row in table.rows())

    return Distribution(LOINC, version or (found[1] if found else ""), "LOINC", above, concepts)


def _concept(row: Row, above: tuple[str, ...]) -> Concept:
    display = row.get("LONG_COMMON_NAME") or row.get("SHORTNAME") or row.get("COMPONENT", "")
    names = dict.fromkeys(row[each] for each in NAMES if row.get(each))
    return Concept(
        code=row["LOINC_NUM"],
        display=display,
        definition=row.get("DefinitionDescription", ""),
        parents=above,
        designations=tuple({"language": "en", "value": each} for each in names if each != display),
        properties=tuple(
            {"code": name, "valueString": row[name]} for name in PROPERTIES if row.get(name)
        ),
        inactive=row.get("STATUS") == "DEPRECATED",
    )
