"""A tree as one Python function: closures over the parts, nothing that looks at the tree again.

A function takes a frame and gives a collection; a step of a path also takes what it starts from.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from fhir_server.resources.fhirpath.errors import Inapplicable, Unreadable
from fhir_server.resources.fhirpath.evaluation import Frame, single, truth
from fhir_server.resources.fhirpath.functions import FUNCTIONS
from fhir_server.resources.fhirpath.model import Node, ancestry
from fhir_server.resources.fhirpath.operators import OPERATORS, boolean, conjunction, disjunction
from fhir_server.resources.fhirpath.quantities import Quantity
from fhir_server.resources.fhirpath.types import expect, is_exactly, is_of
from fhir_server.resources.fhirpath.values import Items, is_number
from fhir_server.resources.fhirpath.variables import variable

if TYPE_CHECKING:
    from collections.abc import Callable

    from fhir_server.resources.fhirpath.parser import Tree

    Evaluate = Callable[[Frame], Items]
    Step = Callable[[Items, Frame], Items]

_UNORDERED = ("children", "descendants")
_NEEDS_ORDER = ("first", "last", "tail", "skip", "take")


def compiled(tree: Tree) -> Evaluate:  # noqa: PLR0911
    """Compile a whole tree; raises Unreadable for a function that FHIRPath does not have."""
    match tree:
        case ("path", head, steps):
            return _path(head, steps)
        case ("child" | "call" | "at", *_):
            return partial(_started, step(tree, first=True))
        case ("literal", value):
            return _constant([value])
        case ("empty",):
            return _constant([])
        case ("variable", name):
            return partial(variable, name)
        case ("dollar", name):
            return _DOLLARS[name]
        case ("polarity", sign, inner):
            return partial(_polarity, sign, compiled(inner))
        case ("type", operator, inner, (_, namespace, name)):
            return _typed(operator, compiled(inner), namespace, name)
        case ("binary", operator, left, right):
            return _binary(operator, compiled(left), compiled(right))
    raise Unreadable(f"{tree[0]} cannot stand here.")


def step(tree: Tree, *, first: bool = False) -> Step:
    """Compile one step of a path; the ``first`` may also be the type of what it starts from."""
    match tree:
        case ("child", name):
            return partial(_start if first and name[:1].isupper() else _child, name)
        case ("dollar", name):
            value = _DOLLARS[name]
            return lambda _, frame: value(frame)
        case ("at", inner):
            return partial(_at, compiled(inner))
        case ("call", name, arguments):
            return _call(name, arguments)
    raise Unreadable(f"{tree[0]} cannot be a step of a path.")


def _path(head: Tree, steps: tuple[Tree, ...]) -> Evaluate:
    start, rest = compiled(head), [step(each) for each in steps]
    names = [_name(head), *map(_name, steps)]
    shuffled = any(
        before in _UNORDERED and name in _NEEDS_ORDER for before, name in pairwise(names)
    )

    def path(frame: Frame) -> Items:
        if shuffled and frame.world.strict:
            raise Inapplicable("Children have no order that skip, take or first could rely on.")
        items = start(frame)
        for each in rest:
            items = each(items, frame)
        return items

    return path


def _name(tree: Tree) -> str:
    return tree[1] if tree[0] == "call" else ""


def _started(start: Step, frame: Frame) -> Items:
    return start(frame.this, frame)


def _constant(value: Items) -> Evaluate:
    return lambda _: value


def _start(name: str, items: Items, frame: Frame) -> Items:
    if items and all(_is_named(item, name) for item in items):
        return items
    if frame.world.strict and not any(
        isinstance(item, Node) and item.child(name) for item in items
    ):
        raise Inapplicable(f"The expression starts at {name}, which is not what it is asked of.")
    return _child(name, items, frame)


def _is_named(item: Any, name: str) -> bool:
    return isinstance(item, Node) and item.type is not None and name in ancestry(item.type)


def _child(name: str, items: Items, frame: Frame) -> Items:
    world = frame.world
    found: Items = []
    for item in items:
        if isinstance(item, Node):
            found += item.child(name, strict=world.strict)
        elif name in getattr(item, "__dataclass_fields__", ()):
            found.append(getattr(item, name))
    world.spend(len(found))
    return found


def _at(index: Evaluate, items: Items, frame: Frame) -> Items:
    place = single(index(frame), "index")
    if place is None:
        return []
    if not isinstance(place, int):
        raise Inapplicable("An index is an integer.")
    return [items[place]] if 0 <= place < len(items) else []


def _call(name: str, arguments: tuple[Tree, ...]) -> Step:
    if name in {"is", "as", "ofType"} and len(arguments) == 1:
        return partial(_cast, name, *arguments[0][1:])
    known = FUNCTIONS.get(name)
    if known is None:
        raise Unreadable(f"FHIRPath has no function {name}().")
    function, least, most = known
    if not least <= len(arguments) <= most:
        raise Unreadable(
            f"{name}() takes {least}{f' to {most}' if most > least else ''} arguments."
        )
    parts = [compiled(each) for each in arguments]
    return lambda items, frame: function(items, frame, *parts)


def _cast(operator: str, namespace: str, name: str, items: Items, frame: Frame) -> Items:
    frame.world.spend(len(items))
    expect(namespace, name)
    if operator == "ofType":
        return [item for item in items if is_exactly(item, namespace, name)]
    if len(items) > 1:
        raise Inapplicable(f"{operator}() looks at one item, not at {len(items)}; see ofType().")
    if operator == "is":
        return [is_of(item, namespace, name) for item in items]
    return [item for item in items if is_exactly(item, namespace, name)]


def _typed(operator: str, inner: Evaluate, namespace: str, name: str) -> Evaluate:
    """``x as T`` passes all items of the type, for R4's search parameters need it so."""
    if operator == "as":
        return lambda frame: _cast("ofType", namespace, name, inner(frame), frame)
    return lambda frame: _cast("is", namespace, name, inner(frame), frame)


def _polarity(sign: str, inner: Evaluate, frame: Frame) -> Items:
    value = single(inner(frame), "number")
    if value is None:
        return []
    if isinstance(value, Quantity):
        return [Quantity(-value.value, value.unit, value.calendar) if sign == "-" else value]
    if isinstance(value, str) and sign == "-":
        return [_Reversed(value)]
    if not is_number(value):
        raise Inapplicable(f"{sign} stands before a number or a quantity.")
    return [-value if sign == "-" else value]


class _Reversed(str):
    """A text with a minus, which only sort() gives a meaning: it comes last."""

    __slots__ = ()

    def __lt__(self, other: str) -> bool:
        return str.__gt__(self, other)

    def __gt__(self, other: str) -> bool:
        return str.__lt__(self, other)


def _binary(operator: str, left: Evaluate, right: Evaluate) -> Evaluate:
    if operator in _LAZY:
        return partial(_LAZY[operator], left, right)
    apply, makes = OPERATORS[operator], operator in {"+", "&"}

    def binary(frame: Frame) -> Items:
        one, other = left(frame), right(frame)
        frame.world.spend(len(one) + len(other))
        found = apply(one, other)
        return frame.world.grow(found) if makes else found

    return binary


def _and(left: Evaluate, right: Evaluate, frame: Frame) -> Items:
    one = truth(left(frame))
    return [False] if one is False else boolean(conjunction(one, truth(right(frame))))


def _or(left: Evaluate, right: Evaluate, frame: Frame) -> Items:
    one = truth(left(frame))
    return [True] if one is True else boolean(disjunction(one, truth(right(frame))))


def _implies(left: Evaluate, right: Evaluate, frame: Frame) -> Items:
    one = truth(left(frame))
    if one is False:
        return [True]
    other = truth(right(frame))
    return boolean(disjunction(None if one is None else False, other))


_LAZY = {"and": _and, "or": _or, "implies": _implies}
_DOLLARS: dict[str, Evaluate] = {
    "this": lambda frame: frame.this,
    "index": lambda frame: [frame.index],
    "total": lambda frame: frame.total,
}
