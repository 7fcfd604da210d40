"""What a database holds before its first user: profiles and code systems, and the demo."""

from __future__ import annotations

import multiprocessing
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from fhir_server.commands import demo
from fhir_server.commands.opening import opened
from fhir_server.commands.processes import name_process
from fhir_server.errors import FhirError
from fhir_server.interactions.write import commit, prepare
from fhir_server.resources.operations import document
from fhir_server.resources.profiles import load_profiles
from fhir_server.resources.wire import dump
from fhir_server.store.ops import Tally

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.synchronize import Event

    from fhir_server.config import Settings
    from fhir_server.context import Context
    from fhir_server.store.ops import Put

DEMO = "demo"
NAME = "fhir-seed"
BEGUN, DONE = 1, 2


@contextmanager
def seeded(settings: Settings, uri: str) -> Iterator[None]:
    """Seed the database; the demo's month goes on during the block.

    That happens in a process of its own, for one that forks must not hold connections.
    ``app.preload`` must be over.
    """
    forking = multiprocessing.get_context("fork")
    usable = forking.Event()
    process = forking.Process(target=_seed, args=(settings, uri, usable), daemon=True)
    process.start()
    while process.is_alive() and not usable.wait(0.05):
        pass
    if not usable.is_set():
        sys.exit(1)
    try:
        yield
    finally:
        process.terminate()
        process.join()


def _seed(settings: Settings, uri: str, usable: Event) -> None:
    name_process(NAME)
    try:
        with opened(settings, uri) as context:
            wanted = settings.demo and wants_demo(context)
            bring_up_to_date(context)
            if wanted:
                begin(context)
            usable.set()
            if wanted:
                finish(context)
    except click.ClickException as error:
        error.show()
        sys.exit(1)
    except FhirError as error:
        says = "; ".join(f"{issue.expression or ''} {issue.diagnostics}" for issue in error.issues)
        click.echo(f"Error: the first resources cannot be stored: {says}", err=True)
        sys.exit(1)


def bring_up_to_date(context: Context) -> int:
    """Store the profiles, code systems and operations that are new or changed; say how many."""
    canonical = context.settings.canonical
    documents = load_profiles(canonical)
    documents += [document(each, canonical) for each in context.operations]
    puts = [prepare(context, dump(each), each["id"]) for each in documents]
    changed = [put for put in puts if _differs(context, put)]
    commit(context, changed)
    return len(changed)


def _differs(context: Context, put: Put) -> bool:
    stored = context.store.read(put.resource_type, put.id)
    return stored is None or stored.text != put.text


def wants_demo(context: Context) -> bool:
    """Tell whether nothing was ever stored, or the demo was begun and not finished."""
    begun = context.store.tally(DEMO)
    return begun == BEGUN or (begun == 0 and not context.store.statistics())


def begin(context: Context) -> None:
    """Load the demo's clinic; begun and done are noted, so that a halt half-way is made good."""
    if context.store.tally(DEMO) < BEGUN:
        commit(context, [], [Tally(DEMO, 0)])
    demo.load(context, first=True)


def finish(context: Context) -> None:
    """Load the month that the demo's clinic has behind it."""
    demo.load(context, first=False)
    commit(context, [], [Tally(DEMO, BEGUN)])
