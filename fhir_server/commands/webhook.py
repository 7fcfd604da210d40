"""``fhir-server webhook``: what came from WhatsApp and could not be worked off."""

from __future__ import annotations

import click
from rich.console import Console
from rich.table import Table

from fhir_server.bridges.whatsapp.working import EARLY, SOURCE
from fhir_server.commands import opening
from fhir_server.commands.recording import recorded

HELP = """
Webhooks of WhatsApp that wait, and those that were laid aside: what a rule refuses, what nobody
can read. No text of a message is shown.

\b
fhir-server webhook status
fhir-server webhook retry       after the reason is mended
"""


@click.group(help=HELP)
def command() -> None:
    """Look after webhooks."""


@command.command(name="status")
def status() -> None:
    """Count the webhooks that wait; list those that were laid aside, and why."""
    table = Table("laid aside", "received", "why")
    with opening.attached(opening.settings_given()) as context:
        deliveries = context.store.deliveries
        waiting, early = deliveries.count(SOURCE, "waiting"), deliveries.count(EARLY, "waiting")
        for name, received, why in [*deliveries.failures(SOURCE), *deliveries.failures(EARLY)]:
            table.add_row(name[:12], f"{received:%Y-%m-%d %H:%M:%S} UTC", "\n".join(why))
    click.echo(f"{waiting} webhooks wait, {early} statuses wait for their message.")
    Console().print(table)


@command.command(name="retry")
def retry() -> None:
    """Let everything that was laid aside be worked off again."""
    with (
        opening.attached(opening.settings_given()) as context,
        recorded(context, "webhook retry"),
    ):
        number = sum(context.store.deliveries.retry(each) for each in (SOURCE, EARLY))
    click.echo(f"{number} webhooks are tried again.")
