"""``CodeSystem/$lookup``: what is known of a code.

https://hl7.org/fhir/R4/codesystem-operation-lookup.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir_server.errors import BadRequest, NotFound
from fhir_server.operations.call import answered
from fhir_server.operations.concepts_asked import codings, refuse, written
from fhir_server.operations.operation import Operation, Parameter
from fhir_server.resources.terminology.concepts import speaks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fhir_server.context import Context
    from fhir_server.interactions.request import Answer
    from fhir_server.operations.call import Call
    from fhir_server.resources.terminology.concepts import Concept, System
    from fhir_server.resources.wire import Document


def run(context: Context, call: Call) -> Answer:
    """Answer name, display, designations and properties; NotFound for what is not there."""
    refuse(call, "date")
    (coding,) = codings(call, "system", "version")
    if not coding.get("system"):
        raise BadRequest("$lookup needs system, the code system of the code.")
    view = context.store.terminology.now()
    system = view.code_system(coding["system"], coding.get("version"))
    if system is None:
        missing = ", ".join(view.missing)
        raise NotFound(f"The code system {missing} is not loaded here, so its codes are unknown.")
    concept = system.find(coding["code"])
    if concept is None:
        raise NotFound(f"{written(coding)}: {system.name} has no such code.")
    return answered(*_outs(call, system, concept))


def _outs(call: Call, system: System, concept: Concept) -> Iterator[tuple[Any, ...]]:
    language = call.one("displayLanguage")
    wanted = [part.strip() for each in call.all("property") for part in each.split(",")]
    yield ("name", "string", system.name)
    if system.version and _is_wanted("version", wanted):
        yield ("version", "string", system.version)
    yield ("display", "string", concept.named(language) or concept.code)
    if concept.definition and _is_wanted("definition", wanted):
        yield ("property", _property("definition", "valueString", concept.definition))
    for each in concept.designations if _is_wanted("designation", wanted) else ():
        if not language or speaks(each.get("language", language), language):
            yield ("designation", _designation(each))
    yield from (("property", rows) for rows in _properties(system, concept, wanted))


def _is_wanted(name: str, wanted: list[str]) -> bool:
    return not wanted or name in wanted or "*" in wanted


def _designation(row: Document) -> list[tuple[str, str, Any]]:
    kinds = (("language", "code"), ("use", "Coding"), ("value", "string"))
    return [(name, kind, row[name]) for name, kind in kinds if name in row]


def _properties(
    system: System, concept: Concept, wanted: list[str]
) -> Iterator[list[tuple[str, str, Any]]]:
    links = [("parent", code) for code in concept.parents]
    if _is_wanted("child", wanted):
        links += [("child", code) for code in system.children(concept.code)]
    if _is_wanted("inactive", wanted):
        yield [("code", "code", "inactive"), ("value", "boolean", concept.inactive)]
    for name, code in links:
        if _is_wanted(name, wanted):
            yield _property(name, "valueCode", code, _named(system, code))
    for each in concept.properties:
        if each["code"] not in {"parent", "child", "inactive"} and _is_wanted(each["code"], wanted):
            found = next((pair for pair in each.items() if pair[0].startswith("value")), None)
            if found is not None:
                yield _property(each["code"], *found)


def _named(system: System, code: str) -> str:
    found = system.find(code)
    return found.display if found else ""


def _property(
    code: str, name: str, value: Any, description: str = ""
) -> list[tuple[str, str, Any]]:
    kind = name.removeprefix("value")
    simple = kind if kind == "Coding" else kind[:1].lower() + kind[1:]
    rows = [("code", "code", code), ("value", simple, value)]
    return [*rows, ("description", "string", description)] if description else rows


OPERATION = Operation(
    name="lookup",
    types=("CodeSystem",),
    levels=frozenset({"type"}),
    says="What is known of a code: its names, its properties, what stands above and below it.",
    parameters=(
        Parameter("code", "code"),
        Parameter("system", "uri", says="The code system of the code."),
        Parameter("version", "string", says="The version of the code system."),
        Parameter("coding", "Coding"),
        Parameter("date", "dateTime", says="Not supported."),
        Parameter("displayLanguage", "code"),
        Parameter("property", "code", maximum="*", says="Only these; without it all."),
        Parameter("name", "string", use="out", minimum=1),
        Parameter("version", "string", use="out"),
        Parameter("display", "string", use="out", minimum=1),
        Parameter(
            "designation",
            use="out",
            maximum="*",
            parts=(
                Parameter("language", "code", use="out"),
                Parameter("use", "Coding", use="out"),
                Parameter("value", "string", use="out", minimum=1),
            ),
        ),
        Parameter(
            "property",
            use="out",
            maximum="*",
            parts=(
                Parameter("code", "code", use="out", minimum=1),
                Parameter("value", "Element", use="out"),
                Parameter("description", "string", use="out"),
            ),
        ),
    ),
    run=run,
)
