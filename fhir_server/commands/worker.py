"""``fhir-server worker``."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading

import click

from fhir_server import worker
from fhir_server.commands import opening

HELP = """
Do the work that requests leave behind, until Ctrl-C: exports, imports, missing indexes.

A server has one such process of its own (FHIR_BACKGROUND). Run as many more as you like, on other
machines too, on the same FHIR_MONGODB_URI.

\b
FHIR_MONGODB_URI='mongodb://db1,db2/?replicaSet=rs0' fhir-server worker
"""


@click.command(help=HELP)
def command() -> None:
    """Work until Ctrl-C."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))
    with opening.opened(opening.settings_given()) as context, contextlib.suppress(SystemExit):
        click.echo("Working. Ctrl-C ends it.")
        context.store.trail.start()
        worker.work_all(context, threading.Event())
    click.echo("Ended.")
