"""Every kind of reach: its name, whom it is for, what it opens. ``docs/access.md`` shows this."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from fhir_server.access.area import Area
from fhir_server.access.assignment import Assignment
from fhir_server.access.desk import Desk
from fhir_server.access.exceptions import Excepted
from fhir_server.access.people import resolved
from fhir_server.access.referrals import Referrals
from fhir_server.access.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Callable

    from fhir_server.access.reach import Reach
    from fhir_server.auth.principals import Principal
    from fhir_server.context import Context


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind: what makes its filters, and what it says in the documentation.

    ``emergency``: who asks so may open a record in an emergency.
    """

    whom: str
    sees: str
    make: Callable[[Context], Reach]
    emergency: bool = False


KINDS: Final[dict[str, Kind]] = {
    "referrals": Kind(
        "a hospital or laboratory",
        "Tasks it owns or asked for, and of each the request, the patient and all the request "
        "refers to, from the sending until FHIR_REFERRAL_DAYS after the end, not after its "
        "decline; what was addressed to it; what it wrote, whoever changed it since",
        lambda context: Referrals(context, context.principal.organization or ""),
        emergency=True,
    ),
    "assignment": Kind(
        "a student (mahasiswa)",
        "the record of the one mother she accompanies, while role and assignment last (BR-E2)",
        lambda context: Assignment(context, context.principal.person or ""),
    ),
    "area": Kind(
        "staff of a puskesmas who care for patients",
        "patients of the villages of their facility (wilayah-kerja) and those it has registered, "
        "with their records; work given to them or their facility; what names no patient and no "
        "other facility wrote",
        Area,
        emergency=True,
    ),
    "villages": Kind(
        "a village midwife (bidan desa)",
        "patients who live in her villages (desaBinaan), with their records; her own work",
        lambda context: Area(context, whole=False),
        emergency=True,
    ),
    "tasks": Kind(
        "cadres (kader), and people of a pustu, posyandu or pkd",
        "work given to them while it goes on; of whom it is about name, sex, date of birth and "
        "address; what they reported themselves",
        Tasks,
    ),
    "desk": Kind(
        "pendaftaran, kasir, operator-wa, auditor, tim-pelaksana, camat",
        "what their row of access/desk.py names, nothing clinical; an operator the messages of "
        "cases that wait to be passed on",
        Desk,
    ),
}


def reach_of(context: Context) -> Reach | None:
    """Give what the principal of a request may meet, None if that is everything."""
    if context.principal.reach == "everything":
        return None
    kind = KINDS[context.principal.reach]
    return Excepted(context, kind.make(context), kind.emergency)


def known(context: Context, principal: Principal) -> Principal:
    """Look up who a person is."""
    return resolved(context, principal) if principal.reach == "role" else principal
