"""``fhir-server audit``: whether the audit trail is whole; its ends, and what is kept of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fhir_server.commands import opening
from fhir_server.commands.recording import recorded

if TYPE_CHECKING:
    from fhir_server.store.trail import Verdict

HELP = """
Look after the audit trail: who saw and changed what. Its blocks are bound by hashes, so that what
is changed or taken away shows.

\b
fhir-server audit verify                      is every block there, and as it was written?
fhir-server audit heads > heads.json          the ends of its chains; keep them elsewhere
fhir-server audit verify --heads heads.json   also: is all that there was by then still there?
fhir-server audit remove --days 1825          take out what is older, under seal
"""


@click.group(help=HELP)
def command() -> None:
    """Look after the audit trail."""


@command.command(name="verify")
@click.option(
    "--heads",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Ends of chains as they were written down once.",
)
def verify(heads: Path | None) -> None:
    """Read the whole trail; exit status 1 if anything in it is missing or changed."""
    witnessed = json.loads(heads.read_text("utf-8")) if heads else None
    with opening.attached(opening.settings_given()) as context:
        context.store.trail.complete()
        verdict = context.store.trail.verify(witnessed)
    click.echo(_said(verdict))
    for fault in verdict.faults:
        click.echo(f"  {fault}", err=True)
    if verdict.faults:
        raise click.ClickException(f"{len(verdict.faults)} faults: the trail is not whole.")


@command.command(name="heads")
def heads() -> None:
    """Print the end of each chain, as JSON."""
    with opening.attached(opening.settings_given()) as context:
        verdict = context.store.trail.verify()
    click.echo(json.dumps(verdict.heads, indent=1))


@command.command(name="remove")
@click.option("--days", type=click.IntRange(min=1), required=True, help="Keep so many days.")
def remove(days: int) -> None:
    """Take out what is older; that it was taken out stays in the trail."""
    with (
        opening.attached(opening.settings_given()) as context,
        recorded(context, "audit remove", days=str(days)),
    ):
        removed = context.store.trail.remove(days)
    click.echo(f"{removed} blocks removed, under seal.")


def _said(verdict: Verdict) -> str:
    said = f"{verdict.events} events in {verdict.blocks} blocks of {verdict.chains} chains."
    if verdict.removed:
        said += f" {verdict.removed} blocks were removed under seal."
    if verdict.lost:
        said += f" {verdict.lost} reads were not recorded while the database was away."
    return said if verdict.faults else f"{said} The trail is whole."
