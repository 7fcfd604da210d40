"""Who asks in the worlds: as the server is told, and as the oracle knows them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fhir_server.auth.principals import Principal
from fhir_server.auth.scopes import ALL
from tests.access.leaks.world import PEOPLE

if TYPE_CHECKING:
    from collections.abc import Callable

READS = "system/*.rs"


@dataclass(frozen=True)
class Who:
    """One who asks; ``only`` says what a scope leaves of a resource, ``types`` which types."""

    name: str
    asks: Principal
    reach: str
    organization: str | None = None
    person: str | None = None
    role: str = ""
    roles: tuple = ()
    villages: tuple = ()
    only: Callable | None = None
    opened: tuple = ()

    @property
    def parties(self):
        return {each for each in (self.organization, self.person, *self.roles) if each}


def _hospital(name, scopes=(ALL,), only=None):
    organization = f"Organization/{name[:4]}"
    asks = Principal(name, frozenset(scopes), organization, None, "referrals")
    return Who(name, asks, "referrals", organization, only=only)


REACH = {"bidan": "villages", "dokter": "area", "perawat-lain": "area", "kader": "tasks"}
REACH |= {"perawat-pustu": "tasks", "putri": "assignment", "tamu": "tasks"}


def _person(name, role, organization, villages):
    person = f"Practitioner/{name}"
    asks = Principal(name, frozenset({"user/*.cruds"}), None, person, "role")
    if role is None:
        return Who(name, asks, "tasks", None, person)
    return Who(
        name,
        asks,
        REACH.get(name, "desk"),
        f"Organization/{organization}",
        person,
        role,
        (f"PractitionerRole/{name}",),
        tuple(villages),
    )


def _emergency(who, *patients):
    """Say whose record is open to somebody for an emergency."""
    return replace(who, opened=patients)


def _app(name, scopes, only):
    return Who(name, Principal(name, frozenset(scopes)), "everything", only=only)


def _kinds(*kinds):
    return lambda key, _: key.partition("/")[0] in kinds


def _own_tasks(key, each):
    return key.startswith("Patient/") or (
        key.startswith("Task/") and each.get("owner", {}).get("reference") == "Organization/rs-a"
    )


OPENED = {"perawat-lain": ("p2",), "bidan": ("p3", "p4")}
EVERYBODY = [
    _hospital("rs-a"),
    _emergency(_hospital("rs-b"), "p0", "p1"),
    _hospital("rs-a tugas", ["system/Task.rs", "system/Patient.rs"], _kinds("Task", "Patient")),
    *(_emergency(_person(*each), *OPENED.get(each[0], ())) for each in PEOPLE),
    _app("lab", ["system/Observation.rs", "system/Patient.rs"], _kinds("Observation", "Patient")),
    _app(
        "integrator",
        ["system/Task.rs?owner=Organization/rs-a", "system/Patient.rs"],
        _own_tasks,
    ),
]
