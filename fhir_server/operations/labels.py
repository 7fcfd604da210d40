"""Profiles, tags and security labels as the sets they are, in the ``meta`` of a resource.

A tag or security label is its system and code, a profile its whole URL.

https://hl7.org/fhir/R4/resource.html#Meta
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from fhir_server.errors import BadRequest, Gone, NotFound, PreconditionFailed
from fhir_server.interactions.answers import headers_of
from fhir_server.interactions.preconditions import if_match
from fhir_server.interactions.write import commit, prepare
from fhir_server.operations.call import answered
from fhir_server.resources.wire import dump, pieces

if TYPE_CHECKING:
    from collections.abc import Callable

    from fhir_server.context import Context
    from fhir_server.interactions.request import Answer
    from fhir_server.operations.call import Call
    from fhir_server.store.ops import Stored

    Meta = dict[str, Any]
    Change = Callable[[Meta, Meta], Meta]

SETS = ("profile", "security", "tag")
_TRIES = 5


def current(context: Context, call: Call) -> Stored:
    """Give the version that was asked for; NotFound or Gone if there is none."""
    kind, identity = str(call.resource_type), str(call.resource_id)
    if call.version is None:
        stored = context.store.read(kind, identity)
    else:
        stored = context.store.vread(kind, identity, min(call.version, 2**62))
    where = f"{kind}/{identity}" + (f"/_history/{call.version}" if call.version else "")
    if stored is None:
        raise NotFound(f"There is no {where}.")
    if stored.text is None:
        raise Gone(f"{kind}/{identity} was deleted; version {stored.version} is the deletion.")
    return stored


def of(stored: Stored) -> Answer:
    """Answer with the meta of a version."""
    return answered(("return", "Meta", meta_of(stored)), headers=headers_of(stored))


def meta_of(stored: Stored) -> Meta:
    """Give the meta of a version, stamp included."""
    meta: Meta = orjson.loads(pieces(stored.raw)["meta"])
    return meta


def change(context: Context, call: Call, changed: Change) -> Answer:
    """Write a version with other labels, if that changes anything; the rest stays as it was."""
    asked = call.required("meta")
    _check(asked)
    wanted = if_match(call.request.headers)
    for _ in range(_TRIES):
        stored = current(context, call)
        if wanted not in (None, stored.version):
            break
        before = meta_of(stored)
        after = changed(before, asked)
        if after == before:
            return of(stored)
        try:
            return of(_written(context, stored, after))
        except PreconditionFailed:  # somebody wrote in between: look again
            continue
    raise PreconditionFailed(
        f"{call.resource_type}/{call.resource_id} was changed meanwhile; read it again."
    )


def _written(context: Context, stored: Stored, meta: Meta) -> Stored:
    parts = pieces(stored.raw)
    parts["meta"] = dump(meta)
    inner = b",".join(b'"%s":%s' % (name.encode(), part) for name, part in parts.items())
    put = prepare(context, b"{%s}" % inner, stored.id, if_match=stored.version)
    return commit(context, [put])[0].stored


def _check(meta: Meta) -> None:
    for name in meta:
        if name not in SETS:
            raise BadRequest(
                f"meta.{name} is no label; $meta-add and $meta-delete take {', '.join(SETS)}.",
                expression=f"Meta.{name}",
            )
    for name in SETS:
        kind = str if name == "profile" else dict
        given = meta.get(name, [])
        if not isinstance(given, list) or not all(isinstance(each, kind) for each in given):
            raise BadRequest(f"meta.{name} is not as R4 has it.", expression=f"Meta.{name}")


def identity(label: Any) -> Any:
    """Give what makes a label the same as another."""
    if isinstance(label, dict):
        return label.get("system"), label.get("code")
    return label
