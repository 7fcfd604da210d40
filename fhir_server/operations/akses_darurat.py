"""``Patient/$akses-darurat``: who has limits opens one record in an emergency, and says why.

The record is open for FHIR_EMERGENCY_MINUTES. Before it is, a Task tells the puskesmas to look into
it, and the access is recorded with its reason, whether the patient is known here or not.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import orjson
import structlog
from msgspec import structs

from fhir_server.access.reaches import KINDS
from fhir_server.errors import BadRequest, Forbidden, NotFound
from fhir_server.interactions.write import checked, commit, put
from fhir_server.operations.call import answered
from fhir_server.operations.operation import Operation, Parameter
from fhir_server.resources.wire import dump, instant
from fhir_server.search.plan import Plan
from fhir_server.search.token import key
from fhir_server.store import traces

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.interactions.request import Answer
    from fhir_server.operations.call import Call
    from fhir_server.store.ops import Stored

log = structlog.get_logger(__name__)

SHORTEST: Final = 10
LONGEST: Final = 1000
KIND: Final = "tinjau-akses-darurat"


def run(context: Context, call: Call) -> Answer:
    """Answer until when the record of which patient is open, and the Task that tells of it."""
    _expect_allowed(context)
    reason = _reason(call)
    traces.noted(darurat=reason)
    traces.surely()
    patient = _patient(context, call)
    traces.touched(patient.id)
    until = context.clock() + timedelta(minutes=context.settings.emergency_minutes)
    whole = context.unguarded()
    task = _alarm(whole, patient, reason)
    whole.store.emergencies.open(context.principal.subject, patient.id, until)
    log.warning("emergency access", client=context.principal.subject, task=task)
    return answered(
        ("patient", "Reference", {"reference": f"Patient/{patient.id}"}),
        ("until", "instant", instant(until)),
        ("task", "Reference", {"reference": f"Task/{task}"}),
    )


def _expect_allowed(context: Context) -> None:
    kind = KINDS.get(context.principal.reach)
    if kind is None:
        raise Forbidden("Nothing is closed to you; $akses-darurat is for who has limits.")
    if not kind.emergency or not context.settings.emergency_minutes:
        raise Forbidden("$akses-darurat is not for you: ask the puskesmas.")


def _reason(call: Call) -> str:
    reason = str(call.required("alasan")).strip()
    if not SHORTEST <= len(reason) <= LONGEST:
        raise BadRequest(
            f"alasan has {len(reason)} characters; right is a sentence of {SHORTEST} to {LONGEST}.",
            indonesian=f"alasan: tulis satu kalimat, {SHORTEST} s.d. {LONGEST} huruf.",
        )
    return reason


def _patient(context: Context, call: Call) -> Stored:
    """Find the one patient that is meant, by id or by a number."""
    found = context.store.unguarded.search(Plan("Patient", _wanted(call), limit=2)).resources
    if len(found) != 1:
        raise NotFound("There is no such patient here, or more than one. The request is on record.")
    return found[0]


def _wanted(call: Call) -> dict[str, Any]:
    if call.resource_id is not None:
        return {"_id": call.resource_id}
    system, bar, value = str(call.required("identifier")).partition("|")
    if not (bar and system and value):
        raise BadRequest("identifier: right is system|value, such as the NIK with its system.")
    return {"ix.identifier": key(system, value)}


def _alarm(context: Context, patient: Stored, reason: str) -> str:
    """Tell the puskesmas: a Task to look into it, owned by who has registered the patient."""
    principal = context.principal
    home = orjson.loads(patient.raw).get("managingOrganization", {}).get("reference")
    system = f"{context.settings.canonical}/CodeSystem/jenis-tugas"
    task: dict[str, Any] = {
        "resourceType": "Task",
        "id": context.new_id(),
        "status": "requested",
        "intent": "order",
        "priority": "asap",
        "code": {"coding": [{"system": system, "code": KIND}]},
        "description": "Tinjau akses darurat ke rekam medis pasien ini.",
        "for": {"reference": f"Patient/{patient.id}"},
        "authoredOn": instant(context.clock()),
        "reasonCode": {"text": reason},
    }
    asker = principal.person or principal.organization
    if asker:  # no requester: what a hospital asks for lies in its reach for as long as it is open
        task["note"] = [{"authorReference": {"reference": asker}, "text": reason}]
    if home:
        task["owner"] = {"reference": home}
    raw = dump(task)
    op = put(context, checked(context, raw), raw, task["id"], method="PUT")
    commit(context, [structs.replace(op, existing=False, authors=())])
    return str(task["id"])


OPERATION = Operation(
    name="akses-darurat",
    types=("Patient",),
    levels=frozenset({"type", "instance"}),
    says="Open one record for some minutes in an emergency; the puskesmas is told, and why.",
    affects_state=True,
    parameters=(
        Parameter("alasan", "string", minimum=1, says="Why, in a sentence."),
        Parameter("identifier", "string", says="Whose record: system|value, instead of an id."),
        Parameter("patient", "Reference", use="out", minimum=1, says="Whose record is open."),
        Parameter("until", "instant", use="out", minimum=1, says="Until when."),
        Parameter("task", "Reference", use="out", minimum=1, says="The Task that tells of it."),
    ),
    run=run,
)
