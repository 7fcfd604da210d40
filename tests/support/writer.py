"""A server that only writes, until it is killed.

``python -m tests.support.writer DATA JOURNAL ROUND``. It notes in the journal, one JSON a line, a
transaction before it is ``attempted`` and every write after it was answered (``done``).
"""

import json
import os
import sys
import threading
from pathlib import Path

from fhir_server.config import Settings
from fhir_server.errors import FhirError
from fhir_server.store.embedded import Embedded
from fhir_server.store.mongo import connect
from tests.store.writes import create, put

THREADS = 6
SHARED = 5


class Writer:
    def __init__(self, store, journal, thread):
        self.store = store
        self.journal = journal
        self.name = thread
        self.number = 0

    def note(self, **what):
        os.write(self.journal, json.dumps(what).encode() + b"\n")

    def write(self):
        while True:
            self.number += 1
            for step in (self.create, self.update, self.transact):
                try:
                    step(f"{self.name}-{self.number}")
                except FhirError:
                    self.note(refused=True)

    def send(self, ops):
        for written in self.store.transact(ops):
            stored = written.stored
            self.note(done=[stored.resource_type, stored.id, stored.version], raw=text(stored))

    def create(self, name):
        self.send([create(name, self.number)])

    def update(self, _):
        self.send([put(f"shared-{self.number % SHARED}", self.number)])

    def transact(self, name):
        self.note(attempted=name)
        self.send(
            [
                create(name, self.number, resource_type="Task"),
                create(name, self.number, resource_type="Basic"),
                put(f"own-{name}", self.number, resource_type="Basic"),
                put(f"shared-{self.number % SHARED}", self.number, resource_type="Task"),
            ]
        )


def text(stored):
    return stored.text.raw.decode()


def main():
    data, journal, round_number = sys.argv[1:]
    settings = Settings(data=Path(data), threads=THREADS, noop_updates=True)
    store = connect(Embedded.start(settings).uri, settings)
    handle = os.open(journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    writers = [Writer(store, handle, f"{round_number}-{n}") for n in range(THREADS)]
    threads = [threading.Thread(target=writer.write) for writer in writers]
    for thread in threads:
        thread.start()


if __name__ == "__main__":
    main()
