"""``fhir-server import``: one command per other system, from ``bridges/``."""

from __future__ import annotations

import click

from fhir_server.bridges.kohort_ibu import command as kohort_ibu
from fhir_server.bridges.whatsapp import command as whatsapp
from fhir_server.commands import opening


@click.group("import")
@click.pass_context
def command(context: click.Context) -> None:
    """Bring in what other systems exported."""
    context.obj = lambda: opening.opened(opening.settings_given())


command.add_command(whatsapp)
command.add_command(kohort_ibu)
