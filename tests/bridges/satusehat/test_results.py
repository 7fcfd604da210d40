"""Results, drugs, doses and people as they go to SATUSEHAT."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fhir_server.bridges.satusehat.payload import (
    LookUp,
    NotWanted,
    Payload,
    Unmappable,
    Waiting,
    landed,
)
from tests.bridges.satusehat.world import OURS, PATIENT, PERSON, VISIT, clinic

LOINC, SNOMED = "http://loinc.org", "http://snomed.info/sct"
KFA = "http://sys-ids.kemkes.go.id/kfa"
OWN = "https://puskesmas.example/fhir/CodeSystem"


def coded(system, code):
    return {"coding": [{"system": system, "code": code}]}


def observation(own_id="obs", **elements):
    return {
        "resourceType": "Observation",
        "id": own_id,
        "status": "final",
        "code": coded(LOINC, "8867-4"),
        "subject": {"reference": "Patient/ibu"},
        "encounter": {"reference": "Encounter/kunjungan"},
        "effectiveDateTime": "2024-04-02T08:50:00+07:00",
        "performer": [{"reference": "PractitionerRole/bidan-kia"}],
    } | elements


def pressure():
    def half(code, value):
        return {"code": coded(LOINC, code), "valueQuantity": {"value": value, "code": "mm[Hg]"}}

    return observation(
        "td", code=coded(LOINC, "85354-9"), component=[half("8480-6", 130), half("8462-4", 85)]
    )


def test_a_blood_pressure_goes_as_two_each_with_an_identifier_of_its_own():
    world = clinic(pressure())

    requests = world.render("Observation/td").requests

    assert [e.key for e in requests] == ["Observation/td#8480-6", "Observation/td#8462-4"]
    assert [e.body["valueQuantity"]["value"] for e in requests] == [130, 85]
    assert len({e.identifier for e in requests}) == 2
    assert not any("component" in e.body for e in requests)
    assert world.render("Observation/td") == world.render("Observation/td")


def test_a_half_that_is_there_is_updated_and_the_other_one_sent():
    world = clinic(pressure())
    world.remote["Observation/td#8480-6"] = "systolic-1"

    requests = world.render("Observation/td").requests

    assert [(e.method, e.remote) for e in requests] == [("PUT", "systolic-1"), ("POST", None)]


def test_what_refers_to_a_blood_pressure_names_both_halves_and_waits_for_them():
    derived = observation(derivedFrom=[{"reference": "Observation/td"}])
    world = clinic(pressure(), derived)

    before = world.render("Observation/obs")
    world.send("Observation/td")

    assert before == Waiting(("Observation/td",))
    assert len(world.body("Observation/obs")["derivedFrom"]) == 2


def test_a_panel_of_our_own_is_not_sent_and_nobody_waits_for_it():
    panel = observation("panel", hasMember=[{"reference": "Observation/obs"}])
    derived = observation(derivedFrom=[{"reference": "Observation/panel"}])
    world = clinic(panel, derived)

    assert isinstance(world.render("Observation/panel"), NotWanted)
    assert "derivedFrom" not in world.body("Observation/obs")


def test_a_result_that_names_nobody_is_by_who_attended_the_visit():
    body = clinic(observation(performer=[])).body("Observation/obs")

    assert body["performer"] == [{"reference": "Practitioner/N10000001"}]


def test_answers_go_in_the_words_of_satusehat():
    answer = {
        "coding": [
            {"system": SNOMED, "code": "112144000"},
            {"system": f"{OWN}/hasil-lab", "code": "A"},
        ]
    }
    world = clinic(observation(code=coded(LOINC, "883-9"), valueCodeableConcept=answer))

    assert world.body("Observation/obs")["valueCodeableConcept"] == coded(LOINC, "LA19710-5")


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("compos-mentis", coded(SNOMED, "248234008") | {"text": "compos-mentis"}),
        ("apatis", {"text": "apatis"}),
    ],
)
def test_a_word_of_ours_that_has_no_code_there_goes_as_text(word, expected):
    world = clinic(
        observation(code=coded(LOINC, "67775-7"), valueCodeableConcept=coded(f"{OWN}/k", word))
    )

    assert world.body("Observation/obs")["valueCodeableConcept"] == expected


def test_our_codes_stay_here_also_below_another_canonical_base():
    base = "https://fhir.dinkes.example/r4"
    codings = [
        {"system": LOINC, "code": "8867-4"},
        {"system": f"{base}/CodeSystem/x", "code": "y"},
    ]
    world = clinic(observation(code={"coding": codings}), choices=replace(OURS, canonical=base))

    assert world.body("Observation/obs")["code"] == {"coding": codings[:1]}


@pytest.mark.parametrize("system", [SNOMED, "http://terminology.kemkes.go.id/CodeSystem/x"])
def test_the_station_of_the_head_goes_under_the_system_of_the_setting(system):
    head = observation(code=coded(SNOMED, "249111004"), valueCodeableConcept=coded(SNOMED, "1"))
    world = clinic(head, choices=replace(OURS, head_system=system))

    body = world.body("Observation/obs")

    assert body["code"]["coding"][0]["system"] == system
    assert body["valueCodeableConcept"]["coding"][0]["system"] == system


def report():
    def result(own_id, code):
        return observation(own_id, code=coded(LOINC, code), valueString="x")

    whole = {
        "resourceType": "DiagnosticReport",
        "id": "hasil",
        "status": "final",
        "code": coded(LOINC, "11502-2"),
        "subject": {"reference": "Patient/ibu"},
        "encounter": {"reference": "Encounter/kunjungan"},
        "effectiveDateTime": "2024-04-02T09:15:00+07:00",
        "result": [{"reference": "Observation/hb"}, {"reference": "Observation/hiv"}],
    }
    return whole, result("hb", "718-7"), result("hiv", "68961-2")


def test_a_report_on_several_examinations_goes_as_one_for_each_in_its_section():
    world = clinic(*report())
    world.send("Observation/hb")
    world.send("Observation/hiv")

    requests = world.render("DiagnosticReport/hasil").requests

    assert [e.key.partition("#")[2] for e in requests] == ["718-7", "68961-2"]
    assert [e.body["category"][0]["coding"][0]["code"] for e in requests] == ["HM", "MB"]
    assert [len(e.body["result"]) for e in requests] == [1, 1]


def test_a_report_waits_for_its_results():
    result = clinic(*report()).render("DiagnosticReport/hasil")

    assert result == Waiting(("Observation/hb", "Observation/hiv"))


def prescription(**elements):
    return {
        "resourceType": "MedicationRequest",
        "id": "resep",
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": coded(KFA, "93000937"),
        "subject": {"reference": "Patient/ibu"},
        "encounter": {"reference": "Encounter/kunjungan"},
        "authoredOn": "2024-04-02T10:12:00+07:00",
        "requester": {"reference": "PractitionerRole/bidan-kia"},
        "groupIdentifier": {"system": "x", "value": "RSP-1"},
        "dosageInstruction": [{"text": "3 x 1 tablet sesudah makan"}],
        "dispenseRequest": {"quantity": {"value": 30, "unit": "tablet"}},
    } | elements


def test_a_prescription_contains_its_drug():
    body = clinic(prescription()).body("MedicationRequest/resep")

    assert body["medicationReference"] == {"reference": "#obat"}
    assert body["contained"][0]["code"] == coded(KFA, "93000937")
    assert [e["value"] for e in body["identifier"]] == ["RSP-1", "RSP-1-resep"]


def test_a_drug_by_itself_goes_before_its_prescription():
    world = clinic(prescription(), choices=replace(OURS, medication="standalone"))

    first, second = world.send("MedicationRequest/resep"), world.send("MedicationRequest/resep")

    assert [(e.type, first.again) for e in first.requests] == [("Medication", True)]
    assert [(e.type, second.again) for e in second.requests] == [("MedicationRequest", False)]
    reference = second.requests[0].body["medicationReference"]["reference"]
    assert reference == "Medication/there-MedicationRequest-resep#obat"


def test_a_signa_is_said_in_numbers_too():
    (dosage,) = clinic(prescription()).body("MedicationRequest/resep")["dosageInstruction"]

    assert dosage["text"] == "3 x 1 tablet sesudah makan"
    assert dosage["timing"]["repeat"] == {"frequency": 3, "period": 1, "periodUnit": "d"}
    assert dosage["doseAndRate"][0]["doseQuantity"]["value"] == 1
    assert dosage["route"]["coding"][0]["code"] == "O"


def test_a_signa_in_other_words_stays_in_words():
    given = prescription(dosageInstruction=[{"text": "oles tipis bila gatal"}])

    (dosage,) = clinic(given).body("MedicationRequest/resep")["dosageInstruction"]

    assert dosage == {"sequence": 1, "text": "oles tipis bila gatal"}


def test_only_products_are_dispensed():
    dispensed = {
        "resourceType": "MedicationDispense",
        "id": "serah",
        "status": "completed",
        "medicationCodeableConcept": coded(KFA, "92000653"),
        "subject": {"reference": "Patient/ibu"},
        "context": {"reference": "Encounter/kunjungan"},
        "whenHandedOver": "2024-04-02T10:20:00+07:00",
    }

    result = clinic(dispensed).render("MedicationDispense/serah")

    assert isinstance(result, Unmappable)
    assert "93" in result.remedy


def dose(**elements):
    return {
        "resourceType": "Immunization",
        "id": "dosis",
        "status": "completed",
        "vaccineCode": coded(KFA, "VG139"),
        "patient": {"reference": "Patient/ibu"},
        "encounter": {"reference": "Encounter/kunjungan"},
        "occurrenceDateTime": "2024-04-02T09:40:00+07:00",
        "primarySource": True,
        "lotNumber": "TD-1",
        "expirationDate": "2025-11-19",
        "reasonCode": [coded("http://terminology.kemkes.go.id/CodeSystem/x", "IM-WUS")],
        "protocolApplied": [{"doseNumberPositiveInt": 2}],
    } | elements


@pytest.mark.parametrize(
    ("element", "rule"),
    [
        ("reasonCode", "10105"),
        ("lotNumber", "10306"),
        ("expirationDate", "10307"),
        ("protocolApplied", "10450"),
    ],
)
def test_a_new_dose_without_what_the_rules_demand_is_refused_here(element, rule):
    given = {k: v for k, v in dose().items() if k != element}

    result = clinic(given).render("Immunization/dosis")

    assert isinstance(result, Unmappable)
    assert rule in result.reason


@pytest.mark.parametrize(
    ("elements", "function"),
    [({}, "AP"), ({"primarySource": False}, "EP"), ({"status": "not-done"}, "OP")],
)
def test_who_gave_entered_or_ordered_a_dose_is_said(elements, function):
    body = clinic(dose(**elements)).body("Immunization/dosis")

    assert body["performer"][0]["function"]["coding"][0]["code"] == function


def test_a_beginning_before_the_earliest_date_is_left_out_and_an_event_refused():
    old = {
        "resourceType": "Condition",
        "id": "lama",
        "code": coded("http://hl7.org/fhir/sid/icd-10", "E11.9"),
        "subject": {"reference": "Patient/ibu"},
        "encounter": {"reference": "Encounter/kunjungan"},
        "onsetDateTime": "2009-05",
        "recordedDate": "2024-04-02T08:00:00+07:00",
    }
    before = dose(primarySource=False, occurrenceDateTime="2012-05-08T00:00:00+07:00")
    world = clinic(old, before)

    assert "onsetDateTime" not in world.body("Condition/lama")
    assert isinstance(world.render("Immunization/dosis"), Unmappable)


def test_people_are_looked_up_by_nik_and_never_written():
    world = clinic(without=("Patient/ibu", "Practitioner/bidan"))

    found = world.render("Patient/ibu")

    search = (("identifier", "https://fhir.kemkes.go.id/id/nik|9902015203860001"),)
    assert found == LookUp("Patient", search, "Patient/ibu")
    assert isinstance(world.render("Practitioner/bidan"), LookUp)
    assert isinstance(clinic().render("Patient/ibu"), NotWanted)


@pytest.mark.parametrize("word", ["ihs-number", "patient-ihs-number"])
def test_who_has_no_nik_is_asked_for_by_the_number_there_in_either_spelling(word):
    world = clinic(without=("Patient/ibu",))
    number = {"system": f"https://fhir.kemkes.go.id/id/{word}", "value": "P00000000001"}
    world.own["Patient/ibu"] = PATIENT | {"identifier": [number]}

    found = world.render("Patient/ibu")

    assert found == LookUp("Patient", (("_id", "P00000000001"),), "Patient/ibu")


def test_a_result_of_a_patient_without_nik_asks_for_it():
    stranger = PATIENT | {"identifier": []}
    world = clinic(observation(), without=("Patient/ibu",))
    world.own["Patient/ibu"] = stranger

    result = world.render("Observation/obs")

    assert isinstance(result, Unmappable)
    assert "NIK" in result.remedy


def newborn(name, number):
    return {
        "resourceType": "Patient",
        "id": "bayi",
        "identifier": [
            {"system": "https://fhir.kemkes.go.id/id/nik-ibu", "value": "9902014511980002"}
        ],
        "name": [{"text": name}],
        "birthDate": "2024-05-17",
        "multipleBirthInteger": number,
    }


@pytest.mark.parametrize(("status", "expected"), [("S", ["S"]), ("U", ["U"]), ("", [])])
def test_a_newborn_is_registered_by_the_mothers_nik(status, expected):
    world = clinic(newborn("Bayi Ny. Dewi", 0), choices=replace(OURS, newborn_marital=status))

    body = world.body("Patient/bayi")

    assert body["multipleBirthInteger"] == 0
    codings = body.get("maritalStatus", {}).get("coding", [])
    assert [each["code"] for each in codings] == expected


@pytest.mark.parametrize(
    ("system", "expected"),
    [("", []), ("https://fhir.kemkes.go.id/id/bpjs", ["https://fhir.kemkes.go.id/id/bpjs"])],
)
def test_a_bpjs_card_goes_under_the_system_that_the_setting_names(system, expected):
    card = {"system": "https://puskesmas.example/fhir/sid/no-bpjs", "value": "9900000000001"}
    child = newborn("Bayi Ny. Dewi", 0)
    child["identifier"].append(card)
    world = clinic(child, choices=replace(OURS, bpjs_system=system))

    _, *others = world.body("Patient/bayi")["identifier"]

    assert others == [{"system": each, "value": "9900000000001"} for each in expected]


@pytest.mark.parametrize("chosen", ["SD", "EP"])
@pytest.mark.parametrize(
    ("drug", "is_mixed"),
    [
        ({"code": {"text": "Puyer"}, "ingredient": [{"itemCodeableConcept": {"text": "a"}}]}, True),
        ({"code": coded(KFA, "93000937"), "ingredient": [{"item": {"text": "a"}}]}, False),
        ({"code": coded(KFA, "93000937")}, False),
    ],
)
def test_a_mixture_has_the_medication_type_that_the_setting_says(chosen, drug, is_mixed):
    contained = {"resourceType": "Medication", "id": "obat"} | drug
    item = prescription()
    del item["medicationCodeableConcept"]
    item |= {"contained": [contained], "medicationReference": {"reference": "#obat"}}
    world = clinic(item, choices=replace(OURS, compound_type=chosen))

    (sent,) = world.body(f"MedicationRequest/{item['id']}")["contained"]

    (said,) = sent["extension"]
    code = said["valueCodeableConcept"]["coding"][0]["code"]
    assert code == (chosen if is_mixed else "NC")


def test_newborns_are_not_registered_where_the_setting_says_so():
    world = clinic(newborn("Bayi Ny. Dewi", 0), choices=replace(OURS, newborn=False))

    assert isinstance(world.render("Patient/bayi"), NotWanted)


def test_a_twin_is_not_taken_for_the_other():
    (request,) = clinic(newborn("Bayi Ny. Dewi (2)", 2)).render("Patient/bayi").requests

    assert landed(request, request.body)
    assert not landed(request, request.body | {"name": [{"text": "Bayi Ny. Dewi (1)"}]})


def test_what_landed_is_known_by_our_identifier_and_an_episode_by_its_kind():
    (request,) = clinic(observation()).render("Observation/obs").requests

    assert landed(request, request.body)
    assert not landed(request, request.body | {"identifier": []})
    assert not landed(
        request, {"resourceType": "Condition", "identifier": request.body["identifier"]}
    )


def referral(own_id="rs", **organization):
    target = {"resourceType": "Organization", "id": own_id, "name": "RS Rujukan"} | organization
    reason = {
        "resourceType": "Condition",
        "id": "dx",
        "code": coded("http://hl7.org/fhir/sid/icd-10", "O14.1") | {"text": "Preeklampsia berat"},
    }
    request = {
        "resourceType": "ServiceRequest",
        "id": "rujukan",
        "identifier": [
            {"system": "https://puskesmas.example/fhir/sid/no-rujukan/p", "value": "RJ-1"},
            {"system": "http://sys-ids.kemkes.go.id/referral-number-satusehat", "value": "N"},
        ],
        "status": "active",
        "intent": "order",
        "category": [
            {
                "coding": [
                    {"system": SNOMED, "code": "3457005"},
                    {"system": f"{OWN}/jenis-rujukan", "code": "medis"},
                ]
            }
        ],
        "code": coded(SNOMED, "385868005"),
        "orderDetail": [{"text": "Obstetri dan ginekologi"}],
        "subject": {"reference": "Patient/ibu"},
        "encounter": {"reference": "Encounter/kunjungan"},
        "authoredOn": "2024-04-02T10:00:00+07:00",
        "requester": {"reference": "PractitionerRole/bidan-kia"},
        "performer": [{"reference": "Organization/rs"}],
        "reasonReference": [{"reference": "Condition/dx"}],
    }
    return target, reason, request


NUMBER = [{"system": "http://sys-ids.kemkes.go.id/organization", "value": "100025609"}]


def test_a_referral_says_reasons_as_codes_and_details_as_notes():
    world = clinic(*referral(identifier=NUMBER))

    body = world.body("ServiceRequest/rujukan")

    assert body["performer"] == [{"reference": "Organization/100025609"}]
    assert body["reasonCode"][0]["coding"][0]["code"] == "O14.1"
    assert body["note"] == [{"text": "Obstetri dan ginekologi"}]
    assert body["locationCode"][0]["coding"][0]["code"] == "HOSP"
    assert [each["value"] for each in body["identifier"]] == ["RJ-1"]


def test_a_referral_to_a_hospital_without_number_is_refused_here():
    result = clinic(*referral()).render("ServiceRequest/rujukan")

    assert isinstance(result, Unmappable)
    assert result.path == "ServiceRequest.performer"


def test_back_referrals_are_sent_only_behind_their_flag():
    target, reason, request = referral(identifier=NUMBER)
    back = coded(SNOMED, "3457005")
    back["coding"].append({"system": f"{OWN}/jenis-rujukan", "code": "rujuk-balik"})
    request["category"] = [back]

    assert isinstance(clinic(target, reason, request).render("ServiceRequest/rujukan"), NotWanted)
    flagged = clinic(target, reason, request, choices=replace(OURS, back_referral=True))
    assert isinstance(flagged.render("ServiceRequest/rujukan"), Payload)


def card(**facts):
    items = [{"linkId": k, "answer": [{"valueInteger": v}]} for k, v in facts.items()]
    return {
        "resourceType": "QuestionnaireResponse",
        "id": "kartu",
        "questionnaire": "https://puskesmas.example/fhir/Questionnaire/kspr",
        "status": "completed",
        "subject": {"reference": "Patient/ibu"},
        "encounter": {"reference": "Encounter/kunjungan"},
        "authored": "2024-04-02T10:15:00+07:00",
        "item": [
            {"linkId": "hpht", "answer": [{"valueDate": "2024-01-15"}]},
            {"linkId": "fakta", "item": items},
        ],
    }


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"tanggalLahir": "1986-03-12", "paritas": 3, "persalinanTerakhir": "2013-01-10"}, "TTYT"),
        ({"tanggalLahir": "2004-01-01", "paritas": 0}, "YTTT"),
        ({"tanggalLahir": "1996-01-01", "paritas": 4, "persalinanTerakhir": "2023-01-10"}, "TYTY"),
    ],
)
def test_the_four_terlalu_are_answered_from_the_facts_of_the_card(facts, expected):
    body = clinic(card(**facts)).body("QuestionnaireResponse/kartu")

    (group,) = body["item"]
    answers = ["Y" if e["answer"][0]["valueBoolean"] else "T" for e in group["item"]]
    assert body["questionnaire"].endswith("/Q0002")
    assert "".join(answers) == expected


def test_what_no_fact_says_is_not_answered():
    (group,) = clinic(card(tanggalLahir="1996-01-01")).body("QuestionnaireResponse/kartu")["item"]

    assert [each["linkId"] for each in group["item"]] == ["2.1", "2.3"]


def test_a_practitioner_without_any_number_is_nobody_there():
    world = clinic(without=("Practitioner/bidan",))
    world.own["Practitioner/bidan"] = PERSON | {"identifier": []}

    result = world.render("Encounter/kunjungan")

    assert isinstance(result, Unmappable)
    assert result.path == "Encounter.participant"
    assert VISIT["participant"]


@pytest.mark.parametrize(
    "elements",
    [
        {"performer": [{"reference": "Patient/ibu"}]},
        {"basedOn": [{"reference": "CarePlan/isoman"}]},
    ],
)
def test_a_reading_at_home_outside_a_visit_is_not_sent(elements):
    at_home = {k: v for k, v in observation(**elements).items() if k != "encounter"}

    assert isinstance(clinic(at_home).render("Observation/obs"), NotWanted)
    assert isinstance(clinic(observation(**elements)).render("Observation/obs"), Payload)


@pytest.mark.parametrize("flag", [False, True])
def test_what_a_hospital_asks_for_is_not_sent_by_us(flag):
    target, reason, request = referral(identifier=NUMBER)
    request["requester"] = {"reference": "Organization/rs"}
    world = clinic(target, reason, request, choices=replace(OURS, back_referral=flag))

    assert isinstance(world.render("ServiceRequest/rujukan"), NotWanted)


def test_a_letter_of_a_hospital_is_not_sent_by_us():
    hospital, *_ = referral()
    letter = {
        "resourceType": "Composition",
        "id": "surat",
        "status": "final",
        "type": coded(LOINC, "18842-5"),
        "title": "Resume",
        "subject": {"reference": "Patient/ibu"},
        "encounter": {"reference": "Encounter/kunjungan"},
        "date": "2024-04-02T10:00:00+07:00",
        "custodian": {"reference": "Organization/rs"},
    }
    own = letter | {"custodian": {"reference": "Organization/pkm-dharma-rini"}}

    assert isinstance(clinic(hospital, letter).render("Composition/surat"), NotWanted)
    body = clinic(own).body("Composition/surat")
    assert body["type"]["coding"][0]["code"] == "88645-7"
    assert body["identifier"]["system"].endswith("/composition/10000004")


@pytest.mark.parametrize("position", ["", "-7.316,110.181"])
def test_a_room_without_a_place_takes_that_of_the_setting(position):
    world = clinic(choices=replace(OURS, position=position), without=("Location/ruang",))

    body = world.body("Location/ruang")

    place = body.get("position", {})
    given = ",".join(str(place[each]) for each in ("latitude", "longitude") if each in place)
    assert given == position


def test_a_place_that_is_none_is_said():
    world = clinic(choices=replace(OURS, position="di sini"), without=("Location/ruang",))

    result = world.render("Location/ruang")

    assert isinstance(result, Unmappable)
    assert "FHIR_SATUSEHAT_POSITION" in result.reason


def test_a_visit_to_come_back_for_is_asked_of_the_practitioner_of_this_visit():
    back = {
        "resourceType": "ServiceRequest",
        "id": "kontrol",
        "status": "active",
        "intent": "order",
        "code": coded(f"{OWN}/unit-layanan", "kia") | {"text": "Kontrol tekanan darah"},
        "subject": {"reference": "Patient/ibu"},
        "encounter": {"reference": "Encounter/kunjungan"},
        "occurrenceDateTime": "2024-05-02T08:00:00+07:00",
        "authoredOn": "2024-04-02T09:30:00+07:00",
        "requester": {"reference": "Organization/pkm-dharma-rini"},
    }

    body = clinic(back).body("ServiceRequest/kontrol")

    assert body["code"]["coding"][0]["code"] == "185389009"
    assert body["requester"] == {"reference": "Practitioner/N10000001"}
    assert body["performer"] == [{"reference": "Organization/10000004"}]
    assert body["reasonCode"] == [{"text": "Kontrol tekanan darah"}]


def test_a_dispense_after_a_teleconsultation_waits_for_no_prescription():
    virtual = VISIT | {"id": "daring", "class": {"code": "VR"}}
    asked = prescription(encounter={"reference": "Encounter/daring"})
    dispensed = {
        "resourceType": "MedicationDispense",
        "id": "serah",
        "status": "completed",
        "medicationCodeableConcept": coded(KFA, "93000937"),
        "subject": {"reference": "Patient/ibu"},
        "context": {"reference": "Encounter/kunjungan"},
        "authorizingPrescription": [{"reference": "MedicationRequest/resep"}],
        "whenHandedOver": "2024-04-02T10:20:00+07:00",
    }
    world = clinic(virtual, asked, dispensed)

    body = world.body("MedicationDispense/serah")

    assert isinstance(world.render("MedicationRequest/resep"), NotWanted)
    assert "authorizingPrescription" not in body
    assert body["dosageInstruction"][0]["text"] == "3 x 1 tablet sesudah makan"


def test_a_visit_after_a_referral_of_another_facility_waits_for_no_request():
    target, reason, request = referral(identifier=NUMBER)
    request["requester"] = {"reference": "Organization/rs"}
    sent_here = VISIT | {"basedOn": [{"reference": "ServiceRequest/rujukan"}]}
    world = clinic(target, reason, request, sent_here)

    assert "basedOn" not in world.body("Encounter/kunjungan")


def test_nothing_waits_for_what_was_withdrawn_before_it_was_sent():
    wrong = observation("salah", status="entered-in-error")
    derived = observation(derivedFrom=[{"reference": "Observation/salah"}])

    never = clinic(wrong, derived)
    sent = clinic(wrong, derived)
    sent.remote["Observation/salah"] = "obs-1"

    assert isinstance(never.render("Observation/salah"), NotWanted)
    assert "derivedFrom" not in never.body("Observation/obs")
    assert sent.render("Observation/salah").requests[0].body["status"] == "entered-in-error"


def test_a_result_of_a_cancelled_visit_is_not_sent():
    world = clinic(VISIT | {"status": "cancelled"}, observation(), without=("Encounter/kunjungan",))

    assert isinstance(world.render("Observation/obs"), NotWanted)


def test_a_blood_pressure_entered_in_error_is_withdrawn_in_both_halves():
    world = clinic(pressure())
    world.send("Observation/td")
    world.own["Observation/td"] = pressure() | {"status": "entered-in-error"}

    requests = world.render("Observation/td").requests

    assert [(e.method, e.body["status"]) for e in requests] == [("PUT", "entered-in-error")] * 2
