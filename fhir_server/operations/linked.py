"""What resources refer to: read from the store, step by step, within a bound.

https://hl7.org/fhir/R4/references.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson

from fhir_server.errors import Invalid, Issue, TooLarge
from fhir_server.operations.compartments import planned
from fhir_server.resources.bundles import quoted
from fhir_server.resources.wire import dump, instant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from fhir_server.context import Context
    from fhir_server.search.plan import Filter
    from fhir_server.store.ops import Stored

    Narrow = Callable[[str], Filter | None]

Key = tuple[str, str]

_LINK = re.compile(rb'"(reference|url)":"([^"\\]*(?:\\.[^"\\]*)*)"')
_RELATIVE = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(/_history/[^#]+)?(#.*)?")


def key_of(stored: Stored) -> Key:
    """Give type and id."""
    return stored.resource_type, stored.id


def references(raw: bytes, base: str) -> Iterator[Key]:
    """List what a resource refers to on this server, and the Binaries of its attachments."""
    for found in _LINK.finditer(raw):
        key = local(orjson.loads(b'"%s"' % found[2]), base)
        if key is not None and (found[1] == b"reference" or key[0] == "Binary"):
            yield key


def local(reference: str, base: str) -> Key | None:
    """Read a reference as type and id, or None if it does not lead to a resource here."""
    found = _RELATIVE.fullmatch(reference.removeprefix(f"{base}/"))
    return (found[1], found[2]) if found else None


def fetch(context: Context, keys: Iterable[Key], narrow: Narrow) -> list[Stored]:
    """Read resources by type and id, as far as they are there and ``narrow`` lets them pass.

    ``narrow`` gives the filter of a type, or None where nothing of it may be read.
    """
    by_type: dict[str, list[str]] = {}
    for kind, identity in sorted(keys):
        if kind in context.definitions.types:
            by_type.setdefault(kind, []).append(identity)
    found: list[Stored] = []
    for kind, ids in by_type.items():
        filter_ = narrow(kind)
        if filter_ is not None:
            plan = planned(kind, {"_id": {"$in": ids}}, filter_, limit=len(ids))
            found += context.store.search(plan).resources
    return found


def follow(  # noqa: PLR0913 - where from, how far, past what
    context: Context,
    wanted: set[Key],
    known: set[Key],
    base: str,
    *,
    narrow: Narrow = lambda _: {},
    goes_on: Callable[[Stored], bool] = lambda _: True,
    steps: int = 4,
) -> list[Stored]:
    """Read what is wanted and not known, then what that refers to, as far as ``goes_on``.

    TooLarge when it becomes more than ``include_limit``.
    """
    limit = context.settings.include_limit
    found: list[Stored] = []
    seen = set(known)
    for _ in range(steps):
        wanted = wanted - seen
        if not wanted:
            break
        if len(found) + len(wanted) > limit:
            raise TooLarge(
                f"The resources referred to are more than {limit} (FHIR_INCLUDE_LIMIT); ask for "
                "smaller pages with _count."
            )
        seen |= wanted
        new = fetch(context, wanted, narrow)
        found += new
        wanted = {key for each in new if goes_on(each) for key in references(each.raw, base)}
    return found


def expect_whole(composition: Stored, others: Sequence[Stored], base: str) -> None:
    """Refuse a document with holes: Invalid for each reference of the composition that fails."""
    there = {key_of(each) for each in others} | {key_of(composition)}
    issues = []
    for path, text in _references(orjson.loads(composition.raw), "Composition"):
        key = local(text, base)
        if not text.startswith("#") and (key is None or key not in there):
            where = "on another server" if key is None else "not on this server"
            says = f"{text} is {where}, so the document would not be whole."
            issues.append(Issue("not-found", says, path))
    if issues:
        raise Invalid(issues)


def _references(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        for place, each in enumerate(value):
            yield from _references(each, f"{path}[{place}]")
    elif isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield f"{path}.reference", value["reference"]
        for name, each in value.items():
            if isinstance(each, dict | list) and name != "contained":
                yield from _references(each, f"{path}.{name}")


def document_bundle(context: Context, resources: Sequence[Stored], base: str) -> bytes:
    """Write a Bundle of type document; the composition comes first."""
    head = {
        "resourceType": "Bundle",
        "identifier": {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{context.new_id()}"},
        "type": "document",
        "timestamp": instant(context.clock()),
    }
    start = quoted(base)[:-1]
    entries = b",".join(
        b'{"fullUrl":%s/%s/%s","resource":%s}'
        % (start, each.resource_type.encode(), each.id.encode(), context.store.whole(each).raw)
        for each in resources
    )
    return dump(head)[:-1] + b',"entry":[' + entries + b"]}"
