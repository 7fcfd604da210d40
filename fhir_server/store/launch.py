"""Become mongod, and die when the process that started us does (Linux).

Run as a script, never imported: ``python launch.py PARENT_PID MONGOD ARGUMENT…``. A script, since
a ``preexec_fn`` in a process with threads may deadlock.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Tie our life to the parent's, allow as many open files as we may, then run the program."""
    parent, program = int(sys.argv[1]), sys.argv[2]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("The server ended before its mongod began.")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    os.execv(program, sys.argv[2:])  # noqa: S606


if __name__ == "__main__":
    main()
