"""R4's own definitions as lookup tables: types, elements, codes, search parameters, compartments.

Read from ``data/``, which ``tools/build_definitions.py`` makes from HL7's package. Each file is
read when first asked for.

https://hl7.org/fhir/R4/structuredefinition.html
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping

PRIMITIVES = frozenset(
    (
        "base64Binary",
        "boolean",
        "canonical",
        "code",
        "date",
        "dateTime",
        "decimal",
        "id",
        "instant",
        "integer",
        "markdown",
        "oid",
        "positiveInt",
        "string",
        "time",
        "unsignedInt",
        "uri",
        "url",
        "uuid",
        "xhtml",
    )
)


@dataclass(frozen=True, slots=True)
class Element:
    """One element as JSON writes it; ``value[x]`` is one Element for each type.

    ``path`` is where R4 defines it (``Observation.value[x]``), ``type`` a type's name, or for
    an element with elements of its own the path that defines those (``Patient.contact``).
    ``maximum`` is None for ``*``. ``choice`` is the name before ``[x]``, ``codes`` the value set
    that the code must come from, ``targets`` the types a Reference may point to (empty: any);
    ``summary`` says that ``_summary=true`` shows it.
    """

    name: str
    path: str
    type: str
    minimum: int
    maximum: int | None
    repeats: bool
    choice: str | None = None
    codes: str | None = None
    targets: tuple[str, ...] = ()
    summary: bool = False

    @property
    def is_primitive(self) -> bool:
        """Say whether JSON writes it as a string, number or boolean."""
        return self.type in PRIMITIVES


class Definitions:
    """What R4 4.0.1 says, read only."""

    @cached_property
    def types(self) -> frozenset[str]:
        """The 146 resource types that an instance may have."""
        rows = self._structure.items()
        return frozenset(
            name for name, row in rows if row["kind"] == "resource" and not row["abstract"]
        )

    @cached_property
    def data_types(self) -> frozenset[str]:
        """The data types with elements, such as HumanName."""
        return frozenset(n for n, row in self._structure.items() if row["kind"] == "complex-type")

    @cached_property
    def search_parameters(self) -> Mapping[str, Mapping[str, Any]]:
        """Give R4's search parameters by url, in the words of the SearchParameter resource.

        Each has ``code`` and ``type``; and where R4 gives them ``base``, ``expression``,
        ``target``, ``component``, ``multipleOr``, ``multipleAnd``, ``comparator``, ``modifier``;
        ``xpathUsage`` only where it is not ``normal``.
        """
        rows: dict[str, dict[str, Any]] = _read("search")
        return rows

    @cached_property
    def compartments(self) -> Mapping[str, Mapping[str, list[str]]]:
        """Give by compartment and resource type the parameters that put a resource into it.

        ``{"Patient": {"Observation": ["subject", "performer"]}}``. ``{def}`` as a parameter is the
        resource itself.
        """
        rows: dict[str, dict[str, list[str]]] = _read("compartments")
        return rows

    @cached_property
    def operations(self) -> Mapping[str, Mapping[str, Any]]:
        """Give R4's operations by url: code, name, resource types, and on what they run."""
        rows: dict[str, dict[str, Any]] = _read("operations")
        return rows

    @cached_property
    def value_sets(self) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
        """Give the value sets of required bindings: ``{url: {system: codes}}``.

        Currencies, MIME types, UCUM units and one LOINC answer list are too large to be listed
        or are not in HL7's package.
        """
        return {
            url: {system: tuple(codes) for system, codes in row.items()}
            for url, row in _read("codes").items()
        }

    @cached_property
    def profiles(self) -> Mapping[str, Mapping[str, Any]]:
        """Give HL7's own extensions and profiles of R4 by url, as StructureDefinitions."""
        return {url: {"url": url, **row} for url, row in _read("profiles").items()}

    @cached_property
    def invariants(self) -> Mapping[str, list[list[str]]]:
        """Give R4's invariants by the path they are about: key, severity, human, expression.

        ``ele-1`` stands at Element only, ``ext-1`` at Extension, ``dom-…`` at DomainResource,
        ``qty-3`` at Quantity.
        """
        rows: dict[str, list[list[str]]] = _read("invariants")
        return rows

    def elements(self, path: str) -> Mapping[str, Element]:
        """Give the elements of a type or of an element (``Patient.contact``), by JSON name."""
        return _elements(self, path)

    def row(self, type_name: str) -> Mapping[str, Any]:
        """Give the definition of a resource type or data type as the data file has it."""
        return self._structure[type_name]

    @cached_property
    def _structure(self) -> dict[str, dict[str, Any]]:
        rows: dict[str, dict[str, Any]] = _read("structure")
        return rows


@cache
def load_definitions() -> Definitions:
    """Give the definitions, the same object for the whole process."""
    return Definitions()


@cache
def _elements(definitions: Definitions, path: str) -> Mapping[str, Element]:
    rows = definitions.row(path.partition(".")[0])["elements"]
    found: dict[str, Element] = {}
    for child, row in rows.items():
        if child.rpartition(".")[0] == path:
            for each in _element(child, row, rows):
                found[each.name] = each
    return found


def _element(path: str, row: dict[str, Any], rows: dict[str, Any]) -> list[Element]:
    name = path.rpartition(".")[2]
    if "same" in row:
        types = [row["same"]]
    elif row["types"] in (["BackboneElement"], ["Element"]) and _has_children(path, rows):
        types = [path]
    else:
        types = row["types"]
    choice = name.removesuffix("[x]") if name.endswith("[x]") else None
    return [
        Element(
            name=name if choice is None else choice + each[0].upper() + each[1:],
            path=path,
            type=each,
            minimum=row["min"],
            maximum=None if row["max"] == "*" else int(row["max"]),
            repeats=row["max"] not in {"0", "1"},
            choice=choice,
            codes=row.get("codes"),
            summary=row.get("summary", False),
            targets=tuple(row.get("targets", ())) if each == "Reference" else (),
        )
        for each in types
    ]


def _has_children(path: str, rows: dict[str, Any]) -> bool:
    return f"{path}.id" in rows


def _read(name: str) -> Any:
    return orjson.loads((files(__package__) / "data" / f"{name}.json").read_bytes())[name]
