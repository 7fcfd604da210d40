"""PlanDefinition/$apply: the five SOPs as plans, and what begins when one is applied."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from fhir_server.sop.sla import BATAS, HARIAN

PROFILES = Path(__file__).parents[2] / "profiles"
PLANS = {
    path.stem: json.loads(path.read_text("utf-8"))
    for path in sorted((PROFILES / "plandefinition").glob("*.json"))
}
CANONICAL = "https://puskesmas.example/fhir"
NOW = "2021-07-12T08:00:00+07:00"


@pytest.fixture
def context(context):
    return replace(context, clock=lambda: datetime.fromisoformat(NOW))


@pytest.fixture
def plan(fhir):
    def stored(name):
        return fhir.kept(f"PlanDefinition/{name}", PLANS[name])

    return stored


@pytest.fixture
def applied(fhir, plan):
    def begun(name, subject, **more):
        plan(name)
        given = {"subject": subject, **more}
        body = {
            "resourceType": "Parameters",
            "parameter": [{"name": key, "valueString": value} for key, value in given.items()],
        }
        return fhir("POST", f"PlanDefinition/{name}/$apply", body)

    return begun


def tasks(fhir, care_plan):
    named = [
        each["reference"]["reference"] for each in care_plan["activity"] if "reference" in each
    ]
    return {name.rpartition("-")[2]: fhir.read(name) for name in named}


def codes(name):
    system = json.loads((PROFILES / "codesystem" / f"{name}.json").read_text("utf-8"))
    return {each["code"] for each in system["concept"]}


def test_the_five_sops_are_plans():
    assert set(PLANS) == {"prosedur-chat", "alur-klaster-2", "alur-ilp", "lakon", "osoc"}
    assert all(each["url"] == f"{CANONICAL}/PlanDefinition/{name}" for name, each in PLANS.items())
    assert all("Catatan sumber" in each["usage"] for each in PLANS.values())
    assert all(each["relatedArtifact"][0]["type"] == "justification" for each in PLANS.values())


def test_the_limits_of_the_plans_are_those_of_the_clocks():
    told = {}
    for plan in PLANS.values():
        for goal in plan.get("goal", ()):
            for target in goal["target"]:
                for coding in target["measure"].get("coding", ()):
                    told[coding["code"]] = target.get("due", {}).get("value")
                    if target.get("due", {}).get("code") == "h":
                        told[coding["code"]] *= 60

    limits = {name: limit.total_seconds() / 60 for name, limit in BATAS.items()}
    assert told == {**limits, **dict.fromkeys(HARIAN)}


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_names_only_what_is_published(name):
    for action in PLANS[name]["action"]:
        for coding in (c for e in action.get("code", ()) for c in e["coding"]):
            assert coding["code"] in codes(coding["system"].rpartition("/")[2])
        for who in action["participant"]:
            for coding in who["role"].get("coding", ()):
                assert coding["code"] in codes("peran-petugas")
        if form := action.get("definitionCanonical"):
            assert (PROFILES / "questionnaire" / f"{form.rpartition('/')[2]}.json").is_file()


def test_a_plan_is_found_by_its_url(fhir, plan):
    plan("lakon")

    assert fhir.read(f"PlanDefinition?url={CANONICAL}/PlanDefinition/lakon")["total"] == 1


def test_lakon_begins_a_case_with_its_steps(sop, fhir, applied):
    care_plan = applied(
        "lakon",
        "Patient/bambang",
        organization="Organization/tim-lakon",
        practitioner="PractitionerRole/dokter-pj",
        keluhan="batuk pilek 2 hari",
    ).json
    steps = tasks(fhir, care_plan)
    case = steps["kasus"]

    assert care_plan["instantiatesCanonical"] == [f"{CANONICAL}/PlanDefinition/lakon|1.0.0"]
    assert set(steps) == {"kasus", "d5", "d6", "d7", "d8"}
    assert sop.read(f"kasus-konsultasi/{case['id']}")["keluhan"] == "batuk pilek 2 hari"
    assert case["restriction"]["period"]["end"] == "2021-07-13T08:00:00+07:00"
    assert steps["d5"]["status"] == "requested"
    assert steps["d5"]["restriction"]["period"]["end"] == "2021-07-12T23:59:59+07:00"
    assert [steps[name]["status"] for name in ("d6", "d7", "d8")] == ["draft"] * 3
    assert {each["partOf"][0]["reference"] for name, each in steps.items() if name != "kasus"} == {
        f"Task/{case['id']}"
    }


def test_a_planned_step_begins_when_its_turn_comes(sop, fhir, applied):
    fhir.kept("Patient/bambang", {"resourceType": "Patient", "id": "bambang"})
    care_plan = applied("lakon", "Patient/bambang", organization="Organization/tim-lakon").json
    case = tasks(fhir, care_plan)["kasus"]["id"]
    utas = {
        "idUtas": "utas-1",
        "layanan": "lakon",
        "kanal": "whatsapp",
        "dimulai": NOW,
        "peserta": ["pasien/bambang"],
        "pasien": "bambang",
        "kasus": case,
    }
    thread = sop.made("percakapan-konsultasi", utas)["id"]

    sop.made(
        "pesan-chat",
        {
            "idPesan": "wamid.1",
            "utas": thread,
            "arah": "internal",
            "waktuKirim": "2021-07-12T08:03:10+07:00",
            "pengirim": "petugas/operator",
            "penerima": ["tim/tim-dokter"],
            "kasus": case,
            "isi": "Kasus baru",
            "kategori": "penerusan",
        },
    )

    step = fhir.read(f"Task/{case}-d6")
    assert (step["status"], step["intent"]) == ("requested", "order")
    assert step["restriction"]["period"]["end"] == "2021-07-12T08:08:10+07:00"
    assert fhir.read(f"Task?part-of=Task/{case}&code=memberi-saran")["total"] == 1


def test_the_steps_that_set_up_a_program_follow_one_another(fhir, applied):
    care_plan = applied("lakon", "Organization/tim-lakon").json
    steps = tasks(fhir, care_plan)

    assert care_plan["contained"][0]["managingEntity"]["reference"] == "Organization/tim-lakon"
    assert {name: each["restriction"]["period"]["end"] for name, each in steps.items()} == {
        "d1": "2021-07-12T08:05:00+07:00",
        "d2": "2021-07-12T08:15:00+07:00",
        "d3": "2021-07-12T09:15:00+07:00",
        "d4": "2021-07-12T23:59:59+07:00",
    }
    assert [steps[name]["status"] for name in ("d1", "d2", "d3")] == ["requested", "draft", "draft"]


def test_osoc_lasts_its_minutes(fhir, applied):
    steps = tasks(fhir, applied("osoc", "Organization/pkm-osoc").json)

    assert len(steps) == 8
    assert steps["e9"]["restriction"]["period"]["end"] == "2021-07-12T16:35:00+07:00"
    assert steps["e1"]["code"]["coding"][1]["code"] == "sla-e1"


@pytest.mark.parametrize(
    ("name", "subject", "work"),
    [
        ("prosedur-chat", "Patient/endang", {"a3", "a4"}),
        ("alur-klaster-2", "Patient/siti", {"b4"}),
        ("alur-ilp", "Patient/karto", set()),
        ("alur-ilp", "Organization/pkm", {"c12", "c14"}),
        ("osoc", "Patient/nur", {"e6", "e7"}),
    ],
)
def test_what_is_always_done_becomes_a_task_and_the_rest_is_told(
    fhir, applied, name, subject, work
):
    care_plan = applied(name, subject).json
    told = [each["detail"] for each in care_plan["activity"] if "detail" in each]

    assert set(tasks(fhir, care_plan)) == work
    assert all(each["status"] == "not-started" for each in told)
    assert fhir("POST", "CarePlan/$validate", care_plan).json["issue"][0]["severity"] in {
        "information",
        "warning",
    }


@pytest.mark.parametrize(
    ("name", "subject", "more", "status"),
    [
        ("lakon", "Patient/bambang", {}, 400),
        ("lakon", "Location/desa", {}, 400),
        ("lakon", "bambang", {}, 400),
        ("tidak-ada", "Patient/bambang", {}, 404),
    ],
)
def test_what_cannot_be_applied_is_refused(fhir, name, subject, more, status):
    fhir.kept("PlanDefinition/lakon", PLANS["lakon"])
    body = {
        "resourceType": "Parameters",
        "parameter": [{"name": "subject", "valueString": subject}],
    }

    assert fhir("POST", f"PlanDefinition/{name}/$apply", {**body, **more}).status == status
    assert fhir.read("CarePlan?_summary=count")["total"] == 0
