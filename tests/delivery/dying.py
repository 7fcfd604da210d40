"""Worker processes that die where a test says; forked from one that has loaded everything."""

from __future__ import annotations

import multiprocessing
import threading
from contextlib import contextmanager

from fhir_server import app, injection, targets
from fhir_server.config import Settings
from fhir_server.delivery.engine import Engine

app.preload(Settings())
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([__name__])
PATIENCE = 300


def deliver(settings, fault):
    """Deliver until the point is passed."""
    injection._NAME = fault
    context = app.build_context(settings, settings.mongodb_uri)
    (target,) = targets.load(settings)
    Engine(context, target, threading.Event()).run()


@contextmanager
def begun(settings, fault):
    """Run such a process beside what the block does."""
    process = PROCESSES.Process(target=deliver, args=(settings, fault))
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def died(settings, fault):
    """Run such a process to its end, and give how it ended."""
    with begun(settings, fault) as process:
        process.join(PATIENCE)
        return process.exitcode
