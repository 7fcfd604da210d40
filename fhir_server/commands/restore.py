"""``fhir-server restore``: a backup back into an empty database."""

from __future__ import annotations

from pathlib import Path

import click

from fhir_server.commands import opening, sealing
from fhir_server.commands.backup import described
from fhir_server.errors import FhirError
from fhir_server.store import backup

HELP = """
Write a backup into an empty database (an empty DATA folder, or an empty one of the replica set),
and read it all back to check it. Nothing is left there if anything is wrong.

\b
DATA=/srv/anew fhir-server restore monday.backup --identity backup.key
"""


@click.command(help=HELP)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--identity", type=click.Path(exists=True, path_type=Path), help="The secret key.")
def command(file: Path, identity: Path | None) -> None:
    """Write a backup back."""
    secret = sealing.identity(identity) if identity else None
    settings = opening.settings_given()
    try:
        with opening.database(settings) as uri, sealing.opened(file, secret) as source:
            summary = backup.restore(uri, settings.mongodb_database, source)
    except (backup.Damaged, backup.Occupied) as error:
        raise click.ClickException(str(error)) from None
    except FhirError as error:
        raise click.ClickException(error.issues[0].diagnostics) from None
    click.echo(f"Restored: {described(summary)}; read back and compared.")
