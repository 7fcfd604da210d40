"""How a search asks by what other resources say: chains and _has, compiled to joins.

A join can be run from either end. From the other resources it is right when few of them match,
as a search by identifier or name does; else each candidate's reference is looked up.

https://hl7.org/fhir/R4/search.html#chaining
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fhir_server.search.criteria import Chain, Criterion
from fhir_server.search.plan import Join

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from fhir_server.search.criteria import Condition
    from fhir_server.search.plan import Filter

    Compiled = Callable[[Condition, str], Filter]

UNIQUE = frozenset({"_id", "identifier"})
SEVERAL = 10
TELLING = frozenset({"_id", "identifier", "phone", "email", "telecom", "birthdate"})


def parted(criteria: Iterable[Condition]) -> tuple[list[Condition], list[Chain]]:
    """Part what asks the resource itself from what asks others."""
    own: list[Condition] = []
    chains: list[Chain] = []
    for each in criteria:
        if isinstance(each, Chain):
            chains.append(each)
        else:
            own.append(each)
    return own, chains


def joins(
    chains: Sequence[Chain], own: Sequence[Condition], compiled: Compiled
) -> tuple[Join, ...]:
    """Compile chains; at most one of them drives the search."""
    found = [_join(each, compiled) for each in chains]
    if not any(is_telling(each) for each in own):
        for at, each in enumerate(chains):
            if _may_drive(each):
                found[at] = _driving(each, found[at])
                break
    return tuple(found)


def is_telling(condition: Condition) -> bool:
    """Guess whether few resources match."""
    if isinstance(condition, Chain):
        return is_telling(condition.inner)
    if not isinstance(condition, Criterion) or condition.modifier not in {None, "exact"}:
        return False
    return condition.parameter.code in TELLING or condition.parameter.type in {
        "string",
        "reference",
        "uri",
    }


def _may_drive(chain: Chain) -> bool:
    """Tell whether the search may begin at the chain's end; one field must lead back from there."""
    if chain.forward:
        return len(chain.reference.fields) == 1 and is_telling(chain.inner)
    return True


def _join(chain: Chain, compiled: Compiled) -> Join:
    """Compile a chain to the join over its first field; the other ways are its ``others``."""
    ways = [way for each in (chain, *chain.others) for way in _ways(each, compiled)]
    return replace(ways[0], others=tuple(ways[1:]))


def _ways(chain: Chain, compiled: Compiled) -> list[Join]:
    inner: Filter = {}
    nested: tuple[Join, ...] = ()
    if isinstance(chain.inner, Chain):
        nested = joins([chain.inner], [], compiled)
    else:
        inner = compiled(chain.inner, chain.resource_type)
    return [
        Join(chain.resource_type, inner, each.path, chain.forward, joins=nested)
        for each in chain.reference.fields
    ]


def _driving(chain: Chain, join: Join) -> Join:
    few = False
    if chain.forward and isinstance(chain.inner, Criterion) and not join.others:
        unique = chain.inner.parameter.code in UNIQUE and len(chain.inner.values) < SEVERAL
        few = unique and not chain.reference.fields[0].many
    return replace(join, driving=True, few=few)
