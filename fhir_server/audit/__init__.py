"""Who saw and did what: what the trail keeps of a request, and how it is shown.

The doors record every access. ``opened`` is for the one of SOP step B4, a whole record that is
opened: if it cannot be recorded, it is not answered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_server.mappings.jejak_audit import PATIENT_READ, event
from fhir_server.resources.wire import dump, text
from fhir_server.search.index import index
from fhir_server.sop.jejak_audit import JejakAudit
from fhir_server.store import traces
from fhir_server.store.ops import Put

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.context import Context
    from fhir_server.resources.wire import Document


def opened(  # noqa: PLR0913 - what is known of an access
    context: Context,
    what: str,
    patients: Sequence[str],
    *,
    by: str,
    server: str,
    request: str | None = None,
) -> None:
    """Record that the records of patients (ids) were read through ``what`` (``Type/id``).

    ``by`` names the interaction or operation, ``server`` the FHIR base, ``request`` its number.
    Where the doors record, it is their event that waits to be stored; else it is written here.
    """
    if traces.current() is not None:
        traces.touched(*patients)
        traces.surely()
        return
    access = JejakAudit(
        waktu=context.clock(),
        pelaku=context.principal.subject,
        tindakan="baca",
        objek=what,
        operasi=by,
        pasien=tuple(patients),
        server=server,
        permintaan=request,
    )
    document = {**event(access), "meta": {"profile": [PATIENT_READ]}}
    context.store.unguarded.transact([_put(context, document, context.new_id())])


def _put(context: Context, document: Document, event_id: str) -> Put:
    whole = {**document, "id": event_id}
    indexed = index(whole, context.parameters)
    return Put("AuditEvent", event_id, text(dump(whole), event_id), indexed, existing=False)
