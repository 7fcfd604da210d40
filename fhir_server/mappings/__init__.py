"""SOP documents as FHIR resources and back. The only room that knows both. Pure.

One file per SOP entity, named as its file in ``sop/``, with ``to_fhir``, ``from_fhir`` and
``MAPPING``; one profile in profiles/, one case file in tests/mappings/.
"""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import types
    from collections.abc import Callable, Sequence
    from collections.abc import Mapping as Table
    from datetime import datetime

    from fhir_server.config import Settings
    from fhir_server.resources.wire import Document
    from fhir_server.store.ops import Condition

    Resources = Table[str, Any]
    Parts = Callable[[Document, Table[str, Document]], Table[str, str]]

PRIMARY = ""


class Reader(Protocol):
    """What a mapping may look up in the store while a document is being written."""

    @property
    def now(self) -> datetime:
        """The present instant, in the zone of the SOP clocks."""

    @property
    def settings(self) -> Settings:
        """What the operator has decided."""

    def read(self, reference: str) -> Document | None:
        """Give a resource by ``Type/id``, or None if it is not there."""

    def before(self, reference: str) -> Document | None:
        """Give a resource as it stands, also where this write is about to change it."""

    def find(self, resource_type: str, pairs: Sequence[tuple[str, str]]) -> list[Document]:
        """Give everything a FHIR search finds."""

    def tally(self, key: str) -> int:
        """Give the present number of a counter."""


def no_parts(_primary: Document, _gathered: Table[str, Document]) -> dict[str, str]:
    """Say that the primary resource is all."""
    return {}


def as_given(
    document: Any, _before: Table[str, Any] | None, _reader: Reader
) -> tuple[Any, tuple[Condition, ...]]:
    """Leave a document as it came."""
    return document, ()


def id_of_the_server(_document: Any) -> str | None:
    """Leave it to the server under which id a document is kept."""
    return None


def nothing_else(_document: Any, _id: str, _reader: Reader) -> dict[str, Document]:
    """Change no other resource."""
    return {}


def nothing_adopted(_document: Any, _reader: Reader) -> dict[str, Document]:
    """Say that every part of a new document is new."""
    return {}


@dataclass(frozen=True, slots=True)
class Mapping:
    """How one SOP entity is written in FHIR.

    A document becomes resources with fixed *roles*: the primary one (role ``""``) has the
    document's id, every other one ``<id>-<role>``.

    ``to_fhir(document, id)`` gives role → resource; ids and ``meta`` are set by ``exchange``.
    ``from_fhir(role → JSON)`` gives the fields it finds; it must survive resources that others
    wrote, so it may give fewer than the document requires.
    ``parts(primary, gathered)`` says where the other roles are: role → ``Type/id``; ``gather``
    are the search pairs that bring them along (``("_revinclude", "Task:focus")``), ``gathered``
    is what they found, by ``Type/id``.
    ``complete(document, before, reader)`` fills what only the server knows, before ``to_fhir``;
    its conditions must hold when the resources are written. ``before`` is None on a create.
    ``amend(document, id, reader)`` gives the resources of others that change with this document,
    by ``Type/id``; they are written in the same transaction.
    ``read_only``: the SOP API only reads it, the server itself writes it.
    ``adopt(document, reader)`` gives what stands already for parts of a new document, such as the
    open Task of a step: role → resource; it is written on, under its own id.
    ``own_id(document)`` gives the one id that what a document is about can have, if there may be
    only one; the same document again is then answered with the one that is there.
    ``filters``: field of the SOP list → FHIR search parameter (``name``) or parameter and pattern
    (``identifier=https://…|{}``), or a function that makes the latter of the value.
    ``criteria``: what a search must always say to find only this entity. ``profiles``: role, or
    resource type of the roles that are not named → profile. ``varieties``: further profile → which
    primary resources are of it too. ``versioned``: a change has to say
    which version was read (BR-R3). ``constants``: elements that no field
    decides, without indexes; whatever stands below them is constant too.
    """

    resource_type: str
    profile: str
    to_fhir: Callable[[Any, str], Resources]
    from_fhir: Callable[[Table[str, Document]], dict[str, Any]]
    filters: Table[str, str | Callable[[str], str]] = field(default_factory=dict)
    criteria: tuple[tuple[str, str], ...] = ()
    gather: tuple[tuple[str, str], ...] = ()
    parts: Parts = no_parts
    profiles: Table[str, str] = field(default_factory=dict)
    varieties: Table[str, Callable[[Document], bool]] = field(default_factory=dict)
    constants: frozenset[str] = frozenset()
    complete: Callable[[Any, Table[str, Any] | None, Reader], tuple[Any, tuple[Condition, ...]]] = (
        as_given
    )
    amend: Callable[[Any, str, Reader], Table[str, Document]] = nothing_else
    adopt: Callable[[Any, Reader], Table[str, Document]] = nothing_adopted
    own_id: Callable[[Any], str | None] = id_of_the_server
    sort: str = "-_lastUpdated"
    read_only: bool = False
    versioned: bool = False
    version: int = 1


def fixed(**roles: str) -> Parts:
    """Say that a mapping always has the same parts: role → resource type."""

    def parts(primary: Document, _gathered: Table[str, Document]) -> dict[str, str]:
        return {role: f"{kind}/{part_id(primary['id'], role)}" for role, kind in roles.items()}

    return parts


def part_id(document_id: str, role: str) -> str:
    """Give the logical id of the resource in a role."""
    return f"{document_id}-{role}" if role else document_id


@cache
def load_mappings() -> dict[str, Mapping]:
    """Find every entity module of this room that has a MAPPING."""
    return {n: m.MAPPING for n, m in entity_modules().items() if hasattr(m, "MAPPING")}


@cache
def entity_modules() -> dict[str, types.ModuleType]:
    """Import every module of this room, by name."""
    names = [each.name for each in pkgutil.iter_modules(__path__)]
    return {name: import_module(f"{__name__}.{name}") for name in names}
