"""Watching processes that a test started."""

import contextlib
import time
from pathlib import Path

PATIENCE_SECONDS = 120
"""How long a test waits for what must come; long, for the machine may be busy."""


def until(condition, seconds=PATIENCE_SECONDS):
    """Wait until a condition holds; fail when it never does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def open_files(pid):
    """Name the open files of a process."""
    found = set()
    for handle in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found.add(str(handle.readlink()))
    return found


def ended(pid):
    """Tell whether a process has ended, or only waits for its parent to notice."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in {"Z", "X"}
    except (FileNotFoundError, ProcessLookupError):
        return True


def children(pid):
    """List the descendants of a process."""
    parents = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            fields = status.read_text("utf-8").rpartition(")")[2].split()
            parents[int(status.parent.name)] = int(fields[1])
    found, new = set(), {pid}
    while new:
        new = {child for child, parent in parents.items() if parent in new} - found
        found |= new
    return found


def named(pid, name):
    """List the descendants of a process that have a name and run."""
    return {each for each in children(pid) if not ended(each) and name_of(each) == name}


def name_of(pid):
    """Name a process, "" when it is gone."""
    try:
        return Path(f"/proc/{pid}/comm").read_text("utf-8").strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""
