"""The resources of one letter: a document's own, and what they refer to; or a document Bundle."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

import orjson

from fhir_server.errors import Forbidden
from fhir_server.exchange.reading import standing
from fhir_server.interactions.reader import found, inward
from fhir_server.letters.berkas import Berkas
from fhir_server.mappings.codes import ADMINISTRATIVE_AREA, as_mapped, structure
from fhir_server.mappings.elements import code_of, extension_of
from fhir_server.operations.linked import follow, references
from fhir_server.resources.wire import dump

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fhir_server.context import Context
    from fhir_server.operations.linked import Key
    from fhir_server.resources.wire import Document

ONWARD: Final = frozenset({"PractitionerRole", "Organization"})
"""What is followed one step further: who stands behind a role, what a facility belongs to."""
PEOPLE: tuple[str, ...] = ("subject", "author")
"""Who is named of another report that a letter lists."""


def papers(context: Context, entity: str, document_id: str) -> Berkas:
    """Gather the resources of a SOP document's letter; NotFound or Gone as when it is read."""
    own = list(standing(context, entity, document_id).resources.values())
    known = {(each["resourceType"], each["id"]) for each in own}
    wanted = {key for each in own for key in references(dump(each), "")}
    others = _followed(context, wanted, known, steps=3)
    listed = [each for each in others if each["resourceType"] == "Composition"]
    known |= {(each["resourceType"], each["id"]) for each in others}
    with suppress(Forbidden):  # who may not see people reads the letter without their names
        others += _followed(context, _people(listed), known, steps=2)
    with suppress(Forbidden):
        others += _villages(context, [*own, *others])
    return Berkas([*own, *others])


def _followed(context: Context, wanted: set[Key], known: set[Key], *, steps: int) -> list[Document]:
    stored = follow(
        context, wanted, known, "", goes_on=lambda each: each.resource_type in ONWARD, steps=steps
    )
    return [inward(context, each) for each in stored]


def _people(reports: Sequence[Document]) -> set[Key]:
    named = [{name: each[name] for name in PEOPLE if name in each} for each in reports]
    return {key for each in named for key in references(dump(each), "")}


def _villages(context: Context, resources: Sequence[Document]) -> list[Document]:
    """Find the Locations of the villages that a letter names by their codes."""
    codes = sorted({code for each in resources for code in _codes(each)})
    if not codes:
        return []
    pairs = [("identifier", ",".join(f"{ADMINISTRATIVE_AREA}|{each}" for each in codes))]
    return [inward(context, each) for each in found(context, "Location", pairs)]


def _codes(resource: Document) -> Iterator[str]:
    area = extension_of(resource, structure("desa-laporan")) or {}
    asked = [code_of(e.get("valueCodeableConcept"), ADMINISTRATIVE_AREA) for e in _traits(resource)]
    yield from filter(str.isdigit, filter(None, [area.get("valueCode"), *asked]))


def _traits(resource: Document) -> list[Document]:
    traits: list[Document] = resource.get("characteristic", [])
    return traits if resource["resourceType"] == "Group" else []


def papers_of(context: Context, bundle: bytes) -> Berkas:
    """Take the resources out of a document Bundle, the composition first."""
    document = orjson.loads(as_mapped(bundle, context.settings.canonical))
    return Berkas(each["resource"] for each in document["entry"])
