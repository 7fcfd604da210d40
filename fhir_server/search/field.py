"""What a search parameter writes to the index: the field, as both of its halves know it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from fhir_server.search.bounds import Bounds
from fhir_server.search.terms import NoTerms

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from fhir_server.search.expressions import Path, Truth
    from fhir_server.search.plan import Filter
from fhir_server.search.terms import Terms

Add = Callable[[Any], None]
Writer = Callable[[Any, Add], None]
Writers = Mapping[str, Writer]


def as_it_is(value: Any, add: Add) -> None:
    """Write the value itself; generated code does so without a call."""
    add(value)


@dataclass(frozen=True, slots=True)
class Aside:
    """What writes to a field beside; without the element ``needs``, if any, there is nothing to."""

    write: Writer
    needs: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where this server stands: the zone of dates that name none, its base URLs, its codes.

    ``words``: whether the words of resources are indexed, for ``_text`` and ``_content``.
    """

    zone: ZoneInfo
    bases: tuple[str, ...] = ()
    terms: Terms = field(default_factory=NoTerms, compare=False)
    words: bool = False
    bounds: Bounds = field(default_factory=Bounds, compare=False)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the index.

    ``path`` is its place in a stored resource (``ix.birthdate``), ``kinds`` the FHIR types of the
    elements it is made from. ``many``: an array, because the element repeats or because one
    element writes several entries; otherwise the one entry itself. ``targets``: for a
    reference, the resource types it may point to; for a code, the systems that it implies.
    ``narrower``: for a resource type, the field that holds the references to that type alone.
    """

    path: str
    kinds: frozenset[str]
    many: bool
    targets: tuple[str, ...] = ()
    narrower: Mapping[str, str] = field(default_factory=dict, hash=False, compare=False)


@dataclass(frozen=True, slots=True)
class Component:
    """One part of a composite: which parameter type it is, and its field within an element."""

    type: str
    field: Field
    parameter: str


@dataclass(frozen=True, slots=True)
class SearchParameter:
    """One search parameter of one resource type.

    ``fields`` are the fields of the index that hold what it finds: usually its own, several when
    it is the union of other parameters. ``components`` (composites): how one element of each of
    ``fields`` is asked; ``pairs``: the parameters that together say the same of the resource.
    ``refused`` says why it cannot be asked, or is empty.
    """

    code: str
    type: str
    url: str
    expression: str
    targets: tuple[str, ...] = ()
    fields: tuple[Field, ...] = ()
    components: tuple[Component, ...] = ()
    pairs: tuple[SearchParameter, ...] = ()
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One SearchParameter resource, read for one resource type."""

    code: str
    type: str
    url: str
    expression: str
    targets: tuple[str, ...]
    components: tuple[tuple[str, str], ...] = ()
    paths: tuple[Path | Truth, ...] = field(default=(), compare=False)


class Kind(Protocol):
    """A parameter type: the module of that name holds both halves."""

    def writers(self, place: Place) -> Writers:
        """Give, for each FHIR type it can index, the function that writes its entries."""

    def asides(self, place: Place) -> Mapping[str, Mapping[str, Aside]]:
        """Give the writers of unindexed fields beside, by the modifier that asks them."""

    def condition(self, field: Field, modifier: str | None, value: str, place: Place) -> Filter:
        """Compile one value asked for to a filter over what the writers wrote."""
