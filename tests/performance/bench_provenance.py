"""What a Provenance for each SOP document costs, in processor time; run by hand, not by pytest.

    PYTHONPATH=. python tests/performance/bench_provenance.py [DOCUMENTS]

Posts Kunjungan documents to one application in this process, in turn with and without
FHIR_PROVENANCE, and prints the milliseconds of a processor that server and mongod needed for one.
Processor time says the same on a busy machine.
"""

import dataclasses
import os
import sys
import tempfile
import time
from pathlib import Path

from fhir_server.app import build_context, create_app
from fhir_server.config import Settings
from fhir_server.rest.logs import configure
from fhir_server.store.embedded import Embedded
from tests.performance.visits import PEOPLE, visit

DOCUMENTS = int(sys.argv[1]) if len(sys.argv) > 1 else 840
AT_ONCE = 120
TICKS = os.sysconf("SC_CLK_TCK")


def database_seconds(folder):
    """Give the processor time of the mongod of a folder."""
    total = 0.0
    for path in Path("/proc").glob("[0-9]*"):
        try:
            words = (path / "cmdline").read_bytes().split(b"\0")
            fields = (path / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if words[0].endswith(b"mongod") and any(folder.encode() in each for each in words):
            total += (int(fields[11]) + int(fields[12])) / TICKS
    return total


def main():
    """Print the figures; the first round of each is not counted."""
    configure("error")
    with tempfile.TemporaryDirectory() as folder:
        embedded = Embedded.start(Settings(data=Path(folder)))
        given = Settings(mongodb_uri=embedded.uri, mongodb_database="bench", threads=4)
        context = build_context(given, embedded.uri)
        clients = {}
        for wanted in (False, True):
            settings = dataclasses.replace(given, provenance=wanted)
            made = dataclasses.replace(context, settings=settings)
            clients[wanted] = create_app(made).test_client()
        assert clients[False].post("/fhir", json=PEOPLE).status_code == 200
        spent = {wanted: [0.0, 0.0] for wanted in clients}
        for number in range(0, DOCUMENTS + AT_ONCE, AT_ONCE):
            for wanted, client in clients.items():
                own, database = time.process_time(), database_seconds(folder)
                for each in range(AT_ONCE):
                    name = 2 * (number + each) + wanted
                    assert client.post("/sop/v1/kunjungan", json=visit(name)).status_code == 201
                if number:
                    spent[wanted][0] += time.process_time() - own
                    spent[wanted][1] += database_seconds(folder) - database
        for wanted, (own, database) in spent.items():
            each = 1000 / DOCUMENTS
            sys.stdout.write(
                f"FHIR_PROVENANCE={wanted:d}: {own * each:.2f} ms of the server and "
                f"{database * each:.2f} ms of mongod for a Kunjungan\n"
            )
        context.store.close()
        embedded.stop()


if __name__ == "__main__":
    main()
