"""Named points at which a test lets a process die, to see what another one makes of the rest.

``FHIR_FAULT=delivery-sent`` kills this process (SIGKILL, nothing is tidied) when it passes that
point for the first time, ``delivery-sent:3`` when it does for the third. Without it a point does
nothing.
"""

from __future__ import annotations

import itertools
import os
import signal

POINTS = (
    "write-created",
    "write-guarded",
    "write-current",
    "write-past",
    "write-uncommitted",
    "write-committed",
    "trail-stored",
    "numbers-planned",
    "numbers-given",
    "delivery-expanded",
    "delivery-noted",
    "delivery-claimed",
    "delivery-rendered",
    "delivery-sent",
    "delivery-settled",
    "whatsapp-intended",
    "whatsapp-taken",
)
"""Every point there is; a test kills a process at each."""

_NAME, _, _TIMES = os.environ.get("FHIR_FAULT", "").partition(":")
_PASSED = itertools.count(1)


def point(name: str) -> None:
    """Die here, if this is the point and the time."""
    if name == _NAME and next(_PASSED) == int(_TIMES or 1):
        os.kill(os.getpid(), signal.SIGKILL)
