"""Files that only the holder of a key can read: age, compressed before.

The key that opens a backup need not lie on the machine that makes it.

https://age-encryption.org/v1
"""

from __future__ import annotations

import gzip
import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import click
import pyrage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Recipient = Any
    Identity = Any

MAGIC = b"age-encryption.org/v1"
FASTEST = 1


def recipient(text: str) -> Recipient:
    """Read a public key (``age1…``)."""
    try:
        return pyrage.x25519.Recipient.from_str(text.strip())
    except pyrage.RecipientError:
        raise click.BadParameter(f"{text} is no age key; one begins with age1.") from None


def identity(path: Path) -> Identity:
    """Read a secret key from its file; lines that begin with # are comments."""
    for line in path.read_text("ascii", "replace").splitlines():
        if line.strip() and not line.startswith("#"):
            try:
                return pyrage.x25519.Identity.from_str(line.strip())
            except pyrage.IdentityError:
                break
    raise click.ClickException(f"{path} holds no age key (AGE-SECRET-KEY-1…).")


def new_identity(path: Path) -> str:
    """Make a secret key in a file that only its owner reads; give the public key."""
    made = pyrage.x25519.Identity.generate()
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise click.ClickException(f"{path} is there already; it stays as it is.") from None
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(f"# public key: {made.to_public()}\n{made}\n")
        file.flush()
        os.fsync(file.fileno())
    return str(made.to_public())


@contextmanager
def sealed(path: Path, keys: list[Recipient]) -> Iterator[BinaryIO]:
    """Write a file for the holders of keys, or for everybody if there are none.

    It has its name only once it is whole and on the disk.
    """
    aside = path.with_name(path.name + ".part")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            with _encrypting(file, keys) as target:
                yield target
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


@contextmanager
def opened(path: Path, key: Identity | None) -> Iterator[BinaryIO]:
    """Read a file that was sealed; it says itself whether it needs a key."""
    with path.open("rb") as file:
        if file.peek(len(MAGIC))[: len(MAGIC)] != MAGIC:
            with _unpacked(file) as source:
                yield source
            return
        if key is None:
            raise click.ClickException(f"{path} is encrypted: name its key with --identity.")
        pipe = _piped(lambda end: pyrage.decrypt_io(file, end, [key]))
        with pipe as reader, _unpacked(reader) as source:
            yield source


@contextmanager
def _unpacked(file: BinaryIO) -> Iterator[BinaryIO]:
    with gzip.open(file) as source:
        try:
            yield cast("BinaryIO", source)
        except (EOFError, gzip.BadGzipFile, OSError) as error:
            raise click.ClickException(f"The file is damaged or cut off: {error}.") from None


@contextmanager
def _encrypting(file: BinaryIO, keys: list[Recipient]) -> Iterator[BinaryIO]:
    if not keys:
        with gzip.open(file, "wb", compresslevel=FASTEST) as target:
            yield cast("BinaryIO", target)
        return
    reading, writing = os.pipe()
    failures: list[BaseException] = []

    def encrypt() -> None:
        with os.fdopen(reading, "rb") as source:
            try:
                pyrage.encrypt_io(source, file, keys)
            except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
                failures.append(error)

    worker = threading.Thread(target=encrypt, name="age")
    worker.start()
    try:
        with (
            os.fdopen(writing, "wb") as pipe,
            gzip.open(pipe, "wb", compresslevel=FASTEST) as target,
        ):
            yield cast("BinaryIO", target)
    finally:
        worker.join()
    if failures:
        raise failures[0]


@contextmanager
def _piped(decrypt: Callable[[BinaryIO], None]) -> Iterator[BinaryIO]:
    reading, writing = os.pipe()
    failures: list[BaseException] = []

    def run() -> None:
        with os.fdopen(writing, "wb") as target:
            try:
                decrypt(target)
            except BrokenPipeError:
                return
            except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
                failures.append(error)

    worker = threading.Thread(target=run, name="age")
    worker.start()
    try:
        with os.fdopen(reading, "rb") as source:
            yield source
    except Exception:
        worker.join()
        if failures:
            raise click.ClickException(f"The file cannot be opened: {failures[0]}.") from None
        raise
    finally:
        worker.join()
