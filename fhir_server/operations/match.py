"""``Patient/$match``: who of the patients here is meant by a perhaps incomplete Patient.

``likeness`` weighs; here candidates are looked up by what the index knows, and graded. Certain is
only who has the same NIK or IHS number. With ``onlyCertainMatches`` there is one answer or none.

https://hl7.org/fhir/R4/patient-operation-match.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from fhir_server.errors import Invalid, Issue
from fhir_server.interactions.outcome import outcome
from fhir_server.interactions.request import Answer
from fhir_server.operations import likeness
from fhir_server.operations.operation import Operation, Parameter
from fhir_server.resources.bundles import join, quoted
from fhir_server.resources.validate import validate
from fhir_server.resources.wire import dump
from fhir_server.search.compile import compile as compile_query
from fhir_server.search.query import parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fhir_server.context import Context
    from fhir_server.operations.call import Call
    from fhir_server.store.ops import Stored

    Scored = tuple[float, Stored]

GRADE = "http://hl7.org/fhir/StructureDefinition/match-grade"
GRADES = ((0.95, "certain"), (0.8, "probable"), (0.6, "possible"))
MOST = 20
"""Matches that are given where ``count`` says nothing."""


def run(context: Context, call: Call) -> Answer:
    """Answer a searchset, the most likely first."""
    asked = call.required("resource")
    _expect_enough(context, asked)
    candidates, cut = _candidates(context, asked)
    scored = _scored(asked, candidates)
    notes = [cut] if cut else []
    if call.one("onlyCertainMatches"):
        certain = [each for each in scored if each[0] >= GRADES[0][0]]
        if len(certain) > 1:
            notes.append(
                _note("multiple-matches", "Several patients have this number; none is sure.")
            )
        scored = certain if len(certain) == 1 else []
    most = call.one("count")
    entries = [
        *_entries(call.request.base, scored[: MOST if most is None else max(most, 0)]),
        *(b'{"resource":%s,"search":{"mode":"outcome"}}' % dump(outcome(notes)) for _ in notes[:1]),
    ]
    links = [("self", f"{call.request.base}/{call.request.path}")]
    return Answer(200, join("searchset", entries, links=links, total=len(scored)))


def _note(code: str, says: str) -> Issue:
    return Issue(code, says, severity="warning")


def _expect_enough(context: Context, asked: dict[str, Any]) -> None:
    issues = [each for each in validate(asked, context.definitions) if each.severity == "error"]
    if issues:
        raise Invalid(issues)
    if not _searches(asked):
        says = "too little to find anybody by: give an identifier, or a name with a day of birth."
        raise Invalid([Issue("required", f"The Patient has {says}", "Patient")])


def _searches(asked: Mapping[str, Any]) -> list[list[tuple[str, str]]]:
    """List the ways to look for candidates, each a search that has an index."""
    ways = [
        [("identifier", f"{_escaped(system)}|{_escaped(value)}")]
        for system, value in sorted(likeness.identifiers(asked))
    ]
    day = asked.get("birthDate")
    words = sorted({word for name in likeness.names(asked) for word in name.split(" ")})
    if words and day is not None:
        ways.append([("birthdate", day)])
        ways.append([("birthdate", day[:4]), ("name", ",".join(map(_escaped, words)))])
    ways += [
        [("phone", _escaped(each["value"]))]
        for each in asked.get("telecom", ())
        if each.get("system") == "phone" and each.get("value") and words
    ]
    if words and day is None and ways:
        ways.append([("name", _escaped(word)) for word in words])
    return ways


def _escaped(text: str) -> str:
    for mark in ("\\", ",", "$", "|"):
        text = text.replace(mark, f"\\{mark}")
    return text


def _candidates(
    context: Context, asked: Mapping[str, Any]
) -> tuple[dict[str, Stored], Issue | None]:
    found: dict[str, Stored] = {}
    cut = None
    limit = context.settings.count_limit
    for pairs in _searches(asked):
        query = parse("Patient", [*pairs, ("_count", str(limit))], context.parameters, strict=True)
        page = context.store.search(compile_query(query, context.parameters, context.settings))
        found |= {each.id: each for each in page.resources}
        if page.more:
            names = " and ".join(sorted({name for name, _ in pairs}))
            says = f"More than {limit} patients have this {names}; not all of them were weighed."
            cut = _note("too-costly", says)
    return found, cut


def _scored(asked: Mapping[str, Any], candidates: Mapping[str, Stored]) -> list[Scored]:
    scored = [(likeness.score(asked, orjson.loads(each.raw)), each) for each in candidates.values()]
    kept = [each for each in scored if each[0] >= GRADES[-1][0]]
    return sorted(kept, key=lambda each: (-each[0], each[1].id))


def _entries(base: str, scored: list[Scored]) -> Iterator[bytes]:
    head = quoted(base)[:-1]
    for score, stored in scored:
        grade = next(name for least, name in GRADES if score >= least)
        search = {
            "extension": [{"url": GRADE, "valueCode": grade}],
            "mode": "match",
            "score": score,
        }
        yield b'{"fullUrl":%s/Patient/%s","resource":%s,"search":%s}' % (
            head,
            stored.id.encode(),
            stored.raw,
            dump(search),
        )


OPERATION = Operation(
    name="match",
    types=("Patient",),
    levels=frozenset({"type"}),
    says="Who is meant by a perhaps incomplete Patient; the NIK decides.",
    parameters=(
        Parameter("resource", "Patient", minimum=1, says="What is known of the patient."),
        Parameter("onlyCertainMatches", "boolean", says="Give the one certain match, or none."),
        Parameter("count", "integer", says="The most matches to give."),
        Parameter("return", "Bundle", use="out", minimum=1, says="A searchset with scores."),
    ),
    run=run,
)
