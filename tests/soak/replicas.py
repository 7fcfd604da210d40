"""Three mongods; the primary is killed while clients write; run by hand: prints the seconds.

    PYTHONPATH=. python -m tests.soak.replicas [KILLS]

No answered write may be lost, whoever waited is told 503 with Retry-After, and it goes on. The
small version is in tests/store/test_replicas.py.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import click
import pymongo
import requests
from pymongo.errors import PyMongoError

from fhir_server.app import build_context
from fhir_server.config import Settings
from fhir_server.store import mongod
from tests.soak import checking
from tests.soak.crash import expect
from tests.soak.mixed import PATIENCE, Ledger, writing
from tests.support.processes import until
from tests.support.server import free_port, running

MEMBERS = 3
WHOLE = ["PRIMARY", "SECONDARY", "SECONDARY"]
NAME = "rs0"


class ReplicaSet:
    """Three members on this machine; ``uri`` is what FHIR_MONGODB_URI would be."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = [free_port() for _ in range(MEMBERS)]
        hosts = [f"127.0.0.1:{port}" for port in self.ports]
        self.uri = f"mongodb://{','.join(hosts)}/?replicaSet={NAME}"
        self.members: dict[int, subprocess.Popen[bytes]] = {}

    def __enter__(self):
        for port in self.ports:
            self.begin(port)
        members = [{"_id": n, "host": f"127.0.0.1:{p}"} for n, p in enumerate(self.ports)]
        for port in self.ports:  # a set is begun once every member listens
            until(lambda port=port: _answers(port), PATIENCE)
        first = f"mongodb://127.0.0.1:{self.ports[0]}/?directConnection=true"
        with pymongo.MongoClient(first, serverSelectionTimeoutMS=PATIENCE * 1000) as client:
            client.admin.command("replSetInitiate", {"_id": NAME, "members": members})
        until(lambda: self.primary() is not None, PATIENCE)
        return self

    def __exit__(self, *_):
        for each in self.members.values():
            each.kill()
            each.wait()

    def begin(self, port: int) -> None:
        """Start one member, on the files it has."""
        data = self.folder / str(port)
        data.mkdir(exist_ok=True)
        own = ["--dbpath", str(data), "--port", str(port), "--bind_ip", "127.0.0.1"]
        small = ["--wiredTigerCacheSizeGB", "0.25", "--oplogSize", "64", "--nounixsocket"]
        program = [mongod.find(""), "--replSet", NAME, *own, *small, "--quiet"]
        log = (self.folder / f"{port}.log").open("ab")
        with log:
            self.members[port] = subprocess.Popen(program, stdout=log, stderr=log)

    def primary(self) -> int | None:
        """Give the port of the member that takes writes, if there is one."""
        with contextlib.suppress(PyMongoError), self._client() as client:
            client.admin.command("hello")
            return client.primary[1] if client.primary else None
        return None

    def _client(self):
        return pymongo.MongoClient(self.uri, serverSelectionTimeoutMS=1000)

    def kill_primary(self) -> int:
        """Kill the member that takes writes; give its port."""
        until(lambda: self.primary() is not None, PATIENCE)
        port = self.primary()
        assert port is not None
        self.members[port].kill()
        self.members[port].wait()
        return port

    def whole(self) -> bool:
        """Tell whether every member is there again and has what the others have."""
        with contextlib.suppress(PyMongoError), self._client() as client:
            found = client.admin.command("replSetGetStatus")["members"]
            return sorted(each["stateStr"] for each in found) == WHOLE
        return False


def _answers(port: int) -> bool:
    address = f"mongodb://127.0.0.1:{port}/?directConnection=true"
    with (
        contextlib.suppress(PyMongoError),
        pymongo.MongoClient(address, serverSelectionTimeoutMS=1000) as client,
    ):
        client.admin.command("ping")
        return True
    return False


class Watch:
    """Asks for a write all the time and notes when it was refused, and for how long."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.refused: list[float] = []
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()

    def _run(self) -> None:
        body = {"resourceType": "Basic", "id": "watch", "code": {"text": "x"}}
        number = 0
        with requests.Session() as session:
            while not self.stop.wait(0.2):
                number += 1
                body["code"] = {"text": str(number)}
                asked = time.monotonic()
                said = session.put(f"{self.url}/fhir/Basic/watch", json=body, timeout=PATIENCE)
                if said.status_code == 503:
                    self.refused += [asked, time.monotonic()]

    def seconds(self) -> float:
        """Give the time from the first refused request to the last refusal."""
        return self.refused[-1] - self.refused[0] if self.refused else 0.0


def fail_over(members: ReplicaSet, url: str, ledger: Ledger, number: int) -> tuple[float, float]:
    """Kill the primary under load, and start it again after service is back.

    Gives the seconds without an answered write, and those of 503.
    """
    until(members.whole, PATIENCE)
    with Watch(url) as watch, writing(url, ledger, f"k{number}", number):
        _answered(ledger, 20)
        killed = members.kill_primary()
        begun = time.monotonic()
        until(lambda: members.primary() not in {None, killed}, PATIENCE)
        _answered(ledger, 1)
        silent = time.monotonic() - begun
        _answered(ledger, 20)
        members.begin(killed)
        _answered(ledger, 20)
    return silent, watch.seconds()


def _answered(ledger: Ledger, more: int) -> None:
    enough = len(ledger.answered) + more
    until(lambda: len(ledger.answered) >= enough, PATIENCE)


def check(uri: str, ledger: Ledger) -> None:
    """Hold what was answered against the database."""
    context = build_context(Settings(mongodb_uri=uri), uri)
    with contextlib.closing(context.store) as store:
        expect("lost", checking.lost(store, ledger.answered))
        expect("halves", checking.halves(store, ledger.transactions))
        expect("torn", checking.torn(store))
        expect("doubled", checking.doubled(store))
        expect("read otherwise than written", checking.misread(context))
    expect("answers that must not be", ledger.odd)


def main(kills: int) -> None:
    """Kill the primary so often, and say how long it took each time."""
    ledger = Ledger()
    with tempfile.TemporaryDirectory() as name, ReplicaSet(Path(name)) as members:
        with running(Path(name), {"FHIR_MONGODB_URI": members.uri}) as server:
            for number in range(kills):
                silent, refused = fail_over(members, server.url, ledger, number)
                click.echo(f"no write for {silent:.1f} s; 503 for {refused:.1f} s")
        check(members.uri, ledger)
    click.echo(f"{kills} kills, {len(ledger.answered)} answered writes, lost 0")
    click.echo(str(dict(ledger.statuses)))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
