"""How a search asks for what belongs to its matches: _include and _revinclude.

``:iterate`` follows the references of what was included as well.

https://hl7.org/fhir/R4/search.html#include
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fhir_server.errors import BadRequest, NotSupported
from fhir_server.search.criteria import CANONICAL
from fhir_server.search.plan import Include

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fhir_server.search.field import SearchParameter
    from fhir_server.search.parameters import Parameters

EVERY = "*"


@dataclass(frozen=True, slots=True)
class Including:
    """``_include=Source:reference:Target`` (``forward``) or ``_revinclude`` the same.

    With ``iterate`` it counts for what is included too, else for the matches only.
    """

    source_type: str
    reference: SearchParameter
    target_type: str | None
    forward: bool
    iterate: bool = False


@dataclass(frozen=True, slots=True)
class _Asked:
    """One _include or _revinclude as it was written."""

    text: str
    forward: bool
    iterate: bool
    source: str
    link: str
    target: str | None


def read_include(
    name: str, value: str, types: Sequence[str], parameters: Parameters
) -> list[Including]:
    """Read one _include or _revinclude of a search over ``types``; ``*`` stands for every link."""
    asked = _asked(name, value, parameters)
    if EVERY not in {asked.source, asked.link}:
        including = _one(asked, asked.source, parameters)
        _fits(asked.text, types, including)
        return [including]
    return list(_every(asked, types, parameters))


def _asked(name: str, value: str, parameters: Parameters) -> _Asked:
    code, _, modifier = name.partition(":")
    if modifier not in {"", "iterate"}:
        raise NotSupported(f"{name}: the modifier :{modifier} is not supported on {code}.")
    parts = [EVERY, EVERY] if value == EVERY else value.split(":")
    if len(parts) not in {2, 3}:
        raise BadRequest(f"{name}={value}: right would be {name}=Observation:patient.")
    source, link = parts[:2]
    target = parts[2] if len(parts) == 3 and parts[2] else None
    for each in {source, target} - {EVERY, None}:
        if each not in parameters.types:
            raise BadRequest(f"{name}={value}: there is no resource type {each!r}.")
    forward = code == "_include"
    return _Asked(f"{name}={value}", forward, modifier == "iterate", source, link, target)


def _one(asked: _Asked, source: str, parameters: Parameters) -> Including:
    reference = parameters.of(source).get(asked.link)
    if reference is None or reference.type != "reference":
        raise BadRequest(f"{asked.text}: {source} has no reference parameter {asked.link!r}.")
    if reference.refused:
        raise NotSupported(reference.refused)
    if all(each.kinds <= CANONICAL for each in reference.fields):
        raise NotSupported(
            f"{asked.text}: {asked.link} refers by canonical url; includes follow references by id."
        )
    return Including(source, reference, asked.target, asked.forward, asked.iterate)


def _fits(text: str, types: Sequence[str], including: Including) -> None:
    """Refuse an include that can never find anything."""
    targets = including.reference.targets
    if including.forward:
        if not including.iterate and including.source_type not in types:
            raise BadRequest(
                f"{text}: the search finds {', '.join(types)}, whose references count; those of "
                "what is included are followed by _include:iterate."
            )
        wanted = including.target_type
        if wanted and targets and wanted not in targets:
            raise BadRequest(f"{text}: {including.reference.code} cannot point to a {wanted}.")
        return
    if including.iterate:
        return
    if targets and not set(types) & set(targets):
        what = ", ".join(types)
        raise BadRequest(f"{text}: {including.reference.code} cannot point to a {what}.")
    if including.target_type is not None and including.target_type not in types:
        raise BadRequest(f"{text}: what refers to {', '.join(types)} is asked for.")


def _every(asked: _Asked, types: Sequence[str], parameters: Parameters) -> Iterator[Including]:
    """Give every link that the ``*`` stands for."""
    for source in _sources(asked, types, parameters):
        for reference in parameters.of(source).values():
            if reference.type != "reference" or asked.link not in {EVERY, reference.code}:
                continue
            if reference.refused or all(each.kinds <= CANONICAL for each in reference.fields):
                continue
            ends = [asked.target] if asked.forward else types
            ends = [each for each in ends if each is not None]
            if not ends or not reference.targets or set(ends) & set(reference.targets):
                yield Including(source, reference, asked.target, asked.forward, asked.iterate)


def _sources(asked: _Asked, types: Sequence[str], parameters: Parameters) -> Sequence[str]:
    if asked.source != EVERY:
        if asked.forward and not asked.iterate and asked.source not in types:
            raise BadRequest(f"{asked.text}: the search finds {', '.join(types)}.")
        return [asked.source]
    if asked.forward and not asked.iterate:
        return types
    return sorted(parameters.types)


def compiled(including: Including) -> list[Include]:
    """Give the plan's words for it: one Include for each field of the index."""
    return [
        Include(
            including.source_type,
            each.path,
            including.target_type,
            including.forward,
            including.iterate,
        )
        for each in including.reference.fields
    ]
