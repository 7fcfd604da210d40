"""PemantauanIsoman as QuestionnaireResponse, with an Observation a value.

What waits for confirmation is in-progress and preliminary.

https://hl7.org/fhir/R4/questionnaireresponse.html
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, get_args

from fhir_server.config import CANONICAL
from fhir_server.mappings import Mapping, part_id, r4b
from fhir_server.mappings.alur import Jaga
from fhir_server.mappings.codes import LOINC, UCUM, code_system, structure
from fhir_server.mappings.elements import (
    concept,
    day_of,
    extension_of,
    id_of,
    ids_of,
    instant_of,
    reference,
    several,
)
from fhir_server.mappings.isolasi_mandiri import ISOLASI
from fhir_server.mappings.pihak import party, party_of
from fhir_server.sop.isolasi import SESI, selesai
from fhir_server.sop.pemantauan_isoman import (
    ALUR_BACAAN,
    GejalaIsoman,
    PemantauanIsoman,
    bergejala,
    lengkap,
)

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Reader, Resources
    from fhir_server.resources.wire import Document

FORM: Final = f"{CANONICAL}/Questionnaire/pemantauan-isoman"
GEJALA: Final = code_system("gejala-isoman")
SESI_PANTAU: Final = code_system("sesi-pemantauan")
CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/observation-category"
PESAN: Final = structure("pesan-sumber")
PLAN: Final = "rencana"
VALUES: Final = {
    "suhu": ("8310-5", "Body temperature", "Cel"),
    "spo2": ("59408-5", "Oxygen saturation in Arterial blood by Pulse oximetry", "%"),
    "napas": ("9279-1", "Respiratory rate", "/min"),
    "nadi": ("8867-4", "Heart rate", "/min"),
}
STATUS: Final = {
    "menunggu-konfirmasi": "in-progress",
    "dikonfirmasi": "completed",
    "ditolak": "stopped",
    "salah-entri": "entered-in-error",
}
SEEN: Final = {
    "menunggu-konfirmasi": "preliminary",
    "dikonfirmasi": "final",
    "ditolak": "cancelled",
    "salah-entri": "entered-in-error",
}


def to_fhir(bacaan: PemantauanIsoman, document_id: str) -> Resources:
    """Write the answers, and an Observation for every value."""
    measured = {name: v for name in VALUES if (v := getattr(bacaan, name)) is not None}
    return {
        "": _answers(bacaan),
        **{name: _observation(bacaan, name, v, document_id) for name, v in measured.items()},
    }


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a reading."""
    response = resources[""]
    items = {e.get("linkId"): e.get("answer", ()) for e in response.get("item", ())}
    coded = [each.get("valueCoding", {}).get("code") for each in items.get("gejala", ())]
    turn = _first(items, "sesi", "valueCoding") or {}
    status = {code: word for word, code in STATUS.items()}
    warm = _first(items, "suhu", "valueDecimal")
    said = (extension_of(response, PESAN) or {}).get("valueReference")
    return {
        "isolasi": _isolation(response),
        "pasien": id_of(response.get("subject"), "Patient"),
        "waktu": instant_of(response.get("authored")),
        "pelapor": party_of(response.get("source")),
        "sesi": turn.get("code") if turn.get("code") in SESI else None,
        "suhu": None if warm is None else Decimal(str(warm)),
        **{name: _first(items, name, "valueInteger") for name in VALUES if name != "suhu"},
        "gejala": tuple(each for each in coded if each in get_args(GejalaIsoman)),
        "pesan": id_of(said, "Communication"),
        "status": status.get(response.get("status", "")),
        "dikonfirmasiOleh": id_of(response.get("author"), "PractitionerRole"),
        "catatan": _first(items, "catatan", "valueString"),
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
    said = extension_of(episode, ISOLASI)
    if said is None or (onset is not None and day < onset):
        return {}
    changed = {}
    if onset is None:
        onset = day
        changed[f"Condition/{condition['id']}"] = {**condition, "onsetDateTime": day.isoformat()}
    changed[name] = _prolonged(episode, said, onset, day)
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


def _prolonged(episode: Document, said: Document, onset: Any, day: Any) -> Document:
    """Write the last day with a symptom and the end that follows from it."""
    kept = [each for each in said.get("extension", ()) if each.get("url") not in _MOVED]
    latest = max(day, day_of(_day(episode, "gejalaTerakhir")) or day)
    due = selesai(None, onset, latest)
    moved = [
        {"url": "gejala", "valueBoolean": True},
        {"url": "gejalaTerakhir", "valueDate": latest.isoformat()},
        {"url": "selesaiDihitung", "valueDate": due.isoformat() if due else latest.isoformat()},
    ]
    others = [each for each in episode["extension"] if each is not said]
    return {**episode, "extension": [*others, {**said, "extension": [*kept, *moved]}]}


_MOVED: Final = {"gejala", "gejalaTerakhir", "selesaiDihitung"}


def _answers(bacaan: PemantauanIsoman) -> Any:
    said = reference("Communication", bacaan.pesan)
    items: list[Any] = [_item("sesi", "valueCoding", _coded(SESI_PANTAU, bacaan.sesi))]
    for name in VALUES:
        kind = "valueDecimal" if name == "suhu" else "valueInteger"
        items.append(_item(name, kind, getattr(bacaan, name)))
    symptoms = [{"valueCoding": _coded(GEJALA, each)} for each in bacaan.gejala]
    items.append({"linkId": "gejala", "answer": symptoms} if symptoms else None)
    items.append(_item("catatan", "valueString", bacaan.catatan))
    return r4b.QuestionnaireResponse(
        extension=several(said and r4b.Extension(url=PESAN, valueReference=said)),
        basedOn=[reference("CarePlan", part_id(bacaan.isolasi, PLAN))],
        questionnaire=FORM,
        status=STATUS[bacaan.status],
        subject=reference("Patient", bacaan.pasien),
        authored=bacaan.waktu,
        author=reference("PractitionerRole", bacaan.dikonfirmasiOleh),
        source=party(bacaan.pelapor),
        item=several(*items),
    )


def _observation(bacaan: PemantauanIsoman, name: str, value: Any, document_id: str) -> Any:
    code, display, unit = VALUES[name]
    return r4b.Observation(
        basedOn=[reference("CarePlan", part_id(bacaan.isolasi, PLAN))],
        status=SEEN[bacaan.status],
        category=[concept(CATEGORY, "vital-signs")],
        code=concept(LOINC, code, display),
        subject=reference("Patient", bacaan.pasien),
        effectiveDateTime=bacaan.waktu,
        performer=several(
            party(bacaan.pelapor), reference("PractitionerRole", bacaan.dikonfirmasiOleh)
        ),
        valueQuantity=r4b.Quantity(value=value, unit=unit, system=UCUM, code=unit),
        derivedFrom=[reference("QuestionnaireResponse", document_id)],
    )


def _item(link: str, kind: str, value: Any) -> Any:
    return None if value is None else {"linkId": link, "answer": [{kind: value}]}


def _coded(system: str, code: str | None) -> Any:
    return None if code is None else {"system": system, "code": code}


def _first(items: Table[Any, Any], link: str, kind: str) -> Any:
    answers = items.get(link) or [{}]
    return answers[0].get(kind)


def _isolation(response: Document) -> str | None:
    plans = ids_of(response.get("basedOn"), "CarePlan")
    return next((each.removesuffix(f"-{PLAN}") for each in plans if each.endswith(PLAN)), None)


def is_reading(response: Document, canonical: str) -> bool:
    """Say whether a QuestionnaireResponse is a reading in isolation, of whichever version."""
    form = str(response.get("questionnaire", "")).partition("|")[0]
    return form == f"{canonical}/Questionnaire/pemantauan-isoman"


def state_of(response: Document) -> str | None:
    """Read the state of a reading."""
    found = {code: word for word, code in STATUS.items()}
    return found.get("completed" if response.get("status") == "amended" else response["status"])


JAGA: Final = Jaga(
    alur=ALUR_BACAAN,
    resource_type="QuestionnaireResponse",
    applies=is_reading,
    state_of=state_of,
    status=STATUS,
)

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
        "isolasi": "based-on=CarePlan/{}-rencana",
        "waktu": "authored",
        "status": lambda word: f"status={STATUS.get(word, word)}",
    },
    sort="authored",
    constants=frozenset(
        {
            "QuestionnaireResponse.extension.url",
            "QuestionnaireResponse.questionnaire",
            "QuestionnaireResponse.item.linkId",
            "QuestionnaireResponse.item.answer.valueCoding.system",
            "Observation.category",
            "Observation.code",
            "Observation.valueQuantity.unit",
            "Observation.valueQuantity.system",
            "Observation.valueQuantity.code",
            "Observation.derivedFrom",
        }
    ),
)
