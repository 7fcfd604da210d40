"""How fast a day's resources drain to SATUSEHAT: ``python -m tests.performance.bench_satusehat``.

The resources wait in the outbox, as after an outage; then the workers begin. Afterwards each is
looked for at the simulator: there once, and none before its visit. ``--queue FOLDER`` keeps what is
written there, and a later run with the same folder only drains it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from fhir_server.rest import logs
from tests.bridges.satusehat import load
from tests.bridges.satusehat.storm import Storm

WRITTEN = "written"
LONGEST_SECONDS = 24 * 3600


def main() -> None:
    """Write, drain, check, and tell; the exit code is 1 if anything is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--resources", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--connections", type=int, default=4, help="of each worker")
    parser.add_argument("--queue", type=Path, help="folder of the queue; absent: a temporary one")
    asked = parser.parse_args()
    logs.configure("warning")
    with contextlib.ExitStack() as stack:
        temporary = tempfile.TemporaryDirectory(prefix="fhir-bench-")
        folder = asked.queue or Path(stack.enter_context(temporary))
        figures = measure(folder, asked, is_kept=asked.queue is not None)
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    sys.exit(bool(figures.get("wrong")))


def measure(folder: Path, asked: argparse.Namespace, *, is_kept: bool) -> dict[str, object]:
    """Drain the queue once, and give the figures; a queue that is kept is first only written."""
    folder.mkdir(parents=True, exist_ok=True)
    visits = asked.resources // load.PER_VISIT
    storm = Storm(
        folder,
        visits,
        patients=min(visits, 500),
        workers=asked.workers,
        connections=asked.connections,
        faults=(),
    )
    with storm:
        if not (folder / WRITTEN).exists():
            begun = time.monotonic()
            storm.write()
            (folder / WRITTEN).touch()
            if is_kept:
                return {"resources": asked.resources, "written in": time.monotonic() - begun}
        return drained(storm, asked)


def drained(storm: Storm, asked: argparse.Namespace) -> dict[str, object]:
    """Let the workers begin, and see what came of it."""
    number = storm.visits * load.PER_VISIT
    begun, before = time.monotonic(), _processor(storm)
    storm.weather([], seconds=LONGEST_SECONDS, poll=1.0)
    seconds, after = time.monotonic() - begun, _processor(storm)
    return {
        "resources": number,
        "connections": asked.workers * asked.connections,
        "seconds": round(seconds, 1),
        "resources a second": round(number / seconds, 1),
        "processor milliseconds a resource": {
            name: round(1000 * (after[name] - before.get(name, 0.0)) / number, 2) for name in after
        },
        "requests": storm.there.counts()["requests"],
        "wrong": load.wrong(storm.there, storm.visits),
    }


def _processor(storm: Storm) -> dict[str, float]:
    """Give the processor seconds of each kind of process so far."""
    running = {
        "workers": [each.pid for each in storm.running],
        "simulator": [storm.there.process.pid],
        "mongod": [storm.database.pid],
    }
    return {name: sum(map(_seconds, pids)) for name, pids in running.items()}


def _seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
