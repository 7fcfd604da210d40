"""The worker's half of $baca-satusehat: one reading, and what is kept of it for who asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir_server.auth.principals import Principal
from fhir_server.bridges.satusehat import inbound
from fhir_server.bridges.satusehat.record import NotRead
from fhir_server.errors import Conflict

if TYPE_CHECKING:
    from fhir_server.bridges.satusehat.target import Satusehat
    from fhir_server.context import Context
    from fhir_server.store.jobs import Job


def run(context: Context, job: Job, target: Satusehat) -> dict[str, Any]:
    """Read, and give counts and reasons; a Conflict says why nothing was read or stored.

    To do it twice, because a worker died in it, changes nothing.
    """
    asked = job.request
    try:
        done = inbound.read(
            context, target, asked["patient"], show=asked["show"], who=Principal(job.owner)
        )
    except NotRead as error:
        raise Conflict(f"{error.reason} {error.remedy}") from None
    return {
        "counts": {kind: dict(fates) for kind, fates in done.counts.items()},
        "referrals": done.referrals,
        "withheld": [list(each) for each in done.withheld.items()],
        "refused": [list(each) for each in done.refused.items()],
        "strangers": done.strangers,
        "stored": 0 if asked["show"] else done.stored,
    }
