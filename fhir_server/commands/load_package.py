"""``fhir-server load-package``."""

from __future__ import annotations

from pathlib import Path

import click
import requests
from rich.console import Console

from fhir_server.commands import load, loading

HELP = """
Load the conformance resources of FHIR packages: profiles, extensions, value sets, code systems,
search parameters. They take part in $validate and in the validation of writes at once.

\b
fhir-server load-package hl7.fhir.us.core-3.1.1.tgz
fhir-server load-package --url http://127.0.0.1:8080/fhir id.puskesmas.sop-0.1.0.tgz

A resource replaces the one with the same URL, so loading again changes nothing. Examples are left
out. Without --url the database of the settings is opened, which a running server must not hold.
The exit code is 1 if anything was refused.
"""


@click.command(name="load-package", help=HELP)
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--url", help="FHIR base of a running server.")
def command(files: tuple[Path, ...], url: str | None) -> None:
    """Load packages."""
    with load.sender(url, "load-package") as sender:
        try:
            result = loading.load(files, sender, jobs=1)
        except requests.RequestException as error:
            raise click.ClickException(f"{url} does not answer: {type(error).__name__}.") from None
    load.show(Console(stderr=True), result)
    if result.refusals:
        raise SystemExit(1)
