"""What a hospital may meet: what was referred to it, and what it wrote (domain §2.3).

A referral is open to the hospital from its sending until some days after its loop has ended, and
not after the hospital has declined it. With it go the patient and what the referral refers to,
directly or by the documents and reports in it.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from fhir_server.access.directory import DIRECTORY
from fhir_server.access.people import everything, found
from fhir_server.access.reach import Reach, written_by
from fhir_server.resources.references import relative, targets

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fhir_server.context import Context
    from fhir_server.search.plan import Filter

OPEN: Final = frozenset({"requested", "received", "accepted", "ready", "in-progress", "on-hold"})
ENDED: Final = frozenset({"completed", "failed"})
_LEADS_ON: Final = frozenset(
    {"ServiceRequest", "Composition", "DiagnosticReport", "QuestionnaireResponse", "CarePlan"}
)
"""Types whose references belong to the package; any other is its end."""
_STEPS = 3
_OF_SEVERAL: Final = frozenset({"Group", "Patient", "List", "CareTeam", *DIRECTORY})


class Referrals(Reach):
    """The filters of one hospital, worked out when the first is asked for."""

    def __init__(self, context: Context, organization: str) -> None:
        self._context = context
        self._organization = organization

    def of(self, resource_type: str) -> Filter:
        """Give what of a type the hospital may meet."""
        if resource_type in DIRECTORY:
            return {}
        own: list[Filter] = [written_by([self._organization])]
        if resource_type == "Task":
            own += self._tasks_of_it
        if resource_type == "Communication":
            own.append({"ix.recipient": self._organization})
        own.append({"_id": {"$in": sorted(self._package.get(resource_type, ()))}})
        return {"$or": own}

    def past(self, resource_type: str) -> Filter:
        """Give what must hold of a past version: of a Task, that it was sent to it by then."""
        return {"$or": self._tasks_of_it} if resource_type == "Task" else {}

    @property
    def _tasks_of_it(self) -> list[Filter]:
        sent = {"ix.owner": self._organization, "ix.status": {"$ne": "draft"}}
        return [sent, {"ix.requester": self._organization}]

    def patients(self) -> frozenset[str]:
        """Give the ids of the patients who were referred."""
        return frozenset(self._package.get("Patient", ()))

    def may_write(self, resource_type: str) -> bool:
        """Say that a hospital writes anything but the directory that all share."""
        return resource_type not in DIRECTORY

    @cached_property
    def _package(self) -> dict[str, set[str]]:
        package: dict[str, set[str]] = defaultdict(set)
        wanted = {key for task in self._tasks() for key in _named(task)}
        for _ in range(_STEPS):
            wanted = {key for key in wanted if key[1] not in package[key[0]]}
            for kind, identity in wanted:
                package[kind].add(identity)
            wanted = self._referred(wanted)
        return package

    def _tasks(self) -> list[dict[str, Any]]:
        mine = {"$or": [{"ix.owner": self._organization}, {"ix.requester": self._organization}]}
        days = self._context.settings.referral_days
        since = self._context.clock() - timedelta(days=days)
        tasks = found(self._context, "Task", mine)
        return [each for each in tasks if _is_open(each, since)]

    def _referred(self, keys: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
        by_type: dict[str, list[str]] = defaultdict(list)
        for kind, identity in keys:
            if kind in _LEADS_ON:
                by_type[kind].append(identity)
        return {
            key
            for kind, ids in by_type.items()
            for each in everything(self._context, kind, {"_id": {"$in": ids}})
            for key in targets(each.raw)
            if key[0] not in _OF_SEVERAL and key[0] != "Task"
        }


def _is_open(task: dict[str, Any], since: datetime) -> bool:
    status = task.get("status")
    if status in OPEN:
        return True
    moment = task.get("lastModified") or task.get("authoredOn")
    return status in ENDED and moment is not None and _instant(moment) >= since


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text if "T" in text else f"{text}T00:00:00+00:00")
    return moment if moment.tzinfo else moment.astimezone()


def _named(task: dict[str, Any]) -> Iterable[tuple[str, str]]:
    """Give the request and the patient of a Task; what names another server is none of ours."""
    for name in ("focus", "for", "encounter"):
        key = relative((task.get(name) or {}).get("reference", ""))
        if key is not None:
            yield key
