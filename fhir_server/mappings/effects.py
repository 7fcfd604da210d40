"""What follows from a write on the write road: the SOP's own steps that nobody has to ask for.

A module of this room that has ``effects(canonical) -> tuple[Effect, ...]`` says which writes it
follows and what they bring about; the same holds for SOP API, FHIR, transactions and imports.
What follows is stored in the transaction of the write itself. A consequence has no consequences.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from fhir_server.mappings import Reader
    from fhir_server.resources.wire import Document


@dataclass(frozen=True, slots=True)
class Nothing:
    """A search that must still find nothing when the write is stored; ``guard`` is where it meets.

    Two writes that would both bring about what may be there only once touch the same guard.
    """

    guard: str
    resource_type: str
    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Consequences:
    """What follows from a write: resources by ``Type/id``, whole, and what they rest on.

    A resource that the write itself stores is stored as it stands here. What was read of the
    others must still be so; else everything is worked out again.
    """

    resources: Mapping[str, Document] = field(default_factory=dict)
    nothing: tuple[Nothing, ...] = ()


@dataclass(frozen=True, slots=True)
class Effect:
    """One step of an SOP that a write brings about.

    ``applies(resource, new)`` is asked for every write of ``types`` and must be cheap; it sees our
    systems below the operator's canonical base. ``follow(resources, reader)`` gets all resources
    of one write it applies to, as mappings know them, in the order of the write.
    """

    id: str
    types: frozenset[str]
    applies: Callable[[Document, bool], bool]
    follow: Callable[[Sequence[Document], Reader], Consequences]
