"""``fhir-server openapi``."""

from __future__ import annotations

from pathlib import Path

import click

from fhir_server.app import describe
from fhir_server.config import Settings

HELP = """
Write the OpenAPI description of both APIs, as YAML.

\b
fhir-server openapi                          to the screen
fhir-server openapi --output openapi.yaml    to a file

A running server gives the same at /openapi.json and /openapi.yaml, and /docs shows it.
"""


@click.command(help=HELP)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write it here.")
def command(output: Path | None) -> None:
    """Write the OpenAPI description."""
    content = describe(Settings())
    if output is None:
        click.echo(content, nl=False)
    else:
        output.write_bytes(content)
