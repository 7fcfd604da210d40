"""What a birth does to the mother's episodes: the pregnancy is finished, the weeks after opened.

An effect of the delivery Procedure, so it follows whoever writes it (domain §2.1 row 19, §5.6). A
delivery that was recorded in error takes both back.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import episode_nifas
from fhir_server.mappings.codes import structure
from fhir_server.mappings.effects import Consequences, Effect
from fhir_server.mappings.elements import code_of, day_of, extension_of, id_of, instant_of
from fhir_server.mappings.episode_kehamilan import REASON_URL
from fhir_server.mappings.kontak_kia import EPISODE_TYPE
from fhir_server.mappings.persalinan import is_delivery
from fhir_server.mappings.plain import as_json
from fhir_server.sop.episode_nifas import MASA_NIFAS, EpisodeNifas

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from fhir_server.mappings import Reader
    from fhir_server.resources.wire import Document

JUDGED: Final = ("completed", "entered-in-error")
RUNNING: Final = "active,onhold"
LONGEST: Final = timedelta(days=308)


def effects(canonical: str) -> tuple[Effect, ...]:
    """Give the effect for the kinds of procedures below a canonical base."""
    kinds = f"{canonical.rstrip('/')}/CodeSystem/jenis-tindakan"

    def applies(procedure: Document, _new: bool) -> bool:  # noqa: FBT001 - as Effect has it
        return procedure.get("status") in JUDGED and is_delivery(procedure, kinds)

    return (Effect("setelah-persalinan", frozenset({"Procedure"}), applies, _follow),)


def _follow(procedures: Sequence[Document], reader: Reader) -> Consequences:
    changed: dict[str, Document] = {}
    for each in procedures:
        birth = instant_of(each.get("performedDateTime"))
        woman = id_of(each.get("subject"), "Patient")
        if birth is not None and woman is not None:
            is_error = each["status"] == "entered-in-error"
            change = _taken_back if is_error else _of_one
            changed |= change(each, woman, birth, reader)
    return Consequences(changed)


def _of_one(
    procedure: Document, woman: str, birth: datetime, reader: Reader
) -> dict[str, Document]:
    name = f"EpisodeOfCare/{procedure['id']}-nifas"
    pairs = [("patient", f"Patient/{woman}"), ("status", RUNNING)]
    running = reader.find("EpisodeOfCare", pairs)
    ended = {
        f"EpisodeOfCare/{each['id']}": end
        for each in running
        if (end := _ended(each, birth)) is not None
    }
    if reader.read(name) is not None:
        return ended
    faskes = _faskes(procedure, running, reader)
    opened = {} if faskes is None else {name: _opened(procedure, woman, birth, faskes)}
    return {**ended, **opened}


def _taken_back(
    procedure: Document, woman: str, birth: datetime, reader: Reader
) -> dict[str, Document]:
    """Void the weeks after a birth that was none, and let the pregnancy run again."""
    name, changed = f"EpisodeOfCare/{procedure['id']}-nifas", {}
    after = reader.read(name)
    if after is not None and after.get("status") != "entered-in-error":
        changed[name] = {**after, "status": "entered-in-error"}
    episodes = reader.find("EpisodeOfCare", [("patient", f"Patient/{woman}")])
    pregnancies = [e for e in episodes if code_of(e.get("type"), EPISODE_TYPE) == "ANC"]
    if any(each.get("status") in RUNNING.split(",") for each in pregnancies):
        return changed
    for each in pregnancies:
        if _ended_by(each, birth):
            changed[f"EpisodeOfCare/{each['id']}"] = _running_again(each)
    return changed


def _ended_by(episode: Document, birth: datetime) -> bool:
    reason = (extension_of(episode, REASON_URL) or {}).get("valueCode")
    ended = day_of(episode.get("period", {}).get("end"))
    return reason == "persalinan" and ended == birth.date()


def _running_again(episode: Document) -> Document:
    period = {key: value for key, value in episode["period"].items() if key != "end"}
    kept = [e for e in episode.get("extension", ()) if e.get("url") != REASON_URL]
    rest = {key: value for key, value in episode.items() if key != "extension"}
    again = {"status": "active", "period": {"start": episode["period"]["end"]}}
    return {
        **rest,
        **({"extension": kept} if kept else {}),
        "status": "active",
        "statusHistory": [*episode.get("statusHistory", ()), again],
        "period": period,
    }


def _ended(episode: Document, birth: datetime) -> Document | None:
    """End the pregnancy with the birth, and weeks after an earlier birth that nobody ended."""
    kind, start = code_of(episode.get("type"), EPISODE_TYPE), episode.get("period", {}).get("start")
    began = day_of(start)
    if began is None or began > birth.date():
        return None
    if kind == "ANC" and birth.date() - began <= LONGEST:
        return _finished(episode, birth.date(), "persalinan")
    if kind == "PNC" and birth.date() - began >= MASA_NIFAS:
        return _finished(episode, began + MASA_NIFAS, "nifas-lengkap")
    return None


def _finished(episode: Document, end: date, reason: str) -> Document:
    said = end.isoformat()
    *before, last = episode.get("statusHistory") or [_state("active", episode)]
    period = {**last.get("period", {}), "end": said}
    kept = [e for e in episode.get("extension", ()) if e.get("url") != REASON_URL]
    return {
        **episode,
        "extension": [*kept, {"url": REASON_URL, "valueCode": reason}],
        "status": "finished",
        "statusHistory": [
            *before,
            {**last, "period": period},
            {"status": "finished", "period": {"start": said}},
        ],
        "period": {**episode.get("period", {}), "end": said},
    }


def _state(status: str, episode: Document) -> Document:
    return {"status": status, "period": {**episode.get("period", {})}}


def _opened(procedure: Document, woman: str, birth: datetime, faskes: str) -> Document:
    performer: Document = next(iter(procedure.get("performer", ())), {})
    episode = EpisodeNifas(
        faskes=faskes,
        pasien=woman,
        persalinan=birth,
        penanggungJawab=id_of(performer.get("actor"), "PractitionerRole"),
    )
    made = as_json(episode_nifas.to_fhir(episode_nifas.numbered(episode), "")[""])
    meta = {"profile": [PROFILE]}
    return {**made, "id": f"{procedure['id']}-nifas", "meta": meta}


PROFILE: Final = structure("EpisodeNifas")


def _faskes(procedure: Document, running: Sequence[Document], reader: Reader) -> str | None:
    """Say who keeps the episode: who delivered, who kept the pregnancy, or whose the visit is."""
    performers: list[Any] = [each.get("onBehalfOf") for each in procedure.get("performer", ())]
    visited = reader.read(procedure.get("encounter", {}).get("reference", "Encounter/-")) or {}
    places = [
        *performers,
        *(each.get("managingOrganization") for each in running),
        visited.get("serviceProvider"),
    ]
    return next((found for each in places if (found := id_of(each, "Organization"))), None)
