"""The worker: claims due work and does it, until it is told to stop.

Work is a list of steps. A step does one piece and says whether it found any, so that the worker
rests only when there is nothing to do. Several workers may run on one database.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import structlog

from fhir_server import operations, targets
from fhir_server.access.addressees import FEED
from fhir_server.auth.principals import Principal
from fhir_server.bridges.satusehat import reading_job
from fhir_server.bridges.satusehat.target import Satusehat
from fhir_server.bridges.subscriptions import working as subscriptions
from fhir_server.bridges.whatsapp import media, planning
from fhir_server.bridges.whatsapp.working import work_off
from fhir_server.delivery.engine import deliver_all
from fhir_server.errors import FhirError, NotSupported, Unavailable
from fhir_server.interactions.faults import report
from fhir_server.jobs import later, reading_back
from fhir_server.jobs.kinds import KINDS
from fhir_server.store.customs import FRESH_SECONDS
from fhir_server.store.jobs import Lost

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fhir_server.context import Context
    from fhir_server.errors import Issue
    from fhir_server.store.jobs import Job

log = structlog.get_logger(__name__)

SELF = Principal("worker")
PAUSE_SECONDS = 0.1
LEASE_SECONDS = 20.0
FAILED = 500


class Step(NamedTuple):
    """A piece of work, and how long to leave it alone after there was nothing to do."""

    run: Callable[[Context], bool]
    every: float


def run_jobs(context: Context) -> bool:
    """Do one job that a request has left behind."""
    job = context.store.jobs.claim(tuple(KINDS), LEASE_SECONDS)
    if job is None:
        return False
    log.info("job begun", kind=job.kind, job=job.id)
    try:
        owner = Principal(job.owner)
        with _held(context, job), context.store.trail.working(owner, f"job {job.kind}"):
            _done(context, job)
    except Lost:
        log.info("job lost", kind=job.kind, job=job.id)
    except (SystemExit, KeyboardInterrupt):
        context.store.jobs.release(job)
        raise
    return True


@contextmanager
def _held(context: Context, job: Job) -> Iterator[None]:
    """Renew the lease however long a piece of the work takes; a dead process renews nothing."""
    ending = threading.Event()

    def hold() -> None:
        while not ending.wait(LEASE_SECONDS / 4):
            try:
                context.store.jobs.keep(job, seconds=LEASE_SECONDS)
            except (Lost, FhirError) as error:
                log.warning("lease not renewed", job=job.id, error=type(error).__name__)

    holder = threading.Thread(target=hold, name="lease", daemon=True)
    holder.start()
    try:
        yield
    finally:
        ending.set()
        holder.join()


def _done(context: Context, job: Job) -> None:
    jobs = context.store.jobs
    try:
        result = (KINDS[job.kind].run or HIGHER[job.kind])(context, job)
    except (Lost, Unavailable):
        raise
    except FhirError as error:
        jobs.fail(job, [_kept(each, error.status) for each in error.issues])
    except Exception as error:  # noqa: BLE001 -- a bug ends the job, not the worker
        jobs.fail(job, [_kept(report(error, job.id), FAILED)])
    else:
        jobs.finish(job, result)
        log.info("job done", kind=job.kind, job=job.id)


def _answered(context: Context, job: Job) -> dict[str, Any]:
    return later.run(context, job, operations.answer)


def _read_back(context: Context, job: Job) -> dict[str, Any]:
    found = [each for each in targets.load(context.settings) if isinstance(each, Satusehat)]
    if not found:
        raise NotSupported("SATUSEHAT is not configured any more.")
    return reading_job.run(context, job, found[0])


HIGHER: dict[str, Callable[[Context, Job], dict[str, Any]]] = {
    later.KIND: _answered,
    reading_back.KIND: _read_back,
}
"""Who does the jobs of which the room of jobs only knows the name."""


def _kept(issue: Issue, status: int) -> dict[str, Any]:
    names = ("code", "diagnostics", "expression", "severity", "indonesian", "rule")
    said = {name: getattr(issue, name) for name in names}
    return {name: value for name, value in said.items() if value is not None} | {"status": status}


def sweep_jobs(context: Context) -> bool:
    """Remove the results whose time is over."""
    removed = context.store.jobs.sweep()
    if removed:
        log.info("jobs removed", jobs=removed)
    return False


def sweep_binaries(context: Context) -> bool:
    """Remove the content of Binaries that no version names: its write was never finished."""
    removed = context.store.binaries.sweep()
    if removed:
        log.info("content removed", files=removed)
    return False


def sweep_told(context: Context) -> bool:
    """Remove what the feed and Subscriptions were told long ago."""
    removed = context.store.outbox.sweep(FEED, context.settings.feed_days)
    if removed:
        log.info("rows of the feed removed", rows=removed)
    return subscriptions.sweep(context) or bool(removed)


def make_indexes(context: Context) -> bool:
    """Make the indexes of one resource type that the database does not have yet."""
    for resource_type, names in context.store.missing_indexes().items():
        context.store.build_indexes(resource_type)
        log.info("indexes made", type=resource_type, indexes=len(names))
        return True
    return False


def learn_parameters(context: Context) -> bool:
    """Take in search parameters that were written by another process."""
    context.store.customs.refresh(context.parameters)
    return False


STEPS: tuple[Step, ...] = (
    Step(run_jobs, 0.0),
    Step(make_indexes, 10.0),
    Step(sweep_jobs, 60.0),
    Step(sweep_binaries, 3600.0),
    Step(sweep_told, 3600.0),
    Step(learn_parameters, FRESH_SECONDS),
)

ARRIVALS: tuple[Step, ...] = (Step(work_off, 0.2),)
"""What other systems have sent; it does not wait until an export is done."""
ERRANDS: tuple[Step, ...] = (Step(media.fetch, 1.0), Step(planning.plan, 15.0))
"""Files of messages, which may be slow in coming, and messages that are due by the clock."""
JOIN_SECONDS = 5.0


def work_all(context: Context, stop: threading.Event, steps: tuple[Step, ...] = STEPS) -> None:
    """Do all steps until ``stop`` is set; what arrives and what is sent have their own threads."""
    arrivals = threading.Thread(
        target=work, args=(context, stop, ARRIVALS), name="arrivals", daemon=True
    )
    told = targets.load(context.settings)
    sending = threading.Thread(
        target=deliver_all, args=(context, told, stop), name="sending", daemon=True
    )
    notifying = threading.Thread(
        target=subscriptions.run, args=(context, stop), name="subscriptions", daemon=True
    )
    errands = threading.Thread(
        target=work, args=(context, stop, ERRANDS), name="errands", daemon=True
    )
    arrivals.start()
    errands.start()
    sending.start()
    notifying.start()
    try:
        work(context, stop, steps)
    finally:
        stop.set()
        arrivals.join(JOIN_SECONDS)
        errands.join(JOIN_SECONDS)
        sending.join(JOIN_SECONDS)
        notifying.join(JOIN_SECONDS)


def work(
    context: Context,
    stop: threading.Event,
    steps: tuple[Step, ...] = STEPS,
    pause: float = PAUSE_SECONDS,
) -> None:
    """Do what is due, step by step, until ``stop`` is set; a failure is logged and tried again."""
    due = dict.fromkeys(steps, 0.0)
    while not stop.is_set():
        found = False
        for step in [each for each in steps if due[each] <= time.monotonic()]:
            if _tried(step, context):
                found = True
            else:
                due[step] = time.monotonic() + step.every
        if not found:
            stop.wait(pause)


def _tried(step: Step, context: Context) -> bool:
    try:
        with context.store.trail.working(SELF, step.run.__name__):
            return step.run(context)
    except FhirError as error:
        log.warning("work failed", step=step.run.__name__, error=type(error).__name__)
        return False
