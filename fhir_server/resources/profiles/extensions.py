"""Every extension of a resource: known or not, by its own profile, and where it may stand.

https://hl7.org/fhir/R4/extensibility.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir_server.resources.profiles.elements import CORE
from fhir_server.resources.profiles.items import Item
from fhir_server.resources.profiles.tree import elements
from fhir_server.resources.profiles.wording import said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fhir_server.errors import Issue, Severity
    from fhir_server.resources.definitions import Definitions, Element
    from fhir_server.resources.profiles.items import Judging
    from fhir_server.resources.profiles.library import Library
    from fhir_server.resources.wire import Document

_LISTS = ("extension", "modifierExtension")
_ANY_RESOURCE = ("Resource", "DomainResource", "Element")


class Extensions:
    """The extensions of one document, judged in the same judgement as its profiles."""

    def __init__(self, library: Library, definitions: Definitions, judgement: Judging) -> None:
        self._library = library
        self._definitions = definitions
        self._judgement = judgement

    def resource(self, value: Document, at: str) -> Iterator[Issue]:
        """Judge the extensions of a resource and of all that is in it."""
        kind = str(value.get("resourceType"))
        yield from self._object(value, kind, at, frozenset({kind, *_ANY_RESOURCE}))

    def _object(
        self, value: dict[str, Any], path: str, at: str, names: frozenset[str]
    ) -> Iterator[Issue]:
        for key in _LISTS:
            for number, each in enumerate(_list(value.get(key))):
                if isinstance(each, dict):
                    yield from self._extension(each, f"{at}.{key}[{number}]", names)
        known = elements(path, self._definitions)
        for name, inner in value.items():
            element = known.get(name.removeprefix("_"))
            if element is not None and name not in _LISTS:
                yield from self._element(inner, element, f"{at}.{element.choice or element.name}")

    def _element(self, inner: Any, element: Element, at: str) -> Iterator[Issue]:
        names = frozenset({element.path, element.type, "Element", "BackboneElement"})
        several = isinstance(inner, list)
        for number, each in enumerate(_list(inner) if several else [inner]):
            there = f"{at}[{number}]" if several else at
            if not isinstance(each, dict):
                continue
            if element.type == "Resource":
                yield from self.resource(each, there)
            else:
                yield from self._object(each, element.type, there, names)

    def _extension(self, value: dict[str, Any], at: str, names: frozenset[str]) -> Iterator[Issue]:
        url = value.get("url")
        inside = frozenset({"Extension", "Element"})
        if isinstance(url, str) and ":" in url:
            inside |= {url}
            yield from self._known(value, url, at, names)
        yield from self._object(value, "Extension", at, inside)

    def _known(
        self, value: dict[str, Any], url: str, at: str, names: frozenset[str]
    ) -> Iterator[Issue]:
        profile = self._library.find(url)
        modifies = "modifierExtension" in at.rpartition(".")[2]
        if profile is None:
            if modifies:
                yield said("modifier", f"{at}.url", value=url)
            else:
                severity: Severity = "warning" if url.startswith(CORE) else "information"
                yield said("extension", f"{at}.url", severity=severity, value=url)
            return
        yield from self._judgement.against(Item(value, at, "Extension"), url)
        yield from _placed(profile.structure, url, at, names)
        if bool(profile.root.row.get("isModifier")) is not modifies:
            yield said("plain" if modifies else "modifies", at, value=url)


def _placed(structure: Document, url: str, at: str, names: frozenset[str]) -> Iterator[Issue]:
    """Judge whether an extension may stand where it stands.

    A FHIRPath context is not looked at. HL7's own files break the contexts of HL7's extensions,
    so that is a warning.
    """
    contexts = [each for each in structure.get("context", ()) if isinstance(each, dict)]
    if any(each.get("type") == "fhirpath" for each in contexts):
        return
    allowed = [str(each.get("expression")) for each in contexts]
    if contexts and not any(each.removeprefix(CORE) in names for each in allowed):
        severity: Severity = "warning" if url.startswith(CORE) else "error"
        yield said("context", at, url, severity=severity, value=url, right=", ".join(allowed))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
