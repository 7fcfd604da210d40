"""What the terminology operations are asked about: codings, and the resources that answer.

https://hl7.org/fhir/R4/terminology-service.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from fhir_server.errors import BadRequest, Gone, Invalid, NotFound, NotSupported
from fhir_server.resources.validate import validate

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.operations.call import Call
    from fhir_server.resources.wire import Document


def given_resource(context: Context, call: Call, name: str) -> Document | None:
    """Give a resource that came with the call, if it is valid R4, or the one in the URL."""
    document: Document | None = call.one(name)
    if document is not None:
        issues = [e for e in validate(document, context.definitions) if e.severity == "error"]
        if issues:
            raise Invalid(issues)
        return document
    return None if call.resource_id is None else stored_resource(context, call)


def stored_resource(context: Context, call: Call) -> Document:
    """Give the resource in the URL of an operation on an instance."""
    kind, resource_id = str(call.resource_type), str(call.resource_id)
    found = context.store.read(kind, resource_id)
    if found is None:
        raise NotFound(f"There is no {kind}/{resource_id} here.")
    if found.text is None:
        raise Gone(f"{kind}/{resource_id} was deleted.")
    document: Document = orjson.loads(found.raw)
    return document


def codings(call: Call, system: str, version: str) -> list[Document]:
    """Give the codings to look at: code with system, coding, or those of codeableConcept.

    ``system`` and ``version`` name the parameters that go with ``code``.
    """
    kinds = [name for name in ("code", "coding", "codeableConcept") if call.one(name) is not None]
    known = {each.name for each in call.operation.inputs}
    if len(kinds) != 1:
        may = " or ".join(each for each in ("code", "coding", "codeableConcept") if each in known)
        raise BadRequest(f"${call.operation.name} needs exactly one of {may}.")
    if kinds == ["code"]:
        given = {name: call.one(key) for name, key in (("system", system), ("version", version))}
        coding = {"code": call.one("code"), **given}
        if "display" in known:
            coding["display"] = call.one("display")
        return [{name: value for name, value in coding.items() if value is not None}]
    if kinds == ["coding"]:
        return [checked(call.one("coding"), "coding")]
    rows = call.one("codeableConcept").get("coding")
    if not isinstance(rows, list) or not rows:
        raise BadRequest("codeableConcept has no coding, so there is no code to look at.")
    return [checked(each, "codeableConcept.coding") for each in rows]


def checked(coding: Any, name: str) -> Document:
    """Hold a Coding to what is read of it: texts, and a code."""
    texts = ("system", "version", "code", "display")
    if not isinstance(coding, dict) or not isinstance(coding.get("code"), str):
        raise BadRequest(f"{name} is a Coding with a code.")
    wrong = [each for each in texts if not isinstance(coding.get(each, ""), str)]
    if wrong:
        raise BadRequest(f"{name}.{wrong[0]} is a text.")
    return coding


def refuse(call: Call, *names: str) -> None:
    """Refuse parameters that R4 has and this server does not know how to follow."""
    for name in names:
        if call.one(name) is not None:
            raise NotSupported(f"${call.operation.name} does not support {name} here.")


def written(coding: Document) -> str:
    """Write a coding for a message."""
    system = coding.get("system")
    return f"{system}#{coding['code']}" if system else f"the code {coding['code']}"
