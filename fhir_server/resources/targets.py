"""What a Reference may point to: the type its URL names, and the types the element allows.

https://hl7.org/fhir/R4/references.html#literal
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_server.resources.definitions import load_definitions

if TYPE_CHECKING:
    from collections.abc import Callable


def target_predicate(targets: frozenset[str]) -> Callable[[str], bool]:
    """Make the predicate of ``Reference.reference`` where only these types may be named."""

    def accept(value: str) -> bool:
        return value.isprintable() and (
            value.startswith("urn:uuid:")
            or value.partition("/")[0] in targets
            or named_type(value) in (None, *targets)
        )

    return accept


def named_type(reference: str) -> str | None:
    """Give the resource type that a literal reference names, if it names one.

    ``Patient/1``, ``http://example.org/fhir/Patient/1/_history/2`` and ``Patient?identifier=1``
    do; ``urn:uuid:…`` and ``#1`` do not.
    """
    if reference.startswith(("urn:", "#")):
        return None
    path, _, query = reference.partition("?")
    steps = path.partition("/_history/")[0].split("/")
    name = steps[-1] if query else steps[-2] if len(steps) > 1 else ""
    return name if name in load_definitions().types else None
