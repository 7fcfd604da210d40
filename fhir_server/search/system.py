"""How a search asks several resource types at once, and what belongs to a compartment.

https://hl7.org/fhir/R4/http.html#vsearch
https://hl7.org/fhir/R4/compartmentdefinition.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_server.errors import BadRequest, NotFound
from fhir_server.search.compartment import fields as compartment_fields
from fhir_server.search.criteria import Criterion, Either
from fhir_server.search.field import SearchParameter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.search.parameters import Parameters

Pair = tuple[str, str]
Compartment = tuple[str, str]

ANY = "Basic"
"""Stands for all types where only the parameters of every resource may be asked."""


def types_of(
    pairs: Sequence[Pair], parameters: Parameters, compartment: Compartment | None
) -> tuple[tuple[str, ...], list[Pair]]:
    """Give the types that are searched, and the pairs that ask them."""
    inside = None if compartment is None else _members(compartment[0], parameters)
    asked: dict[str, None] = {}
    for name, value in pairs:
        if name == "_type":
            for each in filter(None, value.split(",")):
                if each not in parameters.types:
                    raise BadRequest(f"_type={value}: there is no resource type {each!r}.")
                asked[each] = None
    others = [pair for pair in pairs if pair[0] != "_type"]
    known = parameters.types if inside is None else inside
    if asked and inside is not None and not asked.keys() <= inside:
        strange = min(asked.keys() - inside)
        raise BadRequest(f"_type: {strange} is in no {compartment and compartment[0]} compartment.")
    return tuple(sorted(asked or known)), others


def refuse_of_types(pairs: Sequence[Pair]) -> None:
    """Refuse what only some types have, while no type is named."""
    for name, _ in pairs:
        if name[:1] != "_" or name.startswith(("_has:", "_include", "_revinclude")):
            raise BadRequest(
                f"{name}: say by _type which resource types are meant; over all types only the "
                "parameters of every resource can be asked."
            )


def belonging(resource_type: str, compartment: Compartment, parameters: Parameters) -> Either:
    """Say what makes a resource of this type belong to the compartment."""
    owner, identity = compartment
    _rows(owner, parameters)
    known = parameters.of(resource_type)
    fields = compartment_fields(parameters.compartments, resource_type, owner, known)
    whole = SearchParameter(owner, "reference", "", "", (owner,), fields)
    found = [Criterion(whole, None, (f"{owner}/{identity}",))] if fields else []
    if resource_type == owner:
        found.append(Criterion(known["_id"], None, (identity,)))
    if not found:
        raise BadRequest(f"{resource_type} is in no {owner} compartment.")
    return Either(tuple(found))


def _members(owner: str, parameters: Parameters) -> frozenset[str]:
    return frozenset({owner, *(kind for kind, codes in _rows(owner, parameters).items() if codes)})


def _rows(owner: str, parameters: Parameters) -> dict[str, list[str]]:
    rows = parameters.compartments.get(owner)
    if rows is None:
        raise NotFound(f"{owner} has no compartment; {', '.join(parameters.compartments)} have.")
    return dict(rows)
