"""``CommunicationRequest/$jadwal-terlambat``: contacts whose due day passed without a message.

SOP Chat, step 1 (domain §1.A A1): a contact is overdue when its day ends (23:59 WIB) and no
message went out. ``bidan`` narrows it to whom she cares for, ``desa`` to a village, ``hari`` to
one due day. The longest overdue comes first.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from fhir_server.errors import BadRequest
from fhir_server.interactions.matches import matches
from fhir_server.interactions.request import Answer
from fhir_server.mappings.codes import code_system, criterion
from fhir_server.operations.operation import Operation, Parameter
from fhir_server.resources.bundles import join, quoted

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.operations.call import Call
    from fhir_server.store.ops import Stored


def run(context: Context, call: Call) -> Answer:
    """Answer a searchset Bundle."""
    request = call.request
    found = overdue(context, call.one("bidan"), call.one("desa"), _day(call.one("hari")))
    base = quoted(request.base)[:-1]
    entries = [
        b'{"fullUrl":%s/CommunicationRequest/%s","resource":%s,"search":{"mode":"match"}}'
        % (base, each.id.encode(), each.raw)
        for each in found
    ]
    links = [("self", f"{request.base}/{request.path}?{request.query}".rstrip("?"))]
    return Answer(200, join("searchset", entries, links=links, total=len(found)))


def overdue(
    context: Context, bidan: str | None, desa: str | None, hari: date | None
) -> list[Stored]:
    """Give the planned contacts of the monitoring that were missed, the oldest first."""
    today = context.clock().astimezone(ZoneInfo(context.settings.timezone)).date()
    pairs = [
        ("status", "active"),
        ("category", f"{code_system('kategori-komunikasi')}|pemantauan"),
        ("occurrence", f"lt{today}"),
        ("_sort", "occurrence"),
    ]
    if hari is not None:
        pairs.append(("occurrence", hari.isoformat()))
    if bidan is not None:
        pairs.append(("sender", f"PractitionerRole/{bidan}"))
    if desa is not None:
        pairs.append(("patient.desa", desa))
    canonical = context.settings.canonical
    return matches(
        context, "CommunicationRequest", [(n, criterion(v, canonical)) for n, v in pairs]
    )


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise BadRequest(f"hari={text!r} is not a day; right is 2024-08-05.") from None


OPERATION = Operation(
    name="jadwal-terlambat",
    types=("CommunicationRequest",),
    levels=frozenset({"type"}),
    says="Contacts of the monitoring by chat whose due day passed without a message (SOP Chat).",
    parameters=(
        Parameter("bidan", "id", says="Only those of this midwife (PractitionerRole)."),
        Parameter("desa", "code", says="Only patients of this village."),
        Parameter("hari", "date", says="Only contacts that were due on this day."),
        Parameter("return", "Bundle", use="out", minimum=1, says="The CommunicationRequests."),
    ),
    run=run,
)
