"""The server with a wall clock that a test sets: ``python -m tests.support.clocked worker``.

``TEST_CLOCK`` names a file with the seconds by which the clock is wrong; it is read at every look
at the clock. Clocks that nobody sets (``time.monotonic``) go on as they are.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

FILE = "TEST_CLOCK"


class Wrong(datetime):
    """A day and time as a clock shows it that was set."""

    @classmethod
    def now(cls, tz=None):
        """Give the present instant by that clock."""
        ahead = Path(os.environ[FILE]).read_text("utf-8")
        return datetime.now(tz) + timedelta(seconds=float(ahead))


def set_clock(path, seconds):
    """Set the clock of all processes that look at this file; never a moment without one."""
    new = path.with_suffix(".new")
    new.write_text(str(seconds), "utf-8")
    new.replace(path)


def main():
    """Do what the command line of the server does, by the wrong clock."""
    from fhir_server import app, cli  # noqa: PLC0415 - whoever only sets a clock needs no server
    from fhir_server.store import versions  # noqa: PLC0415 - the same

    app.datetime = versions.datetime = Wrong
    cli.main()


if __name__ == "__main__":
    main()
