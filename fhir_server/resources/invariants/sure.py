"""What surely holds, as Python: a second reading of an invariant's tree, for speed.

``true`` and ``false`` write an expression that is true only where the invariant's part is surely
so; None is for what is not written in Python. Both may be untrue at once: then ``check`` decides.
The value is known to be of its type, and has no empty element.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from fhir_server.resources.definitions import PRIMITIVES
from fhir_server.resources.fhirpath.model import fields, spellings
from fhir_server.resources.fhirpath.variables import SYSTEMS

if TYPE_CHECKING:
    from fhir_server.resources.fhirpath.parser import Tree

    Names = tuple[str, ...]

_NUMBERS = frozenset(("integer", "positiveInt", "unsignedInt", "decimal"))
_DATES = frozenset(("date", "dateTime", "instant", "time"))
_ORDERS = frozenset(("<", "<=", ">", ">="))
_SWAPPED = {"=": "!=", "!=": "="}


@dataclass(frozen=True, slots=True)
class Place:
    """A Python name that holds the JSON of an element of this type; ``top`` is the resource's."""

    name: str
    kind: str
    top: str | None = None
    repeating: frozenset[tuple[str, str]] = frozenset()

    def inner(self, kind: str) -> Place:
        """Give the place of an item in a loop inside this one."""
        return replace(self, name=f"{self.name}_", kind=kind)


def simplified(tree: Any, kind: str) -> Any:
    """Leave out ``trace()``, and the name of the type where a path begins with it."""
    match tree:
        case ("path", head, steps):
            if head == ("child", kind):
                head, *steps = steps
            steps = tuple(each for each in steps if each[:2] != ("call", "trace"))
            head, steps = simplified(head, kind), simplified(steps, kind)
            return ("path", head, steps) if steps else head
        case tuple():
            return tuple(simplified(each, kind) for each in tree)
    return tree


def true(tree: Tree, at: Place) -> str | None:
    """Write when the tree is surely true."""
    return _judged(tree, at, wanted=True)


def false(tree: Tree, at: Place) -> str | None:
    """Write when the tree is surely false."""
    return _judged(tree, at, wanted=False)


def _judged(tree: Tree, at: Place, *, wanted: bool) -> str | None:
    match tree:
        case ("literal", bool() as value):
            return str(value == wanted)
        case ("binary", "and" | "or" | "implies" | "xor" as word, left, right):
            return _connected(word, left, right, at, wanted=wanted)
        case ("binary", word, left, right):
            return _compared(word, left, right, at, wanted=wanted)
        case ("path", head, (*steps, ("call", "not", ()))):
            inner = ("path", head, tuple(steps)) if steps else head
            return _judged(inner, at, wanted=not wanted)
        case ("path", head, (*steps, ("call", name, arguments))):
            return _called(_path(head, steps), name, arguments, at, wanted=wanted)
        case ("call", "exists" | "empty" as name, arguments):
            return _called((), name, arguments, at, wanted=wanted)
    return None


def _connected(word: str, left: Tree, right: Tree, at: Place, *, wanted: bool) -> str | None:
    yes = [true(each, at) for each in (left, right)]
    no = [false(each, at) for each in (left, right)]
    match word, wanted:
        case ("and", True):
            return _all(*yes)
        case ("and", False):
            return _any(*no)
        case ("or", True):
            return _any(*yes)
        case ("or", False):
            return _all(*no)
        case ("implies", True):
            return _any(no[0], yes[1])
        case ("implies", False):
            return _all(yes[0], no[1])
    return _unlike(yes, no) if wanted else _alike(yes, no)


def _alike(yes: list[str | None], no: list[str | None]) -> str | None:
    return _any(_all(*yes), _all(*no))


def _unlike(yes: list[str | None], no: list[str | None]) -> str | None:
    return _any(_all(yes[0], no[1]), _all(no[0], yes[1]))


def _compared(word: str, left: Tree, right: Tree, at: Place, *, wanted: bool) -> str | None:
    if word in {"=", "!="}:
        found = _same(left, right, at, wanted=wanted == (word == "="))
        if found is not None:
            return found
        yes = [true(each, at) for each in (left, right)]
        no = [false(each, at) for each in (left, right)]
        if None in yes or None in no:
            return None
        return _alike(yes, no) if wanted == (word == "=") else _unlike(yes, no)
    if word == "in":
        return _among(left, right, at, wanted=wanted)
    if word in _ORDERS:
        return _ordered(word, left, right, at, wanted=wanted)
    return None


def _same(left: Tree, right: Tree, at: Place, *, wanted: bool) -> str | None:
    literal, spelled = _literal(right), _value(left, at)
    if spelled is None or literal is None:
        return _counted("==" if wanted else "!=", left, right, at)
    name, kind = spelled
    if isinstance(literal, str) and (kind in _DATES or kind in _NUMBERS or kind == "boolean"):
        return None
    return f"{name} == {literal!r}" if wanted else f"{name} not in (None, {literal!r})"


def _among(left: Tree, right: Tree, at: Place, *, wanted: bool) -> str | None:
    spelled, literals = _value(left, at), _literals(right)
    if spelled is None or not literals:
        return None
    chosen = f"({', '.join(map(repr, literals))},)"
    if wanted:
        return f"{spelled[0]} in {chosen}"
    return f"{spelled[0]} not in (None, {chosen[1:]}"


def _ordered(word: str, left: Tree, right: Tree, at: Place, *, wanted: bool) -> str | None:
    counted = _counted(word, left, right, at)
    if counted is not None:
        return counted if wanted else f"(not {counted})"
    one, other = _value(left, at), _value(right, at)
    if one is None or not wanted:
        return None
    literal = _literal(right)
    if type(literal) is int and one[1] in _NUMBERS:
        return f"{one[0]} is not None and {one[0]} {word} {literal}"
    if other is not None and one[1] in _DATES and other[1] in _DATES and word in {"<=", ">="}:
        pair = (one[0], other[0]) if word == "<=" else (other[0], one[0])
        return f"in_order({pair[0]}, {pair[1]})"
    return None


def _called(
    steps: Names | None,
    name: str,
    arguments: tuple[Tree, ...],
    at: Place,
    *,
    wanted: bool,
) -> str | None:
    if steps is None:
        return None
    match name, arguments:
        case ("exists", ()):
            return _present(steps, at, wanted=wanted)
        case ("empty", ()):
            return _present(steps, at, wanted=not wanted)
        case ("hasValue", ()) if len(steps) == 1 and _kind(steps[0], at) in PRIMITIVES:
            return f"{steps[0]!r} {'in' if wanted else 'not in'} {at.name}"
        case ("exists", (criterion,)):
            return _some(steps, criterion, at, wanted=wanted)
        case ("all", (criterion,)):
            return _every(steps, criterion, at, wanted=wanted)
        case ("startsWith" | "contains", (("literal", str() as text),)):
            return _text(steps, name, text, at, wanted=wanted)
    return None


def _present(steps: Names, at: Place, *, wanted: bool) -> str | None:
    if not steps:
        return str(wanted)
    if len(steps) == 1 and not steps[0].startswith("where "):
        names = _names(steps[0], at)
        word, join = ("in", " or ") if wanted else ("not in", " and ")
        return f"({join.join(f'{name!r} {word} {at.name}' for name in names)})" if names else None
    *before, last = steps
    if last.startswith("where "):
        found = _some(tuple(before), _WHERE[last], at, wanted=wanted)
        return (
            found
            if wanted or not before
            else _any(_present(tuple(before), at, wanted=False), found)
        )
    reached = _reached(tuple(before), at)
    if reached is None:
        return None
    inner = at.inner(reached)
    found = _present((last,), inner, wanted=wanted)
    return _loop("any" if wanted else "all", found, inner, tuple(before), at)


def _some(steps: Names, criterion: Tree, at: Place, *, wanted: bool) -> str | None:
    return _quantified("any" if wanted else "all", steps, criterion, at, wanted=wanted)


def _every(steps: Names, criterion: Tree, at: Place, *, wanted: bool) -> str | None:
    return _quantified("all" if wanted else "any", steps, criterion, at, wanted=wanted)


def _quantified(word: str, steps: Names, criterion: Tree, at: Place, *, wanted: bool) -> str | None:
    """Write that a criterion meets some or all; an empty one is as good as a false one."""
    reached = _reached(steps, at)
    if reached is None:
        return None
    inner = at.inner(reached)
    found = _judged(criterion, inner, wanted=wanted)
    if not wanted and _is_exact(criterion):
        yes = true(criterion, inner)
        found = yes and f"(not {yes})"
    return _loop(word, found, inner, steps, at)


def _is_exact(tree: Tree) -> bool:
    """Say whether what ``true`` writes is true just where the tree is."""
    match tree:
        case ("binary", "and" | "or", left, right):
            return _is_exact(left) and _is_exact(right)
        case ("binary", "=" | "!=" | "in", ("child", _), right):
            return bool(_literals(right))
    return False


def _loop(word: str, found: str | None, inner: Place, steps: Names, at: Place) -> str | None:
    if found is None:
        return None
    if not steps:
        return found.replace(inner.name, at.name)
    return f"{word}({found} for {inner.name} in items({at.name}, {steps!r}))"


def _text(steps: Names, name: str, text: str, at: Place, *, wanted: bool) -> str | None:
    if len(steps) != 1 or _kind(steps[0], at) not in PRIMITIVES - _NUMBERS - _DATES:
        return None
    value = f"{at.name}.get({steps[0]!r}, '')"
    test = f"{text!r} in {value}" if name == "contains" else f"{value}.startswith({text!r})"
    return f"({test})" if wanted else f"({steps[0]!r} in {at.name} and not {test})"


def _counted(word: str, left: Tree, right: Tree, at: Place) -> str | None:
    """Compare a sum of counts with a number; counts are never unknown."""
    total, literal = _total(left, at), _literal(right)
    if total is None or type(literal) is not int:
        return None
    return f"({total} {'==' if word == '=' else word} {literal})"


def _total(tree: Tree, at: Place) -> str | None:
    match tree:
        case ("binary", "+", left, right):
            parts = [_total(left, at), _total(right, at)]
            return None if None in parts else " + ".join(filter(None, parts))
        case ("path", head, (("call", "count", ()),)):
            steps = _path(head, ())
            return None if steps is None or len(steps) != 1 else _count(steps[0], at)
    return None


def _count(name: str, at: Place) -> str | None:
    names, kind = _names(name, at), _kind(name, at)
    if not names or (kind in PRIMITIVES and (at.kind, name) in at.repeating):
        return None
    if (at.kind, name) in at.repeating:
        return f"len({at.name}.get({name!r}, ()))"
    return f"({' or '.join(f'{each!r} in {at.name}' for each in names)})"


def _value(tree: Tree, at: Place) -> tuple[str, str] | None:
    """Give the Python of a single primitive, and its type."""
    match tree:
        case ("path", ("variable", "resource"), (("child", name),)) if at.top is not None:
            at = replace(at, name="value", kind=at.top)
        case ("child", name):
            pass
        case _:
            return None
    kind = _kind(name, at)
    if kind not in PRIMITIVES or (at.kind, name) in at.repeating:
        return None
    return f"{at.name}.get({name!r})", kind


def _literal(tree: Tree) -> Any:
    match tree:
        case ("literal", str() | int() as value):
            return value
        case ("variable", name) if name in SYSTEMS:
            return SYSTEMS[name]
    return None


def _literals(tree: Tree) -> list[Any]:
    if tree[:2] == ("binary", "|"):
        return [*_literals(tree[2]), *_literals(tree[3])]
    value = _literal(tree)
    return [] if value is None else [value]


_WHERE: dict[str, Tree] = {}


def _path(head: Tree, steps: Any) -> tuple[str, ...] | None:
    """Give a path as names; a ``where`` may come last, and stands for its criterion."""
    found: list[str] = []
    for each in (head, *steps):
        match each:
            case ("child", name) if not found or not found[-1].startswith("where "):
                found.append(name)
            case ("call", "where", (criterion,)):
                mark = f"where {criterion!r}"
                _WHERE[mark] = criterion
                found.append(mark)
            case _:
                return None
    return tuple(found)


def _reached(steps: Names, at: Place) -> str | None:
    kind = at.kind
    for name in steps:
        rows = fields(kind).get(name, ())
        if len(rows) != 1 or rows[0][1] in PRIMITIVES or rows[0][1] == "Resource":
            return None
        kind = rows[0][1]
    return kind


def _kind(name: str, at: Place) -> str:
    return spellings(at.kind).get(name, "")


def _names(name: str, at: Place) -> list[str]:
    rows = fields(at.kind).get(name, ())
    return [each for row in rows for each in _spelled(*row)]


def _spelled(name: str, kind: str) -> list[str]:
    return [name, f"_{name}"] if kind in PRIMITIVES else [name]


def _all(*parts: str | None) -> str | None:
    return None if None in parts else f"({' and '.join(filter(None, parts))})"


def _any(*parts: str | None) -> str | None:
    known = [part for part in parts if part is not None]
    return f"({' or '.join(known)})" if known else None
