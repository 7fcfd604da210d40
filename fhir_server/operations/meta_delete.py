"""``$meta-delete``: profiles, tags and security labels are taken from a resource.

A new version is made as by ``$meta-add``, if any of them was there.

https://hl7.org/fhir/R4/resource-operation-meta-delete.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir_server.operations import labels
from fhir_server.operations.operation import Operation, Parameter

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.interactions.request import Answer
    from fhir_server.operations.call import Call


def run(context: Context, call: Call) -> Answer:
    """Take away the labels that are there, and answer the meta as it then is."""
    return labels.change(context, call, _without)


def _without(before: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
    after = dict(before)
    for name in labels.SETS:
        gone = {labels.identity(each) for each in asked.get(name, [])}
        kept = [each for each in before.get(name, []) if labels.identity(each) not in gone]
        after.pop(name, None)
        if kept:
            after[name] = kept
    return after


OPERATION = Operation(
    name="meta-delete",
    levels=frozenset({"instance"}),
    says="Take profiles, tags, security labels from a resource; a new version if any was there.",
    affects_state=True,
    parameters=(
        Parameter("meta", "Meta", minimum=1, says="The labels to take away."),
        Parameter("return", "Meta", use="out", minimum=1, says="The meta as it then is."),
    ),
    run=run,
)
