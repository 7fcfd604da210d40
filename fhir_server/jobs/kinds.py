"""The kinds of long work: who does it, and how its result is answered. One line each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fhir_server.jobs import exporting, importing, later, manifest, reading_back, reindexing

if TYPE_CHECKING:
    from collections.abc import Callable

    from fhir_server.context import Context
    from fhir_server.interactions.request import Answer, Request
    from fhir_server.store.jobs import Job


@dataclass(frozen=True, slots=True)
class Kind:
    """``run`` does a job to its end and gives its ``result``; ``answer`` shows one that is done.

    None is a ``run`` of a higher room, which the worker knows. ``run`` calls ``jobs.keep`` at least
    every few seconds. A FhirError ends the job as failed; Unavailable leaves it to be tried again.
    ``file`` answers for one file of the output.
    """

    run: Callable[[Context, Job], dict[str, Any]] | None
    answer: Callable[[Context, Request, Job], Answer]
    file: Callable[[Context, Request, Job, str], Answer] | None = None


KINDS: dict[str, Kind] = {
    "export": Kind(exporting.run, manifest.answer, manifest.file),
    "import": Kind(importing.run, manifest.answer, manifest.file),
    "reindex": Kind(reindexing.run, reindexing.answer),
    "request": Kind(None, later.answer),
    reading_back.KIND: Kind(None, reading_back.answer),
}
