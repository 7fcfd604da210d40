"""Who sees what inside a puskesmas (domain §2.3), consent that narrows, an emergency that widens.

A few people over HTTP; ``test_leaks`` asks in every way.
"""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from fhir_server.access import people, registry
from fhir_server.rest import gate
from tests.access.leaks.asking import stored
from tests.access.leaks.world import BASE, LABELS, VILLAGES, World, _directory, code, ref

ADMINISTRATIVE = "https://fhir.kemkes.go.id/r4/StructureDefinition/administrativeCode"
BIRTH_TIME = "http://hl7.org/fhir/StructureDefinition/patient-birthTime"
NIK = "urn:nik"
WHY = "Pasien tidak sadar di IGD, riwayat tidak diketahui"


class Clock:
    now = datetime(2026, 11, 20, 3, tzinfo=UTC)


@pytest.fixture
def context(context):
    return dataclasses.replace(context, clock=lambda: Clock.now)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(registry, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(gate, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(Clock, "now", datetime(2026, 11, 20, 3, tzinfo=UTC))


def patient(world, name, village, home=None):
    codes = [{"url": "village", "valueCode": village}]
    more = {"managingOrganization": ref(home)} if home else {}
    world.put(
        f"Patient/{name}",
        identifier=[{"system": NIK, "value": f"99-{name}"}],
        name=[{"text": name}],
        telecom=[{"system": "phone", "value": "0899"}],
        gender="female",
        birthDate="1990-01-01",
        _birthDate={"extension": [{"url": BIRTH_TIME, "valueDateTime": "1990-01-01T23:10:00Z"}]},
        address=[{"extension": [{"url": ADMINISTRATIVE, "extension": codes}]}],
        **more,
    )
    world.put(f"Condition/{name}", subject=ref(f"Patient/{name}"), code={"text": "PEB"})
    world.put(
        f"Encounter/{name}",
        subject=ref(f"Patient/{name}"),
        status="finished",
        reasonCode=[{"text": "PEB"}],
        **{"class": {"code": "AMB"}},
    )


def work(world, name, owner, kind="kunjungan-rumah", **more):
    world.put(
        f"Task/{name}",
        status="requested",
        intent="order",
        description="kunjungi ibu",
        code=code("jenis-tugas", kind),
        owner=ref(owner),
        **{"for": ref(f"Patient/{name}"), **more},
    )


@pytest.fixture
def puskesmas(context):
    """Siti lives in the first village, Dewi in the second, Rina elsewhere, Ayu came from afar."""
    world = World(Clock.now)
    _directory(world)
    patient(world, "siti", VILLAGES[0])
    patient(world, "dewi", VILLAGES[1])
    patient(world, "rina", VILLAGES[3])
    patient(world, "ayu", VILLAGES[3], "Organization/unit")
    work(world, "siti", "PractitionerRole/kader")
    work(world, "rina", "Organization/pustu")
    work(world, "dewi", "PractitionerRole/operator", "konsultasi-daring")
    for name, about in (("waiting", "dewi"), ("other", "siti")):
        world.put(
            f"Communication/{name}",
            status="completed",
            subject=ref(f"Patient/{about}"),
            basedOn=[ref(f"Task/{about}")],
            payload=[{"contentString": "dok, pusing"}],
        )
    stored(context, world.resources.values())
    return world


@pytest.fixture
def person(caller, puskesmas):
    assert puskesmas

    def register(name):
        return caller(name, person=f"Practitioner/{name}", reach="role")

    return register


@pytest.mark.parametrize(
    ("name", "patients", "conditions"),
    [
        ("dokter", ["ayu", "dewi", "siti"], ["ayu", "dewi", "siti"]),
        ("perawat-lain", [], []),
        ("bidan", ["siti"], ["siti"]),
        ("kader", ["siti"], []),
        ("perawat-pustu", ["rina"], []),
        ("loket", ["ayu", "dewi", "siti"], []),
        ("kasir", ["ayu", "dewi", "siti"], []),
        ("operator", ["dewi"], []),
        ("auditor", [], []),
        ("camat", [], []),
        ("tamu", [], []),
    ],
)
def test_2_3_each_role_meets_its_patients_and_no_more(person, name, patients, conditions):
    """§2.3: staff their area, a midwife her villages, cadre and pustu their work, desks nothing."""
    who = person(name)

    assert who.ids("Patient") == [f"Patient/{each}" for each in patients]
    said = who("GET", "Condition?_count=50")
    found = [e["resource"]["id"] for e in said.json.get("entry", ())]
    assert sorted(found) == conditions
    for each in ("siti", "dewi", "rina", "ayu", "nobody"):
        assert (who("GET", f"Patient/{each}").status_code == 200) == (each in patients)
        assert (who("GET", f"Condition/{each}").status_code == 200) == (each in conditions)
    assert who("GET", "Patient?_summary=count").json["total"] == len(patients)


@pytest.mark.parametrize("name", ["kader", "perawat-pustu", "kasir", "operator"])
def test_2_3_minimal_demographics_are_minimal(person, name):
    """§2.3: name, sex, birth, address; no number, and no search by one."""
    who = person(name)
    seen = who("GET", "Patient").json["entry"][0]["resource"]

    assert {*seen} == {"resourceType", "id", "meta", "name", "gender", "birthDate", "address"}
    assert seen["meta"]["tag"][-1]["code"] == "SUBSETTED"
    for query in ("identifier=99-siti", f"identifier={NIK}|99-siti", "phone=0899", "_sort=phone"):
        assert who("GET", f"Patient?{query}").status_code == 403
    assert who("GET", "Encounter?patient.identifier=99-siti").status_code == 403
    assert who("GET", "Patient?name=siti").status_code == 200
    assert who("PUT", f"Patient/{seen['id']}", seen).status_code == 403


def test_2_3_a_cadre_reports_and_the_work_ends(person):
    """§2.3: assigned Tasks, while they go on."""
    kader = person("kader")
    task = kader("GET", "Task/siti").json
    note = {"resourceType": "QuestionnaireResponse", "status": "completed"}
    note["subject"] = ref("Patient/siti")

    assert kader("POST", "QuestionnaireResponse", note).status_code == 201
    assert (
        kader("POST", "QuestionnaireResponse", note | {"subject": ref("Patient/dewi")}).status_code
        == 403
    )
    assert (
        kader(
            "POST", "Condition", {"resourceType": "Condition", "subject": note["subject"]}
        ).status_code
        == 403
    )
    assert kader("PUT", "Task/siti", task | {"status": "cancelled"}).status_code == 200
    assert kader("GET", "Patient/siti").status_code == 403
    assert len(kader.ids("QuestionnaireResponse")) == 1


def test_2_3_an_operator_reads_messages_only_while_they_wait_to_be_passed_on(person, caller):
    """§2.3: operator: message text only while forwarding."""
    operator = person("operator")
    assert operator.ids("Communication") == ["Communication/waiting"]
    seen = operator("GET", "Task/dewi").json
    assert "description" not in seen

    pkm = caller("pkm")
    pkm("PUT", "Task/dewi", pkm("GET", "Task/dewi").json | {"status": "cancelled"})

    assert operator.ids("Communication") == []
    assert operator("GET", "Communication/waiting").status_code == 403


@pytest.mark.parametrize("name", ["loket", "kasir"])
def test_2_3_desks_see_the_visit_and_not_why(person, name):
    """§2.3: administrative roles no clinical payload."""
    desk = person(name)

    assert desk.ids("Encounter") == ["Encounter/ayu", "Encounter/dewi", "Encounter/siti"]
    assert "reasonCode" not in desk("GET", "Encounter/siti").json
    assert (
        desk("GET", "Encounter/siti/_history")
        .json["entry"][0]["resource"]
        .keys()
        .isdisjoint({"reasonCode"})
    )
    assert desk("GET", "Encounter?reason-code=PEB").status_code == 403
    assert desk("GET", "Patient?_has:Condition:patient:code:text=PEB").json.get("entry", []) == []
    assert desk("GET", "Patient?_has:Encounter:patient:reason-code=x").status_code == 403


def test_2_3_a_role_that_ends_opens_nothing(person, caller):
    bidan = person("bidan")
    assert bidan.ids("Patient") == ["Patient/siti"]
    pkm = caller("pkm")
    role = pkm("GET", "PractitionerRole/bidan").json

    pkm("PUT", "PractitionerRole/bidan", role | {"period": {"end": "2026-11-19"}})

    assert bidan.ids("Patient") == []
    assert bidan("PUT", "PractitionerRole/bidan", role).status_code == 403


def test_2_3_an_integrator_by_scope_with_a_search(puskesmas, caller):
    """§2.3: integrator client by scope; ``system/Task.rs?owner=…``."""
    assert puskesmas
    scope = "system/Task.crus?owner=Organization/pustu"
    pustu = caller("dasbor", scopes=[scope])
    mine = {"resourceType": "Task", "status": "draft", "intent": "order"}

    assert pustu.ids("Task") == ["Task/rina"]
    assert pustu("GET", "Task/siti").status_code == 403
    assert pustu("GET", "Task?_summary=count").json["total"] == 1
    assert pustu("GET", "Patient/rina").status_code == 403
    assert pustu("POST", "Task", mine | {"owner": ref("Organization/rs-a")}).status_code == 403
    assert pustu("POST", "Task", mine | {"owner": ref("Organization/pustu")}).status_code == 201


# authors, conditions


def test_who_wrote_something_still_reads_it_when_another_has_changed_it(puskesmas, caller):
    assert puskesmas
    lab, pkm = caller("lab", organization="Organization/rs-a", reach="referrals"), caller("pkm")
    done = lab(
        "POST",
        "Observation",
        {"resourceType": "Observation", "status": "final", "code": {"text": "Hb"}},
    )
    name = f"Observation/{done.json['id']}"

    for number in (1, 2):
        changed = pkm("GET", name).json | {"valueString": f"{number}"}
        assert pkm("PUT", name, changed).status_code == 200
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": []}
    for each in (pkm("GET", name).json | {"valueString": "3"}, {**changed, "id": "more"}):
        request = {"method": "PUT", "url": f"Observation/{each['id']}"}
        bundle["entry"].append({"resource": each, "request": request})
    assert pkm("POST", "", bundle).status_code == 200

    assert lab("GET", name).json["valueString"] == "3"
    assert lab.ids("Observation") == [name]


@pytest.mark.parametrize("key", ["Condition/dewi", "Condition/never-was"])
def test_conditions_and_ids_tell_nothing_of_what_is_hidden(puskesmas, caller, key):
    """Hidden or never there: the same words, and nothing happens to what is hidden."""
    assert puskesmas
    lab, pkm = caller("lab", organization="Organization/rs-a", reach="referrals"), caller("pkm")
    identity = key.partition("/")[2]
    mine = {"resourceType": "Condition", "id": identity, "subject": {"display": "x"}}
    bare = {name: value for name, value in mine.items() if name != "id"}
    word = f"_tag=urn:word|word-Condition-{identity}-x"
    patch = {"data": b'[{"op":"add","path":"/recordedDate","value":"2026"}]'}

    assert lab("PUT", key, mine).status_code == 403
    assert lab("PUT", key, mine, If_Match='W/"1"').status_code == 403
    assert lab("DELETE", key).status_code == 403
    assert lab("GET", key, If_None_Match='W/"1"').status_code == 403
    assert lab("PUT", f"Condition?{word}", mine).status_code == 403
    assert lab("DELETE", f"Condition?{word}").status_code == 204
    headers = lab.headers | {"Content-Type": "application/json-patch+json"}
    for url, status in ((key, 403), (f"Condition?{word}", 404)):
        assert lab.http.patch(f"/fhir/{url}", headers=headers, **patch).status_code == status
    made = lab("POST", "Condition", bare, If_None_Exist=word)
    assert made.status_code == 201
    assert made.json["id"] != identity
    entry = {
        "resource": bare,
        "request": {"method": "POST", "url": "Condition", "ifNoneExist": word},
    }
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    assert lab("POST", "", bundle).json["entry"][0]["response"]["status"].startswith("201")
    if identity == "dewi":
        assert pkm("GET", key).headers["ETag"] == 'W/"1"'


def test_of_many_that_are_hidden_the_first_that_was_written_is_named(puskesmas, caller):
    """Whatever their ids are: which one is named says nothing of them."""
    assert puskesmas
    lab = caller("lab", organization="Organization/rs-a", reach="referrals")
    for number in range(12):
        hidden = [f"Condition/{number}-{each}" for each in "dacb"]
        mine = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}

        refused = lab(
            "POST", "Observation", mine | {"focus": [{"reference": each} for each in hidden]}
        )

        assert refused.status_code == 403
        assert f"{hidden[0]} is not in your reach" in refused.text


# consent and emergency


def consent(pkm, who=None, label=None, status="active", of="siti"):
    provision = {"type": "deny"}
    if who:
        provision["actor"] = [{"role": {"text": "penerima"}, "reference": ref(who)}]
    if label:
        provision["securityLabel"] = [{"system": LABELS, "code": label}]
    said = {
        "resourceType": "Consent",
        "id": f"c-{of}",
        "status": status,
        "scope": {"coding": [{"code": "patient-privacy"}]},
        "category": [{"text": "berbagi data"}],
        "patient": ref(f"Patient/{of}"),
        "policyRule": {"text": "OPTOUT"},
        "provision": provision,
    }
    assert pkm("PUT", f"Consent/c-{of}", said).status_code in {200, 201}


def test_2_3_a_consent_narrows_by_person_and_by_label(person, caller):
    dokter, pkm = person("dokter"), caller("pkm")
    labelled = {"resourceType": "Observation", "status": "final", "code": {"text": "HIV"}}
    labelled |= {
        "subject": ref("Patient/siti"),
        "meta": {"security": [{"system": LABELS, "code": "HIV"}]},
    }
    made = pkm("POST", "Observation", labelled).json["id"]

    consent(pkm, label="HIV")
    assert dokter("GET", "Patient/siti").status_code == 200
    assert dokter("GET", f"Observation/{made}").status_code == 403
    assert dokter("GET", "Observation?_summary=count").json["total"] == 0

    consent(pkm, who="Practitioner/dokter")
    assert dokter("GET", "Patient/siti").status_code == 403
    assert dokter.ids("Condition") == ["Condition/ayu", "Condition/dewi"]

    consent(pkm, who="Practitioner/dokter", status="inactive")
    assert dokter("GET", "Patient/siti").status_code == 200


def test_2_3_however_many_consents_there_are_each_narrows(person, caller, monkeypatch):
    dokter, pkm = person("dokter"), caller("pkm")
    monkeypatch.setattr(people, "PAGE", 1)
    for each in ("siti", "ayu", "dewi"):
        consent(pkm, who="Practitioner/dokter", of=each)

    seen = [dokter("GET", f"Patient/{each}").status_code for each in ("siti", "ayu", "dewi")]

    assert seen == [403, 403, 403]


def versions(who, url):
    """Give the versions that a history shows, and those that can be read one by one."""
    shown = who("GET", f"{url}/_history").json["entry"]
    read = [n for n in (1, 2, 3) if who("GET", f"{url}/_history/{n}").status_code == 200]
    return sorted(int(e["resource"]["meta"]["versionId"]) for e in shown), read


def test_2_3_a_version_that_was_of_another_patient_is_not_shown(person, caller):
    """Written into the wrong record first: who sees the right one does not see the wrong one."""
    bidan, pkm = person("bidan"), caller("pkm")
    made = {"resourceType": "Observation", "id": "o", "status": "final", "code": {"text": "x"}}
    for each in ("dewi", "siti", "siti"):
        pkm("PUT", "Observation/o", {**made, "subject": ref(f"Patient/{each}")})
        made["status"] = "amended" if made["status"] == "final" else "corrected"

    assert versions(pkm, "Observation/o") == ([1, 2, 3], [1, 2, 3])
    assert versions(bidan, "Observation/o") == ([2, 3], [2, 3])
    refused = [bidan("GET", f"Observation/o/_history/{each}") for each in (1, 9)]
    assert [each.status_code for each in refused] == [404, 404]
    assert "dewi" not in bidan("GET", "Observation/o/_history").text


def test_2_3_a_version_that_carried_a_label_is_kept_back_as_it_was(person, caller):
    dokter, pkm = person("dokter"), caller("pkm")
    made = {"resourceType": "Observation", "id": "o", "status": "final", "code": {"text": "x"}}
    made |= {"subject": ref("Patient/siti")}
    label = {"meta": {"security": [{"system": LABELS, "code": "HIV"}]}}
    for each in (made | label, made | {"status": "amended"}):
        pkm("PUT", "Observation/o", each)

    consent(pkm, label="HIV")

    assert versions(dokter, "Observation/o") == ([2], [2])


def opened(who, url, **more):
    given = {"alasan": WHY, **more}
    parameters = [{"name": name, "valueString": value} for name, value in given.items()]
    return who("POST", url, {"resourceType": "Parameters", "parameter": parameters})


def test_2_3_an_emergency_widens_for_minutes_and_alarms(puskesmas, caller):
    """Break glass: with a reason, one patient, whatever the consents say, and it is told."""
    assert puskesmas
    rs, pkm = caller("rs", organization="Organization/rs-a", reach="referrals"), caller("pkm")
    consent(pkm, who="Organization/rs-a")
    assert rs("GET", "Patient/siti").status_code == 403
    assert opened(rs, "Patient/siti/$akses-darurat", alasan="x").status_code == 400

    said = opened(rs, "Patient/$akses-darurat", identifier=f"{NIK}|99-siti")

    assert said.status_code == 200, said.text
    assert rs("GET", "Patient/siti").status_code == 200
    assert rs.ids("Condition") == ["Condition/siti"]
    assert rs("GET", "Patient/dewi").status_code == 403
    (task,) = pkm("GET", f"Task?code={BASE}/CodeSystem/jenis-tugas|tinjau-akses-darurat").json[
        "entry"
    ]
    assert task["resource"]["reasonCode"]["text"] == WHY
    told = [
        {each["name"]: each.get("valueString") for each in line["part"]}
        for line in pkm("GET", "Patient/siti/$siapa-melihat").json["parameter"]
    ]
    (opening,) = [line for line in told if "darurat" in line["kalimat"] and "alasan" in line]
    assert opening["kalimat"].endswith("membuka rekam medis Anda dalam keadaan darurat")
    assert opening["alasan"] == f"darurat: {WHY}"
    Clock.now += timedelta(minutes=16)
    assert rs("GET", "Patient/siti").status_code == 403
    assert rs.ids("Condition") == []
    assert rs("GET", f"Task/{task['resource']['id']}").status_code == 403


@pytest.mark.parametrize("name", ["kader", "putri", "loket", "camat"])
def test_2_3_not_everybody_breaks_the_glass(person, name):
    assert opened(person(name), "Patient/rina/$akses-darurat").status_code == 403


def test_2_3_staff_open_a_record_outside_their_area_in_an_emergency(person):
    bidan = person("bidan")
    assert bidan("GET", "Condition/dewi").status_code == 403

    assert opened(bidan, "Patient/dewi/$akses-darurat").status_code == 200

    assert bidan.ids("Condition") == ["Condition/dewi", "Condition/siti"]
    assert bidan.ids("Encounter?patient=Patient/dewi") == ["Encounter/dewi"]


def test_2_3_attachments_go_with_their_document_and_open_nothing_else(puskesmas, context, person):
    world = World(Clock.now)
    for name in ("siti", "dewi"):
        world.put(f"Binary/{name}", contentType="text/plain", data="aGFp")
        content = [{"attachment": {"url": f"Binary/{name}", "contentType": "text/plain"}}]
        subject = ref(f"Patient/{name}")
        world.put(f"DocumentReference/{name}", status="current", subject=subject, content=content)
    stored(context, world.resources.values())
    assert puskesmas
    bidan = person("bidan")

    assert bidan("GET", "Binary/siti").status_code == 200
    assert bidan("GET", "Binary/dewi").status_code == 403
    mine = {
        "resourceType": "DocumentReference",
        "status": "current",
        "subject": ref("Patient/siti"),
    }
    mine["content"] = [{"attachment": {"url": "Binary/dewi"}}]
    assert bidan("POST", "DocumentReference", mine).status_code == 403
    mine["content"] = [{"attachment": {"url": "Binary/siti"}}]
    assert bidan("POST", "DocumentReference", mine).status_code == 201
    assert bidan("GET", "Binary/dewi").status_code == 403
