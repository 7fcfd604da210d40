"""``$umpan``: everything that is addressed to the caller's organization, from a cursor on.

Referrals and back-referrals with their work, interim reports, outcomes: each version once, in one
order for all who read. Whoever is at the end gets 304 for ``If-None-Match``, or waits.

https://hl7.org/fhir/R4/http.html#history
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from fhir_server.interactions.feed import next_page, opened, organization_of, place, sealed
from fhir_server.interactions.history import entries
from fhir_server.interactions.request import Answer
from fhir_server.operations.operation import Operation, Parameter
from fhir_server.resources.bundles import join

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fhir_server.context import Context
    from fhir_server.interactions.feed import Page
    from fhir_server.operations.call import Call

RESUME: Final = "resume"
"""The relation of the link to what will come after this page."""


def run(context: Context, call: Call) -> Answer:
    """Answer one page of the feed as a history, with links to go on from it."""
    organization = organization_of(context, call.one("organization"))
    known = _known(call)
    since = call.one("since")
    if since is None and known is not None:
        since = known
    begun = place(context, organization, since)
    found = next_page(context, organization, begun, _count(context, call), call.one("wait") or 0)
    cursor = sealed(context, organization, found.n)
    headers = {"ETag": f'W/"{cursor}"', "Cache-Control": "private, no-cache"}
    if not found.resources and known is not None and opened(context, known, organization) >= begun:
        return Answer(304, headers=headers)
    links = _links(call, found, cursor)
    return Answer(
        200, join("history", entries(call.request, found.resources), links=links), headers
    )


def _known(call: Call) -> str | None:
    """Give the cursor that the caller has already come to, by ``If-None-Match``."""
    given = call.request.headers.get("if-none-match")
    return given.strip().removeprefix("W/").strip('"') if given else None


def _count(context: Context, call: Call) -> int:
    given = call.one("_count")
    settings = context.settings
    return max(1, min(settings.count_default if given is None else given, settings.count_limit))


def _links(call: Call, found: Page, cursor: str) -> Iterator[tuple[str, str]]:
    address = f"{call.request.base}/$umpan"
    yield "self", f"{address}?{call.request.query}" if call.request.query else address
    kept = [(name, call.one(name)) for name in ("organization", "_count")]
    pairs = [("since", cursor), *((name, str(value)) for name, value in kept if value is not None)]
    following = f"{address}?{urlencode(pairs, safe='/')}"
    if found.more:
        yield "next", following
    yield RESUME, following


OPERATION = Operation(
    name="umpan",
    levels=frozenset({"system"}),
    says="Everything addressed to the caller's organization since a cursor: referrals, "
    "back-referrals, interim reports and outcomes, each version once and in one order.",
    parameters=(
        Parameter(
            "since",
            "string",
            says="A cursor of this feed, first, or now; without it the feed goes on from what "
            "was acknowledged by $terima-umpan.",
        ),
        Parameter("wait", "unsignedInt", says="Seconds to wait while there is nothing new."),
        Parameter("_count", "unsignedInt", says="The most entries of the page."),
        Parameter(
            "organization",
            "string",
            says="Whose feed, such as Organization/rs-a; only for callers that belong to none.",
        ),
        Parameter(
            "return",
            "Bundle",
            use="out",
            minimum=1,
            says="A Bundle of type history. Its link resume, and its ETag, go on after it.",
        ),
    ),
    run=run,
)
