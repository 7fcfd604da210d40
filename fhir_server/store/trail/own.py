"""The chain that this process writes: begun, added to, ended; and another where others ended it."""

from __future__ import annotations

import contextlib
import secrets
import time
from typing import TYPE_CHECKING, Any, Final

from pymongo.errors import DuplicateKeyError, PyMongoError

from fhir_server.store.trail import chain
from fhir_server.store.trail.heads import now
from fhir_server.store.trail.rounds import BEAT_SECONDS
from fhir_server.store.trail.stretches import Stretch

if TYPE_CHECKING:
    from collections.abc import Callable

    from fhir_server.store.trail.blocks import Blocks
    from fhir_server.store.trail.chain import Block
    from fhir_server.store.trail.portions import Portion

ANCHOR_SECONDS: Final = 60.0


class OwnChain:
    """Not for several threads at once, but for ``name``: empty where there is no chain.

    ``life`` names the process, ``since`` gives from when (ms) on there may be writes that are not
    told. Whatever talks to the database raises PyMongoError if it does not answer.
    """

    def __init__(self, blocks: Blocks, key: bytes, life: str, since: Callable[[], int]) -> None:
        self.name = ""
        self._blocks = blocks
        self._key = key
        self._life = life
        self._since = since
        self._next = life
        self._number, self._head = -1, ""
        self._stretch = Stretch()
        self._seen = 0.0
        self._anchored = 0.0

    def begin(self) -> None:
        """Begin a chain if there is none: it has its name once its first block is there."""
        if self.name:
            return
        self._blocks.prepare()
        name = self._next
        self._number, self._head, self._stretch = -1, "", Stretch()
        self._blocks.heads.begun(name, self._life, self._since())
        try:
            self.add(self._made(name, chain.BEGUN))
        except DuplicateKeyError:  # it was stored before, and a connection broke
            self.stored(self._blocks.first(name))
        self.name, self._next = name, secrets.token_hex(5)
        self._beaten()

    def go_on(self) -> None:
        """Begin another chain: somebody took this process for dead and ended the one it had."""
        self.name = ""
        self.begin()

    def made(
        self, kind: str, portion: Portion | None = None, extra: dict[str, Any] | None = None
    ) -> Block:
        """Make the next block."""
        return self._made(self.name, kind, portion, extra)

    def add(self, block: Block) -> None:
        """Bind a block to the chain and store it; DuplicateKeyError if there is one of its key."""
        chain.sealed(block, self._head, self._key)
        self._blocks.add(block)
        self.stored(block)
        with contextlib.suppress(PyMongoError):  # all that is lost: they are bound once more
            self._blocks.heads.held(block["a"])

    def holds(self, block: Block) -> bool:
        """Tell whether a block is there, as it was made."""
        there = self._blocks.one(block["_id"])
        return there is not None and there["h"] == block["h"]

    def stored(self, block: Block) -> None:
        """Go on after a block that is there."""
        self._number, self._head = block["n"], block["h"]
        if block["d"] == chain.EVENTS:
            self._stretch.took(block)
        else:
            self._stretch = Stretch()

    def beat(self) -> None:
        """Say now and then that this process lives; has another chain if it was not believed."""
        if self.name and time.monotonic() - self._seen >= BEAT_SECONDS and not self._beaten():
            self.go_on()

    def end(self, *, told: Callable[[], bool]) -> None:
        """Let the chain go; it ends where all that was written under it is told."""
        name, self.name = self.name, ""  # from now on nobody writes under it
        if name and told():
            self.add(self._made(name, chain.ENDED))
            self._blocks.heads.closed(name, self._number, self._head)

    def _beaten(self) -> bool:
        self._seen = time.monotonic()
        return self._blocks.heads.beat(self.name, self._number, self._head, self._since())

    def _made(
        self,
        name: str,
        kind: str,
        portion: Portion | None = None,
        extra: dict[str, Any] | None = None,
    ) -> Block:
        return chain.made(
            name,
            self._number + 1,
            kind,
            now(),
            portion=portion,
            stretch=self._stretch if portion else None,
            anchors=self._anchors(name, kind),
            extra=extra,
        )

    def _anchors(self, name: str, kind: str) -> dict[str, list[Any]]:
        """Give the heads of other chains, at the beginning and now and then."""
        moment = time.monotonic()
        if kind == chain.EVENTS and moment - self._anchored < ANCHOR_SECONDS:
            return {}
        self._anchored = moment
        return self._blocks.heads.others(name)
