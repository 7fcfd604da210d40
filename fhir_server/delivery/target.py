"""What a system that is sent resources has to say of itself. The interface of every bridge.

The engine asks in this order, for the newest version of a resource (or for each, see ``Target``):

* ``wants``: on the road of every write, so it must be quick and ask nobody;
* ``needs``: what must have arrived there first;
* ``render``: what is sent; also for the dry run, so it must send nothing itself;
* ``find``: only where an earlier attempt may have arrived without our knowing;
* ``send``: one request, and what the answer means.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from fhir_server.context import Context

Document = dict[str, Any]
Reference = str
"""``Type/id`` of a resource of ours."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How a target wants to be spoken to.

    ``rate``: requests a second of all workers together, 0 is no limit; ``connections``: requests at
    once in one worker; ``attempts``: failures until a delivery is dead; ``first`` and ``longest``:
    seconds of the pause after the first failure and of the longest one; ``failures``: failures in a
    row after which the whole target is left alone for a while.
    """

    rate: float = 0.0
    connections: int = 4
    attempts: int = 20
    first: float = 2.0
    longest: float = 3600.0
    failures: int = 8


@dataclass(frozen=True, slots=True)
class Resource:
    """One version to be delivered; ``document`` and ``raw`` are None when it was deleted.

    ``raw`` is its text as it is served: numbers as they were written, which ``document`` has lost.
    """

    resource_type: str
    id: str
    version: int
    moment: datetime
    document: Document | None
    raw: bytes | None = None

    @property
    def reference(self) -> Reference:
        """Give ``Type/id``."""
        return f"{self.resource_type}/{self.id}"


@dataclass(frozen=True, slots=True)
class Parcel:
    """One request. A resource may become several, with different keys (``systolic``).

    ``body`` is JSON as objects, or bytes as they are sent.
    ``remote`` is the id that an earlier version of this parcel got there, or None: the engine sets
    it before ``find`` and ``send``. ``note`` is the target's own (how to find it again, say).
    """

    method: str
    path: str
    body: Document | Sequence[Any] | bytes | None = None
    key: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    note: Mapping[str, Any] = field(default_factory=dict)
    remote: str | None = None


@dataclass(frozen=True, slots=True)
class Rendered:
    """What is sent for one version, in this order.

    ``wishes`` are resources that the parcels would name if they were there already: they are sent
    without, and once more when those have arrived. (An Encounter first, its Conditions, then the
    Encounter with its diagnoses.) ``again``: render once more as soon as all parcels have arrived;
    then ``Wait`` is an answer, too.
    """

    parcels: tuple[Parcel, ...]
    wishes: tuple[Reference, ...] = ()
    again: bool = False


@dataclass(frozen=True, slots=True)
class Accepted:
    """The target has it, under this id; ``adopted``: it had it before this attempt.

    ``same``: what it has says what the parcel says; False sends it once more, as an update of this
    id.
    """

    remote: str
    adopted: bool = False
    same: bool = True


@dataclass(frozen=True, slots=True)
class Sent:
    """The target took it and will say later what became of it (``Dispatches.settle``)."""

    remote: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The target will not have it like this: it rests until the resource changes or a person acts.

    ``rule`` is the target's own number or name of what was broken; ``remedy`` what a person does.
    """

    reason: str
    rule: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Wait:
    """It cannot be sent before these have arrived there."""

    on: tuple[Reference, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Later:
    """It did not work this time; ``seconds`` is for how long the target wants no more of us.

    ``unknown``: it may have arrived all the same (a time-out, a broken connection, a 5xx), so
    ``find`` is asked before it is sent again. ``counts``: one of the attempts after which a
    delivery is dead. ``alone``: this delivery comes later, the others need not wait.
    """

    reason: str
    seconds: float | None = None
    unknown: bool = False
    counts: bool = True
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Unauthorized:
    """The target does not know us, or not any more: nothing is sent to it for a while."""

    reason: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Nothing:
    """Nothing is to be sent for this version, and this is why."""

    reason: str


Answer = Accepted | Sent | Refused | Wait | Later | Unauthorized


class View(Protocol):
    """What a target may look at while it renders and sends."""

    @property
    def context(self) -> Context:
        """Settings, clock and the store, without limits."""

    def read(self, reference: Reference) -> Document | None:
        """Give the current version of a resource of ours, or None."""

    def find(self, resource_type: str, pairs: Sequence[tuple[str, str]]) -> list[Document]:
        """Give everything that a FHIR search finds in our store."""

    def matches(self, reference: Reference, query: str) -> bool:
        """Tell whether a resource of ours meets search criteria (``status=active&…``)."""

    def remote(self, reference: Reference, key: str = "") -> str | None:
        """Give the id that a resource of ours has at this target, or None if it is not there.

        In a dry run it is a placeholder that says so.
        """


class Target(Protocol):
    """A system that is sent resources.

    ``name`` is what notices, states and the command line call it. ``every_version``: each version
    is sent, in order; otherwise only the newest.
    """

    @property
    def name(self) -> str:
        """Name it as the operator knows it; never change it once something was sent."""

    @property
    def pace(self) -> Pace:
        """Say how fast and how patiently it is sent to."""

    @property
    def every_version(self) -> bool:
        """Say whether each version is sent; False is the newest only."""

    def wants(self, document: Document) -> bool:
        """Tell whether this resource is to go there; asked in every write."""

    def needs(self, resource: Resource, view: View) -> Sequence[Reference] | Nothing | Refused:
        """List what must have arrived there before; not asked for a deletion.

        What the target does not want is no need; what it wants and nobody has told it of yet (it
        was written before the target was configured) is delivered too.
        """

    def render(self, resource: Resource, view: View) -> Rendered | Nothing | Refused | Wait:
        """Make what is sent; only when all needs are met, or for a dry run."""

    def find(self, parcel: Parcel, view: View) -> Answer | None:
        """Look whether an earlier attempt has arrived: Accepted as adopted, or None if not."""

    def send(self, parcel: Parcel, view: View) -> Answer:
        """Send one parcel and say what the answer means. Never raises for what the target does."""
