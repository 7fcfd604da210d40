"""``$terima-umpan``: an organization has its feed up to a cursor, and the server remembers that.

From there ``$umpan`` goes on when it is asked without ``since``. It never goes back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_server.interactions.feed import opened, organization_of, sealed
from fhir_server.operations.call import answered
from fhir_server.operations.operation import Operation, Parameter

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.interactions.request import Answer
    from fhir_server.operations.call import Call


def run(context: Context, call: Call) -> Answer:
    """Note the cursor, and answer the one that is noted."""
    organization = organization_of(context, call.one("organization"))
    given = opened(context, call.required("cursor"), organization)
    noted = context.store.unguarded.feeds.acknowledge(organization, given)
    return answered(("cursor", "string", sealed(context, organization, noted)))


OPERATION = Operation(
    name="terima-umpan",
    levels=frozenset({"system"}),
    affects_state=True,
    says="Remember that the caller's organization has its feed up to a cursor.",
    parameters=(
        Parameter("cursor", "string", minimum=1, says="A cursor that $umpan has given."),
        Parameter(
            "organization",
            "string",
            says="Whose feed, such as Organization/rs-a; only for callers that belong to none.",
        ),
        Parameter(
            "cursor",
            "string",
            use="out",
            minimum=1,
            says="The cursor that is remembered: this one, or a later one that was before it.",
        ),
    ),
    run=run,
)
