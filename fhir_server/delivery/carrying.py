"""One delivery, from what is stored to what became of it.

The claim is the note that an attempt is under way: who finds a claim that ran out does not know
whether the target was reached, so it asks the target before it sends again.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

import orjson

from fhir_server.delivery.pausing import UNAUTHORIZED_SECONDS, pause
from fhir_server.delivery.target import (
    Accepted,
    Later,
    Nothing,
    Refused,
    Rendered,
    Resource,
    Sent,
    Unauthorized,
    Wait,
)
from fhir_server.errors import FhirError, Unavailable
from fhir_server.injection import point
from fhir_server.interactions.faults import report
from fhir_server.store.progress import Dispatch, Part, Settlement

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from fhir_server.delivery.pausing import Gate
    from fhir_server.delivery.target import Answer, Parcel, Reference, Target
    from fhir_server.delivery.view import Seen
    from fhir_server.store.ops import Stored

Result = TypeVar("Result")
End = Accepted | Sent | Refused | Wait | Later | Unauthorized | Nothing | Rendered

ROUNDS = 6
"""Most times that one attempt renders a resource anew."""
RECHECK_SECONDS = 300.0
UNWANTED = Nothing("The target does not want this version.")
NEVER_SENT = Nothing("It was deleted before it was sent.")


class Ending(Exception):
    """The worker ends, or has lost its claim, before the parcel was sent."""


class Unexpected(Exception):
    """The target's own code failed: a fault of ours, under a number in the log."""


@dataclass
class Attempt:
    """What one attempt has come to so far.

    ``unknown``: an earlier one may have reached the target; ``checked``: of these parcels that was
    found out; ``begun``: something was sent.
    """

    dispatch: Dispatch
    version: int
    parts: dict[str, Part]
    unknown: bool
    begun: bool = False
    adopted: bool = False
    made: bool = False
    handed_over: bool = False
    checked: set[str] = field(default_factory=set)

    def ended(self, state: str, reason: str = "") -> Settlement:
        """Say what became of it; others need not wait for what arrived."""
        there = tuple(self.parts.values())
        return Settlement(
            self.dispatch,
            self.version,
            state,  # type: ignore[arg-type]
            there,
            reason=reason,
            unknown=self.unknown and not self.checked,
            arrived=bool(there) or state == "skipped",
        )


@dataclass
class Carrier:
    """Carries deliveries to one target, in one thread, as long as it ``holds`` the claim."""

    target: Target
    view: Seen
    gate: Gate
    ending: threading.Event
    holds: Callable[[], bool] = lambda: True

    def carry(self, dispatch: Dispatch, stored: Stored | None) -> Settlement | None:
        """Do one delivery as far as it can be done now; None if the worker ends before."""
        resource = _resource(dispatch, stored)
        parts = {each.key: each for each in dispatch.parts}
        attempt = Attempt(dispatch, resource.version, parts, dispatch.unknown)
        try:
            end = self._end(attempt, resource)
        except Ending:
            if not (attempt.made or attempt.adopted):
                return None
            end = Later("The worker ended.", counts=False)
        except Unexpected as unexpected:
            end = Later(str(unexpected), unknown=attempt.begun or attempt.unknown)
        return self._settlement(attempt, resource, end)

    def _end(self, attempt: Attempt, resource: Resource) -> End:
        if resource.document is None:
            if not attempt.parts and not attempt.unknown:
                return NEVER_SENT
        else:
            if not _asked(self.target.wants, resource.document):
                return UNWANTED
            needs = _asked(self.target.needs, resource, self.view)
            if isinstance(needs, Nothing | Refused):
                return needs
            if missing := self._missing(needs):
                return Wait(missing)
        for _ in range(ROUNDS):
            rendered = _asked(self.target.render, resource, self.view)
            if not isinstance(rendered, Rendered):
                return rendered
            point("delivery-rendered")
            stopped = self._sent(attempt, rendered.parcels)
            if stopped is not None:
                return stopped
            stale = any(not part.digest for part in attempt.parts.values())
            if not stale and not (rendered.again and attempt.begun):
                return rendered
            attempt.begun = False
        return Refused(f"It was not done after it was rendered {ROUNDS} times.")

    def _sent(self, attempt: Attempt, parcels: Sequence[Parcel]) -> Answer | None:
        """Send what is not there yet; give the answer that stops it, if one does."""
        for parcel in parcels:
            there, mark = attempt.parts.get(parcel.key), digest(parcel)
            if there is not None and there.digest == mark:
                continue
            answer = self._answer(attempt, replace(parcel, remote=there.remote if there else None))
            if not isinstance(answer, Accepted | Sent):
                return answer
            self._note(attempt, parcel.key, mark, answer)
        return None

    def _answer(self, attempt: Attempt, parcel: Parcel) -> Answer:
        if attempt.unknown and parcel.key not in attempt.checked:
            found = _asked(self.target.find, parcel, self.view)
            if isinstance(found, Later):
                return replace(found, unknown=True)
            if found is not None:
                attempt.checked.add(parcel.key)
                return found
        attempt.checked.add(parcel.key)
        if not self.gate.take(self.ending) or not self.holds():
            raise Ending
        attempt.begun = True
        answer = _asked(self.target.send, parcel, self.view)
        point("delivery-sent")
        return answer

    def _note(self, attempt: Attempt, key: str, mark: str, answer: Accepted | Sent) -> None:
        """Note that a parcel is there; without a digest where it is to be sent as an update."""
        adopted = isinstance(answer, Accepted) and answer.adopted
        same = isinstance(answer, Sent) or answer.same
        attempt.parts[key] = Part(key, answer.remote, mark if same else "")
        attempt.adopted |= adopted
        attempt.made |= not adopted
        attempt.handed_over |= isinstance(answer, Sent)
        attempt.begun = True  # found there counts as sent: what is rendered again has to be
        self.gate.went_well()
        self.view.learn(replace(attempt.dispatch, parts=tuple(attempt.parts.values())))

    def _settlement(self, attempt: Attempt, resource: Resource, end: End) -> Settlement:
        match end:
            case Rendered():
                return self._arrived(attempt, resource, end)
            case Nothing(reason):
                kept = attempt.parts and resource.document is not None and end is not UNWANTED
                return attempt.ended("accepted" if kept else "skipped", reason)
            case Refused(reason, rule, remedy):
                return replace(attempt.ended("refused", reason), rule=rule, remedy=remedy)
            case Wait(on, reason):
                due = self._in(RECHECK_SECONDS)
                return replace(attempt.ended("waiting", reason), waits=tuple(on), due=due)
            case Later():
                return self._later(attempt, end)
            case Unauthorized(reason, remedy):
                self.gate.unauthorized(reason, remedy)
                due = self._in(UNAUTHORIZED_SECONDS)
                held = attempt.ended("pending", reason)
                return replace(held, remedy=remedy, due=due, attempts=attempt.dispatch.attempts)
        raise TypeError(f"{type(end).__name__} is no answer to a parcel.")

    def _arrived(self, attempt: Attempt, resource: Resource, rendered: Rendered) -> Settlement:
        if resource.document is None:
            return replace(attempt.ended("accepted"), parts=())
        adopted = attempt.adopted and not attempt.made
        state = "sent" if attempt.handed_over else "adopted" if adopted else "accepted"
        missing = self._missing(rendered.wishes)
        return replace(attempt.ended(state), waits=missing)

    def _later(self, attempt: Attempt, later: Later) -> Settlement:
        held_against = later.counts and not self.gate.trying
        attempts = attempt.dispatch.attempts + held_against
        if (later.counts or later.seconds) and not later.alone:
            self.gate.failed(later.reason, later.seconds)
        dead = attempts >= self.target.pace.attempts
        settled = attempt.ended("dead" if dead else "pending", later.reason)
        due = None if dead else self._in(pause(self.target.pace, max(1, attempts), later.seconds))
        unknown = later.unknown or settled.unknown
        return replace(settled, due=due, attempts=attempts, unknown=unknown, outcome="failed")

    def _missing(self, references: Sequence[Reference]) -> tuple[Reference, ...]:
        """Give what has not arrived; what the target was never told of is told now."""
        missing = self._not_there(references)
        if missing:
            self.view.forget(missing)  # others may have been at it meanwhile
            missing = self._not_there(missing)
        states = self.view.states(missing)
        return tuple(each for each in missing if each in states or self._told(each))

    def _not_there(self, references: Sequence[Reference]) -> list[Reference]:
        states = self.view.states(references)
        return [
            each
            for each in dict.fromkeys(references)
            if each not in states or not (states[each].parts or states[each].state == "skipped")
        ]

    def _told(self, reference: Reference) -> bool:
        """Deliver a resource of which no write has told; False if the target does not want it."""
        stored = self.view.context.store.read(*reference.split("/", 1))
        if stored is None or stored.text is None:
            return False
        if not _asked(self.target.wants, orjson.loads(stored.raw)):
            return False
        version = (stored.resource_type, stored.id, stored.version, stored.moment)
        self.view.context.store.dispatches.enqueue(self.target.name, [version])
        return True

    def _in(self, seconds: float) -> datetime:
        return self.view.context.clock() + timedelta(seconds=seconds)


def digest(parcel: Parcel) -> str:
    """Sum up what a parcel says, to know it again."""
    body = parcel.body if isinstance(parcel.body, bytes) else orjson.dumps(parcel.body)
    told = f"{parcel.method} {parcel.path}\n{sorted(parcel.headers.items())}\n".encode()
    return hashlib.sha256(told + body).hexdigest()[:32]


def _resource(dispatch: Dispatch, stored: Stored | None) -> Resource:
    if stored is None:  # taken out for good
        moment = dispatch.since or dispatch.changed
        assert moment is not None  # noqa: S101 -- every state has been changed once
        return Resource(dispatch.resource_type, dispatch.id, dispatch.seen, moment, None)
    raw = None if stored.text is None else stored.raw
    document = None if raw is None else orjson.loads(raw)
    return Resource(stored.resource_type, stored.id, stored.version, stored.moment, document, raw)


def _asked(ask: Callable[..., Result], *arguments: object) -> Result:
    """Ask the target; a bug in it ends this attempt, not the worker."""
    try:
        return ask(*arguments)
    except Unavailable:
        raise
    except Exception as error:
        issue = report(error, str(uuid.uuid4()))
        says = error.issues[0].diagnostics if isinstance(error, FhirError) else issue.diagnostics
        raise Unexpected(says) from error
