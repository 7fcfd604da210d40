"""Ask as many questions as one likes: ``python -m tests.soak.leaks 100000 [seed]``.

Every world is another, everybody asks in each. It ends at the first leak, and says the seed.
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
from tests.access.leaks.asking import Twin, opened, stored
from tests.access.leaks.oracle import Oracle
from tests.access.leaks.people import EVERYBODY
from tests.access.leaks.questions import asked
from tests.access.leaks.world import made
from tests.access.test_leaks import judged

EACH = 150


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
    done = compared = worlds = 0
    while done < wanted:
        for name in client["a"].list_collection_names():
            if name[0].isupper():
                client["a"][name].delete_many({})
        world = made(seed + worlds)
        operator = dataclasses.replace(whole, principal=OPERATOR)
        stored(operator, world.resources.values(), world.authors)
        opened(operator, EVERYBODY, world.now)
        twins = Twin(twin, client["b"])
        for who in EVERYBODY:
            seen = Oracle(world, opened=who.opened).seen(who)
            twins.hold(list(seen.values()))
            chance = random.Random(f"{seed + worlds} {who.name}")  # noqa: S311
            for question in asked(chance, world, EACH):
                compared += judged(whole, twins, world, seen, who, question)
                done += 1
        worlds += 1
        print(f"{done} asked, {compared} compared, {worlds} worlds, leaked 0", flush=True)  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1000)
