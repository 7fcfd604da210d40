"""The rules of the SOPs on the write road: which resources they guard, which facts they need.

A rule's words and its verdict are in ``sop/``; a module of this room that has
``rules(canonical) -> tuple[Rule, ...]`` says to which resources it applies; one whose rules depend
on what the operator decides has ``rules_of(settings)`` instead. A resource that no
rule guards costs one look into a table.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from fhir_server.errors import FhirError, Invalid, Issue, RuleBroken
from fhir_server.mappings import entity_modules
from fhir_server.search.compile import compile as compile_query
from fhir_server.search.query import parse
from fhir_server.store.ops import Claim, Concern

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from fhir_server.config import Settings
    from fhir_server.mappings.effects import Effect
    from fhir_server.resources.wire import Document
    from fhir_server.search.parameters import Parameters
    from fhir_server.search.plan import Plan
    from fhir_server.sop.dokumen import Teguran
    from fhir_server.store.ops import Check, Stored

    Facts = Callable[[str, Sequence[tuple[str, str]]], Plan]

ALL = 1_000_000
"""More than any fact can have: a rule judges all of them or none."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of an SOP as the write road meets it.

    ``applies(resource, new)`` is asked for every write of ``types`` and must be cheap; ``new``
    means that the server has just made the id, so nothing stored can refer to it.
    ``check(concerns, facts)`` makes one Check of all the resources of a write it applies to;
    ``facts(type, parameters)`` is a search for it.
    """

    id: str
    types: frozenset[str]
    applies: Callable[[Document, bool], bool]
    check: Callable[[Sequence[Concern], Facts], Check]


@dataclass(frozen=True, slots=True)
class Unique:
    """A rule that lets one resource of a type have a key; a module of this room says ``UNIQUE``.

    ``keys(resource)`` gives what it claims, digested where it must stand nowhere else;
    ``teguran`` words the refusal, which is about ``element``. It costs a write no round trip.
    """

    id: str
    resource_type: str
    keys: Callable[[Document], Iterable[str]]
    teguran: Callable[[], Teguran]
    element: str


class Rules:
    """All rules and effects, found by resource type; their ids are one set of names."""

    def __init__(
        self,
        rules: Iterable[Rule],
        facts: Facts,
        effects: Iterable[Effect] = (),
        unique: Iterable[Unique] = (),
    ) -> None:
        self.facts = facts
        self._rules = {rule.id: rule for rule in rules}
        self._effects = {effect.id: effect for effect in effects}
        self._unique = {each.resource_type: each for each in unique}
        self._of: dict[str, tuple[Rule | Effect, ...]] = {}
        every: list[Rule | Effect] = [*self._rules.values(), *self._effects.values()]
        for one in every:
            for each in one.types:
                self._of[each] = (*self._of.get(each, ()), one)

    def concerns(  # noqa: PLR0913 - what is known of a write
        self,
        document: Document,
        resource_id: str,
        *,
        new: bool,
        where: str = "",
        blind: bool = False,
        by: str = "",
    ) -> tuple[Concern, ...]:
        """Say which rules want to judge a resource as it will be stored, which effects follow."""
        rules = self._of.get(document["resourceType"])
        if rules is None:
            return ()
        found = [rule.id for rule in rules if rule.applies(document, new)]
        seen = {**document, "id": resource_id} if found else document
        return tuple(Concern(rule, seen, where, blind, by) for rule in found)

    def checks(self, concerns: Iterable[Concern]) -> tuple[Check, ...]:
        """Make one Check per rule for all that a write wants to store."""
        of: dict[str, list[Concern]] = {}
        for concern in concerns:
            if concern.rule in self._rules:
                of.setdefault(concern.rule, []).append(concern)
        made = [self._rules[rule].check(found, self.facts) for rule, found in of.items()]
        for check in made:
            if not check.guards and not check.plans:
                check.decide(())
        return tuple(check for check in made if check.guards or check.plans)

    def claims(self, document: Document, where: str = "") -> tuple[Claim, ...]:
        """Give what no other resource may have, in the words of the rule that says so."""
        unique = self._unique.get(document["resourceType"])
        if unique is None:
            return ()
        concern = Concern(unique.id, document, where)
        said = partial(_broken, unique, concern)
        return tuple(Claim(key, said) for key in unique.keys(document))

    def keys(self, document: Document) -> list[str]:
        """Give only the keys of what a resource claims."""
        return [each.key for each in self.claims(document)]

    def effects(self, concerns: Iterable[Concern]) -> list[tuple[Effect, list[Document]]]:
        """Give the effects of all that a write wants to store, each with its resources."""
        of: dict[str, list[Document]] = {}
        for concern in concerns:
            if concern.rule in self._effects:
                of.setdefault(concern.rule, []).append(concern.document)
        return [(self._effects[effect], found) for effect, found in of.items()]


def _broken(unique: Unique, concern: Concern) -> FhirError:
    said = issue(unique.teguran(), concern, unique.element)
    if said.code != RuleBroken.code:
        return Invalid((said,))
    error = RuleBroken(said.diagnostics)
    error.issues = (said,)
    return error


def load_rules(parameters: Parameters, settings: Settings) -> Rules:
    """Find the rules and effects of every mapping module."""

    def facts(resource_type: str, criteria: Sequence[tuple[str, str]]) -> Plan:
        query = parse(resource_type, criteria, parameters, strict=True)
        return replace(compile_query(query, parameters, settings), limit=ALL)

    modules, canonical = entity_modules().values(), settings.canonical.rstrip("/")
    found = [m.rules(canonical) for m in modules if hasattr(m, "rules")]
    found += [m.rules_of(settings) for m in modules if hasattr(m, "rules_of")]
    follow = [m.effects(canonical) for m in modules if hasattr(m, "effects")]
    return Rules(
        (rule for rules in found for rule in rules),
        facts,
        (effect for effects in follow for effect in effects),
        (m.UNIQUE for m in modules if hasattr(m, "UNIQUE")),
    )


def refuse(verdicts: Iterable[tuple[Concern, str, Teguran]]) -> None:
    """Raise what the verdicts say; each comes with the resource and the element it is about."""
    reproofs = list(verdicts)
    if not reproofs:
        return
    issues = tuple(issue(teguran, concern, element) for concern, element, teguran in reproofs)
    if any(each.code == RuleBroken.code for each in issues):
        error: FhirError = RuleBroken(issues[0].diagnostics)
        error.issues = issues
        raise error
    raise Invalid(issues)


def issue(teguran: Teguran, concern: Concern, element: str) -> Issue:
    """Say a reproof of the SOP as an issue of the FHIR API."""
    path = concern.where or concern.document["resourceType"]
    return Issue(
        RuleBroken.code if teguran.jenis == "keadaan" else Invalid.code,
        teguran.english or teguran.kalimat,
        f"{path}.{element}",
        indonesian=teguran.kalimat,
        rule=teguran.aturan,
    )


def documents(found: Sequence[Stored]) -> list[Document]:
    """Read what a search for facts has found."""
    return [orjson.loads(each.raw) for each in found]


def local(reference: dict[str, Any] | None, resource_type: str) -> str | None:
    """Give ``Type/id`` of a reference to that type, absolute or relative, else None."""
    parts = (reference or {}).get("reference", "").split("/_history/")[0].split("/")
    kind, resource_id = parts[-2:] if len(parts) > 1 else ("", "")
    return f"{kind}/{resource_id}" if kind == resource_type else None


def has_code(concept: dict[str, Any] | None, system: str, code: str) -> bool:
    """Say whether a CodeableConcept has a code."""
    if concept:
        for coding in concept.get("coding") or ():
            if coding.get("code") == code and coding.get("system") == system:
                return True
    return False
