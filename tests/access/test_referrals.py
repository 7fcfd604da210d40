"""A hospital meets what was referred to it and what it wrote, and nothing else (domain §2.3)."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from fhir_server.access import registry
from tests.access.leaks.asking import stored

BASE = "https://puskesmas.example/fhir"
KIND = f"{BASE}/CodeSystem/jenis-tugas"
STATE = f"{BASE}/CodeSystem/status-rujukan"
JSON = "application/fhir+json"
ENOUGH = "2026-11-20T08:00:00+07:00"


def concept(system, code):
    return {"coding": [{"system": system, "code": code}]}


def reference(name):
    return {"reference": name}


def resource(key, /, **elements):
    kind, _, identity = key.partition("/")
    return {"resourceType": kind, "id": identity, **elements}


def condition(name, patient):
    return resource(name, subject=reference(patient), code={"text": "PEB"})


def task(status="requested", state="dikirim", owner="rs-a"):
    return resource(
        "Task/t",
        status=status,
        businessStatus=concept(STATE, state),
        intent="order",
        code=concept(KIND, "rujukan"),
        focus=reference("ServiceRequest/r"),
        **{"for": reference("Patient/siti")},
        authoredOn=ENOUGH,
        lastModified=ENOUGH,
        requester=reference("Organization/pkm"),
        owner=reference(f"Organization/{owner}"),
    )


def request(**more):
    return resource(
        "ServiceRequest/r",
        status="active",
        intent="order",
        subject=reference("Patient/siti"),
        requester=reference("Organization/pkm"),
        performer=[reference("Organization/rs-a")],
        reasonReference=[reference("Condition/peb")],
        supportingInfo=[reference("Composition/letter")],
        **more,
    )


LETTER = resource(
    "Composition/letter",
    status="final",
    type={"text": "Surat rujukan"},
    subject=reference("Patient/siti"),
    date="2026-11-20",
    author=[reference("Organization/pkm")],
    title="Surat rujukan",
    section=[{"title": "TTV", "entry": [reference("Observation/td")]}],
)
OBSERVATION = resource(
    "Observation/td",
    status="final",
    code={"text": "TD"},
    subject=reference("Patient/siti"),
    effectiveDateTime="2026-11-20",
)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(registry, "FRESH_SECONDS", 0.0)


@pytest.fixture
def pkm(caller):
    """The puskesmas has two patients and refers one of them to rs-a."""
    pkm = caller("pkm", organization="Organization/pkm")
    for name in ("pkm", "rs-a", "rs-b"):
        assert pkm("PUT", f"Organization/{name}", resource(f"Organization/{name}", name=name))
    for name in ("siti", "dewi"):
        pkm("PUT", f"Patient/{name}", resource(f"Patient/{name}", gender="female"))
    for made in (
        condition("Condition/peb", "Patient/siti"),
        condition("Condition/other", "Patient/siti"),
        condition("Condition/dewi", "Patient/dewi"),
        OBSERVATION,
        LETTER,
        request(),
        task(),
    ):
        said = pkm("PUT", f"{made['resourceType']}/{made['id']}", made)
        assert said.status_code == 201, said.data
    return pkm


@pytest.fixture
def hospital(caller, pkm):
    assert pkm.id == "pkm"
    return caller("rs-a", organization="Organization/rs-a", reach="referrals")


@pytest.fixture
def stranger(caller, pkm):
    assert pkm.id == "pkm"
    return caller("rs-b", organization="Organization/rs-b", reach="referrals")


REFERRED = [
    "Composition/letter",
    "Condition/peb",
    "Observation/td",
    "Patient/siti",
    "ServiceRequest/r",
    "Task/t",
]
OTHERS = ["Condition/dewi", "Condition/other", "Patient/dewi", "Patient/nobody"]


@pytest.mark.parametrize("name", REFERRED)
def test_what_was_referred_is_read_by_its_hospital_only(hospital, stranger, name):
    assert hospital("GET", name).status_code == 200
    assert hospital("GET", f"{name}/_history/1").status_code == 200
    assert stranger("GET", name).status_code == 403
    assert stranger("GET", f"{name}/_history/1").status_code == 403
    assert stranger("GET", f"{name}/_history").status_code == 403


@pytest.mark.parametrize("name", OTHERS)
def test_nothing_else_is_read_and_what_is_not_there_looks_the_same(hospital, name):
    said = hospital("GET", name)

    assert said.status_code == 403
    text = said.json["issue"][0]["diagnostics"]
    assert text == f"{name} is not in your reach, or is not there."


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("Patient", ["Patient/siti"]),
        ("Condition", ["Condition/peb"]),
        ("Condition?patient=Patient/siti", ["Condition/peb"]),
        ("Condition?patient=Patient/dewi", []),
        ("Condition?patient.gender=female", ["Condition/peb"]),
        ("Patient?_has:Condition:patient:code:text=peb", ["Patient/siti"]),
        ("Patient?_revinclude=Condition:patient", ["Condition/peb", "Patient/siti"]),
        ("Task?_include=Task:patient", ["Patient/siti", "Task/t"]),
        ("?_type=Patient,Condition", ["Condition/peb", "Patient/siti"]),
        ("Patient/siti/Condition", ["Condition/peb"]),
        ("Patient/dewi/*", []),
    ],
)
def test_every_way_to_search_finds_only_that(hospital, stranger, url, found):
    assert hospital.ids(url) == found
    assert stranger.ids(url) == []


def test_counts_count_only_that(hospital):
    assert hospital("GET", "Condition?_summary=count").json["total"] == 1
    assert hospital("GET", "Patient?_total=accurate").json["total"] == 1


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("GET", "_history"),
        ("GET", "Patient/_history"),
        ("GET", "Patient?_explain=true"),
        ("POST", "$reindex"),
        ("GET", "Patient/$meta"),
    ],
)
def test_ways_that_show_more_are_closed(hospital, method, url):
    body = {"resourceType": "Parameters"} if method == "POST" else None

    assert hospital(method, url, body).status_code == 403


def test_an_export_is_not_begun(hospital):
    assert hospital("GET", "$export", Prefer="respond-async").status_code == 403


def test_everything_of_the_patient_is_what_was_referred(hospital, stranger):
    found = hospital.ids("Patient/siti/$everything")

    assert set(REFERRED) - {"Task/t"} <= set(found)  # a Task is in no compartment of R4
    assert not set(OTHERS) & set(found)
    assert stranger("GET", "Patient/siti/$everything").status_code == 403


def test_after_its_decline_the_hospital_meets_nothing_of_it(hospital):
    declined = task("rejected", "ditolak") | {"statusReason": {"text": "penuh"}}
    assert hospital("PUT", "Task/t", declined, If_Match='W/"1"').status_code == 200

    assert hospital("GET", "Patient/siti").status_code == 403
    assert hospital.ids("Condition") == []
    assert hospital("GET", "Task/t").status_code == 200


@pytest.mark.parametrize(("days", "status"), [(29, 200), (31, 403)])
def test_2_3_sight_ends_some_days_after_the_end_of_the_loop(context, hospital, days, status):
    """§2.3: until FHIR_REFERRAL_DAYS (30) after the end."""
    moment = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="seconds")
    ended = task("completed", "selesai") | {"lastModified": moment, "id": "t"}

    stored(context, [ended])

    assert hospital("GET", "Patient/siti").status_code == status
    assert hospital.ids("Condition") == (["Condition/peb"] if status == 200 else [])


def test_what_the_hospital_writes_it_may_read(hospital, stranger, pkm):
    made = hospital("POST", "Condition", condition("Condition/x", "Patient/siti"))

    assert made.status_code == 201
    name = f"Condition/{made.json['id']}"
    assert hospital("GET", name).status_code == 200
    assert stranger("GET", name).status_code == 403
    assert pkm("GET", name).status_code == 200


@pytest.mark.parametrize("name", ["Condition/peb", "Condition/dewi"])
def test_it_writes_into_no_record_that_it_cannot_reach(stranger, name):
    made = condition(name, "Patient/siti")

    assert stranger("PUT", name, made).status_code == 403
    assert stranger("POST", "Condition", made).status_code == 403
    assert stranger("DELETE", name).status_code == 403


def test_br_r2_only_the_side_whose_move_it_is_moves_a_referral(hospital, stranger, pkm):
    """BR-R2: only the owner accepts, only the requester withdraws."""
    accepted = task("accepted", "disetujui")

    refused = pkm("PUT", "Task/t", accepted, If_Match='W/"1"')
    assert refused.status_code == 409
    assert "BR-R2" in refused.text
    assert stranger("PUT", "Task/t", accepted, If_Match='W/"1"').status_code == 403
    assert hospital("PUT", "Task/t", accepted, If_Match='W/"1"').status_code == 200

    withdrawn = task("cancelled", "dibatalkan")
    refused = hospital("PUT", "Task/t", withdrawn, If_Match='W/"2"')
    assert refused.status_code == 409


def test_br_r2_a_back_referral_given_to_a_midwife_is_still_the_puskesmas_own(hospital, pkm):
    """BR-R2: whoever the puskesmas gives the work to, it is the one that was asked."""
    back = request() | {
        "id": "rb",
        "requester": reference("Organization/rs-a"),
        "performer": [reference("Organization/pkm")],
        "category": [concept(f"{BASE}/CodeSystem/jenis-rujukan", "rujuk-balik")],
    }
    state = f"{BASE}/CodeSystem/status-rujuk-balik"
    given = task() | {
        "id": "tb",
        "code": concept(KIND, "rujuk-balik"),
        "businessStatus": concept(state, "dikirim"),
        "focus": reference("ServiceRequest/rb"),
        "requester": reference("Organization/rs-a"),
        "owner": reference("PractitionerRole/bidan"),
    }
    assert pkm("PUT", "ServiceRequest/rb", back).status_code == 201
    assert pkm("PUT", "Task/tb", given).status_code == 201
    accepted = given | {"status": "accepted", "businessStatus": concept(state, "disetujui")}

    refused = hospital("PUT", "Task/tb", accepted, If_Match='W/"1"')

    assert refused.status_code == 409
    assert "BR-R2" in refused.text
    assert pkm("PUT", "Task/tb", accepted, If_Match='W/"1"').status_code == 200


def test_the_package_is_for_the_receiver_alone(hospital, stranger):
    package = hospital("GET", "ServiceRequest/r/$paket-rujukan")

    assert package.status_code == 200
    found = {each["fullUrl"].split("/fhir/")[1] for each in package.json["entry"]}
    assert set(REFERRED) <= found
    assert not found & set(OTHERS)
    for name in ("$paket-rujukan", "$waktu-rujukan"):
        assert stranger("GET", f"ServiceRequest/r/{name}").status_code == 403


def test_the_sop_api_is_for_the_puskesmas_itself(http, hospital, pkm):
    assert http.get("/sop/v1/pasien", headers=hospital.headers).status_code == 403
    assert http.get("/sop/v1/pasien", headers=pkm.headers).status_code == 200


@pytest.mark.parametrize("asked", ["ServiceRequest/r", "Patient/siti", "Condition/peb"])
def test_a_hospital_cannot_refer_a_patient_to_itself(stranger, asked):
    """Whoever may write a Task must not reach by it what it could not reach before."""
    mine = task(owner="rs-b") | {"requester": reference("Organization/rs-b")}
    del mine["for"]
    mine = {**mine, "id": "mine", "focus": reference(asked)}

    assert stranger("PUT", "Task/mine", mine).status_code == 403
    assert stranger("POST", "Task", mine).status_code == 403
    assert stranger("GET", asked).status_code == 403


def test_the_directory_is_not_a_hospitals_to_write(hospital):
    changed = resource("Organization/rs-b", name="rs-a")

    assert hospital("PUT", "Organization/rs-b", changed).status_code == 403
    assert hospital("GET", "Organization/rs-b").status_code == 200


@pytest.mark.parametrize("spelt", ["https://elsewhere.example/fhir/", "\\u0072"])
def test_no_spelling_of_a_reference_brings_more_into_reach(stranger, http, spelt):
    mine = task(owner="rs-b") | {"requester": reference("Organization/rs-b"), "id": "mine"}
    del mine["for"]
    body = json.dumps(mine)
    if spelt.startswith("https"):
        body = body.replace("ServiceRequest/r", f"{spelt}ServiceRequest/r")
    else:
        focus = '"focus": {"reference"'
        assert focus in body
        body = body.replace(focus, focus.replace('"reference"', f'"{spelt}eference"'))

    http.put("/fhir/Task/mine", data=body, content_type=JSON, headers=stranger.headers)

    assert stranger("GET", "ServiceRequest/r").status_code == 403
    assert stranger("GET", "Patient/siti").status_code == 403
    assert stranger.ids("Condition") == []


def test_a_referral_that_is_not_sent_yet_is_not_met(caller, hospital):
    clinic = caller("clinic", organization="Organization/clinic")
    draft = task("draft", "disusun") | {"id": "draft"}
    assert clinic("PUT", "Task/draft", draft).status_code == 201

    assert hospital("GET", "Task/draft").status_code == 403
    assert hospital.ids("Task") == ["Task/t"]


def test_an_onward_referral_is_the_hospitals_own_and_reaches_the_third_one(hospital, stranger):
    """§5.2 row 10b: a new request, based on the one that ends without a back-referral."""
    here = ("in-progress", "pasien-tiba"), ("in-progress", "dalam-perawatan")
    for number, step in enumerate((("accepted", "disetujui"), *here), start=1):
        assert hospital("PUT", "Task/t", task(*step), If_Match=f'W/"{number}"').status_code == 200
    assert stranger("GET", "Patient/siti").status_code == 403

    said = hospital("POST", "", onward(version=4))

    assert said.status_code == 200, said.text
    (chain,) = hospital.ids("ServiceRequest?based-on=ServiceRequest/r")
    assert hospital("GET", "ServiceRequest/r").json["status"] == "completed"
    assert stranger.ids("ServiceRequest?status=active") == [chain]
    assert stranger("GET", "Patient/siti").status_code == 200
    assert stranger("GET", "Condition/other").status_code == 403
    (work,) = stranger.ids("Task?status=requested")
    taken = stranger("GET", work).json | {"status": "accepted"}
    assert hospital("PUT", work, taken, If_Match='W/"1"').status_code == 409
    assert stranger("PUT", work, taken, If_Match='W/"1"').status_code == 200


def onward(version):
    """Refer siti to rs-b and end the referral to rs-a, in one transaction."""
    new, reason = "urn:uuid:7a0f6c1e-58d1-4c1f-9b3a-0c5a86a5a001", "alasan-selesai-rujukan"
    asks = request(basedOn=[reference("ServiceRequest/r")]) | {
        "requester": reference("Organization/rs-a"),
        "performer": [reference("Organization/rs-b")],
    }
    todo = task(owner="rs-b") | {
        "focus": reference(new),
        "requester": reference("Organization/rs-a"),
    }
    ended = task("completed", "selesai-tanpa-rujuk-balik") | {
        "statusReason": concept(f"{BASE}/CodeSystem/{reason}", "rujuk-lanjut")
    }
    made = [
        {"resource": each, "request": {"method": "POST", "url": each["resourceType"]}}
        for each in ({k: v for k, v in one.items() if k != "id"} for one in (asks, todo))
    ]
    made[0]["fullUrl"] = new
    last = {"method": "PUT", "url": "Task/t", "ifMatch": f'W/"{version}"'}
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [*made, {"resource": ended, "request": last}],
    }
