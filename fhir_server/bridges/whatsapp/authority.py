"""In whose name the clinic's number speaks: its own organization's, and no other client's.

A hospital with a token may write a Communication about its patient. It is not sent by the clinic's
number on that account: only what was written for whoever runs the number, or for where the patient
is registered, or by the server and its operator.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir_server.mappings.elements import id_of
from fhir_server.search.plan import Plan

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.mappings import Reader
    from fhir_server.resources.wire import Document


def is_foreign(context: Context, message: Document, reader: Reader) -> bool:
    """Tell whether a message was written for others alone."""
    allowed = sorted(f"Organization/{each}" for each in _own(message, reader))
    authors: dict[str, Any] = {"$exists": True, "$nin": [*allowed, None, []]}
    plan = Plan("Communication", {"_id": message["id"], "by": authors}, limit=1)
    return bool(context.store.unguarded.search(plan).resources)


def _own(message: Document, reader: Reader) -> set[str]:
    """Name who runs the number, who employs the one who reads it, and where the patient is."""
    settings = reader.settings
    kind, _, name = settings.whatsapp_penerima.partition("/")
    role = (reader.read(f"PractitionerRole/{name}") if kind == "petugas" else None) or {}
    subject = message.get("subject", {}).get("reference", "Patient/-")
    patient = reader.read(subject) or {}
    found = {
        settings.whatsapp_faskes,
        name if kind == "faskes" else "",
        id_of(role.get("organization"), "Organization") or "",
        id_of(patient.get("managingOrganization"), "Organization") or "",
    }
    return found - {""}
