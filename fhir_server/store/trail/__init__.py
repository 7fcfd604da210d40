"""The audit trail of one database: what was seen and changed, by whom (``_audit``).

The door records, a thread stores, reads and searches of AuditEvents find what is there.
"""

from __future__ import annotations

import copy
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import structlog
from pymongo.errors import InvalidOperation, PyMongoError

from fhir_server.errors import Forbidden
from fhir_server.store import traces, versions
from fhir_server.store.failures import translated
from fhir_server.store.trail import retention, verification
from fhir_server.store.trail.blocks import Blocks
from fhir_server.store.trail.completion import Completion
from fhir_server.store.trail.heads import DEAD_SECONDS, now
from fhir_server.store.trail.recorder import Recorder
from fhir_server.store.trail.searching import AUDIT, Searcher, is_ours
from fhir_server.store.trail.shortfall import FOUND
from fhir_server.store.trail.spool import folder_of
from fhir_server.store.trail.told import Event, Told
from fhir_server.store.trail.verification import Verdict
from fhir_server.waiting import aside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from fhir_server.config import Settings
    from fhir_server.search.plan import Plan
    from fhir_server.store.ops import Found, Op, Stored, Written
    from fhir_server.store.search import Run
    from fhir_server.store.trail.searching import Rendered

    Shown = Callable[[str, bytes], Iterable[str]]

__all__ = ["AUDIT", "Event", "Told", "Trail", "Verdict"]

log = structlog.get_logger(__name__)

DAY_MS = 86_400_000
FAILED = 500
NOTHING_SHOWN = 300
MOST_CHANGES = 500
"""Changes of a worker's work in one event."""
MOST_PATIENTS = 1000
"""Patients in one event besides those whom an answer shows: a file has any number."""


class Trail:
    """Off until ``use`` says how events are told and shown."""

    def __init__(self, run: Run, settings: Settings, types: Callable[[], list[str]]) -> None:
        self._run = run
        self._settings = settings
        self._types = types
        self._key = settings.audit_key.encode()
        self._folder = folder_of(settings)
        self._blocks = Blocks(run.database)
        self._recorder: Recorder | None = None
        self._shown: Shown = _nobody
        self._searcher: Searcher | None = None
        self._completer: threading.Thread | None = None
        self._ended = threading.Event()
        self.on = False
        """Whether accesses are recorded."""

    def use(
        self, tell: Callable[[Event], Told], rendered: Rendered, shown: Shown | None = None
    ) -> None:
        """Record from now on (FHIR_AUDIT), and show what is recorded.

        ``shown`` reads the patients off an answer, by its path: at once, while it is at hand.
        """
        self._shown = shown or _nobody
        self._searcher = Searcher(self._blocks, self._run, rendered)
        if self._settings.audit:
            self._recorder = Recorder(self._blocks, self._key, tell, self._folder)
            self.on = True

    def access(self, who: Any, address: str, request: str) -> traces.Access:
        """Open an access for this thread; ``record`` closes it."""
        access = traces.Access(who, address, request)
        traces.begin(access)
        return access

    def record(
        self, access: traces.Access, asked: tuple[str, str, str], status: int, body: bytes
    ) -> None:
        """Take down what became of an access; Unavailable if it had to be stored and could not.

        ``asked`` is method, path and query.
        """
        traces.begin(None)
        if self._recorder is None:
            return
        method, path, query = asked
        shown = self._shown(path, body) if body and status < NOTHING_SHOWN else ()
        rest = _parted(access) if len(access.patients) > MOST_PATIENTS else ()
        moment = now()
        self._recorder.record(Event(moment, access, method, path, query, status, shown))
        for each in rest:
            self._recorder.record(Event(moment, each, method, path, query, status, ()))
        if access.sure:
            aside(self.flush)

    @contextmanager
    def working(self, who: Any, work: str) -> Iterator[None]:
        """Work for somebody outside of a request.

        Recorded if it changes anything, or looks at patients (``traces.touched``).
        """
        before = traces.current()
        access = traces.Access(who, "", "", work)
        traces.begin(access)
        try:
            yield
        finally:
            self._told(access)
            traces.begin(before)

    @contextmanager
    def commanded(self, who: Any, command: str) -> Iterator[dict[str, str]]:
        """Do a command for somebody: recorded when it ends, whatever it did, and stored at once.

        Gives what is to be said of it, to which may be added.
        """
        before, said, status = traces.current(), dict[str, str](), FAILED
        access = traces.Access(who, "", "", command)
        traces.begin(access)
        try:
            yield said
            status = FOUND
        finally:
            traces.begin(before)
            if self._recorder is not None:
                asked = ("COMMAND", command, urlencode(said))
                self._recorder.record(Event(now(), access, *asked, status, ()))
                self.flush()

    def written(
        self, ops: Sequence[Op], transact: Callable[[Sequence[Op]], list[Written]]
    ) -> list[Written]:
        """Write ops so that their versions say for whom this thread works."""
        if any(op.resource_type == AUDIT and is_ours(op.id) for op in ops):
            raise Forbidden(
                "What the server has recorded of accesses is changed by nobody.",
                indonesian="Catatan akses yang dibuat server tidak dapat diubah siapa pun.",
            )
        access = traces.current()
        if access is None or self._recorder is None or not ops:
            return transact(ops)
        self._recorder.numbered(access)
        done = transact(traces.traced(ops, access))
        traces.told(access, ops, done)
        if access.work and len(access.changes or ()) >= MOST_CHANGES:
            self._told(access)
        return done

    def _told(self, access: traces.Access) -> None:
        """Record what a work has changed so far, and let it go on under another number."""
        if self._recorder is None:
            return
        if not (access.changes or access.patients):
            self._recorder.dismiss(access)
            return
        so_far = copy.copy(access)
        access.changes, access.patients, access.number = None, (), 0
        asked = ("WORK", access.work, "")
        self._recorder.record(Event(now(), so_far, *asked, FOUND, ()))

    def flush(self) -> None:
        """Store what was taken down."""
        if self._recorder is not None:
            with translated():
                self._recorder.flush()

    def start(self) -> None:
        """Complete what dead processes have left, now and then, until ``close``."""
        if self._recorder is not None and self._completer is None:
            self._completer = threading.Thread(target=self._tend, name="audit tending", daemon=True)
            self._completer.start()

    def _tend(self) -> None:
        while True:
            try:
                found = self.complete()
                removed = self.remove(self._settings.audit_days) if self._settings.audit_days else 0
                if found or removed:
                    log.info("audit trail tended", completed=found, removed=removed)
            except InvalidOperation:
                return
            except PyMongoError as error:
                log.warning("audit trail not tended", error=type(error).__name__)
            except Exception:  # whatever it is, nobody else tends it
                log.exception("audit trail not tended")
            if self._ended.wait(DEAD_SECONDS):
                return

    def complete(self) -> int:
        """End the chains of dead processes; give how many events they were short of."""
        return Completion(self._blocks, self._key, self._types, self._folder).run()

    def remove(self, days: int) -> int:
        """Take out blocks older than so many days, under seal; give how many."""
        if self._recorder is None:
            return 0
        return retention.remove(self._blocks, self._recorder, now() - days * DAY_MS)

    def verify(self, witnessed: Mapping[str, list[Any]] | None = None) -> Verdict:
        """Say whether the trail is whole."""
        with translated():
            return verification.verify(self._blocks, self._key, witnessed)

    def close(self) -> None:
        """Store what is left; the chain of this process ends, unless a work goes on."""
        self._ended.set()
        if self._recorder is not None:
            self._recorder.close()

    def finds(self, plan: Plan) -> bool:
        """Tell whether a search is for AuditEvents alone, which lie here."""
        return plan.resource_type == AUDIT and not plan.also and self._searcher is not None

    def search(self, plan: Plan) -> Found:
        """Run one page of a search for AuditEvents."""
        self.flush()
        if self._searcher is None:
            raise RuntimeError("Nobody has said how events are shown.")
        return self._searcher.page(plan)

    def read(self, event_id: str) -> Stored | None:
        """Give an AuditEvent of the trail."""
        if self._searcher is None:
            return None
        self.flush()
        found = self._searcher.one(event_id)
        return versions.stored(AUDIT, found) if found else None


def _parted(access: traces.Access) -> list[traces.Access]:
    """Take the patients past the first off an access that touched very many, in parts."""
    patients = access.patients
    access.patients = patients[:MOST_PATIENTS]
    parts = []
    for start in range(MOST_PATIENTS, len(patients), MOST_PATIENTS):
        part = copy.copy(access)
        part.changes, part.number = None, 0
        part.patients = patients[start : start + MOST_PATIENTS]
        parts.append(part)
    return parts


def _nobody(_path: str, _body: bytes) -> Iterable[str]:
    return ()
