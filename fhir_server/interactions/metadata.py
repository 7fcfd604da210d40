"""What this server can do, said by the tables it works with.

https://hl7.org/fhir/R4/http.html#capabilities
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl
from weakref import WeakKeyDictionary

from fhir_server import __version__
from fhir_server.interactions.grammar import ROUTES
from fhir_server.interactions.request import Answer
from fhir_server.interactions.terminology_capabilities import terminology_capabilities
from fhir_server.mappings.topics import TOPICS
from fhir_server.resources.bundles import quoted
from fhir_server.resources.profiles import load_profiles
from fhir_server.resources.wire import dump, instant
from fhir_server.search.criteria import CANONICAL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fhir_server.context import Context
    from fhir_server.interactions.request import Request
    from fhir_server.resources.operations import Definition
    from fhir_server.resources.wire import Document
    from fhir_server.search.field import SearchParameter
    from fhir_server.search.parameters import Parameters

_BASE = "urn:x-fhir-server:base"
_COMPARTMENT = "http://hl7.org/fhir/CompartmentDefinition"
_OF_TYPE = (
    *("read", "vread", "update", "patch", "delete", "history-instance", "history-type"),
    *("create", "search-type"),
)
_OF_SYSTEM = ("transaction", "batch", "search-system", "history-system")
_HOW = {
    "versioning": "versioned-update",
    "readHistory": True,
    "updateCreate": True,
    "conditionalCreate": True,
    "conditionalRead": "full-support",
    "referencePolicy": ["literal", "logical", "local"],
}
_SECURITY = (
    "Nobody signs in yet: whoever reaches the address is the operator. It listens on the loopback "
    "address unless the operator decides otherwise."
)
_TOPIC = (
    "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
    "capabilitystatement-subscriptiontopic-canonical"
)
_ANY = "Basic"
"""A type with no more parameters than every type has."""

_templates: WeakKeyDictionary[Parameters, tuple[int, bytes]] = WeakKeyDictionary()


def capabilities(context: Context, request: Request) -> Answer:
    """Answer with the CapabilityStatement, or by ``mode`` with the TerminologyCapabilities."""
    if ("mode", "terminology") in parse_qsl(request.query):
        return terminology_capabilities(context, request)
    known, template = _templates.get(context.parameters, (-1, b""))
    version = context.parameters.version
    if known != version:
        template = dump(_statement(context))
        _templates[context.parameters] = version, template
    base = quoted(request.base)[1:-1]
    return Answer(200, template.replace(_BASE.encode(), base))


def _statement(context: Context) -> Document:
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": instant(context.clock()),
        "kind": "instance",
        "software": {"name": "fhir-server", "version": __version__},
        "implementation": {"description": "FHIR server for primary care", "url": _BASE},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "application/fhir+xml", "json", "xml"],
        "patchFormat": ["application/json-patch+json", "application/fhir+json"],
        "rest": [_rest(context)],
    }


def _rest(context: Context) -> Document:
    profiles = [each for each in load_profiles(context.settings.canonical) if _is_profile(each)]
    back = _pointing(context)
    types = sorted(context.definitions.types)
    answered = _answered()
    rest: Document = {
        "mode": "server",
        "security": {"cors": bool(context.settings.cors_origins), "description": _SECURITY},
        "resource": [_resource(context, name, profiles, back.get(name, [])) for name in types],
        "interaction": [{"code": code} for code in _OF_SYSTEM if code in answered],
    }
    if "search-system" in answered:
        rest["searchParam"] = list(_search_parameters(context, _ANY))
    own = [each for each in context.operations if "system" in each.levels]
    rest |= _operations(context, own)
    if "search-compartment" in answered:
        names = sorted(context.definitions.compartments)
        rest["compartment"] = [f"{_COMPARTMENT}/{name.lower()}" for name in names]
    return rest


def _answered() -> set[str]:
    """Name the interactions that are routed and answered."""
    codes = {route.interaction for route in ROUTES}
    return codes | ({"batch"} if "transaction" in codes else set())


def _operations(context: Context, operations: list[Definition]) -> Document:
    rows = {(each.name, each.stated(context.settings.canonical)): each.says for each in operations}
    if not rows:
        return {}
    return {
        "operation": [
            {"name": name, "definition": url, "documentation": says}
            for (name, url), says in sorted(rows.items())
        ]
    }


def _resource(
    context: Context, resource_type: str, profiles: list[Document], back: list[str]
) -> Document:
    answered = _answered()
    parameters = context.parameters.of(resource_type)
    described: dict[str, Any] = _topics(context, resource_type) | {"type": resource_type}
    own = [each["url"] for each in profiles if each["type"] == resource_type]
    if own:
        described["supportedProfile"] = own
    described["interaction"] = [{"code": code} for code in _OF_TYPE if code in answered]
    described |= _HOW | {"conditionalUpdate": "update-conditional" in answered}
    if "delete-conditional" in answered:
        described["conditionalDelete"] = context.settings.conditional_delete
    includes = [f"{resource_type}:{name}" for name in _references(parameters)]
    if includes:
        described["searchInclude"] = includes
    if back:
        described["searchRevInclude"] = back
    described["searchParam"] = list(_search_parameters(context, resource_type))
    offered = [each for each in context.operations if each.is_of(resource_type)]
    return described | _operations(context, offered)


def _topics(context: Context, resource_type: str) -> Document:
    """Name the topics that can be subscribed to, as the backport has it."""
    if resource_type != "Subscription" or not context.settings.subscriptions:
        return {}
    urls = [each.canonical(context.settings.canonical) for each in TOPICS]
    return {"extension": [{"url": _TOPIC, "valueCanonical": url} for url in urls]}


def _search_parameters(context: Context, resource_type: str) -> Iterator[Document]:
    for name, each in sorted(context.parameters.of(resource_type).items()):
        if not each.refused:
            stated = {"name": name, "definition": each.url, "type": each.type}
            says = _own(each.expression, resource_type)
            if each.url in context.parameters.incomplete:
                says += " (what was stored before it is being indexed still)"
            yield stated | ({"documentation": f"Finds by {says}."} if says else {})


def _own(expression: str, resource_type: str) -> str:
    """Keep what an expression says of one type."""
    starts = (f"{resource_type}.", "Resource.", f"({resource_type}.")
    return " | ".join(part for part in expression.split(" | ") if part.startswith(starts))


def _is_profile(document: Document) -> bool:
    kinds = document["resourceType"], document.get("kind")
    return kinds == ("StructureDefinition", "resource")


def _references(parameters: Mapping[str, SearchParameter]) -> Iterator[str]:
    return (name for name, each in sorted(parameters.items()) if _is_link(each))


def _is_link(parameter: SearchParameter) -> bool:
    """Tell whether includes can follow it: a canonical url leads to no id."""
    if parameter.type != "reference" or parameter.refused:
        return False
    return not all(each.kinds <= CANONICAL for each in parameter.fields)


def _pointing(context: Context) -> dict[str, list[str]]:
    """Give by type the parameters of all types that may refer to it."""
    found: dict[str, list[str]] = {}
    for source in sorted(context.definitions.types):
        for name, each in sorted(context.parameters.of(source).items()):
            for target in each.targets if _is_link(each) else ():
                found.setdefault(target, []).append(f"{source}:{name}")
    return found
