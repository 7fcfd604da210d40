"""Who is asking.

Until a client is registered, everybody who reaches the loopback address is the operator.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fhir_server.auth.scopes import ALL

Reach = Literal[
    "everything", "referrals", "assignment", "area", "villages", "tasks", "desk", "role"
]
"""What of the records a principal may meet; what each means is ``access``'s (``access/reaches``).

``role``: what the PractitionerRole of the person says, looked up when the person asks."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking: a name for the record, and what it may ask for (SMART v2 scopes).

    ``organization`` (``Organization/rs-a``) and ``person`` (``Practitioner/putri``) say for whom.
    ``role`` is a code of ``peran-petugas``, ``roles`` (``PractitionerRole/…``) are those that it
    comes from, ``villages`` the codes of the villages in the person's care.
    """

    subject: str
    scopes: frozenset[str] = frozenset()
    organization: str | None = None
    person: str | None = None
    reach: Reach = "everything"
    role: str = ""
    roles: tuple[str, ...] = ()
    villages: tuple[str, ...] = ()

    @property
    def authors(self) -> tuple[str, ...]:
        """Name those for whom this principal writes."""
        if not (self.organization or self.person):
            return ()
        return tuple(each for each in (self.organization, self.person) if each)

    @property
    def parties(self) -> tuple[str, ...]:
        """Name everything by which work can be given to this principal."""
        return (*self.authors, *self.roles)


OPERATOR = Principal("operator", frozenset({ALL}))
