"""What the answer of a FHIR server means.

https://hl7.org/fhir/R4/http.html#create
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from fhir_server.bridges.plain.signing import REMEDY
from fhir_server.delivery.target import Accepted, Later, Refused, Unauthorized

if TYPE_CHECKING:
    from fhir_server.delivery.target import Answer, Parcel
    from fhir_server.delivery.transport import Reply

GONE = frozenset({200, 202, 204, 404, 410})
BUSY = frozenset({408, 409, 425, 429, 503})
LONGEST_REASON = 500
_LOCATION = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/[^/]+)?/?$")
MEND = (
    "Perbaiki data itu di sini: versi baru dikirim sendiri. Bila yang salah ada di sana, perbaiki "
    "di sana, lalu: fhir-server bridge retry."
)


def judged(reply: Reply, parcel: Parcel) -> Answer:
    """Say what an answer means for a parcel."""
    if parcel.method == "DELETE" and reply.status in GONE:
        return Accepted(parcel.remote or "")
    if reply.status in {200, 201}:
        return _taken(reply, parcel)
    if reply.status == 401:
        return Unauthorized(f"It answered 401. {reason(reply)}".strip(), REMEDY)
    if reply.status in BUSY:
        return Later(f"It answered {reply.status}. {reason(reply)}".strip(), reply.retry_after)
    if reply.status >= 500:
        says = f"It answered {reply.status}. {reason(reply)}".strip()
        return Later(says, reply.retry_after, unknown=True)
    return Refused(reason(reply) or f"It answered {reply.status}.", rule(reply), MEND)


def _taken(reply: Reply, parcel: Parcel) -> Answer:
    wanted = parcel.path.partition("?")[0].partition("/")[0]
    for said in (reply.headers.get("Location", ""), reply.headers.get("Content-Location", "")):
        found = _LOCATION.search(said)
        if found and found[1] == wanted:
            return Accepted(found[2])
    name = reply.document.get("id")
    if isinstance(name, str):
        return Accepted(name)
    known = parcel.remote or parcel.path.partition("?")[0].partition("/")[2]
    if known:
        return Accepted(known)
    return Later("It took the resource and did not say under which id.", unknown=True)


def reason(reply: Reply) -> str:
    """Give what an OperationOutcome says first; of anything else nothing but its kind."""
    return "; ".join(filter(None, map(_said, _issues(reply))))[:LONGEST_REASON]


def rule(reply: Reply) -> str:
    """Give the code of the first issue, or the status."""
    code = next((each.get("code") for each in _issues(reply)), None)
    return f"{reply.status} {code}" if isinstance(code, str) else str(reply.status)


def _issues(reply: Reply) -> list[dict[str, Any]]:
    document = reply.document
    found = document.get("issue")
    if document.get("resourceType") != "OperationOutcome" or not isinstance(found, list):
        return []
    return [each for each in found if isinstance(each, dict)]


def _said(issue: dict[str, Any]) -> str:
    details, places = issue.get("details"), issue.get("expression")
    words = issue.get("diagnostics") or (details.get("text") if isinstance(details, dict) else None)
    at = ", ".join(map(str, places)) if isinstance(places, list) else ""
    return f"{words or ''} ({at})" if at else str(words or "")
