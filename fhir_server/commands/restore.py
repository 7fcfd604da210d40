"""``fhir-server restore``: a backup back into an empty database, and on to an instant after it."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from fhir_server.commands import opening, sealing
from fhir_server.commands.backup import archived_in, described
from fhir_server.errors import FhirError
from fhir_server.store import backup, oplog, replay
from fhir_server.store.frames import Damaged

if TYPE_CHECKING:
    from fhir_server.commands.sealing import Identity
    from fhir_server.config import Settings
    from fhir_server.store.backup import Indexes, Later, Raw
    from fhir_server.store.oplog import Entries

HELP = """
Write a backup into an empty database (an empty DATA folder, or an empty one of the replica set),
and read it all back to check it. Nothing is left there if anything is wrong.

With --oplog what was archived (fhir-server backup oplog) is played on, up to the instant --until,
or as far as the archive goes.

\b
DATA=/srv/anew fhir-server restore monday.backup --identity backup.key
DATA=/srv/anew fhir-server restore monday.backup --identity backup.key \\
    --oplog /srv/oplog --until 2026-03-04T09:59:00
"""


@click.command(help=HELP)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--identity", type=click.Path(exists=True, path_type=Path), help="The secret key.")
@click.option(
    "--oplog",
    "archive",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of the archived oplog.",
)
@click.option("--until", help="Instant to stop at; without a zone, of FHIR_TIMEZONE.")
def command(file: Path, identity: Path | None, archive: Path | None, until: str | None) -> None:
    """Write a backup back."""
    secret = sealing.identity(identity) if identity else None
    settings = opening.settings_given()
    if until and not archive:
        raise click.UsageError("--until needs the archive of the oplog: --oplog FOLDER.")
    stop = instant(until, settings) if until else None
    later = played(archive, secret, stop) if archive else None
    try:
        with opening.database(settings) as uri, sealing.opened(file, secret) as source:
            summary = backup.restore(uri, settings.mongodb_database, source, later)
    except (Damaged, backup.Occupied) as error:
        raise click.ClickException(str(error)) from None
    except FhirError as error:
        raise click.ClickException(error.issues[0].diagnostics) from None
    click.echo(f"Restored: {described(summary)}; read back and compared.")


def instant(text: str, settings: Settings) -> datetime:
    """Read an instant; one without a zone is of the clinic's."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            f"--until {text} is no instant; one would be 2026-03-04T09:59:00+07:00."
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(settings.timezone))


def played(archive: Path, secret: Identity | None, until: datetime | None) -> Later:
    """Play the archive on from wherever a backup ends."""

    def play(database: Raw, head: dict[str, Any], indexes: Indexes) -> datetime:
        if not head.get("time"):
            raise Damaged("The backup is of an older server: nothing can be played on it.")
        if until and until < head["moment"].replace(tzinfo=UTC):
            raise Damaged("The backup was made after that instant; take an older one.")
        with closing(_entries(archive, secret, head)) as entries:
            return replay.later(entries, until)(database, head, indexes)

    return play


def _entries(archive: Path, secret: Identity | None, head: dict[str, Any]) -> Entries:
    files = archived_in(archive)
    chosen = oplog.following(files, head["time"])
    if not chosen:
        raise Damaged(f"No file of {archive} holds the moment of the backup.")
    for part in chosen:
        with sealing.opened(files[part], secret) as source:
            yield from oplog.entries(source, head)
