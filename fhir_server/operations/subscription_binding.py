"""``Subscription/$get-ws-binding-token``: what a client shows to a websocket to be told there.

https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/OperationDefinition-backport-subscription-get-ws-binding-token.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fhir_server.auth.principals import OPERATOR
from fhir_server.errors import BadRequest, Forbidden, NotFound, NotSupported
from fhir_server.interactions import binding, interests, subscribing
from fhir_server.operations.call import answered
from fhir_server.operations.operation import Operation, Parameter
from fhir_server.resources.wire import instant

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.interactions.request import Answer
    from fhir_server.operations.call import Call

_GUIDE: Final = "http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/"


def run(context: Context, call: Call) -> Answer:
    """Answer a token for the caller's own Subscriptions, and where to show it."""
    address = binding.address(context)
    if not address:
        raise NotSupported("This server offers no websockets (FHIR_WEBSOCKET_PORT).")
    ids = [call.resource_id] if call.resource_id else [str(each) for each in call.all("ids")]
    if not ids:
        raise BadRequest("Which Subscriptions? Right is ids=their-id, or Subscription/[id]/….")
    me = "" if context.principal == OPERATOR else context.principal.subject
    for each in ids:
        _expect_own(context, each, me)
    token, expires = binding.issue(context, me, ids)
    return answered(
        ("token", "string", token),
        ("expiration", "dateTime", instant(expires)),
        *(("subscription", "string", each) for each in ids),
        ("websocket-url", "url", address),
    )


def _expect_own(context: Context, subscription: str, me: str) -> None:
    context.store.read("Subscription", subscription)
    document = interests.stored(context, subscription)
    if document is None:
        raise NotFound(f"There is no Subscription/{subscription}.")
    if subscribing.owner(context, document) != me:
        raise Forbidden(f"Subscription/{subscription} belongs to another client.")
    if document["channel"]["type"] != "websocket":
        raise BadRequest(f"Subscription/{subscription} is not of channel.type websocket.")


OPERATION = Operation(
    name="get-ws-binding-token",
    types=("Subscription",),
    levels=frozenset({"instance", "type"}),
    url=f"{_GUIDE}backport-subscription-get-ws-binding-token",
    says="A token with which a websocket is bound to Subscriptions.",
    parameters=(
        Parameter("ids", "id", maximum="*", says="Which Subscriptions, where the URL names none."),
        Parameter("token", "string", use="out", minimum=1, says="Send bind-with-token and this."),
        Parameter("expiration", "dateTime", use="out", minimum=1, says="Until when it is good."),
        Parameter("subscription", "string", use="out", maximum="*", says="What it is good for."),
        Parameter("websocket-url", "url", use="out", minimum=1, says="Where to show it."),
    ),
    run=run,
)
