"""The resources of one letter: a document's own, and what they refer to; or a document Bundle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from fhir_server.exchange.reading import standing
from fhir_server.interactions.reader import inward
from fhir_server.letters.berkas import Berkas
from fhir_server.mappings.codes import as_mapped
from fhir_server.operations.linked import follow, references
from fhir_server.resources.wire import dump

if TYPE_CHECKING:
    from fhir_server.context import Context

ONWARD: Final = frozenset({"PractitionerRole", "Organization"})
"""What is followed one step further: who stands behind a role, what a facility belongs to."""


def papers(context: Context, entity: str, document_id: str) -> Berkas:
    """Gather the resources of a SOP document's letter; NotFound or Gone as when it is read."""
    own = list(standing(context, entity, document_id).resources.values())
    known = {(each["resourceType"], each["id"]) for each in own}
    wanted = {key for each in own for key in references(dump(each), "")}
    others = follow(
        context, wanted, known, "", goes_on=lambda each: each.resource_type in ONWARD, steps=3
    )
    return Berkas([*own, *(inward(context, each) for each in others)])


def papers_of(context: Context, bundle: bytes) -> Berkas:
    """Take the resources out of a document Bundle, the composition first."""
    document = orjson.loads(as_mapped(bundle, context.settings.canonical))
    return Berkas(each["resource"] for each in document["entry"])
