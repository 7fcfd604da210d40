"""What each indicator of PWS counts, and what it does not."""

import pytest

from tests.operations.measuring import (
    CANONICAL,
    FAR,
    ICD_9_CM,
    ICD_10,
    KARANGANYAR,
    LOINC,
    SIDOREJO,
    SNOMED,
    by_village,
    concept,
    counts,
    organization,
    ours,
    to,
)


def test_k1_is_counted_by_village_of_residence_and_outsiders_apart(clinic):
    """BR-C11: the village of residence counts, wherever somebody was served."""
    clinic.anc(clinic.person("siti"), "K1M", "2024-02-05")
    clinic.anc(
        clinic.person("ani", KARANGANYAR),
        "K1A",
        "2024-03-05",
        serviceProvider=to("Organization/rs"),
    )
    clinic.anc(clinic.person("far", FAR), "K1A", "2024-03-06")
    clinic.anc(clinic.person("nowhere", None), "K1A", "2024-03-06")

    report = clinic.report("pws-k1")

    assert report["type"] == "summary"
    assert report["measure"] == f"{CANONICAL}/Measure/pws-k1|1.0.0"
    assert report["reporter"] == to("Organization/pkm")
    assert report["period"] == {"start": "2024-01-01", "end": "2024-12-31"}
    assert by_village(report) == {SIDOREJO: 1, KARANGANYAR: 1}
    assert counts(report["group"][0])["numerator"] == 2
    assert by_village(report, 1) == {FAR: 1, "tanpa-desa": 1}
    assert counts(report["group"][1])["numerator"] == 2


def test_br_c11_one_service_noted_twice_counts_once(clinic):
    """BR-C11: by two facilities, under two records of one person, and again in the same year."""
    nik = [{"system": "https://fhir.kemkes.go.id/id/nik", "value": "9902015203860001"}]
    siti = clinic.person("siti", identifier=nik)
    again = clinic.person("siti-rs", KARANGANYAR, identifier=nik, active=False)
    clinic.anc(siti, "K1M", "2024-02-05")
    clinic.anc(siti, "K1M", "2024-02-05", serviceProvider=to("Organization/pustu"))
    clinic.anc(again, "K1A", "2024-02-06")
    clinic.anc(siti, "K1A", "2024-05-06")
    clinic.anc(siti, "K1A", "2024-06-06", status="entered-in-error")

    assert clinic.numerator("pws-k1") == 1
    assert clinic.numerator("pws-k1", "periodStart=2024-05-01&periodEnd=2024-05-31") == 0
    assert clinic.numerator("pws-k1", "periodStart=2024-02&periodEnd=2024-02") == 1


def test_br_c11_a_pregnancy_under_one_record_and_what_was_measured_under_another(clinic):
    """BR-C11: the records of one person are one, also where each knows half of it."""
    nik = [{"system": "https://fhir.kemkes.go.id/id/nik", "value": "9902015203860001"}]
    siti = clinic.person("siti", identifier=nik)
    again = clinic.person("siti-rs", identifier=nik, active=False)
    clinic.pregnancy("e-siti", siti, "2024-01-15")
    measured(clinic, again, LOINC, "718-7", 10.5, "g/dL")

    assert (clinic.numerator("pws-anemia"), clinic.denominator("pws-anemia")) == (1, 1)


def test_a_second_pregnancy_of_the_year_counts_again(clinic):
    siti = clinic.person("siti")
    first = clinic.pregnancy("first", siti, "2023-12-01", "finished")
    same = clinic.pregnancy("same", siti, "2023-12-05", "finished")
    second = clinic.pregnancy("second", siti, "2024-08-01")
    clinic.anc(siti, "K1M", "2024-01-20", first)
    clinic.anc(siti, "K1A", "2024-04-20", same)
    clinic.anc(siti, "K1M", "2024-09-20", second)
    clinic.anc(siti, "K1A", "2024-10-20")

    assert clinic.numerator("pws-k1") == 2


def test_k1m_takes_only_first_contacts_of_the_first_trimester(clinic):
    clinic.anc(clinic.person("siti"), "K1M", "2024-02-05")
    clinic.anc(clinic.person("ani"), "K1A", "2024-02-05")

    assert clinic.numerator("pws-k1m") == 1
    assert clinic.numerator("pws-k1") == 2


FOUR = ("2024-02-20", "2024-05-06", "2024-07-20", "2024-08-20")
SIX = ("2024-02-20", "2024-05-06", "2024-06-06", "2024-07-20", "2024-08-20", "2024-09-20")


@pytest.mark.parametrize(
    ("name", "days", "doctors", "number"),
    [
        ("pws-k4", FOUR, 0, 1),
        ("pws-k4", FOUR[:3], 0, 0),
        ("pws-k4", (*FOUR[:3], FOUR[2]), 0, 0),
        ("pws-k4", ("2024-02-20", "2024-02-27", "2024-03-05", "2024-08-20"), 0, 0),
        ("pws-k6", SIX, 2, 1),
        ("pws-k6", SIX, 1, 0),
        ("pws-k6", SIX[:5], 2, 0),
    ],
)
def test_contacts_without_a_code_count_by_trimester_day_and_doctor(
    clinic, name, days, doctors, number
):
    siti = clinic.person("siti")
    episode = clinic.pregnancy("e", siti, "2024-01-15")
    for at, day in enumerate(days):
        clinic.visit(siti, day, episode=episode, by=("dokter" if at < doctors else "bidan",))

    assert clinic.numerator(name) == number


def test_k4_counts_in_the_month_of_the_contact_that_completes_it_or_that_says_so(clinic):
    siti, ani = clinic.person("siti"), clinic.person("ani")
    episode = clinic.pregnancy("e", siti, "2024-01-15")
    for day in FOUR:
        clinic.visit(siti, day, episode=episode)
    clinic.anc(ani, "K4", "2024-06-05")

    assert clinic.numerator("pws-k4", "periodStart=2024-08&periodEnd=2024-08") == 1
    assert clinic.numerator("pws-k4", "periodStart=2024-06&periodEnd=2024-06") == 1
    assert clinic.numerator("pws-k4") == 2


def test_risk_found_is_counted_from_krt_on(clinic):
    for name, group in (("siti", "KRST"), ("ani", "KRT"), ("lia", "KRR")):
        risk = {"qualitativeRisk": ours("kelompok-risiko-kspr", group)}
        clinic.put(
            "RiskAssessment",
            clinic.person(name),
            status="final",
            occurrenceDateTime="2024-03-05",
            prediction=[risk],
        )

    assert clinic.numerator("pws-risti-det") == 2


def complication(clinic, patient, code, **elements):
    return clinic.put(
        "Condition", patient, code=concept(ICD_10, code), recordedDate="2024-03-05", **elements
    )


def test_complications_count_once_they_were_treated(clinic):
    siti, ani, lia, eka = (clinic.person(name) for name in ("siti", "ani", "lia", "eka"))
    by_reason = complication(clinic, siti, "O14.1")
    visit = clinic.visit(ani, "2024-03-05")
    complication(clinic, ani, "O72.1", encounter=to(f"Encounter/{visit}"))
    untreated = complication(clinic, lia, "O14.1")
    normal = complication(clinic, eka, "O80")
    done = {"status": "completed", "code": {"text": "MgSO4"}}
    clinic.put("Procedure", siti, **done, reasonReference=[to(f"Condition/{by_reason}")])
    clinic.put("Procedure", ani, **done, encounter=to(f"Encounter/{visit}"))
    clinic.put("Procedure", eka, **done, reasonReference=[to(f"Condition/{normal}")])

    assert clinic.numerator("pws-pk") == 2
    clinic.put("Procedure", lia, **done, reasonReference=[to(f"Condition/{untreated}")])
    assert clinic.numerator("pws-pk") == 3


def test_neonatal_complications_count_to_the_28th_day(clinic):
    for name, born in (("bayi", "2024-02-10"), ("besar", "2024-01-01")):
        patient = clinic.person(name, birthDate=born)
        condition = complication(clinic, patient, "P07.1")
        reason = [to(f"Condition/{condition}")]
        clinic.put(
            "Procedure", patient, status="completed", code={"text": "x"}, reasonReference=reason
        )

    assert clinic.numerator("pws-nkomp") == 1


def delivery(clinic, patient, day="2024-06-05", **elements):
    return clinic.put(
        "Procedure",
        patient,
        status="completed",
        code=concept(ICD_9_CM, "73.59"),
        performedDateTime=day,
        **elements,
    )


def test_deliveries_by_place_and_by_helper(clinic):
    for name, kind in (("kamar", "ruang"), ("rumah", "rumah")):
        document = {"resourceType": "Location", "id": name, "type": [ours("jenis-lokasi", kind)]}
        clinic.fhir.kept(f"Location/{name}", document)
    siti, ani = clinic.person("siti"), clinic.person("ani")
    midwife = [{"actor": to("PractitionerRole/bidan")}]
    delivery(clinic, siti, location=to("Location/kamar"), performer=midwife)
    delivery(
        clinic,
        ani,
        location=to("Location/rumah"),
        performer=[{"actor": to("PractitionerRole/kader")}],
    )

    assert clinic.numerator("pws-pf") == 1
    assert clinic.numerator("pws-pn") == 1
    delivery(clinic, ani, location=to("Location/rumah"), performer=midwife)
    assert clinic.numerator("pws-pf") == 1
    assert clinic.numerator("pws-pn") == 2


@pytest.mark.parametrize(
    ("kind", "codes", "first", "whole"),
    [
        ("puerperium", ("KF1", "KF2", "KF3", "KF4"), "pws-kf1", "pws-kf-lengkap"),
        ("neonate", ("KN1", "KN2", "KN3"), "pws-kn1", "pws-kn-lengkap"),
    ],
)
def test_visits_after_birth_are_whole_with_the_last_one(clinic, kind, codes, first, whole):
    siti, ani = clinic.person("siti"), clinic.person("ani")
    for number, code in enumerate(codes, 1):
        clinic.visit(siti, f"2024-0{number}-05", (kind, code))
    clinic.visit(ani, "2024-02-05", (kind, codes[0]))
    clinic.visit(ani, "2024-02-06", (kind, codes[0]))

    assert clinic.numerator(first) == 2
    assert clinic.numerator(whole) == 1
    last = f"periodStart=2024-0{len(codes)}&periodEnd=2024-0{len(codes)}"
    assert clinic.numerator(whole, last) == 1
    for number in (2, 3, 4)[: len(codes) - 1 if kind == "puerperium" else 0]:
        assert clinic.numerator(f"pws-kf{number}") == 1


CVX = "http://hl7.org/fhir/sid/cvx"
BASIC = (("08", 1), ("19", 1), ("198", 3), ("178", 4), ("10", 1), ("04", 1))


def dose(clinic, patient, code, number, day, system=CVX):  # noqa: PLR0913, PLR0917
    return clinic.put(
        "Immunization",
        patient,
        status="completed",
        vaccineCode=concept(system, code),
        occurrenceDateTime=day,
        primarySource=False,
        protocolApplied=[{"doseNumberPositiveInt": number}],
    )


def test_basic_immunisation_is_complete_with_every_antigen_in_time(clinic):
    for name, born, skipped in (
        ("ok", "2024-01-05", ""),
        ("kurang", "2024-01-05", "04"),
        ("telat", "2023-10-01", ""),
    ):
        patient = clinic.person(name, birthDate=born)
        for code, number in BASIC:
            if code != skipped:
                dose(clinic, patient, code, number, "2024-11-05")
        dose(clinic, patient, "198", 2, "2024-09-05")

    assert clinic.numerator("pws-idl") == 1


def test_what_began_the_year_before_is_complete_this_year(clinic):
    """A child's first year, and its mother's weeks after birth, may pass New Year."""
    child = clinic.person("anak", birthDate="2023-06-05")
    for code, number in BASIC[:-1]:
        dose(clinic, child, code, number, "2023-10-05")
    dose(clinic, child, *BASIC[-1], "2024-03-05")
    earlier = clinic.person("dulu", birthDate="2023-02-05")
    for code, number in BASIC:
        dose(clinic, earlier, code, number, "2023-12-05")
    ibu, bayi = clinic.person("ibu"), clinic.person("bayi")
    for number, day in enumerate(("2023-12-20", "2023-12-24", "2024-01-04"), 1):
        clinic.visit(ibu, day, ("puerperium", f"KF{number}"))
        clinic.visit(bayi, day, ("neonate", f"KN{number}"))
    clinic.visit(ibu, "2024-01-24", ("puerperium", "KF4"))

    whole = {name: clinic.numerator(f"pws-{name}") for name in ("idl", "kf-lengkap", "kn-lengkap")}

    assert whole == {"idl": 1, "kf-lengkap": 1, "kn-lengkap": 1}
    assert clinic.numerator("pws-kn1") == 0


def test_td_counts_from_the_second_dose_in_pregnancy(clinic):
    for name, hpht, number in (
        ("siti", "2024-01-15", 2),
        ("ani", "2024-01-15", 1),
        ("lia", None, 2),
    ):
        patient = clinic.person(name)
        if hpht:
            clinic.pregnancy(f"e-{name}", patient, hpht)
        dose(clinic, patient, "VG139", number, "2024-05-05", "http://sys-ids.kemkes.go.id/kfa")

    assert clinic.numerator("pws-td2") == 1


def test_mtbs_of_all_sick_children_below_five(clinic):
    unit = {"serviceType": ours("unit-layanan", "anak-mtbs")}
    child, big = (
        clinic.person("anak", birthDate="2022-04-28"),
        clinic.person("besar", birthDate="2015-01-01"),
    )
    with_card = clinic.visit(child, "2024-05-07", **unit)
    clinic.visit(child, "2024-05-07", **unit)
    clinic.visit(child, "2024-06-07", **unit)
    clinic.visit(big, "2024-06-07", **unit)
    clinic.put(
        "QuestionnaireResponse",
        child,
        status="completed",
        questionnaire=f"{CANONICAL}/Questionnaire/mtbs",
        encounter=to(f"Encounter/{with_card}"),
    )

    report = clinic.report("pws-mtbs")["group"][0]

    assert (counts(report)["numerator"], counts(report)["denominator"]) == (1, 2)
    assert report["measureScore"]["value"] == 50.0
    origin = report["population"][1]["extension"][0]
    assert origin == {
        "url": f"{CANONICAL}/StructureDefinition/asal-sasaran",
        "valueCode": "terhitung",
    }


def method(clinic, patient, code, day):
    return clinic.put(
        "Observation",
        patient,
        status="final",
        code=ours("observasi-lokal", "metode-kb-aktif"),
        effectiveDateTime=day,
        valueCodeableConcept=ours("metode-kb", code),
    )


def test_family_planning_active_and_within_42_days_of_birth(clinic):
    siti, ani, lia = (clinic.person(name) for name in ("siti", "ani", "lia"))
    for patient, code, day in (
        (siti, "iud", "2024-07-17"),
        (ani, "pil", "2024-07-18"),
        (lia, "tanpa", "2024-06-06"),
    ):
        delivery(clinic, patient)
        method(clinic, patient, code, day)

    assert clinic.numerator("pws-kb-aktif") == 2
    assert clinic.numerator("pws-kb-pp") == 1


def measured(clinic, patient, system, code, value, unit, day="2024-03-05"):  # noqa: PLR0913, PLR0917
    quantity = {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}
    return clinic.put(
        "Observation",
        patient,
        status="final",
        code=concept(system, code),
        effectiveDateTime=day,
        valueQuantity=quantity,
    )


@pytest.mark.parametrize(
    ("name", "system", "code", "unit", "low", "enough"),
    [
        ("pws-kek", SNOMED, "284473002", "cm", 23.4, 23.5),
        ("pws-anemia", LOINC, "718-7", "g/dL", 10.9, 11.0),
    ],
)
def test_thin_and_anaemic_of_the_pregnant_who_were_measured(  # noqa: PLR0913, PLR0917
    clinic, name, system, code, unit, low, enough
):
    siti, ani, lia = (clinic.person(each) for each in ("siti", "ani", "lia"))
    for patient in (siti, ani):
        clinic.pregnancy(f"e-{patient[8:]}", patient, "2024-01-15")
    measured(clinic, siti, system, code, low, unit)
    measured(clinic, siti, system, code, enough, unit, "2024-04-05")
    measured(clinic, ani, system, code, enough, unit)
    measured(clinic, lia, system, code, low, unit)

    assert (clinic.numerator(name), clinic.denominator(name)) == (1, 2)


def test_mothers_of_krst_who_delivered_in_a_hospital(clinic):
    clinic.fhir.kept("Organization/rs", organization("rs", "rs-fkrtl"))
    for name, place in (("siti", "rs"), ("ani", "pkm")):
        patient = clinic.person(name)
        risk = {"qualitativeRisk": ours("kelompok-risiko-kspr", "KRST")}
        clinic.put(
            "RiskAssessment",
            patient,
            status="final",
            occurrenceDateTime="2024-03-05",
            prediction=[risk],
        )
        visit = clinic.visit(patient, "2024-06-05", serviceProvider=to(f"Organization/{place}"))
        delivery(clinic, patient, encounter=to(f"Encounter/{visit}"))
    delivery(clinic, clinic.person("lia"))

    assert (clinic.numerator("pws-krst-rs"), clinic.denominator("pws-krst-rs")) == (1, 2)


def test_home_visits_done_of_those_planned(clinic):
    def visit(patient, status, day):
        clinic.fhir.made(
            "Task",
            {
                "resourceType": "Task",
                "status": status,
                "intent": "order",
                "code": ours("jenis-tugas", "kunjungan-rumah"),
                "for": to(patient),
                "restriction": {"period": {"end": day}},
            },
        )

    siti, ani = clinic.person("siti"), clinic.person("ani", KARANGANYAR)
    for patient, status, day in (
        (siti, "completed", "2024-07-05"),
        (siti, "completed", "2024-07-05"),
        (ani, "requested", "2024-07-06"),
        (ani, "failed", "2024-08-06"),
        (ani, "cancelled", "2024-08-07"),
    ):
        visit(patient, status, day)

    assert (clinic.numerator("pws-kr"), clinic.denominator("pws-kr")) == (1, 3)


def referral(clinic, patient, number):
    return clinic.put(
        "ServiceRequest",
        patient,
        status="completed",
        intent="order",
        category=[ours("jenis-rujukan", "medis")],
        authoredOn=f"2024-03-0{number}T08:00:00+07:00",
    )


def test_referrals_that_came_back(clinic):
    siti, ani = clinic.person("siti"), clinic.person("ani")
    first = referral(clinic, siti, 1)
    referral(clinic, ani, 2)
    clinic.put(
        "ServiceRequest",
        siti,
        status="completed",
        intent="order",
        meta={"tag": [{"system": f"{CANONICAL}/CodeSystem/status-rujuk-balik", "code": "selesai"}]},
        basedOn=[to(f"ServiceRequest/{first}")],
    )

    assert (clinic.numerator("pws-ruj-loop"), clinic.denominator("pws-ruj-loop")) == (1, 2)


def test_burden_of_disease_by_cluster_village_and_age(clinic, sop):
    """C11a; BR-C11: a person counts once a category and day."""
    klaster = f"{CANONICAL}/StructureDefinition/klaster"

    def ill(patient, code, day, cluster="klaster-3"):
        extension = [{"url": klaster, "valueCodeableConcept": ours("klaster", cluster)}]
        visit = clinic.visit(patient, day, extension=extension)
        clinic.put(
            "Condition",
            patient,
            category=[
                concept(
                    "http://terminology.hl7.org/CodeSystem/condition-category",
                    "encounter-diagnosis",
                )
            ],
            code=concept(ICD_10, code),
            recordedDate=f"{day}T08:30:00+07:00",
            encounter=to(f"Encounter/{visit}"),
        )

    karto = clinic.person("karto", birthDate="1957-08-17")
    alif = clinic.person("alif", KARANGANYAR, birthDate="2022-04-28")
    ill(karto, "I10", "2024-03-01")
    ill(karto, "I10", "2024-03-01")
    ill(karto, "I10", "2024-04-01")
    ill(alif, "J06.9", "2024-03-01", "klaster-2")
    ill(alif, "Z00.1", "2024-03-02", "klaster-2")
    ill(clinic.person("far", FAR), "J06.9", "2024-03-03")

    report = clinic.report("beban-penyakit")

    strata = {each["code"][0]["text"]: each["stratum"] for each in report["group"][0]["stratifier"]}
    number = lambda each: each["population"][0]["count"]  # noqa: E731
    parts = lambda each: tuple(c["value"]["coding"][0]["code"] for c in each["component"])  # noqa: E731
    assert number(report["group"][0]) == 3
    assert [(e["value"]["coding"][0]["code"], number(e)) for e in strata["icd-10"]] == [
        ("I10", 2),
        ("J06", 1),
    ]
    assert {parts(e): number(e) for e in strata["klaster"]} == {
        ("klaster-2", "J06"): 1,
        ("klaster-3", "I10"): 2,
    }
    assert {parts(e): number(e) for e in strata["desa"]} == {
        (SIDOREJO, "I10"): 2,
        (KARANGANYAR, "J06"): 1,
    }
    assert {parts(e): number(e) for e in strata["kelompok-umur"]} == {
        ("lansia", "I10"): 2,
        ("balita", "J06"): 1,
    }
    assert number(report["group"][1]) == 1
    march = sop.read("beban-penyakit?bulan=2024-03&faskes=pkm")
    assert (march["kasus"], march["luarWilayah"]) == (2, 1)
    assert march["terbanyak"] == [{"icd10": "I10", "kasus": 1}, {"icd10": "J06", "kasus": 1}]
    assert march["perUmur"][0] == {"umur": "balita", "icd10": "J06", "kasus": 1}
