"""How a request waits: one that has a thread sleeps, one that runs in turn lets the next go on.

Switching between threads costs more than a read does, so short requests run one after the other
in one thread of their process, each as a greenlet. Code below is the same for both: it says where
it blocks (``aside``) or waits for another request (``Bell``), and nothing else.

https://greenlet.readthedocs.io
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, copy_context
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast

import structlog
from greenlet import getcurrent, greenlet

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")

log = structlog.get_logger(__name__)

MOST: Final = 1000
"""Threads in which what blocks is done; they are made when they are needed."""


class _InTurn(greenlet):
    """Runs requests of the thread that runs them in turn, one after another.

    It is used again: the frames of a greenlet lie in memory of their own, which the system would
    have to give and take back for each request, stopping all threads of the process.
    """

    work: Callable[[], object]

    def __init__(self, turns: Turns) -> None:
        super().__init__(self._work, turns.home)
        self.turns = turns

    def _work(self) -> None:
        while True:
            try:
                Context().run(self.work)
            except BaseException:  # a bug of ours; the others go on
                log.exception("a request failed in its turn")
            del self.work
            self.turns.free.append(self)
            self.turns.home.switch()


class Turns:
    """Runs requests one after the other; who waits is passed over until it may go on."""

    home: greenlet

    def __init__(self) -> None:
        self._ready: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self.free: list[_InTurn] = []
        self.threads = ThreadPoolExecutor(MOST, "aside")
        self._thread = threading.Thread(target=self._run, name="in turn", daemon=True)
        self._thread.start()

    def run(self, work: Callable[[], object]) -> None:
        """Run work when its turn has come; it raises nothing. Returns at once."""
        self._ready.put(partial(self._begin, work))

    def resume(self, request: greenlet) -> None:
        """Let a request that waits go on when its turn has come."""
        self._ready.put(request.switch)

    def _begin(self, work: Callable[[], object]) -> None:
        request = self.free.pop() if self.free else _InTurn(self)
        request.work = work
        request.switch()

    def _run(self) -> None:
        self.home = getcurrent()
        while True:
            self._ready.get()()


class _Done(Generic[Result]):
    """What became of work that was done aside."""

    __slots__ = ("error", "result")

    def __init__(self) -> None:
        self.result: Result | None = None
        self.error: BaseException | None = None

    def do(self, work: Callable[[], Result], context: Context) -> None:
        """Do it as the request that wants it."""
        try:
            self.result = context.run(work)
        except BaseException as error:  # noqa: BLE001 - it is raised where the request goes on
            self.error = error

    def given(self) -> Result:
        """Give the result, or raise what was raised."""
        if self.error is None:
            return cast("Result", self.result)
        try:
            raise self.error
        finally:
            self.error = None  # its traceback leads here


def aside(work: Callable[[], Result]) -> Result:
    """Do what blocks: a request with a thread does it itself, one in turn has it done by another.

    Context variables are the request's own; what is set there meanwhile is lost.
    """
    request = getcurrent()
    if type(request) is not _InTurn:
        return work()
    done: _Done[Result] = _Done()
    context = copy_context()

    def run() -> None:
        done.do(work, context)
        request.turns.resume(request)

    request.turns.threads.submit(run)
    request.turns.home.switch()
    return done.given()


def breathe() -> None:
    """Let those go first whose turn has come; nothing for a request with a thread."""
    request = getcurrent()
    if type(request) is _InTurn:
        request.turns.resume(request)
        request.turns.home.switch()


class Bell:
    """One request waits here until another rings, once."""

    __slots__ = ("_lock", "_request")

    def __init__(self) -> None:
        request: Any = getcurrent()
        self._request: _InTurn | None = request if type(request) is _InTurn else None
        self._lock = threading.Lock()
        if self._request is None:
            self._lock.acquire()

    def wait(self) -> None:
        """Wait until it has rung; only who made the bell may."""
        if self._request is None:
            self._lock.acquire()
        else:
            self._request.turns.home.switch()

    def ring(self) -> None:
        """Let whoever waits go on; from any thread."""
        if self._request is None:
            self._lock.release()
        else:
            self._request.turns.resume(self._request)
