"""``fhir-server load-terminology``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from fhir_server.commands import opening
from fhir_server.commands.recording import recorded
from fhir_server.commands.terminology.files import Unreadable
from fhir_server.commands.terminology.loading import SYSTEMS, load, read

if TYPE_CHECKING:
    from fhir_server.store.editions import Edition, Editions

HELP = """
Load a large code system from the files its owner distributes (a file, a folder, or a .zip).

\b
loinc    Loinc_2.77.zip, its folder, or Loinc.csv alone
snomed   a release in RF2: its snapshot files
icd-10   the WHO's ClaML (.xml), or a table with code and display
kfa      a table with kfa_code, name and template_code
csv      any table with code, display, parent …; --url names the code system

The new edition is used, in place of the one before, when all of it is there. Loading that was
stopped goes on where it was when it is started again. The database of the settings is opened,
which a running server with an embedded database must not hold.

\b
fhir-server load-terminology --system icd-10 icd10.xml
fhir-server load-terminology --system csv --url https://example.org/tindakan tindakan.csv
fhir-server load-terminology --status
"""


@click.command(help=HELP)
@click.argument("path", required=False, type=click.Path(exists=True, path_type=Path))
@click.option("--system", type=click.Choice(SYSTEMS), help="What is loaded.")
@click.option("--url", default="", help="The canonical of the code system (for csv).")
@click.option("--version", default="", help="Its version, where the files do not say it.")
@click.option("--status", is_flag=True, help="List what is loaded.")
@click.option("--drop", default="", metavar="URL", help="Take a code system out.")
def command(  # noqa: PLR0913 -- each is an option of its own
    *, path: Path | None, system: str | None, url: str, version: str, status: bool, drop: str
) -> None:
    """Load, list or drop code systems."""
    if not (status or drop) and (path is None or system is None):
        raise click.UsageError("Name --system and the path of its files, or --status, or --drop.")
    console = Console(stderr=not sys.stdout.isatty())
    with opening.opened(opening.settings_given()) as context:
        editions = context.store.terminology.editions
        if drop:
            with recorded(context, "load-terminology", drop=drop):
                if not editions.drop(drop):
                    raise click.ClickException(f"{drop} is not loaded; --status lists what is.")
        if path is not None and system is not None:
            with recorded(context, "load-terminology", system=system, url=url):
                try:
                    _load(console, editions, path, (system, url, version))
                except Unreadable as error:
                    raise click.ClickException(str(error)) from None
        _show(editions.all())


def _load(console: Console, editions: Editions, path: Path, what: tuple[str, str, str]) -> None:
    system, url, version = what
    with console.status(f"reading the hierarchy of {path.name}"):
        distribution = read(system, path, url=url, version=version)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as progress:
        task = progress.add_task(distribution.name, total=len(distribution.parents))
        edition = load(editions, distribution, path, lambda n: progress.advance(task, n))
    if edition.skipped:
        console.print(
            f"{edition.skipped} rows name a code that was there before; the first counts."
        )


def _show(editions: list[Edition]) -> None:
    table = Table("code system", "version", "concepts", "state", title="Loaded code systems")
    for each in editions:
        table.add_row(each.url, each.version, str(each.at), each.state)
    Console().print(table)
