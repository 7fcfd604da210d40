"""How the state of a delivery moves, as updates for the database. Pure.

    pending    to be sent when it is due
    waiting    cannot be sent before ``waits`` have arrived
    sent       handed over; what became of it comes later
    accepted   arrived, under the id ``remote``
    adopted    was there before we sent it; ``remote`` is its id
    refused    rests until the resource changes or a person acts (``rule``, ``reason``, ``remedy``)
    dead       failed too often
    skipped    the target needs nothing for this version

Whoever works on a delivery is its ``holder``, and it is due no more (``HELD``). A holder that dies
leaves it ``unknown``: it may have been sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.store.outbox import Row

Document = dict[str, Any]
Stages = list[Document]
State = Literal["pending", "waiting", "sent", "accepted", "adopted", "refused", "dead", "skipped"]
STATES: tuple[State, ...] = get_args(State)
THERE = frozenset({"sent", "accepted", "adopted"})
SETTLED = THERE | {"skipped"}
STUCK: tuple[State, ...] = ("refused", "dead")
KEPT = 20
"""Entries of the history that a delivery keeps, the newest ones."""
REMOVED = "$$REMOVE"
HELD = datetime(9999, 1, 1, tzinfo=UTC)
"""When a delivery is due that somebody works on: claims do not end at a time of day."""


@dataclass(frozen=True, slots=True)
class Part:
    """One request of a delivery that has arrived: its id there, and a digest of what was sent."""

    key: str
    remote: str
    digest: str


@dataclass(frozen=True, slots=True)
class Dispatch:
    """How far one resource is at one target.

    ``seen`` is its newest version that the target wants, ``sent`` the one that was dealt with;
    ``gone``: it was deleted. ``since`` gives its place in the queue. ``marks`` are a target's own.
    """

    target: str
    resource_type: str
    id: str
    state: State
    seen: int
    sent: int = 0
    gone: bool = False
    since: datetime | None = None
    due: datetime | None = None
    attempts: int = 0
    unknown: bool = False
    holder: str = ""
    remote: str | None = None
    parts: tuple[Part, ...] = ()
    waits: tuple[str, ...] = ()
    reason: str = ""
    rule: str = ""
    remedy: str = ""
    changed: datetime | None = None
    history: tuple[Document, ...] = ()
    marks: tuple[tuple[str, str], ...] = ()

    @property
    def reference(self) -> str:
        """Give ``Type/id``."""
        return f"{self.resource_type}/{self.id}"

    @property
    def key(self) -> str:
        """Give the key under which the database keeps it."""
        return key(self.target, self.reference)


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of an attempt on one version; the holder writes it.

    ``due``: when it is tried again, if at all. ``arrived``: others that wait for this need not
    wait any more.
    """

    dispatch: Dispatch
    version: int
    state: State
    parts: tuple[Part, ...] = ()
    waits: tuple[str, ...] = ()
    reason: str = ""
    rule: str = ""
    remedy: str = ""
    due: datetime | None = None
    attempts: int = 0
    unknown: bool = False
    outcome: str = ""
    arrived: bool = False


def key(target: str, reference: str) -> str:
    """Name the state of a resource at a target."""
    return f"{target}/{reference}"


def written(part: Part) -> Document:
    """Write a part for the database."""
    return {"key": part.key, "remote": part.remote, "digest": part.digest}


def dispatch(found: Document) -> Dispatch:
    """Read a state from the database."""
    parts = tuple(Part(each["key"], each["remote"], each["digest"]) for each in found["parts"])
    return Dispatch(
        target=found["target"],
        resource_type=found["type"],
        id=found["id"],
        state=found["state"],
        seen=found["seen"],
        sent=found["sent"],
        gone=found["gone"],
        since=found["since"],
        due=_due(found.get("due")),
        attempts=found["attempts"],
        unknown=found.get("unknown", False),
        holder=found.get("holder", ""),
        remote=found.get("remote"),
        parts=parts,
        waits=tuple(found.get("waits", ())),
        reason=found.get("reason", ""),
        rule=found.get("rule", ""),
        remedy=found.get("remedy", ""),
        changed=found["changed"],
        history=tuple(found.get("history", ())),
        marks=tuple((name, value) for name, value in found.get("marks", ())),
    )


def begun(row: Row, moment: datetime) -> Document:
    """Write the state of a resource that nobody was told of before."""
    reference = f"{row.resource_type}/{row.id}"
    return {
        "_id": key(row.target, reference),
        "target": row.target,
        "type": row.resource_type,
        "id": row.id,
        "ref": reference,
        "seen": row.version,
        "gone": row.method == "DELETE",
        "sent": 0,
        "parts": [],
        "state": "pending",
        "since": row.moment,
        "due": min(row.moment, moment),
        "attempts": 0,
        "changed": moment,
    }


def told(row: Row, moment: datetime) -> Stages:
    """Take a version in: to be sent, unless it is old news. The same row twice changes nothing.

    What is being worked on stays with its holder, who sees the new version at the end.
    """
    newer = {"$gt": [row.version, {"$ifNull": ["$seen", 0]}]}
    to_do = {"$lt": [{"$ifNull": ["$sent", 0]}, row.version]}
    pending = {"$and": [newer, to_do, {"$not": [_held()]}]}
    return [
        {
            "$set": {
                "target": {"$literal": row.target},
                "type": row.resource_type,
                "id": {"$literal": row.id},
                "ref": {"$literal": f"{row.resource_type}/{row.id}"},
                "seen": _if(newer, row.version, "$seen"),
                "gone": _if(newer, row.method == "DELETE", "$gone"),
                "sent": {"$ifNull": ["$sent", 0]},
                "parts": {"$ifNull": ["$parts", []]},
                "state": _if(pending, "pending", "$state"),
                "since": _if(pending, row.moment, "$since"),
                "due": _if(pending, min(row.moment, moment), {"$ifNull": ["$due", REMOVED]}),
                "attempts": _if(pending, 0, {"$ifNull": ["$attempts", 0]}),
                "waits": _if(pending, REMOVED, {"$ifNull": ["$waits", REMOVED]}),
                "changed": _if(pending, moment, {"$ifNull": ["$changed", moment]}),
            }
        }
    ]


def claimed(holder: str) -> Document:
    """Take hold; a holder before that let it lie may have sent it."""
    return {
        "$set": {
            "unknown": {"$or": [{"$ifNull": ["$unknown", False]}, _held()]},
            "holder": holder,
            "due": HELD,
            "waits": REMOVED,
        }
    }


def left_behind(moment: datetime) -> Stages:
    """Let go of what a holder did not end: it may have been sent."""
    return [{"$set": {"unknown": True, "holder": REMOVED, "due": _at_once(moment)}}]


def released(moment: datetime, *, unknown: bool) -> Stages:
    """Give back what was claimed and not begun."""
    return [{"$set": {"unknown": unknown, "holder": REMOVED, "due": _at_once(moment)}}]


def settled(done: Settlement, moment: datetime) -> Stages:
    """Write what became of an attempt; a version that came meanwhile is due at once."""
    parts = [written(each) for each in done.parts]
    entry = {"t": moment, "v": done.version, "outcome": done.outcome or done.state}
    if done.reason:
        entry["reason"] = done.reason
    past = {"$concatArrays": [{"$ifNull": ["$history", []]}, [{"$literal": entry}]]}
    over = done.state in SETTLED
    own = sorted(done.parts, key=lambda each: bool(each.key))
    remote = own[0].remote if own else None
    new: Document = {
        "state": done.state,
        "sent": {"$max": ["$sent", done.version]} if over else "$sent",
        "parts": {"$literal": parts},
        "remote": {"$literal": remote} if remote is not None else REMOVED,
        "waits": {"$literal": list(done.waits)} if done.waits else REMOVED,
        "reason": {"$literal": done.reason},
        "rule": {"$literal": done.rule},
        "remedy": {"$literal": done.remedy},
        "due": done.due if done.due is not None else REMOVED,
        "attempts": done.attempts,
        "unknown": done.unknown,
        "changed": moment,
        "history": {"$slice": [past, -KEPT]},
        "holder": REMOVED,
    }
    stages: Stages = [{"$set": new}]
    if done.state != "pending":
        later = {"$gt": ["$seen", done.version]}
        stages.append(
            {
                "$set": {
                    "state": _if(later, "pending", "$state"),
                    "due": _if(later, moment, {"$ifNull": ["$due", REMOVED]}),
                    "attempts": _if(later, 0, "$attempts"),
                    "waits": _if(later, REMOVED, {"$ifNull": ["$waits", REMOVED]}),
                }
            }
        )
    return stages


def woken(references: Sequence[str], moment: datetime) -> Stages:
    """Wait no more for these; who waits for nothing else is due, at its old place."""
    rest = {"$setDifference": ["$waits", {"$literal": list(references)}]}
    free = {"$eq": [{"$size": "$waits"}, 0]}
    return [
        {"$set": {"waits": rest}},
        {
            "$set": {
                "state": _if(free, "pending", "$state"),
                "due": _if(free, _at_once(moment), {"$ifNull": ["$due", REMOVED]}),
                "waits": _if(free, REMOVED, "$waits"),
            }
        },
    ]


def retried(moment: datetime, *, resend: bool) -> Stages:
    """Try again at once; ``resend``: also what has arrived and has not changed."""
    forgotten = {"$map": {"input": "$parts", "in": {"$mergeObjects": ["$$this", {"digest": ""}]}}}
    new: Document = {"state": "pending", "due": _at_once(moment), "attempts": 0}
    new |= {"changed": moment, "waits": REMOVED}
    return [{"$set": new | ({"parts": forgotten, "sent": 0} if resend else {})}]


def _at_once(moment: datetime) -> Document:
    """Due now, at its old place in the queue, unless a clock that was ahead wrote that."""
    return {"$min": ["$since", moment]}


def _due(stored: datetime | None) -> datetime | None:
    return None if stored is None or stored >= HELD else stored


def _held() -> Document:
    return {"$gt": ["$holder", None]}


def _if(condition: Any, then: Any, otherwise: Any) -> Document:
    return {"$cond": [condition, then, otherwise]}
