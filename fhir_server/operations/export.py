"""``$export``, ``Patient/$export``, ``Group/[id]/$export``: bulk data as NDJSON files.

https://hl7.org/fhir/uv/bulkdata/STU2/export.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_server.jobs.kickoff import READERS, kick_off
from fhir_server.operations.operation import Operation, Parameter

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.interactions.request import Answer
    from fhir_server.operations.call import Call

GUIDE = "http://hl7.org/fhir/uv/bulkdata/OperationDefinition"
OF_SYSTEM = (
    Parameter("_outputFormat", "string", says="application/fhir+ndjson, the only format."),
    Parameter("_since", "instant", says="Only what was changed or deleted after this."),
    Parameter("_type", "string", maximum="*", says="Resource types, separated by commas."),
    Parameter("_elements", "string", maximum="*", says="Elements, such as name or Patient.name."),
    Parameter("_typeFilter", "string", maximum="*", says="Searches: Observation?status=final."),
)
OF_PATIENTS = (
    *OF_SYSTEM,
    Parameter("patient", "Reference", maximum="*", says="Only these patients (POST)."),
)


def run(context: Context, call: Call) -> Answer:
    """Put an export on the list of the worker."""
    given = {name: values for name in READERS if (values := call.all(name))}
    owner = call.resource_type or ""
    return kick_off(context, call.request, given, owner, call.resource_id)


OPERATIONS = (
    Operation(
        name="export",
        levels=frozenset({"system"}),
        says="Export everything as NDJSON files, as it is at one moment.",
        url=f"{GUIDE}/export",
        parameters=OF_SYSTEM,
        run=run,
    ),
    Operation(
        name="export",
        types=("Patient",),
        levels=frozenset({"type"}),
        says="Export the records of all patients, or of some, as NDJSON files.",
        url=f"{GUIDE}/patient-export",
        parameters=OF_PATIENTS,
        run=run,
    ),
    Operation(
        name="export",
        types=("Group",),
        levels=frozenset({"instance"}),
        says="Export the records of the members of a group as NDJSON files.",
        url=f"{GUIDE}/group-export",
        parameters=OF_PATIENTS,
        run=run,
    ),
)
