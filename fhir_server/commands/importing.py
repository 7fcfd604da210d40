"""``fhir-server import``: one command per other system, from ``bridges/``."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from fhir_server.bridges.kohort_ibu import command as kohort_ibu
from fhir_server.bridges.whatsapp import command as whatsapp
from fhir_server.commands import opening
from fhir_server.commands.recording import recorded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fhir_server.context import Context


@click.group("import")
@click.pass_context
def command(context: click.Context) -> None:
    """Bring in what other systems exported."""
    context.obj = lambda: _opened(f"import {context.invoked_subcommand}")


command.add_command(whatsapp)
command.add_command(kohort_ibu)


@contextmanager
def _opened(command: str) -> Iterator[Context]:
    settings = opening.settings_given()
    with opening.opened(settings) as context, recorded(context, command):
        yield context
