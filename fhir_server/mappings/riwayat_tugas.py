"""The moves of a referral's Task, read from its versions.

A version says when its state was reached in ``Task.lastModified``; where whoever moved the Task
said nothing new there, the time at which the server stored the version counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_server.mappings.codes import code_system
from fhir_server.mappings.elements import code_of, instant_of
from fhir_server.mappings.ikut_tugas import KINDS
from fhir_server.sop.waktu_rujukan import Kejadian

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from fhir_server.resources.wire import Document

JENIS_TUGAS = code_system("jenis-tugas")
BEGINS = "dikirim"


def moves(versions: Iterable[tuple[Document, datetime]]) -> tuple[Kejadian, ...]:
    """Give the states of one Task and when each was reached, in the order in which they came.

    ``versions`` come oldest first, each with the moment at which it was stored.
    """
    found: list[Kejadian] = []
    state, said = None, None
    for task, stored in versions:
        now, says = _state(task), instant_of(task.get("lastModified"))
        if now is not None and now != state:
            reached = says if says is not None and says != said else None
            if now == BEGINS:
                reached = instant_of(task.get("authoredOn")) or reached
            found.append(Kejadian(now, reached or stored))
            state = now
        said = says
    return tuple(found)


def first_contact(task: Document) -> datetime | None:
    """Read when the patient of a back-referral was contacted first."""
    return instant_of(task.get("executionPeriod", {}).get("start"))


def due(task: Document) -> datetime | None:
    """Read until when a Task was to be answered."""
    return instant_of(task.get("restriction", {}).get("period", {}).get("end"))


def contact_due(task: Document) -> datetime | None:
    """Read until when the patient of a back-referral was to be contacted."""
    for each in task.get("input", ()):
        if code_of(each.get("type"), code_system("parameter-tugas")) == "batas-kontak":
            return instant_of(each.get("valueDateTime"))
    return None


def _state(task: Document) -> str | None:
    kind = KINDS.get(code_of(task.get("code"), JENIS_TUGAS) or "")
    return None if kind is None else kind.state_of(task)
