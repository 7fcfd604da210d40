"""``CodeSystem/$subsumes``: how two codes stand to one another.

https://hl7.org/fhir/R4/codesystem-operation-subsumes.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_server.errors import BadRequest, NotFound, NotSupported
from fhir_server.operations.call import answered
from fhir_server.operations.concepts_asked import checked, given_resource
from fhir_server.operations.operation import Operation, Parameter
from fhir_server.resources.terminology.concepts import Listed

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.interactions.request import Answer
    from fhir_server.operations.call import Call
    from fhir_server.resources.terminology.concepts import System


def run(context: Context, call: Call) -> Answer:
    """Answer equivalent, subsumes (A is above B), subsumed-by or not-subsumed."""
    document = given_resource(context, call, "codeSystem")
    own: System | None = Listed(document) if document else None
    one, other = (_code(call, end, own) for end in ("A", "B"))
    system = own or _system(context, call, one[0], other[0])
    if not system.is_ordered:
        raise NotSupported(f"{system.name} groups its codes; none is a kind of another there.")
    found = [system.find(code) for _, code in (one, other)]
    for concept, (_, code) in zip(found, (one, other), strict=True):
        if concept is None:
            raise NotFound(f"{system.name} has no code {code}.")
    first, second = (concept.code for concept in found if concept)
    return answered(("outcome", "code", _outcome(system, first, second)))


def _outcome(system: System, one: str, other: str) -> str:
    if one == other:
        return "equivalent"
    if one in system.ancestors(other):
        return "subsumes"
    return "subsumed-by" if other in system.ancestors(one) else "not-subsumed"


def _code(call: Call, end: str, own: System | None) -> tuple[str, str]:
    """Give system and code of one side."""
    code, coding = call.one(f"code{end}"), call.one(f"coding{end}")
    if (code is None) == (coding is None):
        raise BadRequest(f"$subsumes needs code{end} with system, or coding{end}.")
    url = own.url if own else call.one("system") or ""
    if coding is None:
        return url, code
    found = checked(coding, f"coding{end}")
    return found.get("system") or url, found["code"]


def _system(context: Context, call: Call, one: str, other: str) -> System:
    if not one:
        raise BadRequest("$subsumes needs system, the code system of the codes.")
    if one != other:
        raise BadRequest(f"Codes of two systems, {one} and {other}, cannot be compared.")
    found = context.store.terminology.now().code_system(one, call.one("version"))
    if found is None:
        raise NotFound(f"The code system {one} is not loaded here, so its hierarchy is unknown.")
    return found


OPERATION = Operation(
    name="subsumes",
    types=("CodeSystem",),
    levels=frozenset({"type", "instance"}),
    says="Whether code A is a kind of code B, or B of A.",
    parameters=(
        Parameter("codeA", "code"),
        Parameter("codeB", "code"),
        Parameter("system", "uri", says="The code system of both codes."),
        Parameter("version", "string", says="The version of the code system."),
        Parameter("codingA", "Coding"),
        Parameter("codingB", "Coding"),
        Parameter("outcome", "code", use="out", minimum=1),
    ),
    run=run,
)
