"""The server's processes: one parent that owns the database, and its workers under granian.

Workers are forked, so what the parent has loaded they share; each opens its own connections.
When the parent dies, however it dies, its workers end too.
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys
from functools import partial
from multiprocessing.util import Finalize
from typing import TYPE_CHECKING

from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server import Server

from fhir_server.app import build_context, create_app
from fhir_server.commands.following import Follower
from fhir_server.commands.workers import working
from fhir_server.rest import logs

if TYPE_CHECKING:
    from fhir_server.config import Settings
    from fhir_server.rest.doors import Application

PR_SET_PDEATHSIG, PR_SET_NAME = 1, 15
NAME = "fhir-http"
_YOUNG = 20_000
"""How many more objects are made than freed before rings of them are looked for: what a transaction
of hundreds of resources makes, and frees by itself, is not searched again and again."""
STOP_SECONDS = 10


def serve(settings: Settings, uri: str) -> None:
    """Serve on ``settings.host`` and ``settings.port`` until SIGINT or SIGTERM."""
    server = Server(
        "fhir_server.app",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,  # of several threads; what is spoken is in workers.py
        workers=settings.workers,
        blocking_threads=settings.threads,
        http=HTTPModes.http1,
        websockets=False,
        log_level=LogLevels.error,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
    )
    loader = partial(load, settings, uri, os.getpid())
    server.serve(working(settings), target_loader=loader, wrap_loader=False)


def load(settings: Settings, uri: str, parent: int) -> Application:
    """Build the application in a worker process."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with(parent)
    name_process(NAME)
    logs.configure(settings.log_level)
    context = build_context(settings, uri)
    Follower(context).start()
    context.store.trail.start()
    Finalize(None, context.store.trail.close, exitpriority=10)  # workers end without atexit
    app = create_app(context)
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG)
    return app


def die_with(parent: int) -> None:
    """End this process when its parent does (Linux).

    At once: when the parent is gone the database is going, and a SIGTERM that comes while the
    worker starts would meet the handlers of its parent.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("The server ended before its worker began.")


def name_process(name: str) -> None:
    """Show this process under a name of its own, for ``ps`` and ``top`` (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_NAME, name.encode(), 0, 0, 0)
