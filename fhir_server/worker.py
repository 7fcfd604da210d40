"""The worker: claims due work and does it, until it is told to stop.

Work is a list of steps. A step does one piece and says whether it found any, so that the worker
rests only when there is nothing to do. Several workers may run on one database.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog

from fhir_server.context import Context
from fhir_server.errors import FhirError

if TYPE_CHECKING:
    import threading

log = structlog.get_logger(__name__)

Step = Callable[[Context], bool]

PAUSE_SECONDS = 5.0


def make_indexes(context: Context) -> bool:
    """Make the indexes of one resource type that the database does not have yet."""
    for resource_type, names in context.store.missing_indexes().items():
        context.store.build_indexes(resource_type)
        log.info("indexes made", type=resource_type, indexes=len(names))
        return True
    return False


STEPS: tuple[Step, ...] = (make_indexes,)


def work(
    context: Context,
    stop: threading.Event,
    steps: tuple[Step, ...] = STEPS,
    pause: float = PAUSE_SECONDS,
) -> None:
    """Do what is due, step by step, until ``stop`` is set; a failure is logged and tried again."""
    while not stop.is_set():
        found = [_tried(step, context) for step in steps]
        if not any(found):
            stop.wait(pause)


def _tried(step: Step, context: Context) -> bool:
    try:
        return step(context)
    except FhirError as error:
        log.warning("work failed", step=step.__name__, error=type(error).__name__)
        return False
