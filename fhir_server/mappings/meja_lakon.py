"""Desk: the papers of one LAKON case while a write is worked out. Pure but for its reader.

What the write itself stores lies on top of what is in the store, and what follows on top of both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir_server.mappings import konsultasi_alur as courses
from fhir_server.mappings.codes import CANONICAL, code_system
from fhir_server.mappings.elements import instant_of
from fhir_server.mappings.rules import local
from fhir_server.mappings.tugas_lakon import OPEN, TUGAS, done, given_up, kind_of, start_of, step
from fhir_server.sop.kasus_konsultasi import ALUR_LAKON

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from fhir_server.config import Settings
    from fhir_server.mappings import Reader
    from fhir_server.resources.wire import Document

STATUS_KASUS = code_system("status-kasus")


class Desk:
    """Reads papers by ``Type/id``, and keeps those that change."""

    def __init__(self, documents: Sequence[Document], reader: Reader) -> None:
        self._reader = reader
        self._own = {f"{each['resourceType']}/{each['id']}": each for each in documents}
        self.provenances = [each for each in documents if each["resourceType"] == "Provenance"]
        self.changed: dict[str, Document] = {}

    @property
    def now(self) -> datetime:
        """The present instant."""
        return self._reader.now

    @property
    def settings(self) -> Settings:
        """What the operator decided."""
        return self._reader.settings

    def before(self, name: str) -> Document | None:
        """Give a paper as it stood before this write."""
        return self._reader.before(name)

    def read(self, name: str | None) -> Document | None:
        """Give a paper as it will be."""
        if name is None:
            return None
        return self.changed.get(name) or self._own.get(name) or self._reader.read(name)

    def put(self, document: Document) -> Document:
        """Change a paper, or add one."""
        self.changed[f"{document['resourceType']}/{document['id']}"] = document
        return document

    def instant(self, text: str | None) -> datetime:
        """Read an instant in the clinic's zone; the present one where there is none."""
        found = instant_of(text)
        return self.now if found is None else found.astimezone(self.now.tzinfo)

    def after(self, begun: datetime | None) -> datetime:
        """Give the present instant, or a beginning that lies ahead, as another's clock may."""
        return self.now if begun is None else max(self.now, begun.astimezone(self.now.tzinfo))

    def case_of(self, references: Iterable[Document] | None) -> Document | None:
        """Give the LAKON case among what a paper belongs to."""
        for each in references or ():
            task = self.read(local(each, "Task"))
            if task is not None and courses.is_lakon(task, CANONICAL):
                return task
        return None

    def moved(self, case: Document) -> bool:
        """Say whether this write changes the state of a case."""
        was = self.before(f"Task/{case['id']}")
        return was is None or courses.case_state(was) != courses.case_state(case)

    def move(self, case: Document, state: str, *, answered: bool = False) -> None:
        """Let a case go on, if its course allows it; answered, it is due no more."""
        name = f"Task/{case['id']}"
        current = self.read(name) or case
        was = self.before(name)
        stood = courses.case_state(was or current)
        if answered:
            current = {key: value for key, value in current.items() if key != "restriction"}
        if not ALUR_LAKON.boleh(stood, state) or courses.case_state(current) in courses.ENDED:
            return
        self.put(
            {
                **current,
                "status": courses.CASE_STATUS[state],
                "businessStatus": {"coding": [{"system": STATUS_KASUS, "code": state}]},
                "lastModified": self.after(start_of(current)).isoformat(),
            }
        )

    def open_step(  # noqa: PLR0913 - as step has it
        self,
        task_id: str,
        kind: str,
        case: Document,
        start: datetime,
        *,
        owner: Document | None = None,
        requester: Document | None = None,
        focus: str | None = None,
        reason: str | None = None,
    ) -> None:
        """Begin a step, unless it has begun already; one that was planned begins now."""
        if self.read(f"Task/{task_id}") is not None:
            return
        planned = next((e for e in self.steps(case, kind) if e.get("status") == "draft"), None)
        about = {"owner": owner, "requester": requester, "focus": focus, "reason": reason}
        named = planned["id"] if planned else task_id
        begun = step(named, kind, case, start, **about)  # type: ignore[arg-type]
        self.put({**(planned or {}), **begun})

    def next_advising(
        self,
        case: Document,
        start: datetime,
        *,
        owner: Document | None = None,
        requester: Document | None = None,
        reason: str | None = None,
    ) -> None:
        """Begin another cycle of advising."""
        before = self.steps(case, "memberi-saran")
        asker = requester or next((each.get("requester") for each in before), None)
        self.open_step(
            f"{case['id']}-d6-{len(before) + 1}",
            "memberi-saran",
            case,
            start,
            owner=owner,
            requester=asker,
            reason=reason,
        )

    def finish(self, task: Document, end: datetime, **more: Any) -> Document:
        """Close a step that was carried out."""
        known = {name: value for name, value in more.items() if value is not None}
        closed = done(task, end, **known)
        return self.put({name: value for name, value in closed.items() if value})

    def steps(self, case: Document, kind: str) -> list[Document]:
        """Give the steps of one kind of a case, the first one first."""
        name = f"Task/{case['id']}"
        pairs = [("part-of", name), ("code", f"{TUGAS}|{kind}")]
        found = {f"Task/{each['id']}": each for each in self._reader.find("Task", pairs)}
        found |= {
            key: each
            for key, each in {**self._own, **self.changed}.items()
            if any(local(part, "Task") == name for part in each.get("partOf", ()))
        }
        wanted = [each for each in found.values() if kind_of(each) == kind]
        return sorted(wanted, key=lambda each: (start_of(each) or self.now, each["id"]))

    def open_of(self, case: Document, kind: str) -> Document | None:
        """Give the step of a kind that has begun and is open."""
        begun = (e for e in self.steps(case, kind) if e.get("status") in OPEN[1:])
        return next(begun, None)

    def step_on(self, case: Document, kind: str, focus: str) -> Document | None:
        """Give the step of a kind that is about a paper."""
        steps = self.steps(case, kind)
        return next((e for e in steps if local(e.get("focus"), "Communication") == focus), None)

    def drop_other_approvals(self, case: Document, approval: Document, at: datetime) -> None:
        """Let go of what else asks to approve an advice that is decided."""
        for each in self.steps(case, "persetujuan-advis"):
            same = each.get("focus") == approval.get("focus") and each["id"] != approval["id"]
            if same and each.get("status") in OPEN:
                self.put(given_up(each, at, "sudah diputuskan dengan permintaan lain"))
