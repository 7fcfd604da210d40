"""``fhir-server backup``: a copy of everything, while the server runs."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fhir_server import __version__
from fhir_server.commands import opening, sealing
from fhir_server.commands.recording import record
from fhir_server.errors import FhirError
from fhir_server.store import backup, oplog
from fhir_server.store.frames import Damaged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fhir_server.commands.sealing import Recipient
    from fhir_server.config import Settings
    from fhir_server.store.backup import Summary

TRIES = 3
SECONDS = "%Y-%m-%d %H:%M:%S"
HELP = """
Copy the whole database as it is at one moment, into one encrypted file; the server goes on
meanwhile. The key that opens the file is best kept elsewhere: this machine needs the public one.

\b
fhir-server backup key backup.key                       a new key; prints its public half
fhir-server backup make monday.backup --recipient age1…
fhir-server backup oplog /srv/oplog --recipient age1…     what was written since the last time
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
    keys = _keys(recipient, plain=plain)
    settings = opening.settings_given()
    with _told():
        summary = _made(settings, file, keys, TRIES)
    click.echo(f"{file}: {described(summary)}")


def _made(settings: Settings, file: Path, keys: list[Recipient], tries: int) -> Summary:
    try:
        with opening.beside(settings) as uri:
            with sealing.sealed(file, keys) as target:
                summary = backup.dump(uri, settings.mongodb_database, target, __version__)
            documents, readers = str(summary.documents), str(len(keys))
            record(settings, uri, "backup make", documents=documents, recipients=readers)
            return summary
    except backup.Overtaken:
        if tries == 1:
            raise
        return _made(settings, file, keys, tries - 1)


@command.command(name="oplog")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--recipient", multiple=True, help="Public key that may open it; several may.")
@click.option("--plain", is_flag=True, help="Not encrypted: whoever has the file reads it.")
def archive(folder: Path, recipient: tuple[str, ...], *, plain: bool) -> None:
    """Add to FOLDER what the database has written since the last time.

    With it a backup can be restored as of any instant in between: fhir-server restore --until.
    Run it more often than the database writes its oplog over. The newest file must stay in FOLDER.
    """
    keys = _keys(recipient, plain=plain)
    settings = opening.settings_given()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    last = oplog.last_of(archived_in(folder))
    with _told(), opening.beside(settings) as uri:
        part = oplog.next_part(uri, settings.mongodb_database, last)
        with sealing.sealed(folder / part.name, keys) as target:
            done = oplog.dump(uri, settings.mongodb_database, part, target)
    click.echo(f"{folder / part.name}: {done.entries} entries until {done.until:{SECONDS}} UTC")
    if last and part.begins != last:
        raise click.ClickException(
            f"What was written between {last.as_datetime():{SECONDS}} and "
            f"{part.begins.as_datetime():{SECONDS}} UTC is in no archive: the oplog was written "
            "over. Make a new backup now, archive more often, or raise FHIR_OPLOG_HOURS."
        )


def archived_in(folder: Path) -> dict[oplog.Part, Path]:
    """Find the parts of an archive."""
    found = ((oplog.Part.of(each.name), each) for each in folder.iterdir())
    return {part: path for part, path in found if part}


def _keys(recipient: tuple[str, ...], *, plain: bool) -> list[Recipient]:
    if plain == bool(recipient):
        raise click.UsageError("Say for whom it is encrypted (--recipient age1…), or --plain.")
    return [sealing.recipient(each) for each in recipient]


@contextmanager
def _told() -> Iterator[None]:
    """End the command with what went wrong."""
    try:
        yield
    except FhirError as error:
        raise click.ClickException(error.issues[0].diagnostics) from None
    except (Damaged, OSError) as error:
        raise click.ClickException(str(error)) from None


@command.command(name="verify")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--identity", type=click.Path(exists=True, path_type=Path), help="The secret key.")
def verify(file: Path, identity: Path | None) -> None:
    """Read FILE to its end and check that it is whole; needs no database."""
    secret = sealing.identity(identity) if identity else None
    with _told(), sealing.opened(file, secret) as source:
        if oplog.Part.of(file.name):
            says = f"{sum(1 for _ in oplog.entries(source))} entries of the oplog"
        else:
            says = described(backup.verify(source))
    click.echo(f"{file}: {says}; whole.")


def described(summary: Summary) -> str:
    """Say in one line what a backup holds."""
    return (
        f"{summary.documents} documents of {summary.collections} collections, "
        f"as they were on {summary.moment:{SECONDS}} UTC"
    )
