"""``ValueSet/$expand``: the codes of a value set.

https://hl7.org/fhir/R4/valueset-operation-expand.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from fhir_server.errors import BadRequest, NotFound
from fhir_server.interactions.request import Answer
from fhir_server.operations.concepts_asked import given_resource, refuse
from fhir_server.operations.operation import Operation, Parameter
from fhir_server.resources.terminology import Wanted
from fhir_server.resources.terminology.concepts import speaks
from fhir_server.resources.terminology.valuesets import value_set
from fhir_server.resources.terminology.words import words
from fhir_server.resources.wire import dump, instant

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.operations.call import Call
    from fhir_server.resources.terminology import Terminology
    from fhir_server.resources.terminology.expansion import Expanded, Row
    from fhir_server.resources.terminology.valuesets import ValueSet
    from fhir_server.resources.wire import Document

KEPT = ("url", "version", "name", "title", "status", "experimental", "publisher")
ECHOED = (
    ("filter", "String"),
    ("offset", "Integer"),
    ("count", "Integer"),
    ("activeOnly", "Boolean"),
    ("includeDesignations", "Boolean"),
    ("designation", "String"),
    ("excludeNotForUI", "Boolean"),
    ("displayLanguage", "Code"),
)


def run(context: Context, call: Call) -> Answer:
    """Answer the ValueSet with its expansion."""
    refuse(call, "context", "contextDirection", "date", "exclude-system", "system-version")
    refuse(call, "check-system-version", "force-system-version")
    view = context.store.terminology.now()
    document, asked = _asked(context, call, view)
    expanded = view.expand(asked, _wanted(call, view.limit))
    return Answer(200, dump(_shown(context, call, document, expanded)))


def _asked(context: Context, call: Call, view: Terminology) -> tuple[Document, ValueSet]:
    document = given_resource(context, call, "valueSet")
    if document is not None:
        return document, value_set(document)
    url = call.required("url")
    version = call.one("valueSetVersion")
    canonical = f"{url}|{version}" if version else url
    found = view.value_set(canonical)
    if found is None:
        raise NotFound(f"The value set {canonical} is not loaded here.")
    implied = {"resourceType": "ValueSet", "url": url, "status": "active"}
    return view.find("ValueSet", canonical) or implied, found


def _wanted(call: Call, limit: int) -> Wanted:
    offset, count = call.one("offset") or 0, call.one("count")
    if offset < 0 or (count is not None and count < 0):
        raise BadRequest("offset and count are whole numbers from 0.")
    return Wanted(
        asked=words(call.one("filter") or ""),
        offset=offset,
        count=count,
        active=bool(call.one("activeOnly")),
        selectable=bool(call.one("excludeNotForUI")),
        limit=limit,
    )


def _shown(context: Context, call: Call, document: Document, expanded: Expanded) -> Document:
    expansion: Document = {
        "identifier": f"urn:uuid:{uuid4()}",
        "timestamp": instant(context.clock()),
        "offset": call.one("offset") or 0,
    }
    if expanded.total is not None:
        expansion["total"] = expanded.total
    parameters = list(_echoed(call, expanded))
    if parameters:
        expansion["parameter"] = parameters
    if expanded.rows:
        expansion["contains"] = [_contained(call, row) for row in expanded.rows]
    kept = {name: document[name] for name in KEPT if name in document}
    shown = {"resourceType": "ValueSet", "status": "active", **kept}
    return shown | {"expansion": expansion}


def _echoed(call: Call, expanded: Expanded) -> list[Document]:
    rows = [
        {"name": name, f"value{kind}": value}
        for name, kind in ECHOED
        for value in call.all(name)
        if value is not None
    ]
    for url, version in expanded.versions:
        used = f"{url}|{version}" if version else url
        rows.append({"name": "version", "valueUri": used})
    return rows


def _contained(call: Call, row: Row) -> Document:
    language = call.one("displayLanguage")
    shown: dict[str, Any] = {"system": row.system}
    if row.concept.abstract:
        shown["abstract"] = True
    if row.concept.inactive:
        shown["inactive"] = True
    if row.version:
        shown["version"] = row.version
    shown["code"] = row.concept.code
    if display := row.concept.named(language):
        shown["display"] = display
    designations = _designations(call, row)
    if designations:
        shown["designation"] = designations
    return shown


def _designations(call: Call, row: Row) -> list[Document]:
    """Give the designations, narrowed by ``designation``: a language, or system|code of a use."""
    if not call.one("includeDesignations"):
        return []
    wanted = call.all("designation")
    return [
        each
        for each in row.concept.designations
        if not wanted or any(_is_wanted(each, token) for token in wanted)
    ]


def _is_wanted(designation: Document, token: str) -> bool:
    system, bar, code = token.rpartition("|")
    if bar and system != "urn:ietf:bcp:47":
        use = designation.get("use", {})
        return bool((use.get("system"), use.get("code")) == (system, code))
    return speaks(designation.get("language", ""), code)


OPERATION = Operation(
    name="expand",
    types=("ValueSet",),
    levels=frozenset({"type", "instance"}),
    says="The codes of a value set, as far as what it is made of is loaded.",
    parameters=(
        Parameter("url", "uri", says="The canonical of the value set."),
        Parameter("valueSet", "ValueSet", says="The value set itself."),
        Parameter("valueSetVersion", "string"),
        Parameter("context", "uri", says="Not supported."),
        Parameter("contextDirection", "code", says="Not supported."),
        Parameter("filter", "string", says="Words that begin words of the code or its names."),
        Parameter("date", "dateTime", says="Not supported."),
        Parameter("offset", "integer", says="How many codes to leave out, from 0."),
        Parameter("count", "integer", says="How many codes to give."),
        Parameter("includeDesignations", "boolean"),
        Parameter(
            "designation", "string", maximum="*", says="A language, or system|code of a use."
        ),
        Parameter("includeDefinition", "boolean", says="Definitions are never part of it."),
        Parameter("activeOnly", "boolean", says="Leave inactive codes out."),
        Parameter("excludeNested", "boolean", says="The expansion is flat in any case."),
        Parameter("excludeNotForUI", "boolean", says="Leave abstract codes out."),
        Parameter("excludePostCoordinated", "boolean", says="There are none in any case."),
        Parameter("displayLanguage", "code", says="The language of displays, where there is one."),
        Parameter("exclude-system", "canonical", maximum="*", says="Not supported."),
        Parameter("system-version", "canonical", maximum="*", says="Not supported."),
        Parameter("check-system-version", "canonical", maximum="*", says="Not supported."),
        Parameter("force-system-version", "canonical", maximum="*", says="Not supported."),
        Parameter("return", "ValueSet", use="out", minimum=1),
    ),
    run=run,
)
