"""``$meta``: the profiles, tags and security labels of a version, of a type, of everything.

https://hl7.org/fhir/R4/resource-operation-meta.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir_server.operations import labels
from fhir_server.operations.call import answered
from fhir_server.operations.operation import Operation, Parameter

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fhir_server.context import Context
    from fhir_server.interactions.request import Answer
    from fhir_server.operations.call import Call


def run(context: Context, call: Call) -> Answer:
    """Answer the meta of one version, or all labels that are in use in the scope."""
    if call.resource_id is not None:
        return labels.of(labels.current(context, call))
    types = context.store.types()
    if call.resource_type is not None:
        types = [kind for kind in types if kind == call.resource_type]
    return answered(("return", "Meta", _together(context.store.labels(types))))


def _together(used: dict[str, list[str]]) -> dict[str, Any]:
    found = {
        "profile": _profiles(used["_profile"]),
        "security": [_coding(each) for each in used["_security"] if "|" in each],
        "tag": [_coding(each) for each in used["_tag"] if "|" in each],
    }
    return {name: entries for name, entries in found.items() if entries}


def _profiles(entries: Iterable[str]) -> list[str]:
    """Leave out what stands there only because a version of it was declared."""
    kept = list(entries)
    whole = {each.partition("|")[0] for each in kept if "|" in each}
    return [each for each in kept if each not in whole]


def _coding(entry: str) -> dict[str, str]:
    system, _, code = entry.partition("|")
    coding = {"system": system.replace("%7C", "|"), "code": code}
    return {name: text for name, text in coding.items() if text}


OPERATION = Operation(
    name="meta",
    levels=frozenset({"system", "type", "instance", "version"}),
    says="The profiles, tags and security labels of a resource, or all that are in use.",
    parameters=(Parameter("return", "Meta", use="out", minimum=1),),
    run=run,
)
