"""A reading of the national record as a job: its name, and how its result is answered.

The bridge that reads lies above this room; the worker brings the two together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.interactions.request import Answer
from fhir_server.resources.wire import dump

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.interactions.request import Request
    from fhir_server.store.jobs import Job

KIND: Final = "baca-satusehat"
Json = dict[str, Any]


def answer(_context: Context, _request: Request, job: Job) -> Answer:
    """Say what was read, type by type, and what was not and why."""
    done = job.result
    given = [_counts(kind, fates) for kind, fates in sorted(done["counts"].items())]
    given += [{"name": "referral", "valueReference": {"reference": e}} for e in done["referrals"]]
    for name in ("withheld", "refused"):
        given += [_reason(name, what, why) for what, why in sorted(done[name])]
    given.append({"name": "strangers", "valueInteger": done["strangers"]})
    given.append({"name": "stored", "valueInteger": done["stored"]})
    return Answer(200, dump({"resourceType": "Parameters", "parameter": given}))


def _counts(kind: str, fates: dict[str, int]) -> Json:
    parts = [{"name": fate, "valueInteger": number} for fate, number in sorted(fates.items())]
    return {"name": "read", "part": [{"name": "type", "valueCode": kind}, *parts]}


def _reason(name: str, what: str, why: str) -> Json:
    parts = [{"name": "what", "valueString": what}, {"name": "reason", "valueString": why}]
    return {"name": name, "part": parts}
