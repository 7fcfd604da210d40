"""Encounter: a visit with its course, place and, once finished, diagnoses and way home."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from fhir_server.bridges.satusehat import constants as c
from fhir_server.bridges.satusehat.draft import Stop
from fhir_server.bridges.satusehat.ownership import elsewhere, local_name
from fhir_server.bridges.satusehat.payload import NotWanted
from fhir_server.bridges.satusehat.visits import programme
from fhir_server.bridges.satusehat.wanted import has_code, unwanted

if TYPE_CHECKING:
    from fhir_server.bridges.satusehat.draft import Draft
    from fhir_server.bridges.satusehat.payload import Rendering

    Json = dict[str, Any]

ELEMENTS: Final = ("priority", "subject", "basedOn", "period")
STATUSES: Final = {
    "triaged": "arrived",
    "onleave": "in-progress",
    "planned": "arrived",
}
DIAGNOSIS: Final = {"system": c.DIAGNOSIS_ROLE, "code": "DD", "display": "Discharge diagnosis"}
ATTENDER: Final = {"system": c.PARTICIPATION, "code": "ATND", "display": "attender"}
WAITING_ROOM: Final = ("arrived", "triaged")
ENDED: Final = ("finished", "cancelled")


def visit(draft: Draft) -> Rendering:
    """Write a visit as far as SATUSEHAT can take it now.

    A finished visit names its diagnoses, which name the visit: it goes as in progress first and is
    finished when they are there.
    """
    encounter = draft.resource
    if reason := elsewhere(encounter.get("serviceProvider"), draft.known):
        raise Stop(NotWanted(reason))
    is_known = draft.known.remote(draft.name) is not None
    diagnoses = _diagnoses(draft)
    is_early = (
        encounter["status"] == "finished" and not is_known and not _are_there(draft, diagnoses)
    )
    body = _body(draft, "in-progress" if is_early else None)
    if encounter["status"] == "finished" and not is_early:
        _finish(draft, body, diagnoses)
    system = draft.system("encounter")
    value = _registration(encounter)
    body["identifier"] = [{"system": system, "value": value}, *_contact(draft)]
    search = (("identifier", f"{system}|{value}"), ("subject", _subject(body)))
    return draft.result(draft.request(body, (system, value), search=search), again=is_early)


def _body(draft: Draft, status: str | None) -> Json:
    encounter = draft.resource
    body = draft.body(encounter, ELEMENTS)
    body["status"] = status or STATUSES.get(encounter["status"], encounter["status"])
    body["class"] = _class(draft)
    body["statusHistory"] = _course(draft, until=status)
    if status is not None:
        body["period"].pop("end", None)
    body["participant"] = _participants(draft)
    body["location"] = _places(draft)
    body["serviceProvider"] = draft.own_organization()
    episodes = (draft.reference(each) for each in encounter.get("episodeOfCare", ()))
    if found := [each for each in episodes if each]:
        body["episodeOfCare"] = found
    return body


def _registration(encounter: Json) -> str:
    identifiers = encounter.get("identifier", ())
    numbers = (e.get("value") for e in identifiers if e.get("system") not in c.VISIT_CODES)
    return str(next(numbers, None) or encounter["id"])


def _subject(body: Json) -> str:
    return str(body.get("subject", {}).get("reference", "")).rpartition("/")[2]


def _contact(draft: Draft) -> list[Json]:
    """Give the K, KF or KN code of a visit, under the systems this installation chose for K."""
    found = []
    for each in draft.resource.get("identifier", ()):
        system, value = each.get("system"), each.get("value")
        if system not in c.VISIT_CODES:
            continue
        if value not in c.VISIT_CODES[system]:
            draft.refuse(
                "Encounter.identifier",
                f"{value} is no code of SATUSEHAT's list",
                ", ".join(c.VISIT_CODES[system]),
            )
        chosen = draft.choices.anc_visit if system == c.VISIT_ANC else "terminology"
        if chosen in {"terminology", "both"}:
            found.append({"system": system, "value": value})
        if chosen in {"episode", "both"}:
            found.append({"system": draft.system("episode-of-care"), "value": value})
    return found


def _class(draft: Draft) -> Json:
    given = draft.resource.get("class", {})
    code = draft.choices.virtual_class if given.get("code") == "VR" else given.get("code")
    return {"system": c.ACT_CODE, "code": code or "AMB"}


def _course(draft: Draft, until: str | None = None) -> list[Json]:
    """Write the states the visit went through; a stay elsewhere within it is no state there."""
    found: list[Json] = []
    for each in _states(draft.resource):
        status = STATUSES.get(each["status"], each["status"])
        if until is not None and status in ENDED:
            break
        period = draft.sent(each.get("period", {}), "period", "Encounter.statusHistory.period")
        if found and found[-1]["status"] == status:
            found[-1]["period"] |= {"end": period["end"]} if "end" in period else {}
        else:
            found.append({"status": status, "period": dict(period)})
    return _closed(found, draft, until)


def _states(encounter: Json) -> list[Json]:
    given = encounter.get("statusHistory")
    if given:
        return list(given)
    return [{"status": encounter["status"], "period": encounter.get("period", {})}]


def _closed(found: list[Json], draft: Draft, until: str | None) -> list[Json]:
    """End every state where the next one begins, and the last one with the visit."""
    for each, following in pairwise(found):
        each["period"].setdefault("end", following["period"].get("start"))
    last = found[-1]["period"] if found else {}
    if until is not None:
        last.pop("end", None)
    elif draft.resource["status"] in ENDED and last:
        end = draft.resource.get("period", {}).get("end")
        closing = draft.instant(end, "Encounter.period.end") if end else last.get("start")
        last.setdefault("end", closing)
    return found


def _participants(draft: Draft) -> list[Json]:
    persons = (
        draft.reference(each.get("individual")) for each in draft.resource.get("participant", ())
    )
    named = [each for each in persons if each] or _examiners(draft)
    found = [{"type": [{"coding": [ATTENDER]}], "individual": each} for each in named]
    if not found and draft.resource["status"] in WAITING_ROOM:
        raise Stop(NotWanted("nobody attends the patient yet; sent when somebody does"))
    if not found:
        draft.refuse(
            "Encounter.participant",
            "SATUSEHAT takes no visit without a practitioner it knows",
            "petugas pada kunjungan, dengan NIK pada data petugas",
        )
    return found


def _examiners(draft: Draft) -> list[Json]:
    """Give who examined the patient first, at a visit that names nobody who attended it."""
    found = [
        each
        for kind in ("Observation", "Procedure")
        for each in draft.known.referring(kind, "encounter", draft.name)
    ]
    found.sort(key=lambda e: str(e.get("effectiveDateTime") or e.get("performedDateTime") or "~"))
    for each in found:
        for performer in each.get("performer", ()):
            person = draft.person(local_name(performer.get("actor", performer))) or ""
            if person.startswith("Practitioner/") and (
                known := draft.reference({"reference": person})
            ):
                return [known]
    return []


def _places(draft: Draft) -> list[Json]:
    """Give the rooms of the visit, each once, in their order."""
    found: dict[str, Json] = {}
    for each in draft.resource.get("location", ()):
        room = draft.reference(each.get("location"))
        if room and each.get("status") not in {"planned", "reserved"}:
            found.setdefault(room["reference"], _place(draft, room, each.get("period")))
    if not found and draft.choices.location:
        room = draft.reference({"reference": f"Location/{draft.choices.location}"})
        if room:
            found[room["reference"]] = _place(draft, room, draft.resource.get("period"))
    if not found:
        draft.refuse(
            "Encounter.location",
            "SATUSEHAT takes no visit without a room it knows",
            "lokasi pada kunjungan, atau FHIR_SATUSEHAT_LOCATION",
        )
    return list(found.values())


def _place(draft: Draft, room: Json, period: Json | None) -> Json:
    place: Json = {"location": room}
    if period and "start" in period:
        place["period"] = draft.sent(period, "period", "Encounter.location.period")
    if draft.choices.service_class and _is_plain(draft):
        place["extension"] = [_service_class(draft.choices.service_class)]
    return place


def _is_plain(draft: Draft) -> bool:
    """Say whether this is an outpatient visit of no programme: only they name a class of room."""
    unit = f"{draft.choices.canonical.rstrip('/')}/CodeSystem/unit-layanan"
    serviced = {"code": draft.resource.get("serviceType", {})}
    is_outpatient = draft.resource.get("class", {}).get("code") == "AMB"
    of_programme = programme(draft, draft.resource) or draft.resource.get("episodeOfCare")
    return is_outpatient and not of_programme and not has_code(serviced, unit, "imunisasi")


def _service_class(code: str) -> Json:
    def concept(system: str, code: str) -> Json:
        return {"coding": [{"system": system, "code": code}]}

    return {
        "url": c.SERVICE_CLASS_URL,
        "extension": [
            {"url": "value", "valueCodeableConcept": concept(c.SERVICE_CLASS, code)},
            {
                "url": "upgradeClassIndicator",
                "valueCodeableConcept": concept(c.UPGRADE_CLASS, "kelas-tetap"),
            },
        ],
    }


def _diagnoses(draft: Draft) -> list[str]:
    """Name the diagnoses of the visit: those it lists, else those that name it."""
    listed = [local_name(e.get("condition")) for e in draft.resource.get("diagnosis", ())]
    named = [name for name in listed if name and _is_sent(draft, draft.known.local(name))]
    if named or draft.resource["status"] != "finished":
        return named
    conditions = draft.known.referring("Condition", "encounter", draft.name)
    made = [
        each
        for each in conditions
        if has_code(each, c.CONDITION_CATEGORY, "encounter-diagnosis") and _is_sent(draft, each)
    ]
    made.sort(key=lambda each: (str(each.get("recordedDate", "")), str(each["id"])))
    return [f"Condition/{each['id']}" for each in made]


def _is_sent(draft: Draft, condition: Json | None) -> bool:
    if condition is None or unwanted(condition, draft.choices):
        return False
    states = condition.get("verificationStatus", {}).get("coding", ())
    return not {"entered-in-error", "refuted"} & {each.get("code") for each in states}


def _are_there(draft: Draft, diagnoses: list[str]) -> bool:
    return bool(diagnoses) and all(draft.known.remote(each) for each in diagnoses)


def _finish(draft: Draft, body: Json, diagnoses: list[str]) -> None:
    if not diagnoses:
        draft.refuse(
            "Encounter.diagnosis",
            "SATUSEHAT takes no finished visit without a diagnosis",
            "diagnosis (ICD-10) pada kunjungan ini",
        )
    references = [draft.reference({"reference": each}) for each in diagnoses]
    body["diagnosis"] = [
        {"condition": each, "use": {"coding": [DIAGNOSIS]}, "rank": rank}
        for rank, each in enumerate(filter(None, references), 1)
    ]
    stay = draft.resource.get("hospitalization", {})
    if "dischargeDisposition" in stay:
        body["hospitalization"] = {
            "dischargeDisposition": _disposition(draft, stay["dischargeDisposition"])
        }


def _disposition(draft: Draft, given: Json) -> Json:
    """Write the way home; a referral is said in words, with its number."""
    sent: Json = draft.sent(given, "dischargeDisposition", "Encounter.hospitalization")
    if not any(each.get("code") == "other-hcf" for each in sent.get("coding", ())):
        return sent
    for each in draft.known.referring("ServiceRequest", "encounter", draft.name):
        if has_code(each, c.SNOMED, c.REFERRAL) and not unwanted(each, draft.choices):
            number = next((e["value"] for e in each.get("identifier", ()) if "value" in e), "")
            sent.setdefault("text", f"Rujukan ke {_target(draft, each)} dengan nomor {number}")
    return sent


def _target(draft: Draft, referral: Json) -> str:
    performers = referral.get("performer", ())
    name = local_name(performers[0]) if performers else None
    return str((draft.known.local(name or "") or {}).get("name", "fasilitas lain"))
