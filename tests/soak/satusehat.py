"""A very bad day between us and SATUSEHAT: ``python -m tests.soak.satusehat``.

10,000 deliveries, one request in five going wrong; meanwhile workers die at every point of a
delivery, the simulator is killed and comes back, the primary of the database's three members is,
and the clocks of the workers are set forward and back by hours. Nothing may be missing at the end,
nothing be there twice, and nothing before the visit it belongs to.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from fhir_server.injection import POINTS
from fhir_server.rest import logs
from tests.bridges.satusehat import load
from tests.bridges.satusehat.storm import Storm

CLOCKS = ((1, 3), (2, -2), (3, 26), (4, 0), (5, -7), (6, 0))
"""After so many parts of the run, by how many hours the clocks of the workers are ahead."""


def main() -> None:
    """Write, let it storm, check, and tell; the exit code is 1 if anything is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deliveries", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--members", type=int, default=3, help="of the database: 1 or 3")
    parser.add_argument("--connections", type=int, default=4, help="of each worker")
    asked = parser.parse_args()
    logs.configure("error")
    with tempfile.TemporaryDirectory(prefix="fhir-soak-") as folder:
        figures = storm_over(Path(folder), asked)
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    sys.exit(bool(figures["wrong"]))


def deaths() -> list[str]:
    """Name the points of a delivery, each early in the life of a worker, most of them late too.

    Rows are numbered and taken in many at a time: none would come to do that forty times, and one
    that waits for its death keeps others from theirs.
    """
    own = [each for each in POINTS if each.startswith(("delivery", "numbers"))]
    many = {"numbers-planned", "numbers-given", "delivery-noted", "delivery-expanded"}
    return [f"{each}:1" for each in own] + [f"{each}:40" for each in own if each not in many]


def storm_over(folder: Path, asked: argparse.Namespace) -> dict[str, object]:
    """Let one storm pass, and give what came of it."""
    visits = asked.deliveries // load.PER_VISIT
    storm = Storm(
        folder,
        visits,
        patients=min(visits, 200),
        workers=asked.workers,
        connections=asked.connections,
        members=asked.members,
        deaths=deaths(),
    )
    with storm:
        storm.write()
        begun = time.monotonic()
        disasters = [(share / 10, storm.kill_simulator) for share in (2, 5, 8)]
        disasters += [(share / 10, storm.kill_database) for share in (3, 7)]
        disasters += [(0.15 * n, partial(storm.set_clock, ahead)) for n, ahead in CLOCKS]
        storm.weather(disasters, seconds=6 * 3600, poll=0.5)
        return {
            "deliveries": visits * load.PER_VISIT,
            "seconds": round(time.monotonic() - begun, 1),
            "workers died": storm.died,
            "members of the database": asked.members,
            "primaries killed": 2,
            "simulators killed": 3,
            "clocks set": len(CLOCKS),
            "faults since the simulator last started": storm.there.counts()["faults"],
            "wrong": load.wrong(storm.there, visits),
        }


if __name__ == "__main__":
    main()
