"""Profiles by their canonical URL, each compiled when it is first asked for.

https://hl7.org/fhir/R4/references.html#canonical
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fhir_server.resources.profiles.elements import Unusable, rows
from fhir_server.resources.profiles.slicing import matcher
from fhir_server.resources.profiles.tree import Node, build
from fhir_server.resources.profiles.values import tests

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fhir_server.resources.definitions import Definitions
    from fhir_server.resources.wire import Document

_SUPER = {
    "Resource": {"Resource"},
    "DomainResource": {"Resource", "DomainResource"},
}
_NO_DOMAIN = {"Bundle", "Binary", "Parameters"}


@dataclass(slots=True)
class Profile:
    """A profile ready to judge; ``problem`` says why it cannot, ``unchecked`` which parts not."""

    url: str
    type: str
    structure: Document
    root: Node
    problem: str = ""
    unchecked: list[str] = field(default_factory=list)


class Library:
    """StructureDefinitions; those later in ``structures`` replace earlier ones of their URL."""

    def __init__(self, definitions: Definitions, structures: Iterable[Document]) -> None:
        self.definitions = definitions
        self._by_url: dict[str, Document] = {}
        for each in structures:
            if isinstance(each.get("url"), str):
                self._by_url[each["url"]] = each
                self._by_url[f"{each['url']}|{each.get('version')}"] = each
        self._compiled: dict[str, Profile] = {}

    def __contains__(self, url: object) -> bool:
        return url in self._by_url

    def structure(self, url: str) -> Document | None:
        """Give a StructureDefinition by ``url`` or ``url|version``."""
        core = self.definitions.profiles.get(url.removesuffix("|4.0.1"))
        return self._by_url.get(url) or (dict(core) if core else None)

    def find(self, url: str) -> Profile | None:
        """Give a profile by ``url`` or ``url|version``; None if it is not known."""
        profile = self._compiled.get(url)
        if profile is None:
            structure = self.structure(url)
            if structure is None:
                return None
            profile = self._compiled[url] = self._profile(structure)
        return profile

    def is_type(self, name: str) -> bool:
        """Say whether R4 has this type."""
        known = self.definitions
        return name in known.types or name in known.data_types or name in _SUPER

    def is_a(self, kind: str, wanted: str) -> bool:
        """Say whether a type is another one, or a kind of it."""
        if wanted in (kind, "Element"):
            return True
        if wanted in _SUPER and kind in self.definitions.types:
            return wanted == "Resource" or kind not in _NO_DOMAIN
        return wanted == "BackboneElement" and "." in kind

    def _profile(self, structure: Document) -> Profile:
        url, kind = structure["url"], str(structure.get("type"))
        try:
            root = build(rows(structure, self.structure), self.definitions)
        except (Unusable, KeyError, TypeError, AttributeError) as error:
            why = str(error) if isinstance(error, Unusable) else "its elements cannot be read."
            return Profile(url, kind, structure, Node(kind, kind, (), kind), why)
        profile = Profile(url, kind, structure, root)
        self._compiled[url] = profile  # it may be asked for while it is made
        self._finish(root, profile)
        return profile

    def _root(self, url: str) -> Node | None:
        profile = self.find(url)
        return profile.root if profile and not profile.problem else None

    def _finish(self, node: Node, profile: Profile) -> None:
        """Turn what the element definitions say into checks, and drop what asks nothing."""
        node.source = f"{profile.url}#{node.id}"
        _count(node)
        node.tests = tests(node, self.definitions.types)
        slicing: Mapping[str, Any] = node.row.get("slicing", {})
        node.rules, node.ordered = slicing.get("rules", "open"), slicing.get("ordered", False)
        for part in node.slices.values():
            try:
                part.match = matcher(part, node, self._root)
            except Unusable as error:
                profile.unchecked.append(str(error))
            self._finish(part, profile)
        for child in node.children.values():
            self._finish(child, profile)
        node.children = {n: each for n, each in node.children.items() if each.asks}


def _count(node: Node) -> None:
    """Set how often the element may occur, where that is more than R4 itself says."""
    least, most = node.row.get("min", 0), node.row.get("max", "*")
    base = None if node.match else node.base
    is_slice = ":" in node.id.rpartition(".")[2]
    if is_slice or base is None or least > base.minimum:
        node.least = least
    bound = None if most == "*" else int(most)
    own = base.maximum if base is not None and not is_slice else None
    node.most = bound if own is None or bound is None or bound < own else None
    node.supported = bool(node.row.get("mustSupport"))
