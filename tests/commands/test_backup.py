"""A backup is whole, for the holder of its key alone, and is written back into what is empty."""

import io
import os
import subprocess
import threading

import click
import pytest
import requests
from pymongo import MongoClient

from fhir_server.commands import opening, sealing
from fhir_server.config import Settings
from fhir_server.store import backup
from tests.support.server import command, running

HEADERS = {"Content-Type": "application/fhir+json"}
OTHER = "written_back"


def ours(data, *arguments, expect=0):
    done = subprocess.run(
        command(*arguments),
        env=os.environ | {"DATA": str(data)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == expect, done.stdout + done.stderr
    return done.stdout + done.stderr


def observation(number):
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "count"},
        "valueInteger": number,
    }


def test_made_while_writes_go_on_and_restored_into_an_empty_folder(tmp_path):
    key, file, old = tmp_path / "backup.key", tmp_path / "monday.backup", tmp_path / "old"
    old.mkdir()
    public = sealing.new_identity(key)
    with running(old) as server:
        for active in (True, False):
            body = {"resourceType": "Patient", "id": "siti", "active": active}
            requests.put(f"{server.fhir}/Patient/siti", json=body, headers=HEADERS, timeout=60)
        ending, answered = threading.Event(), []

        def write():
            while not ending.is_set():
                body = observation(len(answered))
                got = requests.post(f"{server.fhir}/Observation", json=body, timeout=60)
                answered.append(got.json()["id"])

        writer = threading.Thread(target=write)
        writer.start()
        while len(answered) < 20:
            ending.wait(0.01)
        before = list(answered)
        ours(old / "data", "backup", "make", str(file), "--recipient", public)
        ending.set()
        writer.join()
    new = tmp_path / "new"
    new.mkdir()

    ours(new / "data", "restore", str(file), "--identity", str(key))

    assert b"siti" not in file.read_bytes()
    with running(new) as server:
        for each in before:
            assert requests.get(f"{server.fhir}/Observation/{each}", timeout=60).ok
        past = requests.get(f"{server.fhir}/Patient/siti/_history/1", timeout=60)
        found = requests.get(f"{server.fhir}/Patient?active=false", timeout=60).json()
    assert past.json()["active"] is True
    assert [each["resource"]["id"] for each in found["entry"]] == ["siti"]


@pytest.fixture
def clean(mongodb_uri):
    with MongoClient(mongodb_uri) as client:
        client.drop_database(OTHER)
        yield client
        client.drop_database(OTHER)


@pytest.fixture
def copied(clean, mongodb_uri):
    """A backup of a database with an index, an empty collection and some documents."""
    database = clean["backed_up"]
    database["Patient"].insert_many(
        {"_id": str(n), "c": [str(n)], "raw": b"x"} for n in range(3000)
    )
    database["Patient"].create_index([("c", 1)], unique=True, sparse=True)
    database.create_collection("Patient.past")
    stream = io.BytesIO()
    backup.dump(mongodb_uri, "backed_up", stream, "1")
    clean.drop_database("backed_up")
    return stream.getvalue()


def test_everything_comes_back_as_it_was(clean, copied, mongodb_uri):
    summary = backup.restore(mongodb_uri, OTHER, io.BytesIO(copied))

    patients = clean[OTHER]["Patient"]
    assert (summary.documents, patients.count_documents({})) == (3000, 3000)
    assert patients.index_information()["c_1"]["unique"] is True
    assert sorted(clean[OTHER].list_collection_names()) == ["Patient", "Patient.past"]


@pytest.mark.parametrize("where", [5, 0.3, 0.7, -1])
def test_one_that_was_cut_off_leaves_nothing(clean, copied, mongodb_uri, where):
    at = where if isinstance(where, int) else int(len(copied) * where)

    with pytest.raises(backup.Damaged):
        backup.restore(mongodb_uri, OTHER, io.BytesIO(copied[:at]))
    with pytest.raises(backup.Damaged):
        backup.verify(io.BytesIO(copied[:at]))

    assert clean[OTHER].list_collection_names() == []


def test_one_that_was_changed_leaves_nothing(clean, copied, mongodb_uri):
    changed = copied.replace(b"1234", b"1235", 1)

    with pytest.raises(backup.Damaged):
        backup.verify(io.BytesIO(changed))
    with pytest.raises(Exception):  # noqa: B017, PT011 - damaged, or a key twice
        backup.restore(mongodb_uri, OTHER, io.BytesIO(changed))

    assert clean[OTHER].list_collection_names() == []


def test_nothing_is_written_over(clean, copied, mongodb_uri):
    clean[OTHER]["Patient"].insert_one({"_id": "there"})

    with pytest.raises(backup.Occupied, match="not empty"):
        backup.restore(mongodb_uri, OTHER, io.BytesIO(copied))

    assert clean[OTHER]["Patient"].count_documents({}) == 1


def test_what_was_not_restored_to_the_end_is_not_opened(clean, mongodb_uri):
    clean[OTHER].create_collection(backup.UNFINISHED)
    settings = Settings(mongodb_uri=mongodb_uri, mongodb_database=OTHER)

    opened = opening.opened(settings, mongodb_uri)

    with pytest.raises(click.ClickException, match="restore the backup again"), opened:
        pass


def test_only_the_holder_of_the_key_reads_it(tmp_path):
    file, mine, other = (tmp_path / name for name in ("x.backup", "mine.key", "other.key"))
    public = sealing.recipient(sealing.new_identity(mine))
    sealing.new_identity(other)
    with sealing.sealed(file, [public]) as target:
        target.write(b"all of it" * 100_000)

    with sealing.opened(file, sealing.identity(mine)) as source:
        assert source.read() == b"all of it" * 100_000
    with pytest.raises(click.ClickException, match="--identity"), sealing.opened(file, None):
        pass
    opened = sealing.opened(file, sealing.identity(other))
    with pytest.raises(click.ClickException, match="cannot be opened"), opened as source:
        backup.verify(source)
    assert mine.stat().st_mode & 0o077 == 0


def test_a_file_that_fails_half_way_is_not_there(tmp_path):
    def fail():
        with sealing.sealed(tmp_path / "x", []) as target:
            target.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    assert list(tmp_path.iterdir()) == []


def test_it_says_for_whom_it_is(tmp_path):
    assert "--plain" in ours(tmp_path, "backup", "make", str(tmp_path / "x"), expect=2)
    with pytest.raises(click.BadParameter, match="age1"):
        sealing.recipient("siti")
