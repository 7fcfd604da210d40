"""``fhir-server backup``: a copy of everything, while the server runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fhir_server import __version__
from fhir_server.commands import opening, sealing
from fhir_server.errors import FhirError
from fhir_server.store import backup

if TYPE_CHECKING:
    from fhir_server.commands.sealing import Recipient
    from fhir_server.config import Settings
    from fhir_server.store.backup import Summary

TRIES = 3
HELP = """
Copy the whole database as it is at one moment, into one encrypted file; the server goes on
meanwhile. The key that opens the file is best kept elsewhere: this machine needs the public one.

\b
fhir-server backup key backup.key                       a new key; prints its public half
fhir-server backup make monday.backup --recipient age1…
fhir-server backup verify monday.backup --identity backup.key
fhir-server restore monday.backup --identity backup.key into an empty database
"""


@click.group(help=HELP)
def command() -> None:
    """Copy the database."""


@command.command(name="key")
@click.argument("file", type=click.Path(path_type=Path))
def key(file: Path) -> None:
    """Make a key in FILE, which only its owner can read; print its public half."""
    click.echo(sealing.new_identity(file))


@command.command(name="make")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--recipient", multiple=True, help="Public key that may open it; several may.")
@click.option("--plain", is_flag=True, help="Not encrypted: whoever has the file reads it.")
def make(file: Path, recipient: tuple[str, ...], *, plain: bool) -> None:
    """Copy everything into FILE."""
    if plain == bool(recipient):
        raise click.UsageError("Say for whom it is encrypted (--recipient age1…), or --plain.")
    keys = [sealing.recipient(each) for each in recipient]
    settings = opening.settings_given()
    try:
        summary = _made(settings, file, keys, TRIES)
    except FhirError as error:
        raise click.ClickException(error.issues[0].diagnostics) from None
    except (backup.Damaged, OSError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{file}: {described(summary)}")


def _made(settings: Settings, file: Path, keys: list[Recipient], tries: int) -> Summary:
    try:
        with opening.beside(settings) as uri, sealing.sealed(file, keys) as target:
            return backup.dump(uri, settings.mongodb_database, target, __version__)
    except backup.Overtaken:
        if tries == 1:
            raise
        return _made(settings, file, keys, tries - 1)


@command.command(name="verify")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--identity", type=click.Path(exists=True, path_type=Path), help="The secret key.")
def verify(file: Path, identity: Path | None) -> None:
    """Read FILE to its end and check that it is whole; needs no database."""
    secret = sealing.identity(identity) if identity else None
    try:
        with sealing.opened(file, secret) as source:
            summary = backup.verify(source)
    except backup.Damaged as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{file}: {described(summary)}; whole.")


def described(summary: Summary) -> str:
    """Say in one line what a backup holds."""
    return (
        f"{summary.documents} documents of {summary.collections} collections, "
        f"as they were on {summary.moment:%Y-%m-%d %H:%M:%S} UTC"
    )
