"""``PlanDefinition/[id]/$apply``: begins a procedure for somebody.

It writes, in one transaction, a CarePlan and the Tasks with their due times; a procedure that has
a case (LAKON) gets the case too. The CarePlan is answered.

https://hl7.org/fhir/R4/plandefinition-operation-apply.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from fhir_server.errors import BadRequest, Gone, NotFound, NotSupported
from fhir_server.interactions import write
from fhir_server.interactions.matches import matches
from fhir_server.interactions.reader import outward
from fhir_server.interactions.request import Answer
from fhir_server.mappings import kasus_konsultasi as cases
from fhir_server.mappings import load_mappings, part_id
from fhir_server.mappings.codes import as_mapped, criterion, structure
from fhir_server.mappings.elements import code_of
from fhir_server.mappings.penerapan import LAYANAN, Applied, actions_for, applied, case_action
from fhir_server.mappings.plain import as_json
from fhir_server.operations.linked import local
from fhir_server.operations.operation import Operation, Parameter
from fhir_server.resources.wire import parse
from fhir_server.sop.kasus_konsultasi import KasusKonsultasi

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.operations.call import Call
    from fhir_server.resources.wire import Document

SUBJECTS: Final = ("Patient", "Practitioner", "Organization", "Location", "Device", "Group")
UNTOLD: Final = "Belum dicatat"


def run(context: Context, call: Call) -> Answer:
    """Write what begins, and answer its CarePlan."""
    plan = _plan(context, call)
    how = _asked(context, call)
    if plan.get("status") != "active":
        raise NotSupported(f"{plan.get('url')} is {plan.get('status')}; only active plans apply.")
    if not actions_for(plan, how.subject):
        kind = how.subject.partition("/")[0]
        raise BadRequest(f"{plan.get('url')} has no step for a subject of type {kind}.")
    whole = case_action(plan, how.subject)
    papers = [] if whole is None else _case(how, whole, call.one("keluhan") or UNTOLD)
    how = replace(how, case=papers[0]) if papers else how
    documents = [*papers, *applied(plan, how)]
    puts = []
    for each in documents:
        raw = outward(context, each)
        document = write.checked(context, raw)
        puts.append(write.put(context, document, raw, each["id"], method="POST"))
    written = write.commit(context, puts)
    care_plan = written[len(papers)].stored
    where = f"{call.request.base}/CarePlan/{care_plan.id}/_history/{care_plan.version}"
    return Answer(200, care_plan.raw, {"Content-Location": where})


def _asked(context: Context, call: Call) -> Applied:
    given = call.all("subject")
    if len(given) != 1:
        raise BadRequest("$apply takes one subject here; call it once for each.")
    base = call.request.base
    clock = context.clock().astimezone(ZoneInfo(context.settings.timezone)).replace(microsecond=0)
    return Applied(
        id=context.new_id(),
        subject=_named(given[0], base, SUBJECTS, "subject"),
        start=clock,
        encounter=_optional(call, "encounter", ("Encounter",)),
        practitioner=_optional(call, "practitioner", ("Practitioner", "PractitionerRole")),
        organization=_optional(call, "organization", ("Organization",)),
    )


def _optional(call: Call, name: str, kinds: tuple[str, ...]) -> str | None:
    given = call.one(name)
    return None if given is None else _named(given, call.request.base, kinds, name)


def _named(text: str, base: str, kinds: tuple[str, ...], name: str) -> str:
    key = local(text, base)
    if key is None or key[0] not in kinds:
        right = " or ".join(f"{each}/[id]" for each in kinds)
        raise BadRequest(f"{name}={text!r} is none of this server's; right would be {right}.")
    return "/".join(key)


def _case(how: Applied, action: Document, complaint: str) -> list[Document]:
    """Write the case that the plan begins with, and its consultation."""
    service: Any = code_of(action.get("code"), LAYANAN)
    owner = how.practitioner or ""
    case = KasusKonsultasi(
        noKasus=f"{service.upper()}-{how.start:%Y%m%d}-{how.id[:8]}",
        layanan=service,
        faskes=(how.organization or "/").partition("/")[2],
        pasien=how.subject.partition("/")[2],
        pemohon=f"pasien/{how.subject.partition('/')[2]}",
        kanal="landing-page",
        keluhan=complaint,
        diajukan=how.start,
        penanggungJawab=owner.removeprefix("PractitionerRole/") if "Role/" in owner else None,
    )
    root, mapping = f"{how.id}-kasus", load_mappings()["kasus_konsultasi"]
    if how.organization is None:
        raise BadRequest("This plan opens a case: organization, who provides it, is needed.")
    made = []
    for role, each in cases.to_fhir(case, root).items():
        profile = mapping.profiles.get(role, mapping.profile)
        own = {"id": part_id(root, role), "meta": {"profile": [structure(profile)]}}
        made.append({**as_json(each), **own})
    return made


def _plan(context: Context, call: Call) -> Document:
    if call.resource_id is not None:
        stored = context.store.read("PlanDefinition", call.resource_id)
        if stored is None:
            raise NotFound(f"There is no PlanDefinition/{call.resource_id}.")
        if stored.text is None:
            raise Gone(f"PlanDefinition/{call.resource_id} was deleted.")
        return parse(as_mapped(stored.raw, context.settings.canonical))
    given = call.one("planDefinition")
    if given is not None:
        whole: Document = given
        return whole
    url = call.one("canonical")
    if url is None:
        raise BadRequest(
            "$apply needs a plan: call it on one, or give planDefinition or canonical."
        )
    canonical, _, version = str(url).partition("|")
    pairs = [("url", canonical), *([("version", version)] if version else [])]
    asked = [(name, criterion(value, context.settings.canonical)) for name, value in pairs]
    found = [
        parse(as_mapped(each.raw, context.settings.canonical))
        for each in matches(context, "PlanDefinition", asked)
    ]
    if not found:
        raise NotFound(f"There is no PlanDefinition with the url {url}.")
    return max(found, key=lambda each: str(each.get("version", "")))


OPERATION = Operation(
    name="apply",
    types=("PlanDefinition",),
    levels=frozenset({"type", "instance"}),
    says="Begins a procedure for a subject: a CarePlan, and Tasks with their due times.",
    affects_state=True,
    parameters=(
        Parameter("planDefinition", "PlanDefinition", says="The plan, where the URL names none."),
        Parameter("canonical", "canonical", says="Its canonical url, instead."),
        Parameter("subject", "string", minimum=1, says="Whom it is for: Patient/[id] or another."),
        Parameter("encounter", "string", says="Encounter/[id] in which it is applied."),
        Parameter("practitioner", "string", says="Who applies it; the approver of a case."),
        Parameter("organization", "string", says="Organization/[id] that applies it."),
        Parameter("userType", "CodeableConcept", says="Taken and not needed."),
        Parameter("userLanguage", "CodeableConcept", says="Taken and not needed."),
        Parameter("userTaskContext", "CodeableConcept", says="Taken and not needed."),
        Parameter("setting", "CodeableConcept", says="Taken and not needed."),
        Parameter("settingContext", "CodeableConcept", says="Taken and not needed."),
        Parameter("keluhan", "string", says="What a case is about; ours."),
        Parameter("return", "CarePlan", use="out", minimum=1, says="What was begun."),
    ),
    run=run,
)
