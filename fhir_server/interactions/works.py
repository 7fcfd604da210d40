"""What an entry of a transaction writes: what it asks for, and what is known of it so far.

https://hl7.org/fhir/R4/http.html#trules
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct, structs

from fhir_server.errors import BadRequest, NotFound
from fhir_server.interactions.conditional import Criteria, allowed, criteria, unmoved, without
from fhir_server.interactions.delete import most_deleted
from fhir_server.interactions.patch import result
from fhir_server.interactions.preconditions import if_match
from fhir_server.interactions.update import target_of
from fhir_server.interactions.write import expect, put
from fhir_server.search.plan import Plan
from fhir_server.store.ops import Delete

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.interactions.entries import Step
    from fhir_server.resources.wire import Document
    from fhir_server.store.ops import Check, Method, Op, Put, Stored

KINDS = frozenset({"create", "update", "patch", "delete"})
_CONDITIONAL = "-conditional"
_METHODS: dict[str, Method] = {"create": "POST", "update": "PUT", "patch": "PATCH"}


class Work(Struct):
    """One entry that writes. ``document`` and ``raw`` are what will be stored, and its text.

    ``given`` is the id that the client chose, if any; ``found`` what the criteria match, or the
    version to patch. ``as_kept`` is what criteria are held against, made when the first are.
    """

    step: Step
    kind: str
    resource_type: str
    given: str | None
    resource_id: str
    document: Document | None = None
    raw: bytes = b""
    if_match: int | None = None
    wanted: Criteria | None = None
    found: tuple[Stored, ...] = ()
    as_kept: dict[str, Any] | None = None

    @property
    def existing(self) -> Stored | None:
        """Give what If-None-Exist found: then nothing is created."""
        return self.found[0] if self.kind == "create" and self.found else None

    @property
    def identities(self) -> list[str]:
        """Say where the resource is, or will be; a conditional delete may be about several."""
        if self.kind == "delete" and self.wanted:
            return [f"{self.resource_type}/{each.id}" for each in self.found]
        resource_id = self.existing.id if self.existing else self.resource_id
        return [f"{self.resource_type}/{resource_id}"]

    @property
    def asks(self) -> bool:
        """Tell whether it depends on what is stored."""
        return self.wanted is not None or self.kind == "patch"

    def plan(self, gone: frozenset[str]) -> Plan:
        """Give the search for what it depends on."""
        if self.wanted is not None:
            return without(self.wanted, gone)
        return Plan(self.resource_type, {"_id": self.given}, limit=1)

    def settle(self, context: Context, found: list[Stored]) -> None:
        """Take what was found; whatever was settled in an earlier try is forgotten."""
        self.as_kept = None
        self.found = tuple(allowed(self.wanted, found) if self.wanted else found)
        match = self.found[0] if self.found else None
        if self.kind == "update":
            self.resource_id = target_of(context, self.resource_type, match, self.given)
        elif self.kind == "patch":
            self._patch(context, match)

    def _patch(self, context: Context, stored: Stored | None) -> None:
        if stored is None:
            what = "criteria match nothing" if self.wanted else f"there is no {self.identities[0]}"
            raise NotFound(f"A patch changes what is there; {what}.")
        self.resource_id = stored.id
        body = self.step.request.body
        self.raw, self.document = result(context, stored, body, self.if_match)

    def check(self, gone: frozenset[str]) -> Check | None:
        """Make the condition that what was settled still holds when it is written."""
        if self.wanted is None or self.existing is not None:
            return None
        return unmoved(self.wanted, self.found, frozenset() if self.kind == "delete" else gone)

    def deletions(self) -> list[Op]:
        """Make the deletions of an entry that deletes."""
        ids = [each.id for each in self.found] if self.wanted else [self.resource_id]
        return [Delete(self.resource_type, each, self.if_match) for each in ids]

    def put(self, context: Context, raw: bytes, document: Document) -> Put:
        """Make the write of any other; ``raw`` is the text with its references resolved."""
        op = put(
            context,
            document,
            raw,
            self.resource_id,
            method=_METHODS[self.kind],
            if_match=self.found[0].version if self.kind == "patch" else self.if_match,
            where=f"Bundle.entry[{self.step.place}].resource",
            blind=self.if_match is None,
            tidy=True,
        )
        if self.kind == "update" and self.wanted:
            return structs.replace(op, existing=bool(self.found))
        return op


def work_of(context: Context, step: Step, resource: Document | None) -> Work:
    """Read an entry that writes; ``resource`` is its resource, parsed."""
    kind = step.kind
    resource_type, *ids = step.variables
    given = ids[0] if ids else None
    work = Work(step, kind, resource_type, given, given or context.new_id())
    work.if_match = if_match(step.request.headers)
    if kind in ("create", "update"):
        if resource is None:
            raise BadRequest("The entry has no resource to store.")
        expect(resource, resource_type, given)
        work.document, work.raw = resource, step.request.body
    work.wanted = _criteria(context, step, kind, resource_type)
    if work.wanted and kind == "update" and resource is not None:
        work.given = resource.get("id")
    return work


def _criteria(context: Context, step: Step, kind: str, resource_type: str) -> Criteria | None:
    if step.interaction.endswith(_CONDITIONAL):
        most = most_deleted(context.settings) if kind == "delete" else 1
        return criteria(context, resource_type, step.request.query, "The URL", most)
    search = step.request.headers.get("if-none-exist")
    if kind == "create" and search is not None:
        return criteria(context, resource_type, search, "ifNoneExist")
    return None
