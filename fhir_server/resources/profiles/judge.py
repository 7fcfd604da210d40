"""Judges one resource by compiled profiles. Never raises, asks no store.

https://hl7.org/fhir/R4/validation.html
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from fhir_server.resources import fhirpath
from fhir_server.resources.profiles.constraints import holds
from fhir_server.resources.profiles.elements import CORE
from fhir_server.resources.profiles.extensions import Extensions
from fhir_server.resources.profiles.items import Item
from fhir_server.resources.profiles.values import codings_of
from fhir_server.resources.profiles.wording import said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from fhir_server.errors import Issue
    from fhir_server.resources.profiles.library import Library, Profile
    from fhir_server.resources.profiles.tree import Node
    from fhir_server.resources.wire import Document

MOST_ISSUES = 200
DEEPEST = 12
"""So many profiles may be entered from one another."""


def _nobody(_: str, __: Mapping[str, Any]) -> bool | None:
    return None


def _nowhere(_: str) -> Document | None:
    return None


@dataclass(frozen=True, slots=True)
class Hooks:
    """What profiles need others for; each may answer None: it cannot be said.

    ``member``: is a coding in a value set. ``resolve``: the resource a reference leads to outside
    of the document.
    """

    member: Callable[[str, Mapping[str, Any]], bool | None] = _nobody
    resolve: Callable[[str], Document | None] = _nowhere


NONE = Hooks()


def judge(  # noqa: PLR0913 - what a caller may know of the resource
    library: Library,
    document: Document,
    urls: Sequence[str],
    hooks: Hooks = NONE,
    *,
    informing: bool = True,
    at: str = "",
) -> list[Issue]:
    """List what of a resource does not meet profiles, and what could not be checked.

    ``informing`` adds what is no fault: absent must-support elements, unknown bindings. ``at`` is
    the FHIRPath of the resource if it did not come alone.
    """
    judgement = Judgement(library, document, hooks, at, informing=informing)
    kind = str(document.get("resourceType"))
    item = Item(document, at or kind, kind)
    found = (issue for url in urls for issue in judgement.against(item, url))
    return list(islice(found, MOST_ISSUES))


def judge_extensions(
    library: Library, document: Document, hooks: Hooks = NONE, known: Sequence[Issue] = ()
) -> list[Issue]:
    """List what is wrong with the extensions of a resource and of all resources in it.

    ``known`` are issues that were found already and are not said again.
    """
    judgement = Judgement(library, document, hooks)
    walk = Extensions(library, library.definitions, judgement)
    found = walk.resource(document, str(document.get("resourceType")))
    return [issue for issue in islice(found, MOST_ISSUES) if issue not in known]


class Judgement:
    """One document being judged."""

    def __init__(  # noqa: PLR0913 - one inside another knows more
        self,
        library: Library,
        document: Document,
        hooks: Hooks,
        at: str = "",
        within: tuple[dict[tuple[int, str], bool], int] | None = None,
        *,
        informing: bool = False,
    ) -> None:
        self.informing = informing
        self.member = hooks.member
        self._library = library
        self._document = document
        self._hooks = hooks
        self._at = at or str(document.get("resourceType"))
        self._engine = fhirpath.Hooks(
            resolve=self.resolve, member_of=self._has_member, conforms_to=self._conforms_to
        )
        self._judged: set[tuple[str, str]] = set()
        self._met, self._depth = within or ({}, 0)

    def against(self, item: Item, url: str, source: str = "") -> Iterator[Issue]:
        """Judge an item by a profile, once."""
        key = (item.at, url)
        if key in self._judged or self._depth >= DEEPEST:
            return
        self._judged.add(key)
        profile = self._library.find(url)
        if profile is None:
            yield said("unknown", item.at, source or url, severity="warning")
        elif profile.problem:
            yield said("unusable", item.at, url, severity="warning", why=profile.problem)
        else:
            yield from self._profiled(item, profile)

    def _profiled(self, item: Item, profile: Profile) -> Iterator[Issue]:
        if item.type and not self._library.is_a(item.type, profile.type):
            yield said("another", item.at, profile.url, value=item.type, right=profile.type)
            return
        self._depth += 1
        try:
            yield from self._item(profile.root, item)
        finally:
            self._depth -= 1
        if self.informing:
            for why in profile.unchecked:
                yield said("unchecked", item.at, profile.url, severity="information", why=why)

    def conforms(self, item: Item, url: str, document: Document | None = None) -> bool:
        """Say whether an item meets a profile; False if nobody knows the profile."""
        if url.startswith(CORE) and self._library.is_type(url.removeprefix(CORE)):
            return self._library.is_a(item.type, url.removeprefix(CORE))
        key = (id(item.value), url)
        if key not in self._met:
            self._met[key] = True  # a circle of references breaks nothing by itself
            self._met[key] = self._meets(item, url, document)
        return self._met[key]

    def _another(self, document: Document | None) -> Judgement:
        """Begin a judgement inside this one: of the same document, or of one it refers to."""
        met, depth = self._met, self._depth + 1
        if document is None:
            return Judgement(self._library, self._document, self._hooks, self._at, (met, depth))
        hooks = replace(self._hooks, resolve=self.resolve)
        return Judgement(self._library, document, hooks, "", (met, depth))

    def _meets(self, item: Item, url: str, document: Document | None) -> bool:
        profile = self._library.find(url)
        if profile is None or profile.problem or self._depth >= DEEPEST:
            return False
        own = self._another(document)
        issues = own.against(item, url)
        return not any(issue.severity in {"error", "fatal"} for issue in issues)

    def refers(self, document: Document, profiles: Sequence[str], types: frozenset[str]) -> bool:
        """Say whether a resource meets one of the profiles, or one of them is not known."""
        kind = str(document.get("resourceType"))
        item = Item(document, kind, kind)
        for url in profiles:
            if self.type_of(url, types) not in {None, kind}:
                continue
            if self._library.find(url) is None or self.conforms(item, url, document):
                return True
        return False

    def type_of(self, url: str, types: frozenset[str]) -> str | None:
        """Give the resource type a profile is of; None if the profile is not known."""
        plain = url.removeprefix(CORE)
        if plain in types:
            return plain
        profile = self._library.find(url)
        return profile.type if profile else None

    def kind_of(self, url: str) -> str | None:
        """Give the type of a profile, or the type that its url names."""
        profile = self._library.find(url)
        return profile.type if profile else url.removeprefix(CORE)

    def resolve(self, reference: str) -> Document | None:
        """Find what a reference leads to: contained, in the same Bundle, or known to the hook."""
        if reference.startswith("#"):
            contained = _objects(self._document.get("contained"))
            return next((each for each in contained if each.get("id") == reference[1:]), None)
        for entry in _objects(self._document.get("entry")):
            if _is_at(entry, reference):
                found = entry.get("resource")
                return found if isinstance(found, dict) else None
        return self._hooks.resolve(reference)

    def holds(self, expression: str, item: Item) -> bool | None:
        """Evaluate a constraint; None if nobody can say."""
        path = item.at.removeprefix(self._at)
        return holds(expression, self._document, path, self._engine)

    def _has_member(self, value: Any, url: str) -> bool | None:
        answers = [self.member(url, each) for each in codings_of(value)]
        return True if True in answers else None if None in answers else False

    def _conforms_to(self, document: Document, url: str) -> bool | None:
        kind = str(document.get("resourceType"))
        known = self._library.find(url)
        return self.conforms(Item(document, kind, kind), url, document) if known else None

    def _item(self, node: Node, item: Item) -> Iterator[Issue]:
        for test in node.tests:
            yield from test(item, self)
        if not node.children:
            return
        inner = next((each for each in (item.value, item.extra) if isinstance(each, dict)), {})
        for child in node.children.values():
            yield from self._group(child, child.items(inner, item.at), item.at)

    def _group(self, node: Node, items: list[Item], at: str) -> Iterator[Issue]:
        """Judge all occurrences of an element, or of a slice of it."""
        yield from self._counted(node, items, f"{at}.{node.name}")
        for item in items:
            yield from self._item(node, item)
        if node.slices:
            yield from self._sliced(node, items, at)

    def _counted(self, node: Node, items: list[Item], at: str) -> Iterator[Issue]:
        count, name, source = len(items), node.name, node.source
        if count < node.least:
            yield said("few", at, source, name=name, count=str(count), least=str(node.least))
        elif node.most == 0 and count:
            yield said("prohibited", items[0].at, source, name=name)
        elif node.most is not None and count > node.most:
            yield said("many", at, source, name=name, count=str(count), most=str(node.most))
        elif not count and node.supported and self.informing:
            yield said("support", at, source, severity="information", name=name)

    def _sliced(self, node: Node, items: list[Item], at: str) -> Iterator[Issue]:
        parts = {name: part for name, part in node.slices.items() if part.match is not None}
        found: dict[str, list[Item]] = {name: [] for name in parts}
        places: list[tuple[int, Item]] = []
        for item in items:
            name = self._slice_of(item, parts)
            if name is not None:
                found[name].append(item)
            places.append((-1 if name is None else list(parts).index(name), item))
        if len(parts) == len(node.slices):  # else what fits none may be of one not understood
            yield from _misplaced(node, places)
        for name, part in parts.items():
            yield from self._group(part, found[name], at)

    def _slice_of(self, item: Item, parts: Mapping[str, Node]) -> str | None:
        for name, part in parts.items():
            if part.match is not None and part.match(item, self):
                return name
        return None


def _misplaced(node: Node, places: list[tuple[int, Item]]) -> Iterator[Issue]:
    """Judge the order of slices, and what belongs to none."""
    names = list(node.slices)
    right = ", ".join(names)
    highest, others = -1, False
    for place, item in places:
        if place < 0:
            others = True
            if node.rules == "closed":
                yield said("closed", item.at, node.source, right=right)
            continue
        if others and node.rules == "openAtEnd":
            yield said("end", item.at, node.source, right=right)
        if node.ordered and place < highest:
            yield said("order", item.at, node.source, name=names[place], right=right)
        highest = max(highest, place)


def _objects(value: Any) -> list[dict[str, Any]]:
    several = value if isinstance(value, list) else []
    return [each for each in several if isinstance(each, dict)]


def _is_at(entry: dict[str, Any], reference: str) -> bool:
    full = str(entry.get("fullUrl", ""))
    if full == reference:
        return True
    resource = entry.get("resource")
    if not isinstance(resource, dict) or ":" in reference:
        return False
    return f"{resource.get('resourceType')}/{resource.get('id')}" == reference
