"""What belongs to a patient or an encounter, in the index.

Most resources name their patient by ``patient`` and their encounter by ``encounter``, which have
indexes. Whatever belongs to one by another parameter (``performer``, ``sender``, ``context``) has
it in the field ``_of`` too, so that a whole record is found by two indexes for each type.

https://hl7.org/fhir/R4/compartmentdefinition.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.search.field import Field

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fhir_server.search.field import SearchParameter

OF: Final = "_of"
INDEXED: Final = {"Patient": "ix.patient", "Encounter": "ix.encounter"}
_FIELD = Field(f"ix.{OF}", frozenset({"Reference"}), many=True)


def fields(
    rows: Mapping[str, Mapping[str, Sequence[str]]],
    resource_type: str,
    owner: str,
    made: Mapping[str, SearchParameter],
) -> tuple[Field, ...]:
    """Give the fields that tell whether a resource belongs to an owner; any of them says so."""
    own = _own(rows, resource_type, owner, made)
    indexed = INDEXED.get(owner)
    if indexed is None:
        return own
    plain = tuple(each for each in own if each.path == indexed)
    return plain if len(plain) == len(own) else (*plain, _FIELD)


def beside(
    rows: Mapping[str, Mapping[str, Sequence[str]]],
    resource_type: str,
    made: Mapping[str, SearchParameter],
) -> tuple[tuple[str, str], ...]:
    """Give what ``write`` reads for a type: the key of a field, and how its owners begin."""
    return tuple(
        (field.path.removeprefix("ix."), f"{owner}/")
        for owner, indexed in INDEXED.items()
        for field in _own(rows, resource_type, owner, made)
        if field.path != indexed
    )


def write(ix: dict[str, Any], sources: Sequence[tuple[str, str]]) -> None:
    """Note the owners that the other fields name."""
    found: list[str] = []
    for key, start in sources:
        given = ix.get(key)
        if given is None:
            continue
        found += [
            each for each in ([given] if type(given) is str else given) if each.startswith(start)
        ]
    if found:
        ix[OF] = list(dict.fromkeys(found))


def _own(
    rows: Mapping[str, Mapping[str, Sequence[str]]],
    resource_type: str,
    owner: str,
    made: Mapping[str, SearchParameter],
) -> tuple[Field, ...]:
    """Give the fields of the parameters that R4 names; ``subject`` is asked as ``patient``."""
    codes = [code for code in rows.get(owner, {}).get(resource_type, ()) if code in made]
    found: dict[str, Field] = {}
    for code in codes:
        for field in made[code].fields:
            path = field.narrower.get(owner, field.path)
            found[path] = field if path == field.path else Field(path, field.kinds, many=field.many)
    return tuple(found.values())
