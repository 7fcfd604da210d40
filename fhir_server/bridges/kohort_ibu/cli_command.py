"""``fhir-server import kohort-ibu FILE --faskes ID``."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click
from rich.console import Console
from rich.table import Table

from fhir_server.bridges.kohort_ibu.importing import Outcome, Report, bring_in
from fhir_server.bridges.kohort_ibu.sheet import UnreadableSheet, rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from fhir_server.context import Context

HELP = """
Import a Kohort Ibu register, XLSX (first sheet) or CSV.

The first row names the columns: nik, nama, tanggal lahir, desa (10 digits), hpht, gravida,
partus, abortus; optional are no RM, no Buku KIA, alamat, hp, tanggal kontak, persalinan terakhir.
Every row is stored or refused with its reason; importing the same file again adds only what is new.
"""


@click.command("kohort-ibu", help=HELP)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--faskes", required=True, help="Id of the puskesmas (Organization).")
@click.option(
    "--laporan",
    "report_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the report, row by row, to this file as JSON, too.",
)
@click.pass_obj
def command(
    opened: Callable[[], AbstractContextManager[Context]],
    file: Path,
    faskes: str,
    report_file: Path | None,
) -> None:
    """Read the register, store what is new, and show what became of each row."""
    with opened() as context:
        try:
            report = bring_in(context, faskes, rows(file))
        except UnreadableSheet as error:
            raise click.ClickException(f"{file}: {error}") from None
    Console().print(_table(report))
    if report_file is not None:
        said = [asdict(each) for each in report.rows]
        report_file.write_text(json.dumps(said, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _table(report: Report) -> Table:
    """Show the counts, and every row that was refused."""
    title = ", ".join(f"{report.count(each)} {each}" for each in get_args(Outcome))
    table = Table("baris", "hasil", "alasan", title=f"Kohort Ibu: {title}")
    for each in report.rows:
        if each.outcome == "ditolak":
            table.add_row(str(each.number), each.outcome, each.reason)
    return table
