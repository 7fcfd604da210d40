"""How a search asks by what other resources say: chains and _has, compiled to joins.

A join can be run from either end. From the other resources it is right when few of them match,
as a search by identifier or name does; else each candidate's reference is looked up.

https://hl7.org/fhir/R4/search.html#chaining
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fhir_server.errors import NotSupported
from fhir_server.search.plan import Join
from fhir_server.search.query import Chain, Criterion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from fhir_server.search.plan import Filter

UNIQUE = frozenset({"_id", "identifier"})
SEVERAL = 10
TELLING = frozenset({"_id", "identifier", "phone", "email", "telecom", "birthdate"})


def parted(
    criteria: Iterable[Criterion | Chain],
) -> tuple[list[Criterion], list[Chain]]:
    """Part what asks the resource itself from what asks others."""
    own: list[Criterion] = []
    chains: list[Chain] = []
    for each in criteria:
        if isinstance(each, Chain):
            chains.append(each)
        else:
            own.append(each)
    return own, chains


def joins(
    chains: list[Chain], own: list[Criterion], compiled: Callable[[Criterion], Filter]
) -> tuple[Join, ...]:
    """Compile chains; at most one of them drives the search."""
    found = [_join(each, compiled(each.inner)) for each in chains]
    if not any(is_telling(each) for each in own):
        for at, each in enumerate(chains):
            if not each.forward or is_telling(each.inner):
                found[at] = _driving(each, found[at])
                break
    return tuple(found)


def is_telling(criterion: Criterion) -> bool:
    """Guess whether few resources match."""
    if criterion.modifier not in {None, "exact"}:
        return False
    return criterion.parameter.code in TELLING or criterion.parameter.type in {
        "string",
        "reference",
        "uri",
    }


def _join(chain: Chain, inner: Filter) -> Join:
    if len(chain.reference.fields) != 1:
        raise NotSupported(f"Chains over {chain.reference.code} are not supported.")
    return Join(chain.resource_type, inner, chain.reference.fields[0].path, chain.forward)


def _driving(chain: Chain, join: Join) -> Join:
    (field,) = chain.reference.fields
    unique = chain.inner.parameter.code in UNIQUE and len(chain.inner.values) < SEVERAL
    return replace(join, driving=True, few=chain.forward and unique and not field.many)
