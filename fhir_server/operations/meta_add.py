"""``$meta-add``: profiles, tags and security labels are added to a resource.

R4 leaves open whether that makes a new version. Here it does, as every change: the history only
grows, an ETag never stands for two contents, and who set a label when can be seen. Labels that
are there already change nothing.

https://hl7.org/fhir/R4/resource-operation-meta-add.html
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
    """Add the labels that are not there, and answer the meta as it then is."""
    return labels.change(context, call, _added)


def _added(before: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
    after = dict(before)
    for name in labels.SETS:
        kept = list(before.get(name, []))
        known = {labels.identity(each) for each in kept}
        for each in asked.get(name, []):
            if labels.identity(each) not in known:
                known.add(labels.identity(each))
                kept.append(each)
        if kept:
            after[name] = kept
    return after


OPERATION = Operation(
    name="meta-add",
    levels=frozenset({"instance"}),
    says="Add profiles, tags and security labels to a resource; a new version, if any is new.",
    affects_state=True,
    parameters=(
        Parameter("meta", "Meta", minimum=1, says="The labels to add."),
        Parameter("return", "Meta", use="out", minimum=1, says="The meta as it then is."),
    ),
    run=run,
)
