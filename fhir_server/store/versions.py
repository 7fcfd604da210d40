"""How a version of a resource lies in the database.

``<Type>`` holds the current versions, ``<Type>.past`` the earlier ones and the deletions:

    <Type>       {_id: id,      v: version, t: lastUpdated, m: method, raw: JSON, at: int, ix: {…}}
    <Type>.past  {_id: {id, v},             t: lastUpdated, m: method, raw: JSON, at: int, u: until}

``c`` are the keys that only this resource may have, ``f`` says where the content of a large Binary
is (``binaries``), ``o`` who was told (``notices``), ``e`` who of this version, ``by`` for whom any
version was written. ``u`` is the lastUpdated of the version that followed. A deletion has no
``raw``, and ``u`` only when the resource came back. Whatever has a past has its version 1 there,
for versions have no gaps.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from fhir_server.resources.wire import Text
from fhir_server.store import notices
from fhir_server.store.ops import Stored

if TYPE_CHECKING:
    from fhir_server.store.ops import Method, Put

Document = dict[str, Any]

SERVED = {"ix": 0, "c": 0}
READ = {**SERVED, "o": 0, "e": 0, "by": 0, "w": 0}
FAR = 2**31 - 1
MOST = 100_000
"""Documents in the first answer of a query: all of them, as far as 16 MB hold."""


def past_name(resource_type: str) -> str:
    """Name the collection of earlier versions."""
    return resource_type + ".past"


def now() -> datetime:
    """Give the present instant as the database keeps it: to the millisecond, UTC."""
    moment = datetime.now(UTC)
    return moment - timedelta(microseconds=moment.microsecond % 1000)


def current(put: Put, version: int, moment: datetime) -> Document:
    """Write a Put as the current version."""
    written = {"_id": put.id, "v": version, "t": moment, "m": put.method, **content(put)}
    if put.notices:
        written["o"] = written["e"] = notices.named(put.notices)
    if put.authors:
        written["by"] = list(put.authors)
    return written


def update(put: Put, moment: datetime) -> Document:
    """Write a Put as an update of whatever version is current, or as version 1."""
    new, told = {"m": put.method, **content(put)}, notices.named(put.notices)
    if told:
        new["e"] = told
    gone = {name: "" for name in ("f", "c", "w", "e") if name not in new}
    changes: Document = {"$set": new, "$inc": {"v": 1}, "$max": {"t": moment}}
    more = {"o": told, "by": list(put.authors)}
    if any(more.values()):
        changes["$addToSet"] = {name: {"$each": each} for name, each in more.items() if each}
    return changes | {"$unset": gone} if gone else changes


def content(put: Put) -> Document:
    """Write what a Put brings, and how it is found."""
    kept = put.aside.text if put.aside else put.text
    written: Document = {"raw": kept.raw, "at": kept.at, "ix": put.index}
    if put.aside:
        written["f"] = put.aside.file
    if put.claims:
        written["c"] = [each.key for each in put.claims]
    if put.trace:
        written["w"] = put.trace
    return written


def past(document: Document, until: datetime) -> Document:
    """Turn a current version into a past one, current until then."""
    return {
        "_id": {"id": document["_id"], "v": document["v"]},
        "t": document["t"],
        "m": document["m"],
        "raw": document["raw"],
        "at": document["at"],
        "u": until,
        **{name: document[name] for name in ("f", "w") if name in document},
    }


def deletion(
    resource_id: str, version: int, moment: datetime, trace: str | None = None
) -> Document:
    """Write a deletion, which is a past version without content."""
    gone: Document = {"_id": {"id": resource_id, "v": version}, "t": moment, "m": "DELETE"}
    return {**gone, "w": trace} if trace else gone


def range_of(resource_id: str) -> Document:
    """Select all past versions of one resource by the primary key."""
    return {"_id": {"$gte": {"id": resource_id, "v": 0}, "$lte": {"id": resource_id, "v": FAR}}}


def stored(resource_type: str, document: Document) -> Stored:
    """Read a current or past version."""
    key = document["_id"]
    resource_id, version = (key["id"], key["v"]) if type(key) is dict else (key, document["v"])
    method: Method = document["m"]
    raw = document.get("raw")
    text = None if raw is None else Text(raw, document["at"])
    file = document.get("f")
    return Stored(resource_type, resource_id, version, document["t"], text, method, file=file)


WHOLE = {"raw": 1, "at": 1, "v": 1, "t": 1}
"""What ``text_of`` needs of a current version."""


def text_of(document: Document) -> bytes:
    """Give the JSON of a current version; without its stamp what is stored need not be JSON."""
    return Text(document["raw"], document["at"]).stamped(document["v"], document["t"])


def written(put: Put, version: int, moment: datetime) -> Stored:
    """Say what a Put became; large content included."""
    return Stored(put.resource_type, put.id, version, moment, put.text, put.method)
