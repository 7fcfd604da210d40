"""Touches what is hidden, and looks at the database whether it is as it was."""

from __future__ import annotations

from tests.access.leaks.asking import stored
from tests.access.leaks.judging import expect_no_trace, expect_no_word


class Touched:
    """The world in a database, written anew after every change of it."""

    def __init__(self, server, operator, database, world):
        self._server, self._operator = server, operator
        self._database, self.world = database, world

    def fill(self):
        """Hold the world and nothing else."""
        for name in self._database.list_collection_names():
            if name[0].isupper():
                self._database[name].delete_many({})
        stored(self._operator, self.world.resources.values(), self.world.authors)
        self._before = self._standing()

    def _standing(self):
        """Give every resource with its version and whose it is."""
        names = self._database.list_collection_names()
        kept = [e for e in names if e[0].isupper() and e != "AuditEvent" and "." not in e]
        others = [{"$unionWith": {"coll": each, "pipeline": _standing(each)}} for each in kept[1:]]
        found = self._database[kept[0]].aggregate([*_standing(kept[0]), *others])
        return {f"{row['k']}/{row['_id']}": (row["v"], _listed(row["ix"])) for row in found}

    def judged(self, seen, who, question):
        """Make one attempt; True if it changed something, as it may."""
        said = self._server.ask(who.asks, question)
        told = f"{who.name} asked {question}, and was told {said.status} {said.text[:2000]}"
        expect_no_word(self.world, seen, question, said, told)
        changed = self._expect_untouched(seen, told)
        expect_no_trace(self._server, self.world, seen, who, question, said)
        changed |= self._expect_untouched(seen, told)
        if changed:
            self._restore()
        return bool(changed)

    def _restore(self):
        """Write anew what is not as it was."""
        after = self._standing()
        strange = [
            key for key in {*after, *self._before} if after.get(key) != self._before.get(key)
        ]
        for key in strange:
            kind, _, identity = key.partition("/")
            self._database[kind].delete_one({"_id": identity})
            self._database[f"{kind}.past"].delete_many({"_id.id": identity})
        lost = [self.world.resources[key] for key in strange if key in self.world.resources]
        stored(self._operator, lost, self.world.authors)

    def _expect_untouched(self, seen, told):
        after, hidden = self._standing(), set(self.world.of("Patient")) - set(seen)
        for key, before in self._before.items():
            assert key in seen or after.get(key) == before, f"{key} was hidden and touched: {told}"
        for key in after.keys() - self._before.keys():
            assert not after[key][1] & hidden, f"{key} got into a hidden record: {told}"
        return after != self._before


def _standing(kind):
    """Give of each resource of a type its version and whose it is."""
    shown = {"v": 1, "k": {"$literal": kind}, "ix": {"patient": "$ix.patient", "_of": "$ix._of"}}
    return [{"$project": shown}]


def _listed(index):
    given = [index.get("patient"), index.get("_of")]
    several = ([each] if isinstance(each, str) else each or () for each in given)
    return frozenset(each for some in several for each in some)
