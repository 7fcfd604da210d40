"""The log of the embedded database, kept without patient data.

mongod writes whole commands and keys into some of its lines. So only those about starting, stopping
and the network keep their attributes, and what the storage engine says of its files; every other
line only says what happened.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, BinaryIO

import orjson

if TYPE_CHECKING:
    import subprocess
    from collections import deque
    from pathlib import Path

LOG_LIMIT = 8 * 1024 * 1024
HARMLESS = frozenset({"CONTROL", "NETWORK"})
KEPT = ("t", "s", "c", "id", "msg")


def open_log(path: Path) -> BinaryIO:
    """Open the log for appending; one that has grown large becomes ``.1``."""
    if path.exists() and path.stat().st_size > LOG_LIMIT:
        path.replace(path.with_suffix(".log.1"))
    return path.open("ab", buffering=0)


def copy(process: subprocess.Popen[bytes], log: IO[bytes], output: deque[str]) -> None:
    """Write what the process says until it ends; ``output`` keeps what is not mongod's log."""
    if process.stdout is None:
        return
    with process.stdout as lines:
        for line in lines:
            log.write(cleaned(line))
            if not line.startswith(b"{"):
                output.append(line.decode(errors="replace").strip())


def cleaned(line: bytes) -> bytes:
    """Drop from one line of the log what may hold values of a query."""
    try:
        entry = orjson.loads(line)
    except orjson.JSONDecodeError:
        return line
    kept = {key: entry[key] for key in KEPT if key in entry}
    if entry.get("c") in HARMLESS or entry.get("msg", "").startswith("WiredTiger "):
        kept["attr"] = entry.get("attr")
    return orjson.dumps(kept) + b"\n"
