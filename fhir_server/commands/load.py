"""``fhir-server load``."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
import orjson
import requests
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from fhir_server.commands import loading, opening
from fhir_server.commands.recording import recorded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fhir_server.commands.loading import Report, Sender
    from fhir_server.commands.sources import Chunk

SHOWN = 20

HELP = """
Load FHIR bundles and NDJSON files (also .gz).

Transactions are loaded whole or not at all; batches, collections, search results and lines of
NDJSON one by one. Resources keep their ids, so loading again, also after a halt half-way, stores
nothing twice. Files that others refer to by a search (Practitioner?identifier=…) come first.

\b
fhir-server load patients.ndjson.gz observations.ndjson
fhir-server load --url http://127.0.0.1:8080/fhir synthea/*.json
fhir-server load --resume done.txt --report refused.ndjson big/*.ndjson

Without --url the database of the settings is opened, which a running server must not hold.
The exit code is 1 if anything was refused.
"""


@click.command(help=HELP)
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--url", help="FHIR base of a running server.")
@click.option("--jobs", default=4, show_default=True, help="How many to send at once.")
@click.option("--resume", type=click.Path(path_type=Path), help="Remember here what is done.")
@click.option("--report", type=click.Path(path_type=Path), help="Write refusals here, as NDJSON.")
def command(
    files: tuple[Path, ...], url: str | None, jobs: int, resume: Path | None, report: Path | None
) -> None:
    """Load files."""
    console = Console(stderr=True)
    with sender(url, "load") as target, _progress(console) as progress:
        task = progress.add_task("resources", total=None)
        done = set(resume.read_text("utf-8").splitlines()) if resume and resume.exists() else set()

        def remember(chunk: Chunk) -> None:
            progress.advance(task, len(chunk.entries))
            if resume:
                with resume.open("a", encoding="utf-8") as file:
                    file.write(loading.key(chunk) + "\n")

        try:
            result = loading.load(files, target, jobs=jobs, done=done, on_chunk=remember)
        except requests.RequestException as error:
            raise click.ClickException(f"{url} does not answer: {type(error).__name__}.") from None
    if report:
        report.write_bytes(b"".join(orjson.dumps(each) + b"\n" for each in result.refusals))
    show(console, result)
    if result.refusals:
        raise SystemExit(1)


@contextmanager
def sender(url: str | None, command: str) -> Iterator[Sender]:
    """Give where Bundles go: a server, or the database of the settings until the block ends."""
    if url:
        yield loading.Remote(url)
        return
    with opening.opened(opening.settings_given()) as context, recorded(context, command) as said:
        direct = loading.Direct(context, command)
        try:
            yield direct
        finally:
            said["bundles"] = str(direct.sent)


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )


def show(console: Console, report: Report) -> None:
    """Print what was stored and what was refused."""
    table = Table("type", "stored", title="Loaded")
    for name, number in sorted(report.stored.items()):
        table.add_row(name, str(number))
    table.add_row("together", str(report.stored.total()), style="bold")
    console.print(table)
    if report.skipped:
        console.print(f"{report.skipped} were loaded before (--resume).")
    for each in report.refusals[:SHOWN]:
        console.print(f"{each.path}, {each.place}: {each.status}", style="red", highlight=False)
        for says in each.issues[:SHOWN]:
            console.print(f"    {says}", highlight=False, markup=False)
    if report.refusals:
        console.print(f"{len(report.refusals)} refused.", style="red")
