"""What administrative roles may meet: who is here and what is owed, nothing clinical (domain §2.3).

One row for each role and type: which resources, and which elements of them. The operator of
WhatsApp reads a message only while the case it belongs to waits to be passed on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal

from fhir_server.access.area import Area
from fhir_server.access.directory import DIRECTORY
from fhir_server.access.people import found
from fhir_server.access.reach import NOTHING, Part, written_by
from fhir_server.access.tasks import GOING_ON, MINIMAL

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.search.plan import Filter, Join

Which = Literal["area", "all", "unnamed", "given", "forwarded"]
"""Of patients in the area; all; what names no patient; work given to the role; its messages."""

VISIT: Final = Part(
    frozenset({"status", "class", "subject", "period", "location", "serviceProvider"})
    | {"appointment", "serviceType"},
    frozenset({"status", "class", "patient", "subject", "date", "location", "service-provider"})
    | {"appointment", "service-type"},
)
WORK: Final = Part(
    frozenset({"groupIdentifier", "status", "businessStatus", "intent", "priority", "code"})
    | {"for", "authoredOn", "lastModified", "requester", "owner", "executionPeriod"}
    | {"restriction", "location", "partOf"},
    frozenset({"group-identifier", "status", "business-status", "intent", "priority", "code"})
    | {"patient", "subject", "authored-on", "modified", "requester", "owner", "period", "due"}
    | {"location", "part-of"},
)
FORWARDING: Final = ("konsultasi-daring", "teruskan-ke-tim-dokter", "meneruskan-saran")


@dataclass(frozen=True, slots=True)
class Row:
    """What one role may meet of one type; ``part`` None: all elements; ``writes``: it may write."""

    which: Which
    part: Part | None = None
    writes: bool = False


ROLES: Final[dict[str, dict[str, Row]]] = {
    "pendaftaran": {
        "Patient": Row("area", writes=True),
        "RelatedPerson": Row("area", writes=True),
        "Coverage": Row("area", writes=True),
        "Appointment": Row("area", writes=True),
        "Schedule": Row("all"),
        "Slot": Row("all"),
        "Encounter": Row("area", VISIT),
        "Task": Row("given", WORK),
    },
    "kasir": {
        "Patient": Row("area", MINIMAL),
        "Coverage": Row("area"),
        "Account": Row("area", writes=True),
        "Invoice": Row("area", writes=True),
        "Encounter": Row("area", VISIT),
        "Task": Row("given", WORK),
    },
    "operator-wa": {
        "Patient": Row("forwarded", MINIMAL),
        "Communication": Row("forwarded"),
        "Task": Row("given", WORK),
    },
    "auditor": {
        "QuestionnaireResponse": Row("unnamed", writes=True),
        "MeasureReport": Row("all"),
        "Task": Row("given", WORK),
    },
    "tim-pelaksana": {
        "DocumentReference": Row("unnamed"),
        "MeasureReport": Row("all"),
        "Task": Row("given", WORK),
    },
    "camat": {
        "DocumentReference": Row("unnamed"),
        "MeasureReport": Row("all"),
        "Task": Row("given", WORK),
    },
}
_UNNAMED: Final[Filter] = {"ix.patient": None, "ix.subject": None, "ix._of": None}


class Desk(Area):
    """The filters of one administrative role."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._rows_of_role = ROLES.get(context.principal.role, {})

    def of(self, resource_type: str) -> Filter:
        """Give what of a type is in reach."""
        if resource_type in DIRECTORY:
            return {}
        row = self._rows_of_role.get(resource_type)
        if row is None:
            return NOTHING
        match row.which:
            case "area":
                return super().of(resource_type)
            case "all":
                return {"ix.subject": None} if resource_type == "MeasureReport" else {}
            case "unnamed":
                return _UNNAMED
            case "given":
                return {"ix.owner": {"$in": sorted(self._principal.parties)}}
            case "forwarded":
                return self._forwarded(resource_type)

    def through(self, resource_type: str) -> tuple[Join, ...]:
        """Say that the patient must be of the area where that is what counts."""
        row = self._rows_of_role.get(resource_type)
        return super().through(resource_type) if row and row.which == "area" else ()

    def may_write(self, resource_type: str) -> bool:
        """Say what the role writes."""
        row = self._rows_of_role.get(resource_type)
        return row is not None and row.writes

    def part(self, resource_type: str) -> Part | None:
        """Show what the role needs."""
        row = self._rows_of_role.get(resource_type)
        return row.part if row else None

    def _own(self, resource_type: str) -> Filter:
        """Select what the role wrote itself; nothing is in reach for naming no patient."""
        del resource_type
        person = self._principal.person
        return written_by([person]) if person else NOTHING

    def _forwarded(self, resource_type: str) -> Filter:
        if resource_type == "Patient":
            names = (each.get("for", {}).get("reference", "") for each in self._cases)
            ids = {each.removeprefix("Patient/") for each in names if each.startswith("Patient/")}
            return {"_id": {"$in": sorted(ids)}}
        cases = sorted({f"Task/{each['id']}" for each in self._cases})
        return {"ix.based-on": {"$in": cases}}

    @cached_property
    def _cases(self) -> list[dict[str, Any]]:
        """Read the work of passing on that waits for this operator."""
        system = f"{self._context.settings.canonical}/CodeSystem/jenis-tugas"
        wanted = {
            "ix.owner": {"$in": sorted(self._principal.parties)},
            "ix.status": {"$in": list(GOING_ON)},
            "ix.code": {"$in": [f"{system}|{code}" for code in FORWARDING]},
        }
        tasks = found(self._context, "Task", wanted)
        above = {each["reference"] for task in tasks for each in task.get("partOf", ())}
        ids = sorted(each.removeprefix("Task/") for each in above if each.startswith("Task/"))
        return [*tasks, *(found(self._context, "Task", {"_id": {"$in": ids}}) if ids else ())]
