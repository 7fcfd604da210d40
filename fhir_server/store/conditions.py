"""What must hold for a write: guards touched, counters moved, facts judged."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError

from fhir_server.errors import Conflict
from fhir_server.store import failures
from fhir_server.store.layout import GUARDS, TALLIES
from fhir_server.store.ops import Check, Tally
from fhir_server.store.transactions import Again

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymongo.client_session import ClientSession
    from pymongo.database import Database

    from fhir_server.search.plan import Plan
    from fhir_server.store.ops import Condition, Found


Run = Callable[["Sequence[Plan]", "ClientSession"], "Sequence[Found]"]


class Judge:
    """Runs conditions inside a transaction; ``run`` runs searches in its session."""

    def __init__(self, database: Database[dict[str, Any]], run: Run) -> None:
        self._database = database
        self._run = run

    def touch(self, conditions: Sequence[Condition], session: ClientSession) -> None:
        """Write all guards (one round trip) and move each tally; comes first in a transaction.

        Who touches a guard second meets a write conflict, and begins again when the first is done.
        """
        guards = {key for each in conditions if isinstance(each, Check) for key in each.guards}
        if guards:
            self._touch(sorted(guards), session)
        for tally in sorted((t for t in conditions if isinstance(t, Tally)), key=lambda t: t.key):
            self._move(tally, session)

    def decide(
        self,
        conditions: Sequence[Condition],
        when: Literal["before", "after"],
        session: ClientSession,
    ) -> None:
        """Run the plans of the checks of this moment, let each check decide."""
        checks = [each for each in conditions if isinstance(each, Check) and each.when == when]
        plans = [plan for check in checks for plan in check.plans]
        found = iter(self._run(plans, session) if plans else ())
        for check in checks:
            check.decide([next(found).resources for _ in check.plans])

    def _touch(self, guards: Sequence[str], session: ClientSession) -> None:
        touches = [UpdateOne({"_id": key}, {"$inc": {"n": 1}}, upsert=True) for key in guards]
        try:
            self._database[GUARDS].bulk_write(touches, session=session)
        except BulkWriteError as error:
            if failures.is_duplicate(error):
                raise Again from error
            raise

    def _move(self, tally: Tally, session: ClientSession) -> None:
        first = tally.expected == 0
        try:
            moved = self._database[TALLIES].update_one(
                {"_id": tally.key, "n": tally.expected}, {"$inc": {"n": 1}}, first, session=session
            )
        except DuplicateKeyError:
            raise _moved_on(tally) from None
        if not moved.matched_count and not moved.did_upsert:
            raise _moved_on(tally)


def _moved_on(tally: Tally) -> Conflict:
    return Conflict(f"Another request took number {tally.expected + 1}. Ask for the next number.")
