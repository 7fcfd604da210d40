"""Who is asking.

Until a client is registered, everybody who reaches the loopback address is the operator.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fhir_server.auth.scopes import ALL

Reach = Literal["everything", "referrals", "assignment"]
"""What of the records a principal may meet: all; what was referred to it and what it wrote (a
hospital); the one patient who was assigned to it (a student)."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking: a name for the record, and what it may ask for (SMART v2 scopes).

    ``organization`` (``Organization/rs-a``) and ``person`` (``Practitioner/putri``) say for whom.
    """

    subject: str
    scopes: frozenset[str] = frozenset()
    organization: str | None = None
    person: str | None = None
    reach: Reach = "everything"


OPERATOR = Principal("operator", frozenset({ALL}))
