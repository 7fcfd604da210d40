"""``fhir-server worker``."""

from __future__ import annotations

import signal
import threading

import click

from fhir_server import worker
from fhir_server.commands import opening

HELP = """
Do the work that requests leave behind, until Ctrl-C: at present, make missing indexes.

Run as many as you like beside the servers, on the same FHIR_MONGODB_URI.

\b
FHIR_MONGODB_URI='mongodb://db1,db2/?replicaSet=rs0' fhir-server worker
"""


@click.command(help=HELP)
def command() -> None:
    """Work until Ctrl-C."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with opening.opened(opening.settings_given()) as context:
        click.echo("Working. Ctrl-C ends it.")
        worker.work(context, stop)
    click.echo("Ended.")
