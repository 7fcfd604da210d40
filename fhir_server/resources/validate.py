"""All checks of one resource against what R4 says of its type.

Checked for every type: unknown elements, how often an element occurs, the format of primitives,
choices, required codes, extensions of primitives, contained resources, the resources in a Bundle
or in Parameters, the type that a literal reference names, that nothing is empty; and every
invariant of R4 whose severity is error, where the structure is right.

R4 requires more, which is not checked here: what a reference by urn:uuid or identifier leads to,
what a canonical leads to, required codes from systems that cannot be listed (currencies, MIME
types, UCUM, and one LOINC answer list), extensible bindings, profiles. That no string passes 1 MB
is only checked in a resource that is refused for something else.

https://hl7.org/fhir/R4/validation.html
"""

from __future__ import annotations

from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

from fhir_server.resources.invariants import check
from fhir_server.resources.invariants.lines import lines
from fhir_server.resources.messages import issue
from fhir_server.resources.structure import Structure
from fhir_server.resources.wording import Wording

if TYPE_CHECKING:
    from fhir_server.errors import Issue
    from fhir_server.resources.definitions import Definitions
    from fhir_server.resources.wire import Document

MOST_ISSUES = 100


def validate(document: Document, definitions: Definitions) -> list[Issue]:
    """List what is wrong with a resource; an empty list means that it is valid.

    Never raises. At most ``MOST_ISSUES`` issues, and one more that says when there are others.
    """
    structure = _structure(definitions)
    if structure.accepts(document):
        return []
    try:
        wording = Wording(definitions, structure.accepts).resource(document, "")
        found = list(islice(wording, MOST_ISSUES + 1))
    except RecursionError:
        return [issue("deep", str(document.get("resourceType")))]
    if not found:
        found = check(document, definitions, warnings=False)[: MOST_ISSUES + 1]
    if len(found) > MOST_ISSUES:
        found[MOST_ISSUES] = issue("more", "", count=str(MOST_ISSUES))
    return found


@cache
def _structure(definitions: Definitions) -> Structure:
    return Structure(definitions, lines)
