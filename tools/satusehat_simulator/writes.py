"""Writing: POST, PUT, PATCH and transactions, each whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tools.satusehat_simulator import newborns, patching, referrals
from tools.satusehat_simulator.outcomes import (
    CLOSED,
    NO_CONSENT,
    Answer,
    Issue,
    Refused,
    absent,
    duplicate,
    outcome,
)
from tools.satusehat_simulator.rules import episodes, judge
from tools.satusehat_simulator.rules.identity import AUTHOR
from tools.satusehat_simulator.world import identifiers, is_own, mark

if TYPE_CHECKING:
    from tools.satusehat_simulator.world import Document, World

READ_ONLY = {"Practitioner", "PractitionerRole", "Medication", "RelatedPerson", "ImagingStudy"}
SHARED = {"Encounter"}


def create(world: World, organization: str, resource: Document) -> Answer:
    """Store a new resource, or say what is wrong with it."""
    with world.lock:
        _may_create(world, resource)
        checked(world, organization, resource, set())
        made = world.add(resource, organization)
        return Answer(201, referrals.completed(world, made, organization))


def checked(world: World, organization: str, resource: Document, pending: set[str]) -> None:
    """Refuse what breaks a rule, is a duplicate, or belongs to a patient who said no."""
    if resource["resourceType"] == "Patient":
        newborns.check(world, resource)
        return
    issues = judge(resource, world, organization, pending)
    second = None if issues else episodes.second(resource, world)
    if issues or second:
        raise Refused(outcome(400, *issues, *([second] if second else [])))
    _consented(world, resource)
    _new(world, resource)


def _may_create(world: World, resource: Document) -> None:
    kind = resource["resourceType"]
    allowed = kind == "Medication" and world.ways.standalone_medication
    if kind in READ_ONLY and not allowed:
        words = f"Failed to get permission for client for resource type {kind}"
        raise Refused(outcome(403, Issue("forbidden", words, rule=20003)))


def _consented(world: World, resource: Document) -> None:
    named = resource.get("subject") or resource.get("patient") or {}
    id = str(named.get("reference", "")).removeprefix("Patient/")
    person = world.people.get(("Patient", id))
    if person is not None and not person["consent"]:
        raise Refused(NO_CONSENT)


def _new(world: World, resource: Document) -> None:
    kind = resource["resourceType"]
    if not world.ways.duplicates:
        return
    own = [each for each in identifiers(resource) if is_own(each)]
    if kind in {"MedicationRequest", "MedicationDispense"}:  # many items of one prescription
        own = [each for each in own if "/prescription-item/" in each["system"]]
    if kind == "Encounter":  # an episode's number may stand on each of its visits
        own = [each for each in own if "/episode-of-care/" not in each["system"]]
    for each in own:
        if each["system"] == AUTHOR:
            continue
        others = world.with_identifier(kind, mark(each))
        if any(other["id"] != resource.get("id") for other in others):
            raise Refused(duplicate(kind))


def update(world: World, organization: str, kind: str, id: str, resource: Document) -> Answer:
    """Store the next version of a resource."""
    with world.lock:
        if resource.get("id") != id:
            raise Refused(_mismatch(id, str(resource.get("id", ""))))
        _mine(world, organization, kind, id)
        if kind == "EpisodeOfCare" and not world.ways.episode_put:
            raise Refused(CLOSED)
        issues = judge(resource, world, organization, set())
        if issues:
            raise Refused(outcome(400, *issues))
        stored = world.put(resource, organization)
        world.by_identifier_of(stored)
        return Answer(200, stored)


def patch(world: World, organization: str, kind: str, id: str, operations: Any) -> Answer:
    """Change single elements of a resource."""
    with world.lock:
        before = _mine(world, organization, kind, id)
        owner = world.owners[kind, id]
        after = patching.apply(before, operations)
        if kind != "Patient":
            issues = judge(after, world, owner or organization, set())
            if issues:
                raise Refused(outcome(400, *issues))
        return Answer(200, world.put(after, owner or organization))


def _mine(world: World, organization: str, kind: str, id: str) -> Document:
    found = world.get(kind, id)
    if found is None:
        raise Refused(absent(f"{kind}/{id}"))
    owner = world.owners[kind, id]
    is_asked = kind == "Task" and referrals.is_addressed(found, organization)
    if owner not in {"", organization} and not is_asked:
        raise Refused(
            outcome(403, Issue("forbidden", "resource cannot be accessed due to business rule"))
        )
    return found


def _mismatch(asked: str, given: str) -> Answer:
    words = f"resource id mismatch, id of specified resource: {asked}, id from payload: {given}"
    return outcome(400, Issue("structure", "resource_mismatch", diagnostics=words))
