"""What the search parameters of one resource type write to the index.

No value is written twice. A parameter that is the union of others (``combo-code``) or repeats
another (``combo-code-value-quantity`` on the resource itself) is asked in their fields.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from fhir_server.search import compartment, generate, special, string, words
from fhir_server.search.expressions import Step, Truth, Unreadable, read
from fhir_server.search.field import Component, Field, Row, SearchParameter
from fhir_server.search.generate import Here, Leaf, Source
from fhir_server.search.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from fhir_server.resources.wire import Document
    from fhir_server.search.expressions import Path
    from fhir_server.search.field import Place
    from fhir_server.search.generate import Beside, Model

LETTERS = "abc"
_PATIENT = Step("resolves", "Patient")
TEXT = ":text"
BUILT_IN = {"_id": "_id", "_lastUpdated": "t"}


@dataclass
class Compiled:
    """The parameters of one type, and the code that indexes its documents."""

    parameters: Mapping[str, SearchParameter]
    source: Source

    @cached_property
    def index(self) -> Callable[[Document, dict[str, Any]], None]:
        """Give the function that indexes a document, made when the first one comes."""
        return generate.built(self.source, "index(d, ix)")


class Known(Protocol):
    """What is known of all types: ``Parameters``, as far as one type needs it."""

    model: Model
    place: Place
    by_url: dict[str, Mapping[str, Any]]

    @property
    def compartments(self) -> Mapping[str, Mapping[str, list[str]]]:
        """Give the parameters that put a type into a compartment."""

    def rows(self, resource_type: str) -> list[Row]:
        """Read the parameters that a type has."""


class _Type:
    """The work on one type: its rows, the fields made so far, the code so far."""

    def __init__(self, parameters: Known, resource_type: str) -> None:
        self.parameters = parameters
        self.type = resource_type
        self.rows = {row.code: row for row in parameters.rows(resource_type)}
        self.source = Source(parameters.model)
        self.fields: dict[tuple[str, frozenset[Any]], Field] = {}
        self.made: dict[str, SearchParameter] = {}
        self.letters: dict[tuple[str, Any], list[Leaf]] = {}

    def all(self) -> Compiled:
        simple = [row for row in self.rows.values() if row.type != "composite"]
        for row in sorted(simple, key=lambda row: (row.code != "patient", len(row.paths))):
            self.made[row.code] = self.attempt(self.simple, row)
        for row in self.rows.values():
            if row.type == "composite":
                self.made[row.code] = self.attempt(self.composite, row)
        self.narrow()
        known = {code: self.made[code] for code in self.rows}
        sources = compartment.beside(self.parameters.compartments, self.type, known)
        if sources:
            note = self.source.bind("note", compartment.write)
            named = " or ".join(
                f"{key!r} in ix" for key in dict.fromkeys(key for key, _ in sources)
            )
            self.source.line(1, f"if {named}:")
            self.source.line(2, f"{note}(ix, {sources!r})")
        if self.parameters.place.words:
            known |= self.words()
        return Compiled(known, self.source)

    def narrow(self) -> None:
        """Let ``subject=Patient/1`` ask the field of ``patient``, which has an index."""
        patient = self.rows.get("patient")
        if patient is None or len(self.made["patient"].fields) != 1:
            return
        (inner,) = self.made["patient"].fields
        for code, row in self.rows.items():
            ends = {(*path, _PATIENT) for path in row.paths if not isinstance(path, Truth)}
            made = self.made[code]
            if ends == set(patient.paths) and len(made.fields) == 1:
                wide = replace(made.fields[0], narrower={"Patient": inner.path})
                self.made[code] = replace(made, fields=(wide,))

    def words(self) -> dict[str, SearchParameter]:
        """Write the code for the words of the whole resource, and the parameters that ask them."""
        self.source.line(1, f"{self.source.bind('words', words.write)}(d, ix)")
        kinds = frozenset({"string"})
        return {
            code: SearchParameter(
                code, "string", url, "", fields=(Field(f"ix.{code}", kinds, many=True),)
            )
            for code, url in words.CODES.items()
        }

    def attempt(self, make: Callable[[Row], SearchParameter], row: Row) -> SearchParameter:
        """Make one parameter; an expression over what the type lacks names its parameter."""
        try:
            return make(row)
        except Unreadable as error:
            raise Unreadable(f"{row.url}: {row.expression}: {error}") from error

    def simple(self, row: Row) -> SearchParameter:
        if row.code in BUILT_IN:
            kind = "id" if row.code == "_id" else "instant"
            fields: tuple[Field, ...] = (Field(BUILT_IN[row.code], frozenset({kind}), many=False),)
        elif row.code in special.REFUSED:
            fields = ()
        else:
            fields = self.covering(row) or self.own(row)
        refused = special.REFUSED.get(row.code, "")
        if not fields and not refused:
            refused = f"{row.code} is defined over elements that {self.type} does not have."
        return SearchParameter(
            row.code, row.type, row.url, row.expression, row.targets, fields, refused=refused
        )

    def covering(self, row: Row) -> tuple[Field, ...]:
        """Find fields made before that together hold exactly what this parameter finds."""
        wanted = frozenset(row.paths)
        same = self.fields.get((row.type, wanted))
        if same is not None:
            return (Field(same.path, same.kinds, same.many, row.targets or same.targets),)
        parts = [key for key in self.fields if key[0] == row.type and key[1] < wanted]
        chosen, covered = [], frozenset[Any]()
        for key in sorted(parts, key=lambda key: -len(key[1])):
            if not key[1] & covered:
                chosen.append(self.fields[key])
                covered |= key[1]
        return tuple(chosen) if covered == wanted else ()

    def own(self, row: Row) -> tuple[Field, ...]:
        """Write the code for a field of its own and for those beside it: one walk for all."""
        source = self.source
        leaves_before = len(source.leaves)
        kind = KINDS[row.type]
        mark = len(source.lines)
        depth = self.guard(row.paths)
        asides = kind.asides(self.parameters.place)
        beside = tuple(
            generate.Beside(f"beside{n}", each) for n, each in enumerate(asides.values())
        )
        start = len(source.lines)
        writers = kind.writers(self.parameters.place)
        here = Here("d", self.type, depth, root=("d", self.type))
        self.emit(row.paths, "out.append", writers, here, beside)
        leaves = source.leaves[leaves_before:]
        if not leaves:
            del source.lines[mark:]
            return ()
        kinds = frozenset(leaf.kind for leaf in leaves)
        written = [
            each for each in zip(asides, beside, strict=True) if kinds & each[1].writers.keys()
        ]
        lists = ["out = []", *(f"{each.name} = []" for _, each in written)]
        source.lines[start:start] = ["    " * depth + each for each in lists]
        many = _many(row.type, leaves, row.paths)
        if row.type == "string":
            self.fold(row, kinds, depth)
        self.store(f"ix[{row.code!r}]", "out", depth, many=many)
        for modifier, each in written:
            self.aside(row, ":" + modifier, each.name, depth)
        del source.leaves[leaves_before:]
        systems = tuple(dict.fromkeys(each for leaf in leaves for each in leaf.systems))
        targets = systems if row.type == "token" else row.targets
        made = Field(f"ix.{row.code}", kinds, many, targets)
        self.fields[row.type, frozenset(row.paths)] = made
        return (made,)

    def guard(self, paths: tuple[Path | Truth, ...]) -> int:
        """Skip the field when the document has none of the elements it begins at."""
        if any(isinstance(path, Truth) for path in paths):
            return 1
        plain = [path for path in paths if not isinstance(path, Truth)]
        keys = generate.first_keys(self.parameters.model, self.type, plain)
        if not keys:
            return 1
        self.source.line(1, "if " + " or ".join(f"{key!r} in d" for key in keys) + ":")
        return 2

    def emit(
        self, paths: Any, add: str, writers: Any, here: Here, beside: Sequence[Beside] = ()
    ) -> None:
        self.source.wanted = frozenset(writers)
        for path in paths:
            if isinstance(path, Truth):
                generate.truth(self.source, path, here, add, writers)
            else:
                generate.walk(self.source, path, here, generate.writes(add, writers, beside))

    def store(self, target: str, found: str, depth: int, *, many: bool) -> None:
        self.source.line(depth, f"if {found}:")
        value = self.each_once(found) if many else f"{found}[0]"
        self.source.line(depth + 1, f"{target} = {value}")

    def each_once(self, found: str) -> str:
        """Write the list without what is there twice; most have one entry, or a code twice told."""
        unique = self.source.bind("unique", _unique)
        few = f"len({found}) == 1 or len({found}) == 2 and {found}[0] != {found}[1]"
        return f"{found} if {few} else {unique}({found})"

    def fold(self, row: Row, kinds: frozenset[str], depth: int) -> None:
        """Keep the strings as written for ``:exact``, and go on with them folded."""
        self.source.line(depth, "if out:")
        self.source.line(depth + 1, f"ix[{row.code + ':exact'!r}] = {self.each_once('out')}")
        folding = string.folded_names if kinds == string.NAMES else string.folded
        self.source.line(depth + 1, f"out = {self.source.bind('fold', folding)}(out)")

    def aside(self, row: Row, suffix: str, found: str, depth: int) -> None:
        if suffix == TEXT:
            self.source.line(depth, f"if {found}:")
            fold = self.source.bind("fold", string.folded)
            self.source.line(depth + 1, f"{found} = {fold}({found})")
        self.store(f"ix[{row.code + suffix!r}]", found, depth, many=True)

    def composite(self, row: Row) -> SearchParameter:
        """Ask the resource itself by the parameters of the parts, its elements by a field."""
        parts = [self.part(row, url, expression) for url, expression in row.components]
        inner = tuple(path for path in row.paths if path and not isinstance(path, Truth))
        fields = self.elements(row, inner, parts) if inner else ()
        own = len(inner) < len(row.paths)
        pairs = tuple(self.equal(part) for part in parts) if own else ()
        components = tuple(
            Component(part.type, self.within(letter, part), part.code)
            for letter, part in zip(LETTERS, parts, strict=False)
        )
        return SearchParameter(
            row.code, row.type, row.url, row.expression, (), fields, components, pairs
        )

    def part(self, row: Row, url: str, expression: str) -> Row:
        """Read one component: what its parameter is, and where it stands in the element.

        HL7 has taken for each other the two definitions of DocumentReference's relationship, so
        the parameter named must fit the place; else the one that does is meant.
        """
        paths = read(expression)
        document = self.parameters.by_url[url]
        named = self.rows.get(document["code"])
        whole = {(*base, *path) for base in row.paths for path in paths}  # type: ignore[misc]
        if named is None or not whole & set(named.paths):
            named = next((each for each in self.rows.values() if whole & set(each.paths)), named)
        if named is not None:
            return replace(named, paths=paths, components=())
        targets = tuple(document.get("target", ()))
        return Row(document["code"], document["type"], url, expression, targets, (), paths)

    def equal(self, part: Row) -> SearchParameter:
        """Find or make the parameter that asks the resource for one component."""
        wanted = frozenset(part.paths)
        wider = [
            self.fields[key]
            for key in self.fields
            if key[0] == part.type and key[1] >= wanted and len({p[:1] for p in key[1]}) == 1
        ]
        fields = tuple(wider[:1]) or self.own(replace(part, code=f"{part.code}:part"))
        return SearchParameter(
            part.code, part.type, part.url, part.expression, part.targets, fields
        )

    def within(self, letter: str, part: Row) -> Field:
        """Say what a letter of an element's entry holds."""
        leaves = self.letters.get((part.type, part.paths), [])
        systems = tuple(dict.fromkeys(each for leaf in leaves for each in leaf.systems))
        targets = systems if part.type == "token" else part.targets
        return Field(letter, frozenset(leaf.kind for leaf in leaves), many=True, targets=targets)

    def elements(self, row: Row, paths: tuple[Path, ...], parts: list[Row]) -> tuple[Field, ...]:
        """Write the code for one entry per element, with a letter for each component."""
        source = self.source
        key = ("composite", frozenset((*paths, *(part.paths for part in parts))))
        if key in self.fields:
            return (self.fields[key],)
        depth = self.guard(paths)
        source.line(depth, "rows = []")

        def arrive(inner: Source, here: Here) -> None:
            inner.line(here.depth, "row = {}")
            for letter, part in zip(LETTERS, parts, strict=False):
                self.letter(letter, part, replace(here, root=("d", self.type)))
            inner.line(here.depth, f"if len(row) == {len(parts)}:")
            inner.line(here.depth + 1, "rows.append(row)")

        for path in paths:
            generate.walk(source, path, Here("d", self.type, depth, root=("d", self.type)), arrive)
        source.line(depth, "if rows:")
        source.line(depth + 1, f"ix[{row.code!r}] = rows")
        made = Field(f"ix.{row.code}", frozenset({"composite"}), many=True)
        self.fields[key] = made
        return (made,)

    def letter(self, letter: str, part: Row, here: Here) -> None:
        self.source.line(here.depth, "out = []")
        writers = KINDS[part.type].writers(self.parameters.place)
        before = len(self.source.leaves)
        self.emit(part.paths, "out.append", writers, here)
        known = self.letters.setdefault((part.type, part.paths), [])
        known += self.source.leaves[before:]
        del self.source.leaves[before:]
        if part.type == "string":
            fold = self.source.bind("fold", string.folded)
            self.source.line(here.depth, f"out = {fold}(out)")
        self.source.line(here.depth, "if out:")
        self.source.line(here.depth + 1, f"row[{letter!r}] = out")


def _unique(entries: list[Any]) -> list[Any]:
    """Leave out what is there already; ranges are compared as they stand."""
    if isinstance(entries[0], str):
        return list(dict.fromkeys(entries))
    found: list[Any] = []
    for each in entries:
        if each not in found:
            found.append(each)
    return found


def _many(kind: str, leaves: list[Leaf], paths: Any) -> bool:
    """Tell whether there may be two entries: two elements, or two entries from one."""
    single: frozenset[str] = KINDS[kind].SINGLE  # type: ignore[attr-defined]
    if any(leaf.many or leaf.kind not in single for leaf in leaves):
        return True
    elements = {_untyped(path) for path in paths if not isinstance(path, Truth)}
    return len(elements) > 1


def _untyped(path: Path) -> Path:
    """Give the element that a path ends at, whichever of its types is meant."""
    return path[:-1] if path and path[-1].kind == "as" else path


def compiled(parameters: Known, resource_type: str) -> Compiled:
    """Compile the search parameters of one type."""
    return _Type(parameters, resource_type).all()
