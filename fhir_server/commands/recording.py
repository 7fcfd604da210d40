"""What an administrator does by the command line stands in the audit trail, like any access."""

from __future__ import annotations

import getpass
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from fhir_server.auth.principals import OPERATOR
from fhir_server.commands import opening

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fhir_server.config import Settings
    from fhir_server.context import Context


@contextmanager
def recorded(context: Context, command: str, **said: str) -> Iterator[dict[str, str]]:
    """Record a command when it ends, failed or not, with what is said of it; no secrets, no names.

    ``reference`` names the resource it is about; its patients are looked up. Gives what is said,
    to which the block may add. Unavailable if it cannot be recorded.
    """
    with context.store.trail.commanded(OPERATOR, command) as noted:
        noted |= {"account": account(), **said}
        yield noted


def record(settings: Settings, uri: str, command: str, **said: str) -> None:
    """Record a command that has no Context of its own, once it is done."""
    with opening.opened(settings, uri) as context, recorded(context, command, **said):
        return


def account() -> str:
    """Name the account of this machine that runs the command; its number where it has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no such user in /etc/passwd, as in some containers
        return str(os.getuid())
