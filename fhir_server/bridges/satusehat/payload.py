"""The seam between what SATUSEHAT is told and how: resource in, requests out, nothing asked.

The client renders a resource, sends the requests in order and keeps the id that came back
under the request's `key`. `Known.remote` answers with it from then on, so that the same resource
rendered again becomes an update, and what waited for it becomes a request.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fhir_server.bridges.satusehat.choices import Choices

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_NAMESPACE = uuid.UUID("5a1c0b6e-95a4-5a53-8f0e-6a1a4f0f6d10")


@dataclass(frozen=True)
class Known:
    """What a rendering may know beside the resource itself.

    `remote` gives the id SATUSEHAT has for a key (`Patient/x`, or `Observation/x#8480-6` for a part
    of what is sent in parts), or None while it has none. An answer that begins with `urn:uuid:` is
    an entry of the same Bundle. `local` gives our own resource for a reference, or None.
    `referring` gives our resources of a type that refer to one of ours by a search parameter:
    `referring("Condition", "encounter", "Encounter/x")`.
    """

    remote: Callable[[str], str | None]
    local: Callable[[str], dict[str, Any] | None]
    referring: Callable[[str, str, str], Sequence[dict[str, Any]]] = lambda *_: ()
    choices: Choices = field(default_factory=Choices)


@dataclass(frozen=True)
class Request:
    """One request to SATUSEHAT. `identifier` (system, value) is ours and marks the resource there.

    `search` finds what may have landed before: the parameters of a search of the same type, whose
    hits `payload.landed` compares. A PATCH has a list of operations as its body. `step` is the
    step of a referral by SATUSEHAT Rujukan that this is, or empty.
    """

    method: str
    type: str
    body: Any
    key: str
    identifier: tuple[str, str] | None = None
    remote: str | None = None
    search: tuple[tuple[str, str], ...] = ()
    step: str = ""


@dataclass(frozen=True)
class Payload:
    """Requests in the order in which they are sent.

    With `again` the resource is rendered once more when all of them are accepted: what it still
    needs (an Encounter its diagnoses) refers to it and can only come after it.
    """

    requests: tuple[Request, ...]
    again: bool = False


@dataclass(frozen=True)
class LookUp:
    """A person is not sent but looked up: exactly one match gives the id kept under `key`."""

    type: str
    search: tuple[tuple[str, str], ...]
    key: str


@dataclass(frozen=True)
class Waiting:
    """What must have an id there first, as our references (`Patient/x`)."""

    references: tuple[str, ...]


@dataclass(frozen=True)
class NotWanted:
    """SATUSEHAT has no place for this resource; that is no fault."""

    reason: str


@dataclass(frozen=True)
class Unmappable:
    """What SATUSEHAT would refuse, said before it does: the element, and what would be right."""

    path: str
    reason: str
    remedy: str


Rendering = Payload | LookUp | Waiting | NotWanted | Unmappable


def landed(request: Request, candidate: dict[str, Any]) -> bool:
    """Say whether a resource found there is the one that this request made, or stands for it.

    Of episodes there is one active per patient and type, whoever opened it. Newborns of one mother
    share her NIK; their names tell them apart, as nothing else comes back.
    """
    if candidate.get("resourceType") != request.type:
        return False
    if request.type == "EpisodeOfCare" and candidate.get("status") == "active":
        return _kinds(candidate) == _kinds(request.body)
    identifiers = candidate.get("identifier") or []
    listed = identifiers if isinstance(identifiers, list) else [identifiers]
    has_ours = request.identifier in [(each.get("system"), each.get("value")) for each in listed]
    is_newborn = request.type == "Patient"
    return has_ours and (not is_newborn or _names(candidate) == _names(request.body))


def _kinds(episode: dict[str, Any]) -> set[str]:
    codings = (coding for each in episode.get("type", ()) for coding in each.get("coding", ()))
    return {str(each.get("code")) for each in codings}


def _names(patient: dict[str, Any]) -> list[str]:
    return [str(each.get("text", "")).casefold() for each in patient.get("name", ())]


def urn(key: str) -> str:
    """Give the `urn:uuid:` under which a request of this key stands in a Bundle."""
    return f"urn:uuid:{uuid.uuid5(_NAMESPACE, key)}"


def bundle(payloads: Sequence[Payload]) -> dict[str, Any]:
    """Give one transaction of all POSTs; render its resources with `within` their own keys."""
    entries = [
        {
            "fullUrl": urn(request.key),
            "resource": request.body,
            "request": {"method": request.method, "url": request.type},
        }
        for each in payloads
        for request in each.requests
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def within(known: Known, keys: set[str]) -> Known:
    """Give what is known inside a Bundle: what has these keys is referred to by its urn."""

    def remote(key: str) -> str | None:
        return known.remote(key) or (urn(key) if key in keys else None)

    return Known(remote, known.local, known.referring, known.choices)
