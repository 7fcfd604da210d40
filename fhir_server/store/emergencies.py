"""Records that were opened in an emergency: for whom, whose, why and until when.

``_emergencies`` {_id, subject, patient, until}; emptied by the database when their time is over.
What was done and why stays in the Flag and the AuditEvent that are written with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from fhir_server.store.failures import translated

if TYPE_CHECKING:
    from datetime import datetime

    from pymongo.database import Database

EMERGENCIES: Final = "_emergencies"


@dataclass(frozen=True, slots=True)
class Emergencies:
    """Who may look at whose record for some minutes."""

    database: Database[dict[str, Any]]

    def open(self, subject: str, patient: str, until: datetime) -> None:
        """Open the record of a patient (id) to a subject until then."""
        with translated():
            kept = self.database[EMERGENCIES]
            kept.create_index("until", expireAfterSeconds=60)
            key = {"subject": subject, "patient": patient}
            kept.update_one({"_id": key}, {"$set": {**key, "until": until}}, upsert=True)

    def open_to(self, subject: str, now: datetime) -> list[str]:
        """Give the ids of the patients whose record is open to a subject."""
        with translated():
            wanted = {"subject": subject, "until": {"$gt": now}}
            rows = self.database[EMERGENCIES].find(wanted, {"patient": 1}, limit=1000)
            return [each["patient"] for each in rows]
