"""SATUSEHAT Rujukan: what a Task, a CarePlan and a ServiceRequest of a referral must be like."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tools.satusehat_simulator.outcomes import Issue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.satusehat_simulator.world import Document, World

ICD_10 = "http://hl7.org/fhir/sid/icd-10"
REFERRAL = "3457005"
PLANS = {"736353004", "TK000068"}
KINDS = {"referral-pre-request", "request-referral-candidate", "referral-approval-request"}
DETAILED = re.compile(r"[A-Z]\d[0-9A-Z]\..+")


def wrong(resource: Document, world: World) -> list[Issue]:
    """Name what is wrong with a resource of a referral; others are none of its business."""
    kind = resource["resourceType"]
    if kind == "Task" and code_of(resource) in KINDS:
        found = list(_task(resource))
    elif kind == "CarePlan" and is_plan(resource):
        found = [_absent(f"CarePlan.{e}") for e in ("author", "description") if e not in resource]
    elif kind == "ServiceRequest" and plan_of(resource):
        found = list(_request(resource, world))
    else:
        return []
    return [*found, *_forbidden(resource, kind)]


def code_of(task: Document) -> str:
    """Give the kind of a Task."""
    return next((str(e.get("code")) for e in task.get("code", {}).get("coding", ())), "")


def is_plan(resource: Document) -> bool:
    """Say whether a CarePlan is that of a referral for inpatient or emergency care."""
    codings = (e for each in resource.get("category", ()) for e in each.get("coding", ()))
    codes = {each.get("code") for each in codings}
    return REFERRAL in codes and bool(codes & PLANS)


def plan_of(request: Document) -> str:
    """Give the CarePlan that a ServiceRequest is based on."""
    named = (str(each.get("reference", "")) for each in request.get("basedOn", ()))
    return next((each for each in named if each.startswith("CarePlan/")), "")


def _task(task: Document) -> Iterator[Issue]:
    for name in ("identifier", "requester", "owner", "encounter", "input"):
        if not task.get(name):
            yield _absent(f"Task.{name}")
    for place, each in enumerate(task.get("input", ())):
        coding = each.get("valueCoding", {})
        code = str(coding.get("code", ""))
        if coding.get("system") == ICD_10 and not DETAILED.fullmatch(code):
            words = f"Code not found: '{code}' in system: {ICD_10}"
            yield Issue("value", words, f"Task.input[{place}].valueCoding.code")
    if code_of(task) == "referral-approval-request" and not task.get("basedOn"):
        yield _absent("Task.basedOn")


def _request(request: Document, world: World) -> Iterator[Issue]:
    plan = plan_of(request)
    others = [e for e in world.referring("ServiceRequest", plan) if e["id"] != request.get("id")]
    if others:
        yield Issue("value", f"{plan} has a ServiceRequest already", "ServiceRequest.basedOn")


def _forbidden(part: Any, path: str) -> Iterator[Issue]:
    """Name what may stand nowhere: what only the platform says, marks of HTML, empty elements."""
    if isinstance(part, dict):
        if "providerAtribute" in str(part.get("url", "")):
            yield Issue("value", "Extension not allowed: providerAtribute", path)
        if "<" in str(part.get("display", "")):
            yield Issue("value", "display must not contain HTML", f"{path}.display")
        for name, each in part.items():
            if each in ("", [], {}):
                yield Issue("value", f"Element is empty: {path}.{name}", f"{path}.{name}")
            yield from _forbidden(each, f"{path}.{name}")
    elif isinstance(part, list):
        for place, each in enumerate(part):
            yield from _forbidden(each, f"{path}[{place}]")


def _absent(at: str) -> Issue:
    return Issue("value", f"Element not found: {at}", at)
