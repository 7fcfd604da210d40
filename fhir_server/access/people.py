"""Who a person is: the roles that the puskesmas has given, as far as they are in force today.

A person of several roles asks as the one that sees most of a record.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import orjson

from fhir_server.mappings.codes import ADMINISTRATIVE_AREA
from fhir_server.search.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fhir_server.auth.principals import Principal, Reach
    from fhir_server.context import Context
    from fhir_server.search.plan import Filter
    from fhir_server.store.ops import Stored

PAGE: Final = 10_000
CARE: Final = ("dokter", "bidan", "perawat", "dokter-gigi", "analis", "apoteker")
DESK: Final = ("pendaftaran", "kasir", "operator-wa", "auditor", "tim-pelaksana", "camat")
_SMALL: Final = frozenset({"pustu", "posyandu", "pkd"})
"""Kinds of facility whose people are given work rather than records."""
_RANK: Final[tuple[Reach, ...]] = ("area", "villages", "assignment", "tasks", "desk")


def resolved(context: Context, principal: Principal) -> Principal:
    """Give a person with role, organization and villages; without a role nothing is in reach."""
    person = principal.person or ""
    roles = found(context, "PractitionerRole", {"ix.practitioner": person})
    known = [
        found_role
        for each in roles
        if is_now(context, each)
        for code in _codes(context, each)
        if (found_role := as_role(context, principal, each, code)) is not None
    ]
    if not known:
        return replace(principal, reach="tasks")
    ranked = sorted(known, key=lambda each: (_RANK.index(each.reach), _order(each.role)))
    return _joined(ranked)


def as_role(
    context: Context, principal: Principal, role: dict[str, Any], code: str
) -> Principal | None:
    """Give a person in one role, None if the role opens nothing."""
    villages = tuple(
        each["identifier"]["value"]
        for each in role.get("location", ())
        if each.get("identifier", {}).get("system") == ADMINISTRATIVE_AREA
    )
    organization = role.get("organization", {}).get("reference")
    reach = _reach(context, code, organization, villages)
    if reach is None:
        return None
    name = f"PractitionerRole/{role['id']}"
    return replace(
        principal,
        reach=reach,
        role=code,
        organization=organization,
        roles=(name,),
        villages=villages,
    )


def _reach(
    context: Context, code: str, organization: str | None, villages: tuple[str, ...]
) -> Reach | None:
    if code == "mahasiswa":
        return "assignment"
    if code == "kader" or (code in CARE and _is_small(context, organization)):
        return "tasks"
    if code in DESK:
        return "desk"
    if code not in CARE:
        return None
    return "villages" if villages else "area" if organization else None


def _is_small(context: Context, organization: str | None) -> bool:
    """Tell whether a facility is one of the small ones below a puskesmas."""
    wanted = {"_id": (organization or "").removeprefix("Organization/")}
    kinds = f"{context.settings.canonical}/CodeSystem/jenis-faskes"
    return any(
        coding.get("system") == kinds and coding.get("code") in _SMALL
        for each in found(context, "Organization", wanted)
        for kind in each.get("type", ())
        for coding in kind.get("coding", ())
    )


def _joined(ranked: list[Principal]) -> Principal:
    """Ask as the first; what others of the same reach have in their care is added."""
    first = ranked[0]
    same = [each for each in ranked if each.reach == first.reach and each.role == first.role]
    return replace(
        first,
        roles=tuple(dict.fromkeys(name for each in ranked for name in each.roles)),
        villages=tuple(dict.fromkeys(code for each in same for code in each.villages)),
    )


def _order(role: str) -> int:
    known = (*CARE, *DESK)
    return known.index(role) if role in known else len(known)


def _codes(context: Context, role: dict[str, Any]) -> list[str]:
    system = f"{context.settings.canonical}/CodeSystem/peran-petugas"
    codings = (coding for each in role.get("code", ()) for coding in each.get("coding", ()))
    return [each["code"] for each in codings if each.get("system") == system and "code" in each]


def today(context: Context) -> str:
    """Give the day on which it is asked, where the puskesmas is."""
    return context.clock().astimezone(ZoneInfo(context.settings.timezone)).date().isoformat()


def is_now(context: Context, resource: dict[str, Any]) -> bool:
    """Tell whether a role or a team is active, and today in its period."""
    day = today(context)
    period = resource.get("period", {})
    started = period.get("start", day)[:10] <= day
    ended = period.get("end", day)[:10] < day
    is_active = resource.get("active") is not False
    return started and not ended and is_active and resource.get("status", "active") == "active"


def found(context: Context, resource_type: str, wanted: Filter) -> list[dict[str, Any]]:
    """Read what decides about rights, all of it; it is asked nobody's rights itself."""
    return [orjson.loads(each.raw) for each in everything(context, resource_type, wanted)]


def everything(context: Context, resource_type: str, wanted: Filter) -> Iterator[Stored]:
    """Read page after page to the end: a consent that is left out would be one that is broken."""
    plan = Plan(resource_type, wanted, limit=PAGE)
    while True:
        page = context.store.unguarded.search(plan)
        yield from page.resources
        if not page.more:
            return
        plan = replace(plan, after=page.last)
