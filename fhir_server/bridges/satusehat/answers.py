"""What an answer of SATUSEHAT is to the delivery engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.bridges.satusehat import finding
from fhir_server.bridges.satusehat.connection import NOT_SENT
from fhir_server.bridges.satusehat.meaning import Kind
from fhir_server.bridges.satusehat.payload import NotWanted, Unmappable
from fhir_server.bridges.satusehat.remedies import LOGIN, PRODUCT, both, remedy
from fhir_server.delivery.target import Accepted, Later, Nothing, Refused, Unauthorized

if TYPE_CHECKING:
    from fhir_server.bridges.satusehat.finding import Hits
    from fhir_server.bridges.satusehat.login import NoToken
    from fhir_server.bridges.satusehat.meaning import Meaning, Said
    from fhir_server.bridges.satusehat.payload import Rendering
    from fhir_server.delivery.target import Answer, Parcel

NO_MATCH: Final = "SATUSEHAT knows nobody by this NIK."
SEVERAL: Final = "SATUSEHAT knows several people who could be this one."
KEPT_BACK: Final = "SATUSEHAT keeps this person from us, for lack of consent."


def looked_up(found: Hits) -> Answer:
    """Take the only person who matches; else a person here decides."""
    if found.refusal is not None:
        return answer_to(found.refusal, None, "GET")
    if len(found.resources) == 1:
        return Accepted(str(found.resources[0]["id"]), adopted=True)
    if found.suppressed:
        return Refused(KEPT_BACK, "consent", remedy("consent"))
    rule = "ambiguous" if found.resources else "not-found"
    return Refused(SEVERAL if found.resources else NO_MATCH, rule, remedy(rule))


def settled(rendering: Rendering) -> Nothing | Refused | None:
    """Give what ends a delivery without a request."""
    if isinstance(rendering, NotWanted):
        return Nothing(rendering.reason)
    if isinstance(rendering, Unmappable):
        reason = f"{rendering.path}: {rendering.reason}"
        return Refused(reason, "unmappable", f"Isi: {rendering.remedy}.")
    return None


def accepted(parcel: Parcel, said: Said) -> Answer:
    """Take the id out of an answer that is a success."""
    id = str(said.document.get("id") or parcel.remote or "")
    if id:
        return Accepted(id)
    return Later(f"HTTP {said.status} without an id", unknown=True)


def adopted(found: Hits, body: Any) -> Answer | None:
    """Take the one that is there as ours; it is updated if it says something else."""
    if found.refusal is not None:
        return answer_to(found.refusal, None, "GET")
    if len(found.resources) > 1:
        return Refused("SATUSEHAT has it more than once.", "ambiguous", remedy("20002"))
    if not found.resources:
        return None
    there = found.resources[0]
    return Accepted(str(there["id"]), adopted=True, same=finding.says(there, body))


def registered(found: Hits, body: Any) -> Answer | None:
    """Adopt the only child it can be; of twins a person says which is which."""
    if found.refusal is not None:
        return answer_to(found.refusal, None, "GET")
    several = len(found.resources) > 1 or body.get("multipleBirthInteger", 0) != 0
    if found.resources and several:
        return Refused(SEVERAL, "ambiguous", remedy("ambiguous"))
    return Accepted(str(found.resources[0]["id"]), adopted=True) if found.resources else None


def answer_to(found: Meaning, said: Said | None, method: str) -> Answer:
    """Say to the engine what an answer means that is no success."""
    if found.kind is Kind.THROTTLED:
        return Later(found.reason, _asked_to_wait(said), counts=False)
    if found.kind is Kind.OUTAGE:
        unsent = said is not None and said.text.startswith(NOT_SENT)
        return Later(found.reason, unknown=method != "GET" and not unsent)
    if found.kind is Kind.EXPIRED:
        return Later(found.reason, counts=False)
    if found.kind is Kind.UNAUTHORIZED:
        return Unauthorized(found.reason, both(PRODUCT))
    if found.kind is Kind.FORBIDDEN:
        consent = said is not None and said.status == 400
        return refused(found, "consent" if consent and not found.rule else found.rule or "403")
    if found.kind is Kind.ABSENT:
        return refused(found, "404")
    return refused(found, found.rule)


def refused(found: Meaning, rule: str) -> Refused:
    """Refuse with the reason as it came, and what a person does about the rule."""
    return Refused(found.reason, rule, remedy(rule))


def without_token(missing: NoToken) -> Answer:
    """Say to the engine why there is no token."""
    kind = missing.meaning.kind
    if kind in {Kind.UNAUTHORIZED, Kind.REFUSED, Kind.FORBIDDEN, Kind.EXPIRED}:
        return Unauthorized(missing.meaning.reason, both(LOGIN))
    throttled = missing.meaning.kind is Kind.THROTTLED
    return Later(
        missing.meaning.reason, missing.seconds if throttled else None, counts=not throttled
    )


def _asked_to_wait(said: Said | None) -> float | None:
    """Give the pause that is asked for; SATUSEHAT itself names none."""
    text = "" if said is None else said.headers.get("Retry-After", "")
    return float(text) if text.isdecimal() else None
