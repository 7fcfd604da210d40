"""``$expunge``: what is taken out for good, by the operator, where the settings allow it.

R4 has no such operation; this one has the parameters of HAPI's. It goes by keys and in steps of
about ``limit`` versions; called again it goes on where it ended, and ``more`` says if it must be.
``expungeEverything`` on a Patient takes the record of this patient alone out, the Patient last.

https://hl7.org/fhir/R4/http.html#delete
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fhir_server.errors import BadRequest, Conflict, Forbidden, NotFound
from fhir_server.operations.call import answered
from fhir_server.operations.compartments import members, planned
from fhir_server.operations.operation import Operation, Parameter
from fhir_server.sop import arsip

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fhir_server.context import Context
    from fhir_server.interactions.request import Answer
    from fhir_server.operations.call import Call

STEP = 200
LIMIT = 1000
LARGEST = 10_000


def run(context: Context, call: Call) -> Answer:
    """Answer how many versions were taken out, and whether more are left."""
    _expect_allowed(context)
    limit = _limit(call)
    number = _version(context, call) if call.version is not None else _called(context, call, limit)
    more = call.version is None and number >= limit
    return answered(("count", "integer", number), ("more", "boolean", more))


def _expect_allowed(context: Context) -> None:
    if not context.settings.expunge:
        raise Forbidden("$expunge is switched off; the operator allows it by FHIR_EXPUNGE=1.")
    rights = [each.rpartition(".")[2] for each in context.principal.scopes if "system/*." in each]
    if not any("d" in each for each in rights):
        raise Forbidden("$expunge needs the right to delete everything (system/*.d).")


def _limit(call: Call) -> int:
    given = call.one("limit")
    limit = LIMIT if given is None else int(given)
    if not 0 < limit <= LARGEST:
        raise BadRequest(f"limit={limit} is not between 1 and {LARGEST}.")
    return limit


def _version(context: Context, call: Call) -> int:
    kind, identity, number = str(call.resource_type), str(call.resource_id), call.version or 0
    stored = context.store.read(kind, identity)
    if stored is not None and stored.version == number:
        raise Conflict(f"Version {number} of {kind}/{identity} is the current one; it stays.")
    found = context.store.expunge.version(kind, identity, number)
    if not found:
        raise NotFound(f"There is no version {number} of {kind}/{identity} with content.")
    return found


def _called(context: Context, call: Call, limit: int) -> int:
    kind, identity = str(call.resource_type), call.resource_id
    if identity is not None and context.store.read(kind, identity) is None:
        raise NotFound(f"There is no {kind}/{identity}.")
    wanted = [name for name in _WAYS if call.one(name)]
    if not wanted:
        raise BadRequest(f"$expunge needs one of {', '.join(_WAYS)} to be true.")
    number = 0
    for name in wanted:
        if number < limit:
            number += _WAYS[name](context, kind, identity, limit - number)
    return number


def _past(context: Context, kind: str, identity: str | None, limit: int) -> int:
    return context.store.expunge.past(kind, identity, limit)


def _deleted(context: Context, kind: str, identity: str | None, limit: int) -> int:
    if identity is None:
        ids = context.store.expunge.deleted(kind, limit)
    else:
        stored = context.store.read(kind, identity)
        ids = [identity] if stored is not None and stored.text is None else []
    return _taken(context, kind, ids, limit)


def _everything(context: Context, kind: str, identity: str | None, limit: int) -> int:
    if identity is None:
        raise BadRequest(f"expungeEverything is for one resource, not for all of {kind}.")
    number = 0
    if kind == "Patient":
        for other in members(context, "Patient"):
            for ids in _of_patient(context, other, identity):
                number += _taken(context, other, ids, limit - number)
                if number >= limit:
                    return number
    return number + _taken(context, kind, [identity], limit - number)


def _of_patient(context: Context, kind: str, identity: str) -> Iterator[list[str]]:
    """Find, step by step, what has this patient and no other as its patient."""
    if kind == "Patient" or "patient" not in context.parameters.of(kind):
        return
    key = f"Patient/{identity}"
    alone = {"$nor": [{"ix.patient": {"$elemMatch": {"$ne": key}}}]}
    plan = planned(kind, {"ix.patient": key}, alone, limit=STEP)
    while True:
        page = context.store.search(plan)
        if page.resources:
            yield [each.id for each in page.resources]
        if not page.more:
            return
        plan = replace(plan, after=page.last)


def _taken(context: Context, kind: str, ids: list[str], limit: int) -> int:
    """Take resources out until the limit is reached, with the SOP documents they came from."""
    number = 0
    for start in range(0, len(ids), STEP):
        if number >= limit:
            break
        some = ids[start : start + STEP]
        number += context.store.expunge.resources(kind, some)
        arsip.lupakan(some)
    return number


_WAYS: dict[str, Any] = {
    "expungePreviousVersions": _past,
    "expungeDeletedResources": _deleted,
    "expungeEverything": _everything,
}

OPERATION = Operation(
    name="expunge",
    levels=frozenset({"type", "instance", "version"}),
    says="Take resources or past versions out for good; for the operator, off by default.",
    affects_state=True,
    parameters=(
        Parameter("limit", "integer", says=f"About so many versions, {LIMIT} if absent."),
        Parameter("expungePreviousVersions", "boolean", says="Empty all versions but the current."),
        Parameter("expungeDeletedResources", "boolean", says="Take out what is deleted."),
        Parameter(
            "expungeEverything",
            "boolean",
            says="Take out this resource whatever its state; of a Patient the whole record.",
        ),
        Parameter("count", "integer", use="out", minimum=1, says="Versions taken out."),
        Parameter("more", "boolean", use="out", minimum=1, says="Call again to go on."),
    ),
    run=run,
)
