"""How fast a day's resources drain to SATUSEHAT: ``python -m tests.performance.bench_satusehat``.

The resources wait in the outbox, as after an outage; then the workers begin. Afterwards each is
looked for at the simulator: there once, and none before its visit.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from fhir_server.rest import logs
from tests.bridges.satusehat import load
from tests.bridges.satusehat.storm import Storm


def main() -> None:
    """Write, drain, check, and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--resources", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--connections", type=int, default=4, help="of each worker")
    asked = parser.parse_args()
    logs.configure("warning")
    with tempfile.TemporaryDirectory(prefix="fhir-bench-") as folder:
        figures = measure(Path(folder), asked)
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")


def measure(folder: Path, asked: argparse.Namespace) -> dict[str, object]:
    """Drain the queue once, and give the figures."""
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
        storm.write()
        begun = time.monotonic()
        storm.weather([], seconds=24 * 3600, poll=1.0)
        seconds = time.monotonic() - begun
        return {
            "resources": visits * load.PER_VISIT,
            "connections": asked.workers * asked.connections,
            "seconds": round(seconds, 1),
            "resources a second": round(visits * load.PER_VISIT / seconds, 1),
            "requests": storm.there.counts()["requests"],
            "wrong": load.wrong(storm.there, visits),
        }


if __name__ == "__main__":
    main()
