"""Kill everything again and again in the middle of writing; run by hand, not by pytest.

    PYTHONPATH=. python -m tests.soak.audit_kills [ROUNDS]

Each round starts the server on the same data, writes from four threads, and kills server, workers
and database with ``kill -9`` at some moment. At the end the trail must hold every answered write,
and verify.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from pathlib import Path

import click

from tests.commands.test_audit import PATIENCE, audited, killed, told
from tests.support.processes import until
from tests.support.server import running


def main(rounds: int) -> None:
    """Run the rounds and say what was lost."""
    answered: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        for number in range(rounds):
            with running(path, {"FHIR_WORKERS": "2"}) as server:
                killed(server, answered, len(answered) + random.randint(1, 400))  # noqa: S311
            click.echo(f"{number + 1} rounds, {len(answered)} answered writes")
        begun = time.monotonic()
        with running(path) as server:
            until(lambda: set(answered) <= told(server), PATIENCE)
        click.echo(f"0 of {len(answered)} lost; told after {time.monotonic() - begun:.1f} s")
        click.echo(audited(path, "verify").stdout)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
