"""What is judged, one occurrence of an element at a time, and whom its checks may ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from fhir_server.errors import Issue
    from fhir_server.resources.wire import Document

    Test = Callable[["Item", "Judging"], Iterator[Issue]]
    Match = Callable[["Item", "Judging"], bool]


class Item(NamedTuple):
    """One occurrence of an element: its value, FHIRPath and type, and a primitive's extras."""

    value: Any
    at: str
    type: str
    extra: Any = None


class Judging(Protocol):
    """The judgement of a document, as the checks in it see it."""

    informing: bool
    member: Callable[[str, Mapping[str, Any]], bool | None]

    def against(self, item: Item, url: str, source: str = "") -> Iterator[Issue]:
        """Judge an item by a profile, once."""

    def conforms(self, item: Item, url: str, document: Document | None = None) -> bool:
        """Say whether an item meets a profile; False if nobody knows the profile."""

    def refers(self, document: Document, profiles: Sequence[str], types: frozenset[str]) -> bool:
        """Say whether a resource meets one of the profiles, or one of them is not known."""

    def type_of(self, url: str, types: frozenset[str]) -> str | None:
        """Give the resource type a profile is of; None if the profile is not known."""

    def kind_of(self, url: str) -> str | None:
        """Give the type of a profile, or the type that its url names."""

    def resolve(self, reference: str) -> Document | None:
        """Find what a reference leads to: contained, in the same Bundle, or known to the hook."""

    def holds(self, expression: str, item: Item) -> bool | None:
        """Evaluate a constraint; None if nobody can say."""
