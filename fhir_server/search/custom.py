"""Search parameters of the operator: which SearchParameter resources count, and whether they can.

An active SearchParameter that R4 does not have itself is searched by. It must be one that this
server can index, on types that do not have its code yet.

https://hl7.org/fhir/R4/searchparameter.html
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from fhir_server.errors import Issue
from fhir_server.search import expressions
from fhir_server.search.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fhir_server.search.parameters import Parameters

ANYWHERE = frozenset({"Resource", "DomainResource"})
TRIED = ("Patient", "Observation")
COUNTS = ("url", "code", "base", "type", "expression", "target", "component")
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")


def counts(document: Mapping[str, Any], parameters: Parameters) -> bool:
    """Tell whether a SearchParameter resource adds to what this server searches by."""
    return document.get("status") == "active" and document.get("url") not in parameters.built_in


def mark(document: Mapping[str, Any]) -> str:
    """Give what changes exactly when what it writes to the index changes."""
    content = json.dumps([document.get(name) for name in COUNTS], sort_keys=True, default=str)
    return hashlib.sha256(content.encode()).hexdigest()[:32]


def bases(document: Mapping[str, Any], parameters: Parameters) -> frozenset[str]:
    """Give the resource types that it is defined on."""
    given = frozenset(document.get("base", ()))
    return frozenset(parameters.types) if given & ANYWHERE else given & parameters.types


def problems(document: Mapping[str, Any], parameters: Parameters) -> Iterator[Issue]:
    """Say why an active SearchParameter cannot be searched by."""
    if document["resourceType"] != "SearchParameter" or not counts(document, parameters):
        return
    code, kind = document.get("code", ""), document.get("type", "")
    if not _CODE.fullmatch(code):
        yield _issue("code", f"{code!r} cannot be asked in a URL; letters, digits, - and _ can.")
        return
    if kind not in {*KINDS, "composite"} - {"special"}:
        yield _issue("type", f"A parameter of type {kind!r} cannot be indexed here.")
        return
    if not document.get("expression"):
        yield _issue("expression", "Without an expression there is nothing to index.")
        return
    for base in document.get("base", ()):
        says = _on(document, base, parameters)
        if says:
            yield _issue("expression", says)
            return


def _on(document: Mapping[str, Any], base: str, parameters: Parameters) -> str:
    """Try it on one of its bases; give what is wrong, or nothing."""
    if base not in parameters.types and base not in ANYWHERE:
        return f"There is no resource type {base!r}."
    url = document["url"]
    for resource_type in TRIED if base in ANYWHERE else (base,):
        other = parameters.of(resource_type).get(document["code"])
        if other is not None and other.url != url:
            return f"{resource_type} has a search parameter {other.code!r} already: {other.url}."
        try:
            trial = parameters.with_own([document])
            made = trial.of(resource_type).get(document["code"])
            trial.compiled(resource_type).index({"resourceType": resource_type}, {})
        except (expressions.Unreadable, KeyError, SyntaxError) as error:
            return f"It cannot be compiled for {resource_type}: {error}"
        if made is None or made.refused or not (made.fields or made.pairs):
            return f"The expression finds nothing on {resource_type} that can be indexed."
    return ""


def _issue(element: str, says: str) -> Issue:
    return Issue("not-supported", says, expression=f"SearchParameter.{element}")
