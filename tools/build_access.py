"""Write docs/access.md from the registry of reaches: ``python tools/build_access.py``."""

# ruff: noqa: E501

from __future__ import annotations

from pathlib import Path

from fhir_server.access.desk import ROLES
from fhir_server.access.directory import DIRECTORY
from fhir_server.access.people import CARE
from fhir_server.access.reaches import KINDS
from fhir_server.access.tasks import MINIMAL, WRITTEN

PAGE = Path(__file__).parents[1] / "docs" / "access.md"
WHICH = {
    "area": "of patients of the facility",
    "all": "all",
    "unnamed": "that name no patient",
    "given": "given to them or their facility",
    "forwarded": "of cases that wait to be passed on",
}
HEAD = """# Who sees what

Made from the code by `tools/build_access.py`. Rights are part of every query: what is out of reach is in no search, count, total, chain, `_has`, include, history or operation, and reading
it is refused in the same words whether it is there or not.

Everybody who may ask at all reads the directory ({directory}) and terminology.

| reach | for whom | sees | in an emergency |
| --- | --- | --- | --- |
| `everything` | an app without limits | what its scopes say; without a scope, everything | |
"""
AFTER = """
Beside the reach the scope decides (`system/Type.cruds` of a client, `user/Type.cruds` of a person), narrowed by a search where it has one. AuditEvents are met by whoever may do
everything, or has a scope that names them, and by nobody with limits.

A person is what her PractitionerRoles say (`peran-petugas`), as far as they are in force today: {care} of a puskesmas are `area`, with villages in their care `villages`, of a pustu, posyandu
or pkd `tasks`; kader `tasks`; mahasiswa `assignment`; the others are desks. Of several roles the one that sees most counts. Without a role nothing is in reach.

The SOP API answers who has no limits, and people of `area` and `villages` whose scope is everything (`user/*.cruds`), about their patients only.

## Desks

| role | type | which | elements | writes |
| --- | --- | --- | --- | --- |
"""
END = """
`who`: {minimal}.

Cadres and pustu write {written}, about whom their work is about.

## What narrows and widens

* **Consent.** A Consent that denies (`active`, or `rejected`: refused in the words of the SOP) takes the patient's record from the organization, person or role that its provision names;
  with `securityLabel` only what carries the label, and without an actor from everybody with limits. What one wrote oneself stays. Only the outermost provision counts.
* **Emergency.** [$akses-darurat](api/akses-darurat.md) opens one record for `FHIR_EMERGENCY_MINUTES`, with a reason, and tells the puskesmas.
* **Attachments.** A Binary is read by who reads a DocumentReference that has it attached, or wrote it.
* **Authors.** Who wrote any version of a resource reads it, whoever changed it since.
* **Past versions** of what is in reach are shown, but for those that were of another patient, carried a label that is kept back, or were of a Task that had not been sent to the hospital.
* **Writing.** Who has limits writes only about patients in reach, refers only to what could be read before, chooses no ids, and writes neither the directory nor what is seen in part.

The reasons are in [ADR 11](adr/0011-access.md) and [ADR 17](adr/0017-people-and-roles.md), the tests in `tests/access`.
"""


def page() -> str:
    """Write the page."""
    lines = [HEAD.format(directory=", ".join(sorted(DIRECTORY)))]
    for name, kind in KINDS.items():
        emergency = "may open a record" if kind.emergency else ""
        lines.append(f"| `{name}` | {kind.whom} | {kind.sees} | {emergency} |\n")
    lines.append(AFTER.format(care=", ".join(CARE)))
    for role, rows in ROLES.items():
        for kind, row in rows.items():
            shown = "all" if row.part is None else _elements(row.part.elements)
            writes = "yes" if row.writes else ""
            lines.append(f"| {role} | {kind} | {WHICH[row.which]} | {shown} | {writes} |\n")
    minimal = ", ".join(sorted(MINIMAL.elements))
    lines.append(END.format(minimal=minimal, written=", ".join(sorted(WRITTEN))))
    return "".join(lines)


def _elements(elements: frozenset[str]) -> str:
    return "who" if elements == MINIMAL.elements else ", ".join(sorted(elements))


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
