"""Systems that go by two names: who asks for one of them finds what is written with either.

SATUSEHAT's documentation names the IHS number of a patient in two ways.
"""

from __future__ import annotations

from typing import Final

SAME: Final = (
    (
        "https://fhir.kemkes.go.id/id/ihs-number",
        "https://fhir.kemkes.go.id/id/patient-ihs-number",
    ),
)
_NAMES: Final = {each: names for names in SAME for each in names}


def names_of(system: str) -> tuple[str, ...]:
    """Give every name of a system; most have one."""
    return _NAMES.get(system, (system,))
