"""``$validate-code`` on ValueSet and CodeSystem: is the code there, and is it called that.

What cannot be known, because a code system is not loaded, is never ``true``: the result is
``false``, the message says what is missing, and an issue ``not-found`` tells it to programs.

https://hl7.org/fhir/R4/valueset-operation-validate-code.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_server.errors import BadRequest, Issue, NotFound
from fhir_server.interactions.outcome import outcome
from fhir_server.operations.call import answered
from fhir_server.operations.concepts_asked import codings, given_resource, refuse, written
from fhir_server.operations.operation import Operation, Parameter
from fhir_server.resources.terminology.concepts import Listed
from fhir_server.resources.terminology.valuesets import value_set
from fhir_server.resources.terminology.words import alike

if TYPE_CHECKING:
    from collections.abc import Callable

    from fhir_server.context import Context
    from fhir_server.interactions.request import Answer
    from fhir_server.operations.call import Call
    from fhir_server.resources.terminology import Terminology
    from fhir_server.resources.terminology.concepts import Concept, System
    from fhir_server.resources.terminology.valuesets import ValueSet
    from fhir_server.resources.terminology.verdicts import Verdict
    from fhir_server.resources.wire import Document

    Judge = Callable[[Document], Verdict]
    Find = Callable[[Document], Concept | None]


def in_value_set(context: Context, call: Call) -> Answer:
    """Answer whether one of the codings is in the value set."""
    refuse(call, "context", "date")
    view = context.store.terminology.now()
    document = given_resource(context, call, "valueSet")
    found = value_set(document) if document is not None else _named(call, view)
    asked = codings(call, "system", "systemVersion")
    name = found.url or "the value set"

    def find(coding: Document) -> Concept | None:
        systems = [coding["system"]] if coding.get("system") else found.systems
        concepts = (view.concept(each, coding["code"]) for each in systems)
        return next((each for each in concepts if each is not None), None)

    return _answer(call, view, asked, (lambda coding: view.is_in(found, coding), find, name))


def _named(call: Call, view: Terminology) -> ValueSet:
    url, version = call.required("url"), call.one("valueSetVersion")
    canonical = f"{url}|{version}" if version else url
    found = view.value_set(canonical)
    if found is None:
        raise NotFound(f"The value set {canonical} is not loaded here.")
    return found


def in_code_system(context: Context, call: Call) -> Answer:
    """Answer whether one of the codings is a code of the code system."""
    refuse(call, "date")
    view = context.store.terminology.now()
    asked = codings(call, "url", "version")
    document = given_resource(context, call, "codeSystem")
    url = call.one("url") if document is None else document.get("url", "")
    for each in asked:
        if not each.get("system") and url is None:
            raise BadRequest("$validate-code needs the code system: url, or the coding's system.")
        each.setdefault("system", url)
    given = None if document is None else Listed(document)

    def find_system(coding: Document) -> System | None:
        return given or view.code_system(coding["system"], coding.get("version"))

    def judge(coding: Document) -> Verdict:
        if url is not None and coding["system"] != url:
            return False
        system = find_system(coding)
        if system is None or system.find(coding["code"]) is not None:
            return None if system is None else True
        return False if system.complete else None

    def find(coding: Document) -> Concept | None:
        system = find_system(coding)
        return system.find(coding["code"]) if system else None

    return _answer(call, view, asked, (judge, find, url or "its code system"))


def _answer(
    call: Call, view: Terminology, asked: list[Document], against: tuple[Judge, Find, str]
) -> Answer:
    judge, find, name = against
    verdicts = [(judge(each), each) for each in asked]
    good = [each for verdict, each in verdicts if verdict]
    if not good:
        unknown = [each for verdict, each in verdicts if verdict is None]
        return _unknown(view, unknown, name) if unknown else _invalid(asked, name)
    coding = good[0]
    concept = find(coding)
    display = concept.named(call.one("displayLanguage")) if concept else ""
    if concept and concept.abstract and call.one("abstract") is False:
        return _no(f"{written(coding)} is abstract: it may not be used itself.", "invalid", display)
    for each in good:
        names = _wrongly_called(find(each), each)
        if names:
            says = f'{written(each)} is not called "{each["display"]}"; right is {names}.'
            return _no(says, "invalid", display)
    out = [("display", "string", display)] if display else []
    return answered(("result", "boolean", True), *out)


def _wrongly_called(concept: Concept | None, coding: Document) -> str:
    """Give the right names, or nothing if the display is one of them or cannot be judged."""
    names = dict.fromkeys(concept.names()) if concept and coding.get("display") else {}
    if any(alike(coding["display"], each) for each in names):
        return ""
    return " or ".join(f'"{each}"' for each in names)


def _unknown(view: Terminology, unknown: list[Document], name: str) -> Answer:
    missing = ", ".join(f"{kind} {url}" for url, kind in view.missing.items())
    lacking = f"not loaded here: {missing}" if missing else "only a part of the system is loaded"
    says = f"Whether {written(unknown[0])} is in {name} is unknown; {lacking}."
    return _no(says, "not-found")


def _invalid(asked: list[Document], name: str) -> Answer:
    return _no(f"{', '.join(map(written, asked))}: not in {name}.", "code-invalid")


def _no(says: str, code: str, display: str = "") -> Answer:
    shown = [("display", "string", display)] if display else []
    issues = outcome([Issue(code, says)])
    return answered(
        ("result", "boolean", False), ("message", "string", says), *shown, ("issues", issues)
    )


_CODINGS = (
    Parameter("coding", "Coding"),
    Parameter("codeableConcept", "CodeableConcept", says="One of its codings must be right."),
    Parameter("display", "string", says="Must be one of the names of the code, in any case."),
    Parameter("date", "dateTime", says="Not supported."),
    Parameter("abstract", "boolean", says="false: an abstract code is not right."),
    Parameter("displayLanguage", "code"),
    Parameter("result", "boolean", use="out", minimum=1),
    Parameter("message", "string", use="out"),
    Parameter("display", "string", use="out"),
    Parameter("issues", "OperationOutcome", use="out", says="What is wrong, or unknown."),
)

OPERATIONS = (
    Operation(
        name="validate-code",
        types=("ValueSet",),
        levels=frozenset({"type", "instance"}),
        says="Whether a code is in a value set.",
        parameters=(
            Parameter("url", "uri", says="The canonical of the value set."),
            Parameter("context", "uri", says="Not supported."),
            Parameter("valueSet", "ValueSet", says="The value set itself."),
            Parameter("valueSetVersion", "string"),
            Parameter("code", "code"),
            Parameter("system", "uri", says="The code system of the code."),
            Parameter("systemVersion", "string"),
            *_CODINGS,
        ),
        run=in_value_set,
    ),
    Operation(
        name="validate-code",
        types=("CodeSystem",),
        levels=frozenset({"type", "instance"}),
        says="Whether a code is one of a code system.",
        parameters=(
            Parameter("url", "uri", says="The canonical of the code system."),
            Parameter("codeSystem", "CodeSystem", says="The code system itself."),
            Parameter("code", "code"),
            Parameter("version", "string", says="The version of the code system."),
            *_CODINGS,
        ),
        run=in_code_system,
    ),
)
