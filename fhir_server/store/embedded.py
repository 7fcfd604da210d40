"""The embedded database: a mongod of our own, on a private socket, that lives as long as we do.

The process that calls ``Embedded.start`` owns it; worker processes connect to ``uri``. The data
folder holds ``mongod/`` (the database), ``mongod.log`` and ``lock``, and what is not in the audit
trail yet (``audit/``). The lock is held by the server and by its mongod, so a folder is free only
when both are gone.

If mongod dies while serving it is started again, up to five starts within a minute; requests wait
for it as long as the driver looks for a server, then answer 503. At last ``on_failure`` is called.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote_plus

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from fhir_server.store import mongod, mongod_log

if TYPE_CHECKING:
    from collections.abc import Callable

    from fhir_server.config import Settings

REPLICA_SET = "fhir"
SOCKET_PATH_LIMIT = 107
START_SECONDS = 60.0
STOP_SECONDS = 30.0
RESTARTS_A_MINUTE = 5

NotStarted = mongod.NotStarted


class Embedded:
    """One running mongod: a replica set of one member, reached only through ``uri``."""

    def __init__(self, settings: Settings, on_failure: Callable[[], None] | None = None) -> None:
        self._program = mongod.find(settings.mongod)
        self.data = settings.data.absolute()
        self._settings = settings
        self._on_failure = on_failure
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._output: deque[str] = deque(maxlen=5)
        self._starts: deque[float] = deque(maxlen=RESTARTS_A_MINUTE)
        self._thread = threading.Thread(target=self._supervise, name="mongod", daemon=True)

    @classmethod
    def start(cls, settings: Settings, on_failure: Callable[[], None] | None = None) -> Self:
        """Start mongod and wait until it takes writes; NotStarted says why it cannot."""
        embedded = cls(settings, on_failure)
        embedded._claim()
        embedded._thread.start()
        try:
            embedded._await_primary()
        except BaseException:
            embedded.stop()
            raise
        return embedded

    @property
    def uri(self) -> str:
        """The address for ``FHIR_MONGODB_URI`` of worker processes."""
        return address(self._socket)

    @property
    def pid(self) -> int | None:
        """The process id of the running mongod."""
        return self._process.pid if self._process else None

    def stop(self) -> None:
        """End mongod cleanly and free the data folder."""
        self._stopping.set()
        self._end(signal.SIGTERM)
        self._thread.join(STOP_SECONDS)
        if self._thread.is_alive():
            self._end(signal.SIGKILL)
            self._thread.join()
        with contextlib.suppress(OSError):
            Path(self._socket).unlink(missing_ok=True)
            Path(self._socket).parent.rmdir()
        os.close(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _claim(self) -> None:
        (self.data / "mongod").mkdir(parents=True, exist_ok=True)
        self._lock = lock(self.data / "lock")
        try:
            self._socket = socket_path(self.data)
        except BaseException:
            os.close(self._lock)
            raise

    def _end(self, number: signal.Signals) -> None:
        if self._process and self._process.poll() is None:
            self._process.send_signal(number)

    def _supervise(self) -> None:
        with mongod_log.open_log(self.data / "mongod.log") as log:
            while self._may_start():
                self._process = self._spawn()
                if self._stopping.is_set():
                    self._end(signal.SIGTERM)
                mongod_log.copy(self._process, log, self._output)
                self._process.wait()
        if not self._stopping.is_set() and self._on_failure:
            self._on_failure()

    def _may_start(self) -> bool:
        now = time.monotonic()
        often = len(self._starts) == RESTARTS_A_MINUTE and now - self._starts[0] < 60
        self._starts.append(now)
        return not self._stopping.is_set() and not often

    def _spawn(self) -> subprocess.Popen[bytes]:
        with contextlib.suppress(FileNotFoundError):
            Path(self._socket).unlink()
        launcher = str(Path(__file__).with_name("launch.py"))
        options = mongod.options(self.data / "mongod", self._socket, self._settings)
        return subprocess.Popen(  # noqa: S603
            [sys.executable, "-I", "-S", launcher, str(os.getpid()), self._program, *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(self._lock,),
            start_new_session=True,
        )

    def _await_primary(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not _listens(self._socket):
            self._check_alive(deadline)
            time.sleep(0.01)
        client: MongoClient[dict[str, Any]]
        with MongoClient(self.uri, serverSelectionTimeoutMS=5000) as client:
            while not self._is_primary(client):
                self._check_alive(deadline)
                time.sleep(0.01)

    def _is_primary(self, client: MongoClient[dict[str, Any]]) -> bool:
        try:
            hello = client.admin.command("hello")
            if not hello["isWritablePrimary"]:
                self._join_set(client, hello)
        except PyMongoError:
            return False
        return bool(hello["isWritablePrimary"])

    def _join_set(self, client: MongoClient[dict[str, Any]], hello: dict[str, Any]) -> None:
        member = {"_id": 0, "host": self._socket}
        try:
            config = client.admin.command("replSetGetConfig")["config"]
        except OperationFailure:
            if hello.get("isreplicaset"):
                client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": [member]})
            return
        if config["members"][0]["host"] != self._socket:
            config["members"] = [{**config["members"][0], **member}]
            config["version"] += 1
            client.admin.command("replSetReconfig", config, force=True)

    def _check_alive(self, deadline: float) -> None:
        if not self._thread.is_alive() or (self._process and self._process.poll() is not None):
            raise NotStarted(mongod.explain(self._program, self._output, self.data))
        if time.monotonic() > deadline:
            raise NotStarted(
                f"mongod took longer than {START_SECONDS:.0f} s to start; "
                f"see {self.data / 'mongod.log'}."
            )


def lock(path: Path) -> int:
    """Take the lock of a data folder; NotStarted when another server has it.

    The lock of a server that was killed is waited for: its mongod is still closing the files.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + STOP_SECONDS
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.pread(handle, 20, 0).decode().strip()
            if _runs(owner) or time.monotonic() > deadline:
                os.close(handle)
                raise NotStarted(
                    f"The data folder {path.parent} is in use by another server (process {owner}). "
                    "Stop that one, or choose another folder with DATA=."
                ) from None
            time.sleep(0.05)
        else:
            os.ftruncate(handle, 0)
            os.pwrite(handle, str(os.getpid()).encode(), 0)
            return handle


def address(path: str) -> str:
    """Give the address of a mongod that listens on a socket."""
    return f"mongodb://{quote_plus(path)}/?directConnection=true"


def running(data: Path) -> str | None:
    """Give the address of the database that a server of ours runs on a data folder, if any."""
    path = Path(socket_path(data.absolute()))
    if not path.exists():
        return None
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return None
    return address(str(path))


def socket_path(data: Path) -> str:
    """Give the socket of a data folder: always the same, short, in a folder that is ours alone."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    name = hashlib.sha256(str(data.resolve()).encode()).hexdigest()[:12]
    for parent in (runtime, "/tmp"):  # noqa: S108 -- only a folder that nobody else may enter
        folder = Path(parent) / f"fhir-{os.getuid()}-{name}"
        if Path(parent).is_dir() and parent and len(str(folder / "m.sock")) <= SOCKET_PATH_LIMIT:
            return str(_private(folder) / "m.sock")
    raise NotStarted("There is no /tmp and no XDG_RUNTIME_DIR for the socket of the database.")


def _private(folder: Path) -> Path:
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise NotStarted(f"The folder {folder} cannot be made: {error.strerror}.") from error
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise NotStarted(f"{folder} is not a folder of ours alone (0700); remove it.")
    return folder


def _runs(owner: str) -> bool:
    try:
        os.kill(int(owner), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


def _listens(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(path)
        except OSError:
            return False
    return True
