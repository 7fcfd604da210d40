"""``ConceptMap/$translate``: a code in the words of another system.

https://hl7.org/fhir/R4/conceptmap-operation-translate.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir_server.errors import BadRequest, NotFound
from fhir_server.operations.call import answered
from fhir_server.operations.concepts_asked import checked, codings, given_resource
from fhir_server.operations.operation import Operation, Parameter
from fhir_server.resources.terminology.translation import NO_MATCH, Asked

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.interactions.request import Answer
    from fhir_server.operations.call import Call
    from fhir_server.resources.terminology import Terminology
    from fhir_server.resources.terminology.translation import Match
    from fhir_server.resources.wire import Document

Part = tuple[Any, ...]


def run(context: Context, call: Call) -> Answer:
    """Answer every translation, and whether one of them is a match."""
    view = context.store.terminology.now()
    maps = _maps(context, call, view)
    matches: list[Match] = []
    for coding in codings(call, "system", "version"):
        for each in view.translate(_asked(call, coding), maps):
            if each not in matches:
                matches.append(each)
    good = any(each.equivalence not in NO_MATCH for each in matches)
    says = [] if good else [("message", "string", _nothing(maps))]
    found = [("match", _parts(view, each)) for each in matches]
    return answered(("result", "boolean", good), *says, *found)


def _maps(context: Context, call: Call, view: Terminology) -> list[Document]:
    document = given_resource(context, call, "conceptMap")
    if document is not None:
        return [document]
    url, version = call.one("url"), call.one("conceptMapVersion")
    if url is None:
        return view.concept_maps()
    found = view.find("ConceptMap", f"{url}|{version}" if version else url)
    if found is None:
        raise NotFound(f"The concept map {url}{f'|{version}' if version else ''} is not here.")
    return [found]


def _asked(call: Call, coding: Document) -> Asked:
    return Asked(
        system=coding.get("system", ""),
        code=coding["code"],
        source=call.one("source") or "",
        target=call.one("target") or "",
        target_system=call.one("targetsystem") or "",
        reverse=bool(call.one("reverse")),
        dependencies=dict(_dependency(each) for each in call.all("dependency")),
    )


def _dependency(given: dict[str, list[Any]]) -> tuple[str, frozenset[str]]:
    """Give what a dependency is about, and what it may be compared with: its codes, its text."""
    if not given.get("element") or not given.get("concept"):
        raise BadRequest("dependency consists of the parts element and concept.")
    (concept, *_) = given["concept"]
    rows = concept.get("coding", [])
    codes = [
        checked(each, "dependency.concept") for each in (rows if isinstance(rows, list) else [])
    ]
    found = {each["code"] for each in codes} | {str(concept.get("text", ""))}
    return given["element"][0], frozenset(found - {""})


def _parts(view: Terminology, match: Match) -> list[Part]:
    parts: list[Part] = [("equivalence", "code", match.equivalence)]
    if match.code:
        display = match.display or view.display(match.system, match.code) or ""
        coding = {"system": match.system, "code": match.code, "display": display}
        parts.append(("concept", "Coding", {name: text for name, text in coding.items() if text}))
    parts += [("product", _product(each)) for each in match.products]
    return [*parts, ("source", "uri", match.map)] if match.map else parts


def _product(row: Document) -> list[Part]:
    names = (("system", "system"), ("code", "value"), ("display", "display"))
    coding = {name: row[key] for name, key in names if key in row}
    return [("element", "uri", row.get("property", "")), ("concept", "Coding", coding)]


def _nothing(maps: list[Document]) -> str:
    number = len(maps)
    return f"No translation of this code in {number} concept map{'' if number == 1 else 's'}."


OPERATION = Operation(
    name="translate",
    types=("ConceptMap",),
    levels=frozenset({"type", "instance"}),
    says="A code in the words of another code system, by the concept maps that are here.",
    parameters=(
        Parameter("url", "uri", says="The canonical of the map; without it all are looked at."),
        Parameter("conceptMap", "ConceptMap", says="The map itself."),
        Parameter("conceptMapVersion", "string"),
        Parameter("code", "code"),
        Parameter("system", "uri", says="The code system of the code."),
        Parameter("version", "string"),
        Parameter("source", "uri", says="Only maps from this value set."),
        Parameter("coding", "Coding"),
        Parameter("codeableConcept", "CodeableConcept"),
        Parameter("target", "uri", says="Only maps to this value set."),
        Parameter("targetsystem", "uri", says="Only translations to this code system."),
        Parameter(
            "dependency",
            maximum="*",
            parts=(
                Parameter("element", "uri", minimum=1),
                Parameter("concept", "CodeableConcept", minimum=1),
            ),
        ),
        Parameter("reverse", "boolean", says="Against the direction of the maps."),
        Parameter("result", "boolean", use="out", minimum=1),
        Parameter("message", "string", use="out"),
        Parameter(
            "match",
            use="out",
            maximum="*",
            parts=(
                Parameter("equivalence", "code", use="out"),
                Parameter("concept", "Coding", use="out"),
                Parameter(
                    "product",
                    use="out",
                    maximum="*",
                    parts=(
                        Parameter("element", "uri", use="out"),
                        Parameter("concept", "Coding", use="out"),
                    ),
                ),
                Parameter("source", "uri", use="out"),
            ),
        ),
    ),
    run=run,
)
