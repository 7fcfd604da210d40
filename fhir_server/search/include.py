"""How a search asks for what belongs to its matches: _include and _revinclude.

https://hl7.org/fhir/R4/search.html#include
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fhir_server.errors import BadRequest, NotSupported
from fhir_server.search.plan import Include

if TYPE_CHECKING:
    from fhir_server.search.field import SearchParameter
    from fhir_server.search.parameters import Parameters


@dataclass(frozen=True, slots=True)
class Including:
    """``_include=Source:reference:Target`` (``forward``) or ``_revinclude`` the same."""

    source_type: str
    reference: SearchParameter
    target_type: str | None
    forward: bool


def read_include(
    name: str, value: str, resource_type: str, parameters: Parameters
) -> list[Including]:
    """Read one _include or _revinclude of a search over ``resource_type``."""
    code, _, modifier = name.partition(":")
    if modifier:
        raise NotSupported(f"{name}: the modifier :{modifier} is not supported on {code}.")
    parts = value.split(":")
    if "*" in parts:
        raise NotSupported(f"{name}={value}: name the parameter to follow; * is not supported.")
    if len(parts) not in {2, 3}:
        raise BadRequest(f"{name}={value}: right would be {name}=Observation:patient.")
    source, link = parts[:2]
    target = parts[2] if len(parts) == 3 and parts[2] else None
    if source not in parameters.types:
        raise BadRequest(f"{name}={value}: there is no resource type {source!r}.")
    reference = parameters.of(source).get(link)
    if reference is None or reference.type != "reference":
        raise BadRequest(f"{name}={value}: {source} has no reference parameter {link!r}.")
    if reference.refused:
        raise NotSupported(reference.refused)
    forward = code == "_include"
    _fits(f"{name}={value}", resource_type, Including(source, reference, target, forward))
    return [Including(source, reference, target, forward)]


def _fits(asked: str, resource_type: str, including: Including) -> None:
    """Refuse an include that can never find anything."""
    targets = including.reference.targets
    if including.forward and including.source_type != resource_type:
        raise BadRequest(f"{asked}: the search finds {resource_type}, whose references count.")
    wanted = including.target_type if including.forward else resource_type
    if wanted and targets and wanted not in targets:
        raise BadRequest(f"{asked}: {including.reference.code} cannot point to a {wanted}.")
    if not including.forward and including.target_type not in {None, resource_type}:
        raise BadRequest(f"{asked}: what refers to {resource_type} is asked for.")


def compiled(including: Including) -> list[Include]:
    """Give the plan's words for it: one Include for each field of the index."""
    return [
        Include(including.source_type, each.path, including.target_type, including.forward)
        for each in including.reference.fields
    ]
