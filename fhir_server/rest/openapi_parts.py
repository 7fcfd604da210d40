"""The reusable parts of the FHIR half: parameters, schemas, answers, examples."""

from __future__ import annotations

from typing import Any

from fhir_server.rest.negotiation import FHIR_JSON, FHIR_XML

__all__ = ["FHIR_JSON", "PARAMETERS_OF", "SUMMARIES", "SYSTEM", "components", "example"]

Json = dict[str, Any]

SYSTEM = frozenset({"capabilities", "transaction", "search-system", "history-system"})

SUMMARIES = {
    "capabilities": "What this server can do (CapabilityStatement)",
    "transaction": "Write and read many resources at once (batch or transaction)",
    "history-system": "All changes, newest first",
    "search-system": "Search several types, named by _type",
    "search-type": "Search: {}",
    "search-compartment": "Search what belongs to a {}",
    "create": "Create a {}",
    "update-conditional": "Replace the one {} that matches the query, or create it",
    "patch-conditional": "Change the one {} that matches the query",
    "delete-conditional": "Delete the {} that matches the query",
    "history-type": "All changes of this type, newest first: {}",
    "read": "Read a {}",
    "update": "Replace a {}, or create it under this id",
    "patch": "Change parts of a {}: JSON Patch or FHIRPath Patch",
    "delete": "Delete a {}; its history stays",
    "history-instance": "All versions of a {}, newest first",
    "vread": "Read one version of a {}",
}

_SEARCH = (
    "_id",
    "_lastUpdated",
    "_tag",
    "_profile",
    "_has",
    "_include",
    "_revinclude",
    "_sort",
    "_count",
    "_total",
    "_summary",
    "_elements",
    "Prefer",
)
_HISTORY = ("_count", "_since", "_at")
_MATCHED = ("_id", "If-Match", "Prefer")
PARAMETERS_OF = {
    "search-type": _SEARCH,
    "search-system": ("_type", *_SEARCH),
    "search-compartment": _SEARCH,
    "history-system": _HISTORY,
    "history-type": _HISTORY,
    "history-instance": _HISTORY,
    "read": ("If-None-Match", "If-Modified-Since"),
    "create": ("If-None-Exist", "Prefer", "X-Provenance"),
    "update": ("If-Match", "Prefer", "X-Provenance"),
    "patch": ("If-Match", "Prefer", "X-Provenance"),
    "delete": ("If-Match", "Prefer"),
    "update-conditional": _MATCHED,
    "patch-conditional": _MATCHED,
    "delete-conditional": _MATCHED,
    "transaction": ("Prefer",),
}

_QUERY = {
    "_id": "Logical ids, separated by commas",
    "_type": "Resource types to search, separated by commas",
    "_lastUpdated": "When it was last changed, e.g. ge2026-01-01",
    "_tag": "A tag, as system|code",
    "_profile": "A profile the resource claims",
    "_has": "Reverse chain: pass it as _has:Observation:patient:code=…",
    "_include": "Also give what matches refer to, e.g. Observation:patient",
    "_revinclude": "Also give what refers to matches, e.g. Observation:patient",
    "_sort": "Parameters to sort by, with - for descending, e.g. -date",
    "_count": "Resources a page",
    "_total": "none, estimate or accurate",
    "_summary": "true, text, data, count or false",
    "_elements": "Top-level elements to give, separated by commas",
    "_since": "Only changes from this instant on",
    "_at": "Only versions that were current at this time",
}
_PATH = {
    "type": "Resource type, e.g. Immunization",
    "id": "Logical id",
    "vid": "Version",
    "member": "Resource type to search in the compartment, or * for all",
}
_HEADERS = {
    "If-Match": 'Version that must be current, e.g. W/"1"',
    "If-None-Match": 'Version the client has, e.g. W/"1": answered 304 if it is current',
    "If-Modified-Since": "Answered 304 if nothing changed since",
    "If-None-Exist": "Search that must find nothing, e.g. identifier=https://…|123",
    "X-Provenance": "A Provenance in JSON, stored with the write; the server fills in its target",
    "Prefer": "return=minimal, return=representation, return=OperationOutcome; handling=strict",
}

_STATUSES = {
    "create": {"201": "Created", "200": "Was there before (If-None-Exist)"},
    "update": {"200": "Replaced", "201": "Created"},
    "delete": {"204": "Deleted, or was not there"},
}
_STATUSES |= {
    "update-conditional": _STATUSES["update"],
    "patch": {"200": "Changed"},
    "patch-conditional": {"200": "Changed"},
    "delete-conditional": _STATUSES["delete"],
}
_FAILURES = {
    "update-conditional": ("400", "409", "412", "422"),
    "patch": ("400", "404", "409", "412", "422"),
    "patch-conditional": ("400", "404", "409", "412", "422"),
    "delete-conditional": ("400", "409", "412"),
    "search-system": ("400",),
    "search-compartment": ("400",),
    "create": ("400", "409", "412", "422"),
    "update": ("400", "409", "412", "422"),
    "delete": ("409", "412"),
    "read": ("404", "410"),
    "vread": ("404", "410"),
    "transaction": ("400", "409", "412", "422"),
    "search-type": ("400",),
}
_BUNDLES = frozenset({"search-type", "search-system", "search-compartment", "transaction"}) | {
    f"history-{level}" for level in ("instance", "type", "system")
}


def reference(kind: str, name: str) -> Json:
    """Point to a component."""
    return {"$ref": f"#/components/{kind}/{name}"}


def components() -> Json:
    """Give everything the operations point to."""
    return {
        "schemas": _schemas(),
        "parameters": {
            **{name: _parameter("path", name, says) for name, says in _PATH.items()},
            **{name: _parameter("query", name, says) for name, says in _QUERY.items()},
            **{name: _parameter("header", name, says) for name, says in _HEADERS.items()},
        },
        "responses": {"Failure": _failure()},
    }


def _parameter(where: str, name: str, says: str) -> Json:
    schema: Json = {"type": "string"}
    if name == "_count":
        schema = {"type": "integer", "minimum": 0}
    elif name == "id":
        schema["pattern"] = "^[A-Za-z0-9.-]{1,64}$"
    parameter = {"name": name, "in": where, "description": says, "schema": schema}
    return parameter | ({"required": True} if where == "path" else {})


def _failure() -> Json:
    sample = {
        "resourceType": "OperationOutcome",
        "issue": [
            {
                "severity": "error",
                "code": "not-found",
                "diagnostics": "There is no Patient/123.",
            }
        ],
    }
    media = {"schema": reference("schemas", "OperationOutcome"), "example": sample}
    return {
        "description": "What is wrong, where, and what would be right",
        "content": contents(media),
    }


def contents(media: Json) -> Json:
    """Say a resource in both formats; XML has the same elements, by R4's own schema."""
    return {FHIR_JSON: media, FHIR_XML: {"schema": {"type": "string", "format": "xml"}}}


def responses(interaction: str, name: str | None) -> Json:
    """Give the answers of an interaction."""
    shape = "Bundle" if interaction in _BUNDLES else "Resource"
    media: Json = {"schema": reference("schemas", shape)}
    sample = example(name)
    if sample and shape == "Resource":
        media["example"] = {**sample, "id": "1", "meta": {"versionId": "1"}}
    answers: Json = {}
    for status, says in _STATUSES.get(interaction, {"200": "Found"}).items():
        answers[status] = {"description": says}
        if status != "204":
            answers[status]["content"] = contents(media)
    for status in _FAILURES.get(interaction, ()):
        answers[status] = reference("responses", "Failure")
    return answers | {"default": reference("responses", "Failure")}


def _schemas() -> Json:
    text: Json = {"type": "string"}
    resource = {
        "type": "object",
        "description": "Any FHIR R4 resource. https://hl7.org/fhir/R4/resourcelist.html",
        "required": ["resourceType"],
        "properties": {
            "resourceType": text,
            "id": text,
            "meta": {"type": "object", "additionalProperties": True},
        },
        "additionalProperties": True,
    }
    return {"Resource": resource, "Bundle": _bundle(text), "OperationOutcome": _outcome(text)}


def _bundle(text: Json) -> Json:
    link = {"type": "object", "properties": {"relation": text, "url": text}}
    entry = {
        "type": "object",
        "additionalProperties": True,
        "properties": {"fullUrl": text, "resource": reference("schemas", "Resource")},
    }
    own = {
        "type": text,
        "total": {"type": "integer"},
        "link": {"type": "array", "items": link},
        "entry": {"type": "array", "items": entry},
    }
    return _with("Bundle", ("type",), own)


def _outcome(text: Json) -> Json:
    levels = ["fatal", "error", "warning", "information"]
    issue = {
        "type": "object",
        "required": ["severity", "code"],
        "properties": {
            "severity": {"type": "string", "enum": levels},
            "code": text,
            "diagnostics": text,
            "details": {"type": "object", "additionalProperties": True},
            "expression": {"type": "array", "items": text},
        },
    }
    return _with("OperationOutcome", ("issue",), {"issue": {"type": "array", "items": issue}})


def _with(name: str, required: tuple[str, ...], properties: Json) -> Json:
    return {
        "type": "object",
        "description": f"https://hl7.org/fhir/R4/{name.lower()}.html",
        "required": ["resourceType", *required],
        "properties": {"resourceType": {"type": "string", "enum": [name]}, **properties},
        "additionalProperties": True,
    }


PATCH_BODY: Json = {
    "required": True,
    "content": {
        "application/json-patch+json": {
            "schema": {"type": "array", "items": {"type": "object", "additionalProperties": True}},
            "example": [{"op": "replace", "path": "/gender", "value": "female"}],
        },
        FHIR_JSON: {
            "schema": reference("schemas", "Resource"),
            "example": {
                "resourceType": "Parameters",
                "parameter": [
                    {
                        "name": "operation",
                        "part": [
                            {"name": "type", "valueCode": "replace"},
                            {"name": "path", "valueString": "Patient.gender"},
                            {"name": "value", "valueCode": "female"},
                        ],
                    }
                ],
            },
        },
    },
}

_EXAMPLES: dict[str, Json] = {
    "Patient": {
        "resourceType": "Patient",
        "name": [{"text": "Siti Aminah"}],
        "gender": "female",
        "birthDate": "1994-08-17",
    },
    "Bundle": {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {
                "fullUrl": "urn:uuid:6b1e0f6e-2f0a-4c6b-9a40-2d1f5d1c8a11",
                "resource": {"resourceType": "Patient", "name": [{"text": "Siti Aminah"}]},
                "request": {"method": "POST", "url": "Patient"},
            }
        ],
    },
}


def example(name: str | None) -> Json | None:
    """Give an example of a resource type, if there is one."""
    return _EXAMPLES.get(name or "Patient")
