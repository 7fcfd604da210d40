"""SOP documents as FHIR resources and back. The only room that knows both. Pure.

One file per SOP entity, named as its file in ``sop/``, with ``to_fhir``, ``from_fhir`` and
``MAPPING``; one profile in profiles/, one case file in tests/mappings/.
"""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import types
    from collections.abc import Callable, Mapping as Table

    from fhir_server.resources.wire import Document

    Resources = Table[str, Any]

PRIMARY = ""


@dataclass(frozen=True, slots=True)
class Mapping:
    """How one SOP entity is written in FHIR.

    A document becomes resources with fixed *roles*: the primary one (role ``""``) has the
    document's id, every other one ``<id>-<role>``.

    ``to_fhir(document, id)`` gives role → resource; ids and ``meta`` are set by ``exchange``.
    ``from_fhir(role → JSON)`` gives the fields it finds; it must survive resources that others
    wrote, so it may give fewer than the document requires.
    ``parts(primary)`` says where the other roles are: role → ``Type/id``.
    ``filters``: field of the SOP list → FHIR search parameter (``name``) or parameter and pattern
    (``identifier=https://…|{}``). ``criteria``: what a search must always say to find only this
    entity. ``constants``: elements that no field decides, without indexes; whatever stands below
    them is constant too.
    """

    resource_type: str
    profile: str
    to_fhir: Callable[[Any, str], Resources]
    from_fhir: Callable[[Table[str, Document]], dict[str, Any]]
    filters: Table[str, str] = field(default_factory=dict)
    criteria: tuple[tuple[str, str], ...] = ()
    parts: Callable[[Document], Table[str, str]] = lambda _primary: {}
    profiles: Table[str, str] = field(default_factory=dict)
    constants: frozenset[str] = frozenset()
    sort: str = "-_lastUpdated"
    version: int = 1


def fixed(**roles: str) -> Callable[[Document], Table[str, str]]:
    """Say that a mapping always has the same parts: role → resource type."""

    def parts(primary: Document) -> dict[str, str]:
        return {role: f"{kind}/{primary['id']}-{role}" for role, kind in roles.items()}

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
