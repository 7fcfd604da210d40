"""Feed every parser and every door for as long as one likes; run by hand, not by pytest.

    PYTHONPATH=. python -m tests.soak.fuzz [SECONDS] [SEED]

It goes on after a finding and prints each once. At the end: cases, statuses, findings, and how the
memory of the process grew after the first tenth of the time.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import click
import pymongo
from hypothesis import HealthCheck, Phase, given, seed, settings

from fhir_server.app import build_context, create_app
from fhir_server.config import Settings
from fhir_server.rest.logs import configure
from fhir_server.store.embedded import Embedded
from tests.support.fhir import patient
from tests.support.hostile import PARSERS
from tests.support.hostile_http import SETTINGS, Door, requests

EACH = 300
STATUS = Path("/proc/self/status")
LOOK = settings(
    max_examples=EACH,
    deadline=None,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


class Hunt:
    """Rounds over everything that is fed; each round has a seed of its own."""

    def __init__(self, door: Door, first: int) -> None:
        self.fed = {name: (each.given, each.feed) for name, each in PARSERS.items()}
        self.fed["http"] = (requests, door.send)
        self.seed = first
        self.cases, self.findings = Counter[str](), Counter[str]()

    def round(self) -> None:
        """Feed each of them some hundred cases."""
        for name, (strategy, feed) in self.fed.items():
            self.seed += 1
            try:
                self._look(name, strategy, feed)
            except (Exception, ExceptionGroup) as error:  # noqa: BLE001 - that is what is looked for
                self._found(name, error)

    def _look(self, name, strategy, feed):
        @seed(self.seed)
        @LOOK
        @given(strategy)
        def look(what):
            self.cases[name] += 1
            feed(what)

        look()

    def _found(self, name, error):
        key = f"{name}: {type(error).__name__}"
        self.findings[key] += 1
        if self.findings[key] == 1:
            click.echo(
                f"{key} (seed {self.seed}): {str(error)[:2000]} {getattr(error, '__notes__', '')}"
            )


def resident() -> float:
    """Give the memory of this process in MB (Linux)."""
    (line,) = [each for each in STATUS.read_text("utf-8").splitlines() if each.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


def main(seconds: float, first: int) -> None:
    """Hunt, and say what was found."""
    configure("error")
    with tempfile.TemporaryDirectory() as folder:
        embedded = Embedded.start(Settings(data=Path(folder)))
        try:
            given_settings = Settings(mongodb_uri=embedded.uri, threads=4, **SETTINGS)
            context = build_context(given_settings, embedded.uri)
            client = create_app(context).test_client()
            client.put("/fhir/Patient/x", json=patient(id="x"))
            database = pymongo.MongoClient(embedded.uri)[given_settings.mongodb_database]
            _hunt(Hunt(door := Door(client, database), first), seconds)
            click.echo(f"answers: {dict(sorted(door.answered.items()))}")
            context.store.close()
        finally:
            embedded.stop()


def _hunt(hunt: Hunt, seconds: float) -> None:
    begun, warm = time.monotonic(), 0.0
    while (passed := time.monotonic() - begun) < seconds:
        hunt.round()
        warm = warm or (resident() if passed > seconds / 10 else 0.0)
    click.echo(f"{sum(hunt.cases.values())} cases in {passed:.0f} s: {dict(hunt.cases)}")
    click.echo(
        f"memory {warm:.0f} MB, at the end {resident():.0f} MB; findings {dict(hunt.findings)}"
    )


if __name__ == "__main__":
    asked = [int(each) for each in sys.argv[1:]]
    main(*asked, *(60, 1)[len(asked) :])
