"""10,000 deliveries over a bad line, by workers that are killed: run by hand, prints the figure.

    PYTHONPATH=. .venv/bin/python tests/soak/deliveries.py [--visits 2500] [--rate 0.2]

A second server of ours is the hospital. Four resources a visit; one request in five meets a fault
(lost before or after it arrived, 503, 429, a 502 of HTML); two workers, one of which is killed
after each part of the work. In the end everything is there once, each after what it refers to.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from fhir_server import targets
from fhir_server.app import build_context
from fhir_server.config import Settings
from fhir_server.store.embedded import Embedded
from tests.delivery.visits import FILE, expect_once_in_order, is_done, there, visit
from tests.support.faulty import bad_line
from tests.support.server import command, running

WORKERS = 2
LEASE = 10
EACH = 4


def say(text):
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    """Run it, and say how it went."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--visits", type=int, default=2500)
    asked.add_argument("--rate", type=float, default=0.2)
    asked.add_argument("--kills", type=int, default=10)
    given = asked.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        hospital, line = _hospital(stack, folder, given.rate)
        context = _clinic(stack, folder, line.url)
        names = [f"v{number}" for number in range(given.visits)]
        for name in names:
            visit(context, name, observations=2)
        say(f"{given.visits * EACH} resources are written; delivering")
        seconds, killed = _deliver(context, folder, given.visits * EACH, given.kills)
        found = there(hospital)
        expect_once_in_order(found, names, observations=2)
        _tell(found, line.met, seconds, killed)


def _hospital(stack, folder, rate):
    own = {"FHIR_NOOP_UPDATES": "1", "FHIR_BACKGROUND": "0", "FHIR_WORKERS": "1"}
    (folder / "hospital").mkdir()
    server = stack.enter_context(running(folder / "hospital", own))
    return server.fhir, stack.enter_context(bad_line(server.fhir, rate))


def _clinic(stack, folder, url):
    settings = Settings(data=folder / "clinic")
    embedded = stack.enter_context(Embedded.start(settings))
    file = folder / "targets.toml"
    file.write_text(FILE % (url, "identifier", 8))
    settings = replace(
        settings,
        mongodb_uri=embedded.uri,
        targets=str(file),
        target_hosts="127.0.0.1",
        delivery_lease_seconds=LEASE,
    )
    context = build_context(settings, embedded.uri)
    stack.callback(context.store.close)
    return replace(context, notices=targets.notices(targets.load(settings)))


def _deliver(context, folder, number, kills):
    """Let workers deliver, kill one now and then; give the seconds and how many were killed."""
    settings = context.settings
    own = {
        "FHIR_MONGODB_URI": settings.mongodb_uri,
        "FHIR_TARGETS": settings.targets,
        "FHIR_TARGET_HOSTS": "127.0.0.1",
        "FHIR_DELIVERY_LEASE_SECONDS": str(LEASE),
        "FHIR_LOG_LEVEL": "error",
    }

    def start():
        with (folder / "worker.log").open("ab") as log:
            return subprocess.Popen(command("worker"), env=os.environ | own, stdout=log, stderr=log)

    begun, killed, chance = time.monotonic(), 0, random.Random(1)  # noqa: S311 - no secret
    workers = [start() for _ in range(WORKERS)]
    while not is_done(context.store, number):
        time.sleep(1)
        counts = context.store.dispatches.counts().get("rsud", {})
        if counts.get("accepted", 0) > (killed + 1) * number / (kills + 1) and killed < kills:
            place = chance.randrange(WORKERS)
            workers[place].kill()
            workers[place].wait()
            workers[place] = start()
            killed += 1
            say(str(counts))
    seconds = time.monotonic() - begun
    for each in workers:
        each.kill()
        each.wait()
    return seconds, killed


def _tell(found, met, seconds, killed):
    number = sum(len(each) for each in found.values())
    faults = {name: times for name, times in met.items() if name not in {"GET", "PUT", "none"}}
    say(f"{number} of {len(found)} resources there, each once and in order, 0 lost, 0 twice")
    say(f"{met['PUT']} PUT and {met['GET']} GET; faults {faults}; {killed} workers killed")
    say(f"{seconds:.0f} s, {len(found) / seconds:.0f} deliveries a second")


if __name__ == "__main__":
    main()
