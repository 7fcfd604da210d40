"""Kill everything again and again in the middle of writing; run by hand, not by pytest.

    PYTHONPATH=. python -m tests.soak.audit_kills [ROUNDS]

Each round starts the server on the same data, writes from four threads and reads from two, and
kills server, workers and database with ``kill -9`` at some moment. At the end the trail must hold
every answered write, and verify; of the reads it says how long before the end of a round the
earliest was that is not on record.
"""

from __future__ import annotations

import contextlib
import itertools
import random
import re
import sys
import tempfile
import threading
import time
from pathlib import Path

import click
import requests

from tests.commands.test_audit import PATIENCE, audited, killed, told
from tests.support.processes import until
from tests.support.server import running

READ = re.compile(r"Patient/(dibaca-\d+-\d+-\d+)")


def read(url, mine, answered, stop):
    """Read what is not there, under a new id each time; remember when it was answered."""
    with contextlib.suppress(requests.RequestException), requests.Session() as session:
        for number in itertools.count():
            if stop.is_set():
                return
            name = f"dibaca-{mine}-{number}"
            if session.get(f"{url}/Patient/{name}", timeout=PATIENCE).status_code == 404:
                answered[name] = time.monotonic()


@contextlib.contextmanager
def reading(server, number, rounds):
    """Let two threads read until the server is gone, and keep what they were answered."""
    stop, answered = threading.Event(), {}
    readers = [
        threading.Thread(target=read, args=(server.fhir, f"{number}-{each}", answered, stop))
        for each in range(2)
    ]
    for each in readers:
        each.start()
    try:
        yield
    finally:
        stop.set()
        for each in readers:
            each.join(PATIENCE)
        rounds.append(answered)


def seen(server):
    """Give the ids of all reads that are on record."""
    found, address = set(), f"{server.fhir}/AuditEvent?outcome=4&_count=500"
    while address:
        page = requests.get(address, timeout=PATIENCE)
        found.update(READ.findall(page.text))
        links = {each["relation"]: each["url"] for each in page.json()["link"]}
        address = links.get("next")
    return found


def lost(rounds, on_record):
    """Say for each read that is not on record how many ms before the last of its round it was."""
    return [
        1000 * (max(answered.values()) - moment)
        for answered in rounds
        for name, moment in answered.items()
        if name not in on_record
    ]


def main(rounds: int) -> None:
    """Run the rounds and say what was lost."""
    answered: list[str] = []
    reads: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        for number in range(rounds):
            with running(path, {"FHIR_WORKERS": "2"}) as server, reading(server, number, reads):
                killed(server, answered, len(answered) + random.randint(1, 400))  # noqa: S311
            click.echo(f"{number + 1} rounds, {len(answered)} answered writes")
        begun = time.monotonic()
        with running(path) as server:
            until(lambda: set(answered) <= told(server), PATIENCE)
            missing = lost(reads, seen(server))
        click.echo(f"0 of {len(answered)} lost; told after {time.monotonic() - begun:.1f} s")
        earliest = f"; the earliest {max(missing):.0f} ms before the last" if missing else ""
        click.echo(f"{len(missing)} of {sum(map(len, reads))} reads not on record{earliest}")
        click.echo(audited(path, "verify").stdout)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
