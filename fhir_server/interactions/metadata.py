"""What this server can do, said by the tables it works with.

https://hl7.org/fhir/R4/http.html#capabilities
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakKeyDictionary

from fhir_server import __version__
from fhir_server.interactions.grammar import ROUTES
from fhir_server.interactions.request import Answer
from fhir_server.resources.bundles import quoted
from fhir_server.resources.profiles import load_profiles
from fhir_server.resources.wire import dump, instant

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from fhir_server.context import Context
    from fhir_server.interactions.request import Request
    from fhir_server.resources.wire import Document
    from fhir_server.search.field import SearchParameter
    from fhir_server.search.parameters import Parameters

_BASE = "urn:x-fhir-server:base"
_OF_SYSTEM = ("transaction", "batch", "history-system")
_OF_EVERY_TYPE = {"read", "vread", "update", "patch", "delete", "create", "search-type"}
_OF_EVERY_TYPE |= {"history-instance", "history-type"}
_OF_TYPE = {
    "versioning": "versioned-update",
    "readHistory": True,
    "updateCreate": True,
    "conditionalCreate": True,
    "conditionalRead": "full-support",
    "conditionalUpdate": True,
    "referencePolicy": ["literal", "logical", "local"],
}
_templates: WeakKeyDictionary[Parameters, dict[int, bytes]] = WeakKeyDictionary()


class Offered(Protocol):
    """An operation, as far as it is described here; ``{type}`` stands for every type."""

    @property
    def name(self) -> str:
        """Its name, without the dollar sign."""

    @property
    def resource_type(self) -> str:
        """The type it belongs to, or nothing for the whole system."""


def capabilities(context: Context, request: Request, offered: Sequence[Offered] = ()) -> Answer:
    """Answer with the CapabilityStatement; ``offered`` are the operations there are."""
    templates = _templates.setdefault(context.parameters, {})
    template = templates.get(len(offered))
    if template is None:
        template = templates[len(offered)] = dump(_statement(context, offered))
    base = quoted(request.base)[1:-1]
    return Answer(200, template.replace(_BASE.encode(), base))


def _statement(context: Context, offered: Sequence[Offered]) -> Document:
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
        "rest": [_rest(context, offered)],
    }


def _rest(context: Context, offered: Sequence[Offered]) -> Document:
    profiles = [each for each in load_profiles(context.settings.canonical) if _is_profile(each)]
    back = _pointing(context)
    types = sorted(context.definitions.types)
    return {
        "mode": "server",
        "resource": [
            _resource(context, name, profiles, back.get(name, []))
            | _operations(context, offered, (name, "{type}"))
            for name in types
        ],
        "interaction": [{"code": code} for code in _OF_SYSTEM],
        **_operations(context, offered, ("",)),
    }


def _operations(context: Context, offered: Sequence[Offered], kinds: tuple[str, ...]) -> Document:
    """List the operations of some kinds, each once with its definition."""
    defined = {
        (row["code"], kind): url
        for url, row in context.definitions.operations.items()
        for kind in row.get("resource", ())
    }
    names = sorted(
        {(each.name, each.resource_type) for each in offered if each.resource_type in kinds}
    )
    own = f"{context.settings.canonical.rstrip('/')}/OperationDefinition/"
    rows = [
        {
            "name": name,
            "definition": defined.get((name, "Resource" if kind in {"", "{type}"} else kind))
            or f"{own}{name}",
        }
        for name, kind in names
    ]
    return {"operation": rows} if rows else {}


def _resource(
    context: Context, resource_type: str, profiles: list[Document], back: list[str]
) -> Document:
    parameters = context.parameters.of(resource_type)
    described: dict[str, Any] = {"type": resource_type}
    own = [each["url"] for each in profiles if each["type"] == resource_type]
    if own:
        described["supportedProfile"] = own
    described |= {"interaction": list(_interactions()), **_OF_TYPE}
    described["conditionalDelete"] = context.settings.conditional_delete
    includes = [f"{resource_type}:{name}" for name in _references(parameters)]
    if includes:
        described["searchInclude"] = includes
    if back:
        described["searchRevInclude"] = back
    described["searchParam"] = [
        {"name": name, "definition": each.url, "type": each.type}
        for name, each in sorted(parameters.items())
        if not each.refused
    ]
    return described


def _is_profile(document: Document) -> bool:
    kinds = document["resourceType"], document.get("kind")
    return kinds == ("StructureDefinition", "resource")


def _interactions() -> Iterator[Document]:
    codes = {
        route.interaction: None
        for route in ROUTES
        if route.pattern.startswith("{type}") and route.interaction in _OF_EVERY_TYPE
    }
    return ({"code": code} for code in codes)


def _references(parameters: Mapping[str, SearchParameter]) -> Iterator[str]:
    return (name for name, each in sorted(parameters.items()) if _is_link(each))


def _is_link(parameter: SearchParameter) -> bool:
    return parameter.type == "reference" and not parameter.refused


def _pointing(context: Context) -> dict[str, list[str]]:
    """Give by type the parameters of all types that may refer to it."""
    found: dict[str, list[str]] = {}
    for source in sorted(context.definitions.types):
        for name, each in sorted(context.parameters.of(source).items()):
            for target in each.targets if _is_link(each) else ():
                found.setdefault(target, []).append(f"{source}:{name}")
    return found
