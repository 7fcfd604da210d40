"""``fhir-server import whatsapp FILE --peserta MAP.yaml``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import Progress

from fhir_server.bridges.whatsapp.export import Export, UnreadableExport, parse
from fhir_server.bridges.whatsapp.importing import bring_in
from fhir_server.bridges.whatsapp.participants import UnreadableMap, read
from fhir_server.errors import FhirError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from fhir_server.context import Context

HELP = """
Import a chat that WhatsApp exported (Export chat, without media).

MAP.yaml says who each name in the chat is; a sender it does not name is reported and left
out. Importing the same chat again adds only what is new.

\b
utas: utas-endang
layanan: pemantauan
pasien: endang
peserta:
  Bu Endang: pasien/endang
  Bidan Ngelo: petugas/bidan-desa-ngelo
"""
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("whatsapp", help=HELP)
@click.argument("file", type=FILE)
@click.option("--peserta", "names", type=FILE, required=True, help="MAP.yaml: who is who.")
@click.option(
    "--laporan",
    "report_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the report to this file as JSON, too.",
)
@click.pass_obj
def command(
    opened: Callable[[], AbstractContextManager[Context]],
    file: Path,
    names: Path,
    report_file: Path | None,
) -> None:
    """Read the chat and the map, store what is new, and show the report."""
    chat = _chat(file)
    with opened() as context:
        try:
            who = read(_text(names), context.settings.timezone)
            with Progress(transient=True) as progress:
                task = progress.add_task("Importing", total=len(chat.messages))
                report = bring_in(context, chat, who, lambda: progress.advance(task))
        except UnreadableMap as error:
            raise click.ClickException(f"{names}: {error}") from None
        except FhirError as error:
            raise click.ClickException(error.issues[0].diagnostics) from None
    Console().print(report.table())
    if report_file is not None:
        report.write(report_file)


def _chat(file: Path) -> Export:
    try:
        return parse(_text(file))
    except UnreadableExport as error:
        raise click.ClickException(f"{file}: {error}") from None


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise click.ClickException(
            f"{file}: bukan teks UTF-8 (bita ke-{error.start}). Seharusnya: berkas .txt dari "
            "ekspor WhatsApp, apa adanya."
        ) from None
