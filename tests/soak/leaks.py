"""Ask as many questions as one likes: ``python -m tests.soak.leaks 100000 [seed]``.

Every world is another, everybody asks in each, and tries to touch what is hidden. It ends at the
first leak, and says the seed.
"""

from __future__ import annotations

import dataclasses
import random
import sys
import tempfile
from pathlib import Path

import pymongo

from fhir_server.app import build_context
from fhir_server.auth.principals import OPERATOR
from fhir_server.config import Settings
from fhir_server.rest.logs import configure
from fhir_server.store.embedded import Embedded
from tests.access.leaks.asking import Server, Twin, opened
from tests.access.leaks.judging import judged
from tests.access.leaks.oracle import Oracle
from tests.access.leaks.papers import file_papers
from tests.access.leaks.people import EVERYBODY
from tests.access.leaks.touching import Touched
from tests.access.leaks.ways import asked
from tests.access.leaks.world import made
from tests.access.leaks.writes import touch

QUESTIONS, TOUCHES, PAPERS = 150, 20, 25


class Counts:
    """What was asked so far."""

    asked = compared = touched = changed = worlds = 0

    def __str__(self) -> str:
        return (
            f"{self.asked} asked, {self.compared} compared, {self.touched} attempts to write "
            f"({self.changed} changed what was theirs), {self.worlds} worlds, "
            f"{len(EVERYBODY)} askers, leaked 0, touched 0"
        )


def main(wanted: int, seed: int) -> None:
    """Ask until so many were asked; a leak raises AssertionError."""
    configure("error")
    with tempfile.TemporaryDirectory() as folder:
        embedded = Embedded.start(Settings(data=Path(folder)))
        try:
            _run(embedded.uri, wanted, seed)
        finally:
            embedded.stop()


def _run(uri: str, wanted: int, seed: int) -> None:
    given = [Settings(mongodb_uri=uri, mongodb_database=each, threads=4) for each in ("a", "b")]
    whole, twin = (build_context(each, uri) for each in given)
    client = pymongo.MongoClient(uri)
    server, twins = Server(whole), Twin(twin, client["b"])
    counts = Counts()
    while counts.asked + counts.touched < wanted:
        number = seed + counts.worlds
        world = made(number)
        file_papers(world, random.Random(number), PAPERS)  # noqa: S311
        operator = dataclasses.replace(whole, principal=OPERATOR)
        touched = Touched(server, operator, client["a"], world)
        touched.fill()
        opened(whole, EVERYBODY, world.now)
        for who in EVERYBODY:
            _ask(server, twins, touched, who, number, counts)
        counts.worlds += 1
        print(counts, flush=True)  # noqa: T201


def _ask(server, twins, touched, who, number, counts) -> None:  # noqa: PLR0913, PLR0917
    world = touched.world
    seen = Oracle(world, opened=who.opened).seen(who)
    twins.hold(list(seen.values()))
    chance = random.Random(f"{number} {who.name}")  # noqa: S311
    for question in asked(chance, world, QUESTIONS):
        counts.compared += judged(server, twins, world, seen, who, question)
        counts.asked += 1
    for _ in range(TOUCHES):
        counts.changed += touched.judged(seen, who, touch(chance, world))
        counts.touched += 1


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1000)
