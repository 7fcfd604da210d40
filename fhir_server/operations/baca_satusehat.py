"""``Patient/[id]/$baca-satusehat``: read a patient's record back from SATUSEHAT, with consent.

SATUSEHAT may be slow or away, so the worker does it; the answer names the address that tells how
far it is and, at last, what was read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fhir_server.auth.scopes import allows
from fhir_server.errors import Forbidden, Gone, NotFound, NotSupported
from fhir_server.jobs import reading_back, status
from fhir_server.operations.operation import Operation, Parameter

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.interactions.request import Answer
    from fhir_server.operations.call import Call

REACHES: Final = frozenset({"everything", "area"})
"""Who works at the puskesmas; what others do of this patient is not for those it refers to."""


def run(context: Context, call: Call) -> Answer:
    """Put a reading on the list of the worker."""
    patient = call.resource_id or ""
    if not context.settings.satusehat_organization:
        raise NotSupported(
            "SATUSEHAT is not configured (FHIR_SATUSEHAT_ORGANIZATION).",
            indonesian="SATUSEHAT belum dihubungkan (FHIR_SATUSEHAT_ORGANIZATION).",
        )
    _expect_right(context)
    stored = context.store.read("Patient", patient)
    if stored is None:
        raise NotFound(f"There is no Patient/{patient}.")
    if stored.text is None:
        raise Gone(f"Patient/{patient} was deleted.")
    asked = {"patient": patient, "show": bool(call.one("show"))}
    owner = context.principal.subject
    job = context.store.jobs.open(reading_back.KIND, asked, owner, call.request.base)
    return status.accepted(call.request, job)


def _expect_right(context: Context) -> None:
    principal = context.principal
    if principal.reach not in REACHES or not allows(principal.scopes, "Encounter", "c"):
        raise Forbidden(
            "$baca-satusehat is for staff of the puskesmas who may write visits.",
            indonesian="$baca-satusehat untuk petugas puskesmas yang boleh menulis kunjungan.",
        )


OPERATION = Operation(
    name="baca-satusehat",
    types=("Patient",),
    levels=frozenset({"instance"}),
    says="Read a patient's record back from SATUSEHAT, if the patient agreed to it.",
    affects_state=True,
    parameters=(Parameter("show", "boolean", says="Only count; nothing is stored."),),
    run=run,
)
