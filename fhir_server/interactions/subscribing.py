"""A Subscription on the write road: whose it is, and what of it nobody may read.

It belongs to the client that wrote it first, whose name the server writes into ``meta.tag``; only
that client changes it, and only what that client may see is sent. Values of ``channel.header`` are
secrets: the text holds them sealed, so that no read, search or history shows them, and a sealed
value that is sent back in the same Subscription stays what it is.

https://hl7.org/fhir/R4/subscription.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from fhir_server.access.registry import read as client_of
from fhir_server.auth.principals import OPERATOR
from fhir_server.auth.scopes import ALL
from fhir_server.errors import BadRequest, Forbidden, Invalid, Issue, TooCostly
from fhir_server.resources.wire import dump
from fhir_server.search import cursor
from fhir_server.search.plan import Plan

if TYPE_CHECKING:
    from fhir_server.auth.principals import Principal
    from fhir_server.context import Context
    from fhir_server.resources.wire import Document

TYPE: Final = "Subscription"
SEALED: Final = "sealed:"
LIVE: Final = frozenset({"requested", "active"})
_TAG: Final = "/sid/client"


def prepared(context: Context, document: Document, resource_id: str, *, new: bool) -> bytes:
    """Make a Subscription its owner's, its secrets unreadable; give its text.

    ``document`` is changed with it. Forbidden if it is another client's.
    """
    before = None if new else _before(context, resource_id)
    owner = _owner_of_write(context, document, before)
    _mark_owner(context, document, owner)
    _expect_room(context, document, resource_id, owner)
    lines = document["channel"].get("header")
    if lines:
        document["channel"]["header"] = [
            _sealed(context, line, resource_id, owner, place) for place, line in enumerate(lines)
        ]
    return dump(document)


def owner(context: Context, document: Document) -> str:
    """Give the client that a stored Subscription belongs to; empty: the operator."""
    system = _system(context)
    tags = document.get("meta", {}).get("tag", ())
    return next((str(each["code"]) for each in tags if each.get("system") == system), "")


def principal(context: Context, client: str) -> Principal | None:
    """Say with whose rights a client's Subscriptions see; None if it may no more."""
    if not client:
        return OPERATOR
    found = context.store.unguarded.clients.find(client)
    known = client_of(found) if found else None
    return known.principal() if known is not None and known.revoked is None else None


def opened(context: Context, line: str, subscription: str, client: str) -> str:
    """Give a header line as its owner wrote it."""
    name, _, value = line.partition(":")
    value = value.strip()
    if value.startswith(SEALED):
        value = _unsealed(context, value, subscription, client)
    return f"{name.strip()}: {value}"


def _before(context: Context, resource_id: str) -> Document | None:
    stored = context.store.unguarded.read(TYPE, resource_id)
    if stored is None or stored.text is None:
        return None
    document: Document = orjson.loads(stored.raw)
    return document


def _owner_of_write(context: Context, document: Document, before: Document | None) -> str:
    asking = context.principal
    me = "" if asking == OPERATOR else asking.subject
    if before is None:
        return me
    theirs = owner(context, before)
    if theirs == me or asking == OPERATOR:
        return theirs
    whole = asking.reach == "everything" and ALL in asking.scopes
    if whole and document["status"] == "off":
        return theirs
    raise Forbidden(
        f"Subscription/{before['id']} belongs to another client; make one of your own. Who may "
        "everything may set its status to off, or delete it."
    )


def _mark_owner(context: Context, document: Document, client: str) -> None:
    system = _system(context)
    meta: dict[str, Any] = document.setdefault("meta", {})
    tags = [each for each in meta.get("tag", ()) if each.get("system") != system]
    if client:
        tags.append({"system": system, "code": client})
    meta["tag"] = tags
    if not tags:
        del meta["tag"]
    if not meta:
        del document["meta"]


def _expect_room(context: Context, document: Document, resource_id: str, client: str) -> None:
    """Refuse one more than a client may have; the operator may have any number."""
    limit = context.settings.subscription_limit
    if not client or document["status"] not in LIVE:
        return
    mine = {"ix._tag": f"{_system(context)}|{client}", "ix.status": {"$in": sorted(LIVE)}}
    plan = Plan(TYPE, {**mine, "_id": {"$ne": resource_id}}, limit=limit)
    if len(context.store.unguarded.search(plan).resources) >= limit:
        raise TooCostly(
            f"You have {limit} Subscriptions already; delete one, or ask the operator for more "
            "(FHIR_SUBSCRIPTION_LIMIT)."
        )


def _sealed(context: Context, line: str, subscription: str, client: str, place: int) -> str:
    name, colon, value = line.partition(":")
    where = f"{TYPE}.channel.header[{place}]"
    if not colon or not name.strip() or any(each in line for each in "\r\n"):
        raise Invalid([Issue("value", f"{where} is no header; right is Name: value.", where)])
    value = value.strip()
    if value.startswith(SEALED):
        try:
            _unsealed(context, value, subscription, client)
        except BadRequest:
            says = f"{where} was sealed in another Subscription; write the value itself."
            raise Invalid([Issue("value", says, where)]) from None
        return line
    token = cursor.seal_state(value, _purpose(subscription, client), _key(context))
    return f"{name.strip()}: {SEALED}{token}"


def _unsealed(context: Context, value: str, subscription: str, client: str) -> str:
    token = value.removeprefix(SEALED)
    return str(cursor.unseal_state(token, _purpose(subscription, client), _key(context)))


def _purpose(subscription: str, client: str) -> str:
    return f"header of {TYPE}/{subscription} of {client}"


def _key(context: Context) -> bytes:
    return cursor.key(context.store.unguarded.secret("subscriptions"))


def _system(context: Context) -> str:
    return context.settings.canonical.rstrip("/") + _TAG
