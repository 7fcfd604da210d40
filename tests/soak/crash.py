"""Kill server, worker and database again and again in the middle of writing; run by hand.

    PYTHONPATH=. python -m tests.soak.crash [ROUNDS] [SEED]

Every round is one fault: ``kill -9`` of a server process, a worker, mongod or all of it, or a
process that dies at an injected point of a write. Afterwards every answered write must be there
with its version, transactions whole, histories without a gap, outbox and index as the resources
say. SIGTERM or Ctrl-C ends it after the life that runs, with the same last comparison; the rounds
done are said. The small version is in tests/store/test_kills.py.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import click
import pymongo

from fhir_server.app import build_context
from fhir_server.config import Settings
from fhir_server.store.embedded import Embedded, running
from tests.soak import checking
from tests.soak.mixed import PATIENCE, Ledger, writing
from tests.support import server as servers
from tests.support.processes import ended, named, until

TARGETS = """
[[target]]
name = "away"
kind = "fhir"
url = "http://127.0.0.1:9/fhir"
types = ["Basic"]
identity = "id"
source = "https://puskesmas.example/fhir"
"""
POINTS = {
    **dict.fromkeys(("write-created", "write-guarded", "write-past", "trail-stored"), "fhir-http"),
    **dict.fromkeys(("write-current", "write-uncommitted", "write-committed"), "fhir-http"),
    **dict.fromkeys(("numbers-planned", "numbers-given"), "fhir-worker"),
}
KILLED = ("fhir-http", "fhir-worker", "mongod")
WHOLE = ("parent", "everything")
MANY = ("mongod",) * 3 + ("fhir-worker",) * 4
"""Kills of one life beside that of a server process; mongod is started five times a minute."""


class Crashes:
    """Rounds on one folder; ``faults`` counts them by kind."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.seed = folder, seed
        self.random = random.Random(seed)  # noqa: S311 - nothing is secret
        self.ledger, self.faults = Ledger(), Counter[str]()
        self.checked = 0
        (folder / "targets.toml").write_text(TARGETS)

    def life(self, faults: list[str]) -> None:
        """Start a server, meet these faults one after another, the last of which ends it."""
        name = f"s{self.seed}l{sum(self.faults.values())}"
        with servers.running(self.folder, self._settings(faults)) as server:
            self.check()
            with writing(server.url, self.ledger, name, self.random.randrange(10**6)):
                for fault in faults:
                    if not set(faults) & set(POINTS):
                        self.written(self.random.randrange(5, 60))
                    self.meet(fault, server.process)
                    self.faults[fault] += 1

    def _settings(self, faults: list[str]) -> dict[str, str]:
        own = {
            "FHIR_TARGETS": str(self.folder / "targets.toml"),
            "FHIR_TARGET_HOSTS": "127.0.0.1",
            "FHIR_BACKGROUND": "1",
            "FHIR_NOOP_UPDATES": "1",
            "FHIR_LOG_LEVEL": "warning",
        }
        points = [each for each in faults if each in POINTS]
        if points:
            own["FHIR_FAULT"] = f"{points[0]}:{self.random.randrange(1, 15)}"
        return own

    def written(self, more: int) -> None:
        """Wait until so many more writes were answered: the server serves."""
        ledger = self.ledger
        enough = len(ledger.answered) + more
        with contextlib.suppress(AssertionError):
            until(lambda: len(ledger.answered) >= enough or ledger.odd, PATIENCE)
        expect("answers that must not be", ledger.odd)
        assert len(ledger.answered) >= enough, f"nothing is answered: {dict(ledger.statuses)}"

    def meet(self, fault: str, process) -> None:
        """Let one fault happen, and see the process that it kills end."""
        if fault in POINTS:
            before = named(process.pid, POINTS[fault])
            until(lambda: not before or any(map(ended, before)), PATIENCE)
        elif fault in KILLED:
            until(lambda: named(process.pid, fault), PATIENCE)
            _kill(self.random.choice(sorted(named(process.pid, fault))))
        else:
            database = named(process.pid, "mongod")
            kept = {each for name in KILLED for each in named(process.pid, name)}
            for each in (*database, process.pid) if fault == "everything" else (process.pid,):
                _kill(each)
            process.wait(PATIENCE)
            until(lambda: all(map(ended, kept)), PATIENCE)

    def check(self) -> None:
        """Hold what was answered since the last check against the database of the server."""
        uri = running(self.folder / "data")
        assert uri is not None
        self._check(uri, self.ledger.answered[self.checked :])
        self.checked = len(self.ledger.answered)

    def end(self) -> None:
        """Hold everything against what is left, and every index against its resource."""
        settings = Settings(data=self.folder / "data")
        with Embedded.start(settings) as database:
            self._check(database.uri, self.ledger.answered)
            context = build_context(settings, database.uri)
            expect("read otherwise than written", checking.misread(context))
            expect("halves", checking.halves(context.store, self.ledger.transactions))
            context.store.close()

    def _check(self, uri: str, answered) -> None:
        settings = Settings()
        context = build_context(settings, uri)
        with contextlib.closing(context.store), pymongo.MongoClient(uri) as client:
            expect("lost", checking.lost(context.store, answered))
            expect("halves", checking.halves(context.store, self.ledger.transactions[-500:]))
            expect("torn", checking.torn(context.store))
            expect("untold", checking.untold(client[settings.mongodb_database], answered))
            expect("doubled", checking.doubled(context.store))
        expect("answers that must not be", self.ledger.odd)


def expect(what: str, found: list) -> None:
    """Fail when something was found, and show the first of it."""
    assert not found, f"{what}: {len(found)}, such as {found[:5]}"


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def lives(crashes: Crashes, rounds: int):
    """Share out the rounds: faults of the lives of servers, the last of which ends the server.

    A process that dies at a point dies there again as soon as it is back, and a server whose
    process dies within seconds of its start ends: so the whole goes next, and of the server
    processes only one dies in one life.
    """
    chosen = crashes.random
    while rounds > 0:
        some = ["fhir-http", *MANY]
        chosen.shuffle(some)
        faults = chosen.choice([[chosen.choice(sorted(POINTS))], some])[: max(rounds - 1, 0)]
        yield [*faults, chosen.choice(WHOLE)]
        rounds -= len(faults) + 1


def main(rounds: int, seed: int) -> None:
    """Run the rounds and say what was lost."""
    begun, enough = time.monotonic(), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: enough.set())
    with tempfile.TemporaryDirectory() as folder:
        crashes = Crashes(Path(folder), seed)
        for faults in lives(crashes, rounds):
            crashes.life(faults)
            done, written = sum(crashes.faults.values()), len(crashes.ledger.answered)
            passed = time.monotonic() - begun
            click.echo(f"{passed:.0f} s: {done} rounds, {written} answered writes, {faults}")
            if enough.is_set():
                break
        crashes.end()
        click.echo(f"{dict(crashes.faults)}\n{dict(crashes.ledger.statuses)}")
    click.echo(f"{done} rounds of {rounds}: lost 0, torn 0; {passed:.0f} s; seed {seed}")


if __name__ == "__main__":
    given = [int(each) for each in sys.argv[1:]]
    main(*given, *(20, random.randrange(10**6))[len(given) :])  # noqa: S311
