"""The processes for long work that ``serve`` has beside those of the server.

They are forked from the same parent and share what it has loaded. One that dies is started again;
all end with the server, and a job they leave unfinished goes on with the next.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from fhir_server import worker
from fhir_server.commands.opening import opened
from fhir_server.commands.processes import die_with, name_process
from fhir_server.rest import logs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.process import BaseProcess
    from types import FrameType

    from fhir_server.config import Settings

LOOK_SECONDS = 1.0
NAME = "fhir-worker"
STOP_SECONDS = 10.0


@contextmanager
def running(settings: Settings, uri: str) -> Iterator[None]:
    """Keep ``settings.background`` worker processes running until the end of the block."""
    ending = threading.Event()
    keeper = threading.Thread(target=_keep, args=(settings, uri, ending), name="background")
    keeper.start()
    try:
        yield
    finally:
        ending.set()
        keeper.join()


def _keep(settings: Settings, uri: str, ending: threading.Event) -> None:
    processes: list[BaseProcess] = []
    while not ending.is_set():
        processes = [each for each in processes if each.is_alive()]
        while len(processes) < settings.background:
            processes.append(_started(settings, uri))
        ending.wait(LOOK_SECONDS)
    for each in processes:
        each.terminate()
    for each in processes:
        each.join(STOP_SECONDS)
        each.kill()


def _started(settings: Settings, uri: str) -> BaseProcess:
    context = multiprocessing.get_context("fork")
    process = context.Process(target=_work, args=(settings, uri, os.getpid()), daemon=True)
    process.start()
    return process


def _work(settings: Settings, uri: str, parent: int) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # until it works there is nothing to leave
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with(parent)
    name_process(NAME)
    logs.configure(settings.log_level)
    with opened(settings, uri) as context:
        gc.collect()
        gc.freeze()
        signal.signal(signal.SIGTERM, _leave)
        worker.work_all(context, threading.Event())


def _leave(number: int, frame: FrameType | None) -> None:
    del number, frame
    sys.exit(0)
