"""What a search parameter writes to the index: the Python that does it, generated.

The expressions of all parameters of a type become one function over the document. It runs at
every write, so it is plain code: no expression is interpreted and no type looked up in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from fhir_server.search.expressions import Path, Step, Truth, Unreadable
from fhir_server.search.field import as_it_is
from fhir_server.search.reference import refers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from fhir_server.resources.definitions import Definitions, Element
    from fhir_server.search.field import Aside, Writer, Writers

    Arrive = Callable[["Source", "Here"], None]


MOST_KEYS = 6


@dataclass(frozen=True, slots=True)
class Child:
    """One element of a type, with all the types it may have.

    ``choice``: the type is part of its JSON name (``valueQuantity``); ``systems``: of the codes
    that it must be one of.
    """

    types: tuple[str, ...]
    many: bool
    choice: bool = False
    systems: tuple[str, ...] = ()


class Model:
    """The definitions, as paths ask them: an element by its name, whatever its type."""

    def __init__(self, definitions: Definitions) -> None:
        self.definitions = definitions
        self._children: dict[str, dict[str, Child]] = {}

    def child(self, owner: str, name: str) -> Child | None:
        """Give the element ``name`` of a type or of a backbone path."""
        if owner not in self._children:
            self._children[owner] = self._read(owner) if owner[0].isupper() else {}
        return self._children[owner].get(name)

    def _read(self, owner: str) -> dict[str, Child]:
        found: dict[str, list[Element]] = {}
        for each in self.definitions.elements(owner).values():
            found.setdefault(each.choice or each.name, []).append(each)
        return {name: self._child(elements) for name, elements in found.items()}

    def _child(self, elements: list[Element]) -> Child:
        first = elements[0]
        codes = self.definitions.value_sets.get(first.codes or "", {})
        return Child(
            tuple(each.type for each in elements), first.repeats, bool(first.choice), tuple(codes)
        )


@dataclass(frozen=True, slots=True)
class Leaf:
    """Where a path arrives: the FHIR type there, and whether there may be several."""

    kind: str
    many: bool
    systems: tuple[str, ...] = ()


@dataclass(slots=True)
class Source:
    """The lines of one function, and the objects they name."""

    model: Model
    lines: list[str] = field(default_factory=list)
    names: dict[str, Any] = field(default_factory=lambda: {"refers": refers})
    leaves: list[Leaf] = field(default_factory=list)
    wanted: frozenset[str] | None = None
    counter: int = 0

    def new(self, stem: str) -> str:
        """Give a name not used before."""
        self.counter += 1
        return f"{stem}{self.counter}"

    def bind(self, stem: str, value: Any) -> str:
        """Give a name for an object the code needs."""
        for name, known in self.names.items():
            if known is value:
                return name
        name = self.new(stem)
        self.names[name] = value
        return name

    def line(self, depth: int, text: str) -> None:
        """Write one line."""
        self.lines.append("    " * depth + text)


@dataclass(frozen=True, slots=True)
class Here:
    """Where the generated code stands: the variable, its type, and what led there."""

    variable: str
    kind: str
    depth: int
    many: bool = False
    systems: tuple[str, ...] = ()
    root: tuple[str, str] = ("d", "")


def walk(source: Source, path: Path, here: Here, arrive: Arrive) -> None:
    """Write the code that goes along ``path`` and does what ``arrive`` writes at every end."""
    before = len(source.lines)
    _walk(source, path, here, arrive)
    if len(source.lines) == before:
        source.line(here.depth, "pass")


def _walk(source: Source, path: Path, here: Here, arrive: Arrive) -> None:
    if not path:
        arrive(source, here)
        return
    step, rest = path[0], path[1:]
    match step.kind:
        case "child":
            _child(source, step.value, rest, here, arrive)
        case "as":
            if _same(here.kind, step.value):
                walk(source, rest, here, arrive)
        case "extension":
            _extension(source, step.value, rest, here, arrive)
        case "root":
            top = replace(here, variable=here.root[0], kind=here.root[1])
            walk(source, rest, top, arrive)
        case "at":
            raise Unreadable(f"a position after {here.kind}")
        case _:
            source.line(here.depth, f"if {_test(step, here.variable)}:")
            walk(source, rest, replace(here, depth=here.depth + 1), arrive)


def _same(kind: str, asked: str) -> bool:
    return kind.lower() == asked


def _test(step: Step, variable: str) -> str:
    match step.kind:
        case "equals":
            return f"{variable}.get({step.name!r}) == {step.value!r}"
        case "resolves":
            return f"refers({variable}, {step.value!r})"
        case "extended":
            return f"any(e.get('url') == {step.value!r} for e in {variable}.get('extension', ()))"
    raise Unreadable(step.kind)


def _child(source: Source, name: str, rest: Path, here: Here, arrive: Arrive) -> None:
    child = source.model.child(here.kind, name)
    if child is None:
        raise Unreadable(f"{here.kind} has no element {name}")
    kinds, rest = _narrowed(child.types, rest)
    if child.choice and not rest and source.wanted is not None:
        kinds = tuple(kind for kind in kinds if kind in source.wanted)
    position = ""
    if rest and rest[0].kind == "at":
        position = f"[{rest[0].value}:{int(rest[0].value) + 1}]"
        rest = rest[1:]
    many = here.many or (child.many and not position)
    for kind in kinds:
        key = name + kind[0].upper() + kind[1:] if child.choice else name
        if rest and rest[0].kind == "extension" and kind[0].islower():
            key = "_" + key
        value = source.new("v")
        get = f"{here.variable}.get({key!r}"
        opening = f"if ({value} := {get})) is not None:"
        if child.many:
            opening = f"for {value} in {get}, ()){position}:"
        source.line(here.depth, opening)
        depth = here.depth + 1
        if child.many and kind[0].islower():
            source.line(depth, f"if {value} is not None:")
            depth += 1
        inside = replace(
            here, variable=value, kind=kind, many=many, depth=depth, systems=child.systems
        )
        walk(source, rest, inside, arrive)


def _narrowed(kinds: tuple[str, ...], rest: Path) -> tuple[tuple[str, ...], Path]:
    if rest and rest[0].kind == "as":
        return tuple(kind for kind in kinds if _same(kind, rest[0].value)), rest[1:]
    return kinds, rest


def _extension(source: Source, url: str, rest: Path, here: Here, arrive: Arrive) -> None:
    value = source.new("v")
    source.line(here.depth, f"for {value} in {here.variable}.get('extension', ()):")
    source.line(here.depth + 1, f"if {value}.get('url') == {url!r}:")
    inside = replace(here, variable=value, kind="Extension", many=True, depth=here.depth + 2)
    walk(source, rest, inside, arrive)


@dataclass(frozen=True, slots=True)
class Beside:
    """A field beside the parameter's own: the list its entries go to, and who writes them."""

    name: str
    writers: Mapping[str, Aside]


def writes(add: str, writers: Writers, beside: Sequence[Beside] = ()) -> Arrive:
    """Arrive by writing the element's entries with ``writers``, and note the type."""

    def arrive(source: Source, here: Here) -> None:
        if here.kind in writers:
            source.leaves.append(Leaf(here.kind, here.many, here.systems))
            _write(source, here, add, writers[here.kind])
            for each in beside:
                _write_beside(source, here, each)
        elif here.kind == "Extension":
            _value_of(source, here, writers, arrive)
        else:
            source.line(here.depth, "pass")

    return arrive


def _write(source: Source, here: Here, add: str, writer: Writer) -> None:
    call = f"{add}({here.variable})"
    if writer is not as_it_is:
        call = f"{source.bind('w', writer)}({here.variable}, {add})"
    source.line(here.depth, call)


def _write_beside(source: Source, here: Here, beside: Beside) -> None:
    aside = beside.writers.get(here.kind)
    if aside is None:
        return
    if aside.needs:
        source.line(here.depth, f"if {aside.needs!r} in {here.variable}:")
        here = replace(here, depth=here.depth + 1)
    _write(source, here, f"{beside.name}.append", aside.write)


def _value_of(source: Source, here: Here, writers: Writers, arrive: Arrive) -> None:
    """Take the value of an extension, whichever of the types that can be indexed it has."""
    child = source.model.child("Extension", "value")
    for kind in child.types if child else ():
        if kind in writers:
            walk(source, (Step("child", "value"), Step("as", kind.lower())), here, arrive)


def truth(source: Source, test: Truth, here: Here, add: str, writers: Writers) -> None:
    """Write whether the element is there and is not the one value."""
    flag = source.new("t")
    source.line(here.depth, f"{flag} = False")

    def arrive(inner: Source, there: Here) -> None:
        unequal = {"false": "False", "true": "True"}.get(test.unequal, repr(test.unequal))
        inner.line(there.depth, f"{flag} = {flag} or {there.variable} != {unequal}")

    source.wanted = None
    walk(source, test.path, here, arrive)
    source.leaves.append(Leaf("Truth", many=False))
    source.line(here.depth, f"{source.bind('w', writers['Truth'])}({flag}, {add})")


def built(source: Source, signature: str) -> Callable[..., Any]:
    """Compile the lines to the function they are."""
    text = f"def {signature}:\n" + "\n".join(source.lines or ["    pass"])
    space: dict[str, Any] = dict(source.names)
    exec(compile(text, "<search parameters>", "exec"), space)  # noqa: S102 - written above
    return space[signature.partition("(")[0]]  # type: ignore[no-any-return]


def first_keys(model: Model, kind: str, paths: Iterable[Path]) -> tuple[str, ...]:
    """Give the JSON keys of which one must be there for any path to lead on; none: unknown."""
    keys: dict[str, None] = {}
    for path in paths:
        if path and path[0].kind == "extension":
            keys["extension"] = None
            continue
        child = model.child(kind, path[0].value) if path else None
        if child is None or (len(path) > 1 and path[1].kind == "extension"):
            return ()
        name = path[0].value
        for each in _narrowed(child.types, path[1:])[0]:
            keys[name + each[0].upper() + each[1:] if child.choice else name] = None
    return tuple(keys) if len(keys) <= MOST_KEYS else ()
