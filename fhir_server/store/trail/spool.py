"""What is not in a block yet, in files of this machine: ``kill -9`` of everybody leaves it there.

    FHIR_AUDIT_FOLDER / database / life-number.jsonl

A block costs the database the same, whatever is in it, so one is stored each second; what happens
meanwhile is added to a file some twenty times a second. Nothing is synced: what a process has
written outlives it, and only a power cut takes the last second of the reads.

What is told of one block lies in one file, or where storing has failed in several; a block that
is stored takes its files away. They bear the name of their process (``life``), whatever chain it
writes, and are locked as long as it lives. Whoever ends its chain finds there what it had not
stored (``inherited``).
"""

from __future__ import annotations

import errno
import fcntl
import itertools
import os
import secrets
from contextlib import ExitStack, contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson
import structlog

from fhir_server.store.trail.portions import as_json
from fhir_server.store.trail.told import Told

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fhir_server.config import Settings

log = structlog.get_logger(__name__)

_ENDING: Final = ".jsonl"
_OURS_ALONE: Final = 0o600


class Alive(Exception):
    """The process whose files are asked for has not ended."""


class Spool:
    """The files of one process; ``works`` tells whether the last attempt to write one succeeded."""

    def __init__(self, folder: Path, life: str) -> None:
        self.works = True
        self._folder = folder
        self._life = life
        self._file: tuple[Path, FileIO] | None = None
        self._full: list[tuple[Path, FileIO]] = []
        self._numbers = itertools.count()

    def add(self, lines: Sequence[bytes]) -> None:
        """Write lines (``told_line``, ``portion_line``).

        A portion of which a line could not be written is told by no other: ``works`` says so.
        """
        try:
            self._write(b"".join(lines))
        except (OSError, Alive) as error:
            if self.works:
                log.warning("audit spool not written", error=repr(error))
            self.works = False
            self.turn()  # half a line may be there
        else:
            self.works = True

    def turn(self) -> None:
        """Let what comes from now on go into another file."""
        if self._file:
            self._full.append(self._file)
            self._file = None

    def drop(self) -> None:
        """Remove what was written before the last turn: it is stored."""
        full, self._full = self._full, []
        for path, file in full:
            with suppress(OSError):
                path.unlink()
            file.close()

    def close(self) -> None:
        """Leave what there is to whoever comes after."""
        self.turn()
        for _, file in self._full:
            file.close()

    def _write(self, content: bytes) -> None:
        if not self._file:
            path = self._folder / f"{self._life}-{next(self._numbers):08x}{_ENDING}"
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = path, _locked(path, "xb")
        if self._file[1].write(content) != len(content):
            raise OSError(errno.ENOSPC, "written in part")


@contextmanager
def inherited(folder: Path | None, life: str) -> Iterator[list[Told]]:
    """Give what a dead process has left, and remove it if the block ends well.

    Raises Alive if the process is not dead. What could not be removed is given to nobody, or it
    would be told again and again: whether it can shows when it is given another name.
    """
    with ExitStack() as stack:
        files: list[tuple[Path, FileIO]] = []
        for path in sorted(folder.glob(f"{life}-*{_ENDING}")) if folder else ():
            try:
                file = stack.enter_context(_locked(path, "rb"))
                taken = path.with_name(
                    f"{path.name.partition('.')[0]}.{secrets.token_hex(4)}{_ENDING}"
                )
                files.append((path.rename(taken), file))
            except OSError as error:  # of another account, perhaps
                log.warning("audit spool cannot be taken over", error=repr(error))
        yield [told for _, file in files for told in _told(file)]
        for path, _ in files:
            try:
                path.unlink()
            except OSError as error:  # what it says is told by a block: by nothing else again
                log.warning("audit spool cannot be removed", error=repr(error))


def folder_of(settings: Settings) -> Path | None:
    """Give the folder of the spools of a database, None if there is none."""
    if settings.audit_folder:
        return Path(settings.audit_folder).absolute() / settings.mongodb_database
    if settings.mongodb_uri:
        return None
    return settings.data.absolute() / "audit" / settings.mongodb_database


def lives(folder: Path) -> set[str]:
    """Name the processes of which files are left."""
    return {path.name.partition("-")[0] for path in folder.glob(f"*-*{_ENDING}")}


def told_line(told: Told) -> bytes:
    """Write down an event whose patients are not known yet."""
    return b'{"row":%b,"unseen":%b}\n' % (as_json(told.row), orjson.dumps(told.unseen))


def portion_line(number: int, people: Sequence[bytes], rows: Sequence[bytes]) -> bytes:
    """Write down what is new in a portion: people, and rows, which name people by their place."""
    return b'{"portion":%d,"people":[%b],"rows":[%b]}\n' % (
        number, b",".join(people), b",".join(rows),
    )  # fmt: skip


def _locked(path: Path, mode: str) -> FileIO:
    """Open a file and lock it; Alive if another process has it, or has just removed it."""
    try:
        file = FileIO(path, mode, opener=_opened)
    except FileNotFoundError:
        raise Alive from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise Alive from None
    if not os.fstat(file.fileno()).st_nlink:
        file.close()
        raise Alive
    return file


def _opened(path: str, flags: int) -> int:
    return os.open(path, flags, _OURS_ALONE)


def _told(file: FileIO) -> Iterator[Told]:
    """Read events; what was cut off in the middle of a line is the end."""
    portions: dict[int, list[dict[str, Any]]] = {}
    for line in file.readall().split(b"\n")[:-1]:
        try:
            yield from _of_line(orjson.loads(line), portions)
        except (ValueError, LookupError, TypeError):  # after a power cut
            log.warning("audit spool is damaged", file=str(file.name))
            return


def _of_line(said: dict[str, Any], portions: dict[int, list[dict[str, Any]]]) -> Iterator[Told]:
    """Read the events of a line; ``portions`` are the people of the lines before."""
    if "row" in said:
        yield Told(said["row"], [(kind, identity) for kind, identity in said["unseen"]])
        return
    people = portions.setdefault(said["portion"], [])
    people += said["people"]
    for row in said["rows"]:
        row[4] = people[row[4]]
        yield Told(row)
