"""What a worker process of granian runs: its RSGI, without an event loop, before our application.

granian gives each request to one of its threads, and each piece of a body that it was asked for.
This goes below what granian documents, so its version is held (pyproject.toml); why it is done:
docs/adr/0022-slow-clients.md.
"""

from __future__ import annotations

import os
import resource
import socket
import threading
from typing import TYPE_CHECKING, Any

from granian import _granian, _signals
from granian.constants import HTTPModes
from granian.http import HTTP1Settings
from granian.server.mp import WorkerProcess

from fhir_server.rest.connections import watch
from fhir_server.rest.intake import Direct, Intake

if TYPE_CHECKING:
    from collections.abc import Callable

    from fhir_server.config import Settings
    from fhir_server.rest.doors import Application

GRANIAN: Any = _granian
SIGNALS: Any = _signals
FILES = 512
"""Files that a process opens beside its connections."""


def working(settings: Settings) -> Callable[..., None]:
    """Give what granian starts in each worker process."""

    def work(number: int, app: Application, sockets: Any, pipe: Any, *_given: Any) -> None:
        ending, ended = SIGNALS.set_sync_signals(), threading.Event()
        ending.add_cb(ended.set)
        loop = Direct()
        scheduler = GRANIAN.CallbackScheduler(loop, app, None, None, None)
        scheduler._schedule_fn = Intake(app, settings)  # noqa: SLF001
        worker = _worker(settings, number, _listening(settings, *sockets), pipe)
        worker.serve_mtr(scheduler, loop, ending)
        watch(settings.port, settings.connections_each)
        ended.wait()

    started: Callable[..., None] = WorkerProcess.wrap_target(work)  # type: ignore[no-untyped-call]
    return started


def _worker(settings: Settings, number: int, listening: Any, pipe: Any) -> Any:
    return GRANIAN.RSGIWorker(
        number,
        (None, listening),
        pipe,
        py_threads=1,  # it only hands on; more would wait for one another
        backpressure=settings.connections,
        http_mode=HTTPModes.http1,
        http1_opts=HTTP1Settings(
            header_read_timeout=settings.header_seconds * 1000,
            max_buffer_size=settings.header_limit,
        ),
        metrics=(None, None),
    )


def _listening(settings: Settings, described: Any, shared: Any) -> Any:
    """Open the socket; what it accepts is closed when a client reads nothing for long (Linux)."""
    allow_files(settings.connections + FILES)
    holder = shared if described is None else described.build()
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        with socket.socket(fileno=os.dup(holder.get_fd())) as opened:
            wait = settings.send_seconds * 1000
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, wait)
    return holder


def allow_files(wanted: int) -> None:
    """Let this process open so many files, or as many as the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
