"""PemantauanIsoman: a filled form of the monitoring, of somebody in isolation at home.

https://hl7.org/fhir/R4/questionnaireresponse.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, get_args

from fhir_server.config import CANONICAL
from fhir_server.mappings import Mapping, part_id
from fhir_server.mappings.elements import day_of, extension_of, ids_of
from fhir_server.mappings.episode_kehamilan import quantity
from fhir_server.mappings.formulir import answer, answers, coding, items, plain
from fhir_server.mappings.isian_pemantauan import (
    CONSTANTS,
    STATUS,
    Isian,
    filled,
    guarded,
    item,
    observed,
    said,
)
from fhir_server.mappings.isolasi_mandiri import ISOLASI
from fhir_server.mappings.ukur import MEASURES
from fhir_server.sop.isolasi import SESI, selesai
from fhir_server.sop.pemantauan_isoman import (
    ALUR_BACAAN,
    GejalaIsoman,
    PemantauanIsoman,
    bergejala,
    lengkap,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Reader, Resources
    from fhir_server.resources.wire import Document

NAME: Final = "pemantauan-isoman"
FORM: Final = f"{CANONICAL}/Questionnaire/{NAME}"
PLAN: Final = "rencana"
VALUES: Final = ("suhu", "spo2", "napas", "nadi")


def to_fhir(bacaan: PemantauanIsoman, document_id: str) -> Resources:
    """Write the answers, and an Observation for every value."""
    isian = _isian(bacaan)
    written = {"": filled(isian, _asked(bacaan))}
    for name in VALUES:
        _, code, unit = MEASURES[name]
        value = quantity(getattr(bacaan, name), unit)
        if value is not None:
            written[name] = observed(isian, document_id, code, valueQuantity=value)
    return written


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a reading."""
    response = resources[""]
    found = items(response)
    turn = answer(found, "sesi")
    return {
        **said(response),
        "isolasi": _isolation(response),
        "sesi": turn if turn in SESI else None,
        **{name: answer(found, name) for name in VALUES},
        "gejala": tuple(e for e in answers(found, "gejala") if e in get_args(GejalaIsoman)),
    }


def parts(primary: Document, _gathered: Table[str, Document]) -> dict[str, str]:
    """Find an Observation for every value among the answers."""
    given = {each.get("linkId") for each in primary.get("item", ())}
    return {n: f"Observation/{part_id(primary['id'], n)}" for n in VALUES if n in given}


def complete(
    bacaan: PemantauanIsoman, _before: Table[str, Any] | None, reader: Reader
) -> tuple[PemantauanIsoman, tuple[()]]:
    """Fill the session of the day."""
    return lengkap(bacaan, reader.now.tzinfo), ()


def amend(bacaan: PemantauanIsoman, _id: str, reader: Reader) -> dict[str, Document]:
    """Let a confirmed symptom prolong the isolation."""
    if bacaan.status != "dikonfirmasi" or not bergejala(bacaan):
        return {}
    name = f"EpisodeOfCare/{bacaan.isolasi}"
    episode = reader.read(name)
    condition = reader.read(f"Condition/{part_id(bacaan.isolasi, 'kondisi')}")
    if episode is None or condition is None or episode.get("status") != "active":
        return {}
    onset = day_of(condition.get("onsetDateTime"))
    day = bacaan.waktu.astimezone(reader.now.tzinfo).date()
    stated = extension_of(episode, ISOLASI)
    if stated is None or (onset is not None and day < onset):
        return {}
    changed = {}
    if onset is None:
        onset = day
        changed[f"Condition/{condition['id']}"] = {**condition, "onsetDateTime": day.isoformat()}
    changed[name] = _prolonged(episode, stated, onset, day)
    plan = reader.read(f"CarePlan/{part_id(bacaan.isolasi, PLAN)}")
    if plan is not None:
        due = _day(changed[name], "selesaiDihitung")
        changed[f"CarePlan/{plan['id']}"] = {
            **plan,
            "period": {**plan.get("period", {}), "end": due},
        }
    return changed


def _day(episode: Document, name: str) -> str | None:
    parts_said = (extension_of(episode, ISOLASI) or {}).get("extension", ())
    return next((e.get("valueDate") for e in parts_said if e.get("url") == name), None)


def _prolonged(episode: Document, stated: Document, onset: Any, day: Any) -> Document:
    """Write the last day with a symptom and the end that follows from it."""
    kept = [each for each in stated.get("extension", ()) if each.get("url") not in _MOVED]
    latest = max(day, day_of(_day(episode, "gejalaTerakhir")) or day)
    due = selesai(None, onset, latest)
    moved = [
        {"url": "gejala", "valueBoolean": True},
        {"url": "gejalaTerakhir", "valueDate": latest.isoformat()},
        {"url": "selesaiDihitung", "valueDate": due.isoformat() if due else latest.isoformat()},
    ]
    others = [each for each in episode["extension"] if each is not stated]
    return {**episode, "extension": [*others, {**stated, "extension": [*kept, *moved]}]}


_MOVED: Final = {"gejala", "gejalaTerakhir", "selesaiDihitung"}


def _isian(bacaan: PemantauanIsoman) -> Isian:
    return Isian(
        form=FORM,
        pasien=bacaan.pasien,
        rencana=part_id(bacaan.isolasi, PLAN),
        waktu=bacaan.waktu,
        pelapor=bacaan.pelapor,
        status=bacaan.status,
        pesan=bacaan.pesan,
        petugas=bacaan.dikonfirmasiOleh,
    )


def _asked(bacaan: PemantauanIsoman) -> Iterator[Any]:
    if bacaan.sesi is not None:
        yield from plain("sesi", coding("sesi-pemantauan", bacaan.sesi))
    for name in VALUES:
        kind = "valueDecimal" if name == "suhu" else "valueInteger"
        yield item(name, kind, getattr(bacaan, name))
    yield from plain("gejala", *(coding("gejala-isoman", each) for each in bacaan.gejala))
    yield item("catatan", "valueString", bacaan.catatan)


def _isolation(response: Document) -> str | None:
    plans = ids_of(response.get("basedOn"), "CarePlan")
    return next((each.removesuffix(f"-{PLAN}") for each in plans if each.endswith(PLAN)), None)


JAGA: Final = guarded(ALUR_BACAAN, NAME)

MAPPING = Mapping(
    resource_type="QuestionnaireResponse",
    profile="PemantauanIsoman",
    profiles={"Observation": "BacaanIsoman"},
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    parts=parts,
    complete=complete,
    amend=amend,
    criteria=(("questionnaire", FORM),),
    filters={
        "pasien": "patient=Patient/{}",
        "isolasi": f"based-on=CarePlan/{{}}-{PLAN}",
        "waktu": "authored",
        "status": lambda word: f"status={STATUS.get(word, word)}",
    },
    sort="authored",
    constants=CONSTANTS,
)
