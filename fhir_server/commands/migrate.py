"""``fhir-server migrate``: what an older version wrote, as this one writes it."""

from __future__ import annotations

import click

from fhir_server.commands import opening
from fhir_server.commands.recording import recorded
from fhir_server.store.formats import FORMAT

HELP = """
Bring the data up to the format of this version. ``fhir-server serve`` and every other command does
that too when it opens the data; here it happens alone, before the server is to start. It may be cut
off: started again it goes on where it was. Stop servers of the older version first.

\b
fhir-server backup make before.backup --recipient age1…
fhir-server migrate
"""


@click.command(help=HELP)
def command() -> None:
    """Bring the data up to the present format."""
    with (
        opening.attached(opening.settings_given()) as context,
        recorded(context, "migrate", format=str(FORMAT)),
    ):
        click.echo(f"The data have format {FORMAT}, that of this version.")
