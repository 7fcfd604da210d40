"""The kick-off of $export: what the client asks, checked before any work is done.

https://hl7.org/fhir/uv/bulkdata/STU2/export.html#bulk-data-kick-off-request
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import orjson

from fhir_server.errors import BadRequest, NotFound, TooManyRequests
from fhir_server.interactions.answers import preferences
from fhir_server.jobs import status
from fhir_server.jobs.selection import PATIENT, compiled, patient_types

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from fhir_server.context import Context
    from fhir_server.interactions.request import Answer, Request

EXPORT = "export"
NDJSON_NAMES = frozenset({"application/fhir+ndjson", "application/ndjson", "ndjson"})
BETWEEN_FILTERS = re.compile(r",(?=[A-Z][A-Za-z]*\?)")
PATIENT_LIMIT = 50_000


@dataclass(slots=True)
class Asked:
    """What an export is to hold. ``patients``: None for all; empty ``types``: every type."""

    types: list[str] = field(default_factory=list)
    since: datetime | None = None
    elements: list[str] = field(default_factory=list)
    filters: list[dict[str, Any]] = field(default_factory=list)
    patients: list[str] | None = None


def kick_off(
    context: Context,
    request: Request,
    given: Mapping[str, Sequence[Any]],
    owner: str = "",
    group: str | None = None,
) -> Answer:
    """Put an export on the list; ``owner`` is empty for the system, else Patient or Group."""
    require_async(request)
    asked = _read(context, given)
    if asked.patients is not None and not owner:
        raise BadRequest("patient can only be given to Patient/$export and Group/[id]/$export.")
    if owner:
        asked.patients = _patients(context, asked.patients, group)
    job = context.store.jobs.open(
        EXPORT,
        {
            "url": _address(request),
            "types": _types(context, asked, owner),
            "since": asked.since,
            "elements": asked.elements,
            "filters": asked.filters,
            "compartment": bool(owner),
            "patients": asked.patients,
        },
        context.principal.subject,
        request.base,
    )
    _limit(context, job.id)
    return status.accepted(request, job)


def require_async(request: Request) -> None:
    """Refuse a client that would wait for the answer."""
    if "respond-async" not in preferences(request.headers):
        raise BadRequest(
            f"{request.path} is long work. Send the header Prefer: respond-async; the answer then "
            "names the address that tells how far it is."
        )


def _limit(context: Context, job_id: str) -> None:
    most = context.settings.export_limit
    if context.store.jobs.unfinished(EXPORT) > most:
        context.store.jobs.cancel(job_id)
        raise TooManyRequests(
            f"{most} exports are being made, the limit of this server (FHIR_EXPORT_LIMIT). Try "
            "again when one is done."
        )


def _address(request: Request) -> str:
    return f"{request.base}/{request.path}" + (f"?{request.query}" if request.query else "")


def _read(context: Context, given: Mapping[str, Sequence[Any]]) -> Asked:
    asked = Asked()
    for name, values in given.items():
        for value in values:
            READERS[name](context, asked, value)
    return asked


def _output_format(_context: Context, _asked: Asked, value: str) -> None:
    if value.replace(" ", "+") not in NDJSON_NAMES:
        raise BadRequest(f"_outputFormat={value} is not offered; application/fhir+ndjson is.")


def _since(_context: Context, asked: Asked, value: str) -> None:
    asked.since = datetime.fromisoformat(value).astimezone(UTC)


def _type(context: Context, asked: Asked, value: str) -> None:
    for each in filter(None, value.split(",")):
        _expect_type(context, "_type", each)
        if each not in asked.types:
            asked.types.append(each)


def _elements(context: Context, asked: Asked, value: str) -> None:
    for each in filter(None, value.split(",")):
        owner, dot, _ = each.rpartition(".")
        if dot:
            _expect_type(context, "_elements", owner)
        asked.elements.append(each)


def _type_filter(context: Context, asked: Asked, value: str) -> None:
    for each in BETWEEN_FILTERS.split(value):
        kind, _, query = each.partition("?")
        _expect_type(context, "_typeFilter", kind)
        pairs = parse_qsl(query, keep_blank_values=True)
        compiled(context, kind, pairs)
        asked.filters.append({"type": kind, "pairs": [list(pair) for pair in pairs]})


def _patient(_context: Context, asked: Asked, value: dict[str, Any]) -> None:
    parts = str(value.get("reference", "")).split("/")
    if len(parts) < 2 or parts[-2] != PATIENT:
        raise BadRequest("patient is no reference to a Patient, such as Patient/123.")
    asked.patients = [*(asked.patients or ()), parts[-1]]


READERS: dict[str, Callable[[Context, Asked, Any], None]] = {
    "_outputFormat": _output_format,
    "_since": _since,
    "_type": _type,
    "_elements": _elements,
    "_typeFilter": _type_filter,
    "patient": _patient,
}


def _expect_type(context: Context, name: str, kind: str) -> None:
    if kind not in context.definitions.types:
        raise BadRequest(f"{name}: there is no R4 resource type {kind!r}.")


def _types(context: Context, asked: Asked, owner: str) -> list[str]:
    """Give the types to export, in the order of their names."""
    able = patient_types(context) if owner else context.definitions.types
    strange = sorted(set(asked.types) - able)
    if strange:
        raise BadRequest(
            f"_type: {', '.join(strange)} cannot belong to a patient; export it from the system."
        )
    filtered = {each["type"] for each in asked.filters}
    if asked.types and not filtered <= set(asked.types):
        raise BadRequest(
            f"_typeFilter names {', '.join(sorted(filtered - set(asked.types)))}, _type does not."
        )
    if asked.patients == []:
        return []
    return sorted(set(asked.types or able) & set(context.store.types()))


def _patients(context: Context, given: list[str] | None, group: str | None) -> list[str] | None:
    """Give the patients asked for, who must be there and be members of the group, if any."""
    found = None if given is None else list(dict.fromkeys(given))
    members = None if group is None else members_of(context, group)
    if found is None:
        return members
    if len(found) > PATIENT_LIMIT:
        raise BadRequest(f"patient: {PATIENT_LIMIT} patients at most can be named.")
    inside = None if members is None else set(members)
    for each in found:
        stored = context.store.read(PATIENT, each)
        if stored is None or stored.text is None:
            raise NotFound(f"patient: there is no Patient/{each}.")
        if inside is not None and each not in inside:
            raise BadRequest(f"patient: Patient/{each} is no member of Group/{group}.")
    return found


def members_of(context: Context, group: str) -> list[str]:
    """Give the patients who are members of a group at present."""
    stored = context.store.read("Group", group)
    if stored is None or stored.text is None:
        raise NotFound(f"There is no Group/{group}.")
    members = orjson.loads(stored.raw).get("member", ())
    active = [each for each in members if not each.get("inactive")]
    references = [each["entity"].get("reference", "").split("/") for each in active]
    found = [parts[-1] for parts in references if len(parts) > 1 and parts[-2] == PATIENT]
    return list(dict.fromkeys(found))
