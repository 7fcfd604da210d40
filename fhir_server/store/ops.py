"""A write as data, and what comes back. ``Store.transact`` takes a list of these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from fhir_server.errors import FhirError
    from fhir_server.resources.wire import Document, Text
    from fhir_server.search.index import Index
    from fhir_server.search.plan import Plan

Method = Literal["POST", "PUT", "PATCH", "DELETE"]


class Concern(Struct, frozen=True):
    """A write that a rule of an SOP wants to judge: the rule's id, the resource as it will be.

    ``where`` is the FHIRPath of the resource in the request (``Bundle.entry[3].resource``), or "";
    ``blind``: whoever asks for the write did not say which version was read; ``by``: the
    organization that asks (``Organization/rs-a``), or "".
    """

    rule: str
    document: Document
    where: str = ""
    blind: bool = False
    by: str = ""


class Claim(Struct, frozen=True):
    """A key that one current resource of a type may have, and what to say when another has it."""

    key: str
    taken: Callable[[], FhirError]


class Notice(Struct, frozen=True):
    """Who is told of a write: a target of the outbox, and there perhaps one of several."""

    target: str
    audience: str = ""


class Aside(Struct, frozen=True):
    """What of a Binary stays in the version when its content lies elsewhere, and where that is."""

    text: Text
    file: dict[str, Any]


class Put(Struct, frozen=True):
    """Write one version of a resource.

    ``text`` is the JSON to be served, complete but for version and time, which the store
    stamps in. ``existing``: True to update only, False to create only, None for either.
    ``if_match`` is the version that must be current. ``concerns`` become the write's ``Check``s.
    ``anyway`` makes a version though it says what is there already: who read the one before must
    read again. ``claims``: what no other current resource of the type may have. ``aside``: set by
    the store where the content is large. ``notices``: who is told of it, by the outbox.
    ``authors``: for whom it is written; who wrote an earlier version remains its author.
    ``trace``: who writes, for the audit trail; set by the store.
    """

    resource_type: str
    id: str
    text: Text
    index: Index
    method: Method = "POST"
    existing: bool | None = None
    if_match: int | None = None
    concerns: tuple[Concern, ...] = ()
    anyway: bool = False
    aside: Aside | None = None
    claims: tuple[Claim, ...] = ()
    notices: tuple[Notice, ...] = ()
    authors: tuple[str, ...] = ()
    trace: str | None = None

    def refusal(self, key: str) -> FhirError:
        """Say that another resource has a key this one claims."""
        return next(each for each in self.claims if each.key == key).taken()


class Delete(Struct, frozen=True):
    """Delete a resource; its history stays. Deleting what is not there is no failure.

    Whoever was told of the resource is told of its deletion.
    """

    resource_type: str
    id: str
    if_match: int | None = None
    trace: str | None = None


class Check(Struct, frozen=True):
    """What must hold in the same transaction for a write to happen.

    The store touches every document of ``guards`` (so that writes which a rule relates meet
    there), runs ``plans`` inside the transaction and hands their matches to ``decide``, which
    raises a FhirError to refuse the write. ``decide`` may run more than once. ``when``: the plans
    see the state before this write, or after it, its own resources included. ``asked``: whoever
    sends the request made the plans up, so they see no more than that one may see.
    """

    guards: tuple[str, ...]
    plans: tuple[Plan, ...]
    decide: Callable[[Sequence[Sequence[Stored]]], None]
    when: Literal["before", "after"] = "before"
    asked: bool = False


class Tally(Struct, frozen=True):
    """Move the counter ``key`` from ``expected`` to the next number, or raise Conflict."""

    key: str
    expected: int


Op = Put | Delete
Condition = Check | Tally


class Stored(Struct, frozen=True):
    """One version as the store keeps it. ``text`` is None for a deletion.

    ``mode`` says why it is in a search result. ``file``: the content of this Binary lies there,
    and ``text`` is without it; ``Store.whole`` puts them together.
    """

    resource_type: str
    id: str
    version: int
    moment: datetime
    text: Text | None
    method: Method
    mode: Literal["match", "include"] = "match"
    file: dict[str, Any] | None = None

    @property
    def raw(self) -> bytes:
        """The bytes to serve."""
        if self.text is None:
            raise ValueError("A deletion has no content.")
        return self.text.stamped(self.version, self.moment)


class Written(Struct, frozen=True):
    """What one op did: ``created`` is False when an older version was there."""

    stored: Stored
    created: bool


class Found(Struct, frozen=True):
    """One page of a search: matches first, then what was included.

    ``more``: another page follows; ``last``: the sort values of the last match, for the cursor.
    """

    resources: tuple[Stored, ...]
    more: bool = False
    last: tuple[object, ...] | None = None
    total: int | None = None
