"""A plan that ends plans no further contact: what it still has from today on is revoked.

Contacts that were missed before stay as they are, for the record of the monitoring.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fhir_server.mappings.codes import code_system
from fhir_server.mappings.effects import Consequences, Effect
from fhir_server.mappings.elements import day_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.mappings import Reader
    from fhir_server.resources.wire import Document

ENDED: Final = ("completed", "revoked", "entered-in-error")
CATEGORIES: Final = code_system("kategori-komunikasi")


def effects(canonical: str) -> tuple[Effect, ...]:
    """Give the effect for the code systems below a canonical base."""
    plans = f"{canonical.rstrip('/')}/CodeSystem/kategori-rencana"

    def applies(document: Document, new: bool) -> bool:  # noqa: FBT001 - as Effect has it
        ours = any(
            coding.get("system") == plans
            for each in document.get("category", ())
            for coding in each.get("coding", ())
        )
        return ours and not new and document.get("status") in ENDED

    return (Effect("rencana berakhir", frozenset({"CarePlan"}), applies, follow),)


def follow(plans: Sequence[Document], reader: Reader) -> Consequences:
    """Revoke the contacts of ended plans that are not yet due."""
    names = ",".join(f"CarePlan/{each['id']}" for each in plans)
    pairs = [
        ("based-on", names),
        ("status", "active"),
        ("category", f"{CATEGORIES}|pemantauan"),
    ]
    today = reader.now.date()
    return Consequences(
        {
            f"CommunicationRequest/{each['id']}": {**each, "status": "revoked"}
            for each in reader.find("CommunicationRequest", pairs)
            if (day := day_of(each.get("occurrenceDateTime"))) is not None and day >= today
        }
    )
