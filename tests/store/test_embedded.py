"""The embedded mongod: it starts, stops, comes back, and says in one line why it cannot."""

import contextlib
import os
import resource
import signal
import stat
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pymongo
import pytest

from fhir_server.config import Settings
from fhir_server.store import embedded, mongo, mongod
from fhir_server.store.embedded import Embedded, NotStarted
from fhir_server.store.mongo import connect
from tests.store.writes import create
from tests.support.processes import PATIENCE_SECONDS, ended, open_files

pytestmark = pytest.mark.slow


@pytest.fixture
def settings(tmp_path):
    return Settings(data=tmp_path / "data", threads=2)


@pytest.fixture
def running(settings):
    with Embedded.start(settings) as database:
        yield database


def program(tmp_path, script):
    path = tmp_path / "mongod"
    path.write_text("#!/bin/sh\n" + textwrap.dedent(script))
    path.chmod(0o755)
    return str(path)


def test_what_was_written_is_there_after_a_restart(settings):
    with Embedded.start(settings) as database:
        store = connect(database.uri, settings)
        store.transact([create("1")])
        store.close()

    with Embedded.start(settings) as database:
        store = connect(database.uri, settings)
        found = store.read("Patient", "1")
        store.close()

    assert found.version == 1


def test_nothing_is_left_outside_the_data_folder(settings):
    with Embedded.start(settings):
        runtime = Path(embedded.socket_path(settings.data)).parent

    assert not runtime.exists()


def test_a_data_folder_may_move(settings, tmp_path):
    with Embedded.start(settings) as database:
        before = database.uri
    moved = settings.data.rename(tmp_path / "moved")

    with Embedded.start(Settings(data=moved)) as database:
        assert database.uri != before


def test_nobody_else_can_reach_it(running):
    path = embedded.socket_path(running.data)
    tcp = Path(f"/proc/{running.pid}/net/tcp").read_text().splitlines()[1:]

    listening = {f"socket:[{line.split()[9]}]" for line in tcp if line.split()[3] == "0A"}

    assert stat.S_IMODE(Path(path).parent.stat().st_mode) == 0o700
    assert len(path) <= embedded.SOCKET_PATH_LIMIT
    assert listening & open_files(running.pid) == set()


def test_a_second_server_on_the_folder_is_told_who_has_it(settings, running):
    with pytest.raises(NotStarted, match=rf"in use by another server \(process {os.getpid()}\)"):
        Embedded.start(settings)

    assert running.pid


def test_a_killed_mongod_comes_back_and_writes_wait_for_it(settings, running, monkeypatch):
    monkeypatch.setattr(mongo, "SELECTION_MS", PATIENCE_SECONDS * 1000)
    with contextlib.closing(connect(running.uri, settings)) as store:
        store.transact([create("1")])
        killed = running.pid

        os.kill(killed, signal.SIGKILL)
        store.transact([create("2")])

        assert store.statistics() == {"Patient": 2}
    assert running.pid != killed


def test_a_mongod_that_keeps_dying_is_given_up(settings, monkeypatch):
    monkeypatch.setattr(embedded, "RESTARTS_A_MINUTE", 1)
    given_up = threading.Event()

    with Embedded.start(settings, given_up.set) as database:
        os.kill(database.pid, signal.SIGKILL)

        assert given_up.wait(PATIENCE_SECONDS)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_mongod_ends_with_a_server_that_dies_and_the_next_one_starts(settings, number):
    script = f"""
        import pathlib, time
        from fhir_server.config import Settings
        from fhir_server.store.embedded import Embedded
        database = Embedded.start(Settings(data=pathlib.Path({str(settings.data)!r})))
        print(database.pid, flush=True)
        time.sleep(600)
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        pid = int(server.stdout.readline())
        server.send_signal(number)

    with Embedded.start(settings) as database:
        assert ended(pid)
        assert database.pid != pid


def test_the_log_holds_no_value_of_a_query(settings):
    nik = "3171234567890001"
    with Embedded.start(settings) as running, pymongo.MongoClient(running.uri) as client:
        people = client.test.people
        people.insert_many([{"nik": nik} for _ in range(3)])
        with pytest.raises(pymongo.errors.OperationFailure):
            people.create_index("nik", unique=True)
        with pytest.raises(pymongo.errors.ExecutionTimeout):
            people.find_one({"nik": nik, "$where": "sleep(2000) || true"}, max_time_ms=50)
        with pytest.raises(pymongo.errors.OperationFailure):
            list(people.aggregate([{"$project": {"x": {"$divide": ["$nik", 0]}}}]))

    log = (settings.data / "mongod.log").read_text()

    assert "error" in log
    assert "exitCode" in log
    assert nik not in log


def test_a_named_program_must_exist(tmp_path):
    with pytest.raises(NotStarted, match=r"FHIR_MONGOD names .*none, which is not a program"):
        mongod.find(str(tmp_path / "none"))


def test_an_old_mongod_is_refused(tmp_path):
    old = program(tmp_path, "echo 'db version v4.4.29'")

    with pytest.raises(NotStarted, match=r"says 4\.4; MongoDB 6\.0 or newer is needed"):
        mongod.find(old)


@pytest.mark.parametrize("script", ["echo 'db version v4.4.29'", "exit 127"])
def test_a_mongod_on_path_that_will_not_do_is_passed_over(tmp_path, monkeypatch, script):
    program(tmp_path, script)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    assert "fiftyone" in mongod.find("")


def test_a_newer_mongod_on_path_is_taken(tmp_path, monkeypatch):
    newer = program(tmp_path, "echo 'db version v8.0.4'")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    assert mongod.find("") == newer


def test_something_else_than_mongod_is_refused(tmp_path):
    with pytest.raises(NotStarted, match="says no version; MongoDB"):
        mongod.find(program(tmp_path, "echo hello"))


def test_no_mongod_at_all_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(mongod, "_of_the_wheel", lambda: None)

    with pytest.raises(NotStarted, match="Install MongoDB, name its mongod in FHIR_MONGOD"):
        mongod.find("")


def test_a_missing_shared_library_is_named_with_its_package(tmp_path):
    message = "error while loading shared libraries: libcurl.so.4: cannot open shared object file"
    broken = program(tmp_path, f"echo 'mongod: {message}' >&2; exit 127")

    with pytest.raises(NotStarted, match=r"libcurl\.so\.4; install it .*apt-get install libcurl4"):
        mongod.find(broken)


def test_a_mongod_that_ends_at_once_says_where_to_look(settings, tmp_path):
    broken = program(tmp_path, '[ "$1" = --version ] && echo db version v7.0.1 || exit 14')
    settings = Settings(data=settings.data, mongod=broken)

    with pytest.raises(NotStarted, match=r"ended at once; see .*mongod\.log"):
        Embedded.start(settings)


def test_a_folder_that_others_may_enter_is_refused(settings, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    path = Path(embedded.socket_path(settings.data))
    path.parent.chmod(0o755)

    with pytest.raises(NotStarted, match="not a folder of ours alone"):
        embedded.socket_path(settings.data)


def test_mongod_may_open_as_many_files_as_the_machine_allows(settings):
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(1024, most), most))
    try:
        with Embedded.start(settings) as db:
            rows = Path(f"/proc/{db.pid}/limits").read_text("utf-8").splitlines()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)

    (row,) = [row for row in rows if row.startswith("Max open files")]
    assert row.split()[3:5] == [str(most)] * 2
