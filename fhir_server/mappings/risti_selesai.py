"""What a birth does to the mother's high-risk flag: the pregnancy it marks is over, so it ends.

Domain §3.1 and §2.1 row 22: the flag is of a pregnancy. BR-A0 still finds who is monitored in the
weeks after birth by her care plan, which is ended by who made it. A delivery that was recorded in
error gives the flag back, and one whose time is put right ends it at the right time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fhir_server.mappings.effects import Consequences, Effect
from fhir_server.mappings.elements import day_of, id_of, instant_of
from fhir_server.mappings.persalinan import is_delivery
from fhir_server.mappings.setelah_persalinan import JUDGED
from fhir_server.mappings.skor_poedji_rochjati import is_open_risti, is_risti

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from fhir_server.mappings import Reader
    from fhir_server.resources.wire import Document

ID: Final = "risti-selesai"


def effects(canonical: str) -> tuple[Effect, ...]:
    """Give the effect for the kinds of procedures below a canonical base."""
    kinds = f"{canonical.rstrip('/')}/CodeSystem/jenis-tindakan"

    def applies(procedure: Document, _new: bool) -> bool:  # noqa: FBT001 - as Effect has it
        return procedure.get("status") in JUDGED and is_delivery(procedure, kinds)

    return (Effect(ID, frozenset({"Procedure"}), applies, _follow),)


def _follow(procedures: Sequence[Document], reader: Reader) -> Consequences:
    changed: dict[str, Document] = {}
    for each in procedures:
        birth = instant_of(each.get("performedDateTime"))
        woman = id_of(each.get("subject"), "Patient")
        if birth is not None and woman is not None:
            changed |= _of_one(each, woman, birth, reader)
    return Consequences(changed)


def _of_one(
    procedure: Document, woman: str, birth: datetime, reader: Reader
) -> dict[str, Document]:
    is_error = procedure["status"] == "entered-in-error"
    before = reader.before(f"Procedure/{procedure['id']}") or {}
    former = instant_of(before.get("performedDateTime"))
    changed = {}
    for flag in reader.find("Flag", [("subject", f"Patient/{woman}")]):
        stood = _running_again(flag, former) if former is not None else flag
        now = stood if is_error else _ended(stood, birth)
        if now != flag:
            changed[f"Flag/{flag['id']}"] = now
    return changed


def _ended(flag: Document, birth: datetime) -> Document:
    """End a flag that stood when the child was born; one of a later pregnancy stays."""
    period = flag.get("period", {})
    began = day_of(period.get("start"))
    is_later = began is not None and began > birth.date()
    if is_later or not is_open_risti(flag, birth):
        return flag
    return {**flag, "status": "inactive", "period": {**period, "end": birth.isoformat()}}


def _running_again(flag: Document, former: datetime) -> Document:
    """Give a flag as it was before a birth ended it, known by the instant of that birth."""
    ended = instant_of(flag.get("period", {}).get("end"))
    if not is_risti(flag) or flag.get("status") != "inactive" or ended != former:
        return flag
    period = {key: value for key, value in flag["period"].items() if key != "end"}
    return {**flag, "status": "active", "period": period}
