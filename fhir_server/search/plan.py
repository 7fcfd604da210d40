"""A search, compiled: what ``compile`` makes of a query and ``store`` runs.

Filters are written in MongoDB's query language over the fields of a stored resource
(``_id``, ``v``, ``t``, ``ix.<parameter>``), but nothing here needs a database.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

Filter = dict[str, Any]

KIND = "k"


@dataclass(frozen=True, slots=True)
class SortKey:
    """One field to sort by; ``many``: it may hold several values, the first of which counts.

    ``others`` are fields that count as well. What has no value comes first, or last when
    ``descending``. ``KIND`` as the field is the resource type.
    """

    field: str
    descending: bool = False
    many: bool = False
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Join:
    """A chain or a _has: what other resources must exist for a resource to match.

    ``forward`` (a chain, ``Observation?patient.identifier=``): resources of ``resource_type``
    that match ``filter``, referred to by the searched resource's ``field``.
    Not ``forward`` (``Patient?_has:Observation:patient:code=``): resources of ``resource_type``
    that match ``filter`` and refer by their own ``field`` to the searched resource.
    ``driving``: not many of them are expected to match, so the search begins there. ``few``:
    hardly more than one (an identifier), and no searched resource refers to two of them.
    ``joins`` must hold for those other resources in turn. ``others`` would do instead of this one;
    a searched resource that matches ``unless`` needs none of them.
    """

    resource_type: str
    filter: Filter
    field: str
    forward: bool
    driving: bool = False
    few: bool = False
    joins: tuple[Join, ...] = ()
    others: tuple[Join, ...] = ()
    unless: Filter | None = None


@dataclass(frozen=True, slots=True)
class Include:
    """An _include (``forward``) or _revinclude: what else goes into the page.

    ``source_type`` and ``field`` hold the reference; ``target_type`` narrows what it points to.
    With ``iterate`` it counts for what was included as well as for the matches.
    """

    source_type: str
    field: str
    target_type: str | None
    forward: bool
    iterate: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """One page of a search over one resource type, or several: ``also`` asks the others.

    ``sort`` always ends with ``_id``, over several types with ``KIND`` and ``_id``. ``after`` holds
    the sort values of the last resource of the page before; the
    store fetches one more than ``limit`` to know whether a page follows. ``narrow`` says what of a
    type may be included: a filter and joins, or None for nothing.
    """

    resource_type: str
    filter: Filter = field(default_factory=dict)
    joins: tuple[Join, ...] = ()
    sort: tuple[SortKey, ...] = (SortKey("_id"),)
    after: tuple[Any, ...] | None = None
    limit: int = 20
    includes: tuple[Include, ...] = ()
    total: Literal["none", "estimate", "accurate"] = "none"
    count_only: bool = False
    also: tuple[Plan, ...] = ()
    narrow: Callable[[str], tuple[Filter, tuple[Join, ...]] | None] | None = None
