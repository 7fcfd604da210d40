"""$evaluate-measure: what it takes, and what it answers."""

import pytest

from tests.operations.measuring import (
    AREA,
    CANONICAL,
    FAR,
    KARANGANYAR,
    SIDOREJO,
    YEAR,
    by_village,
    counts,
    organization,
    to,
)
from tools import build_measures


def test_the_measures_are_those_that_the_code_counts():
    for path, text in build_measures.build().items():
        assert path.read_text("utf-8") == text, f"run tools/build_measures.py: {path.name}"


def test_targets_status_and_score_of_each_village(clinic, sop):
    for code, target in (
        (SIDOREJO, {"ibuHamil": 24}),
        (KARANGANYAR, {"penduduk": 1000, "cbr": 20}),
    ):
        sop.made("sasaran-desa", {"faskes": "pkm", "desa": code, "tahun": 2024, **target})
    for number in range(5):
        clinic.anc(clinic.person(f"s{number}"), "K1M", "2024-02-05")
    clinic.anc(clinic.person("ani", KARANGANYAR), "K1A", "2024-01-05")

    report = clinic.report("pws-k1", "periodStart=2024-01-01&periodEnd=2024-02-29")

    whole = report["group"][0]
    says = [
        (
            counts(each)["denominator"],
            each["population"][1]["extension"][0]["valueCode"],
            each["measureScore"]["value"],
            {
                e["url"].rpartition("/")[2]: e[next(k for k in e if k != "url")]
                for e in each["extension"]
            },
        )
        for each in whole["stratifier"][0]["stratum"]
    ]
    assert says == [
        (24, "resmi", 20.8, {"status-desa": "BAIK", "target-kumulatif": 4.0}),
        (22, "perkiraan", 4.5, {"status-desa": "JELEK", "target-kumulatif": 3.7}),
    ]
    assert counts(whole) == {"initial-population": 46, "denominator": 46, "numerator": 6}
    assert whole["measureScore"]["value"] == 13.0


def test_january_is_compared_with_december_before(clinic, sop):
    sop.made("sasaran-desa", {"faskes": "pkm", "desa": SIDOREJO, "tahun": 2024, "ibuHamil": 12})
    for number, day in enumerate(("2023-12-05", "2023-12-06", "2024-01-05")):
        clinic.anc(clinic.person(f"s{number}"), "K1M", day)

    row = next(
        each
        for each in sop.read("pws?indikator=K1&bulan=2024-01")["tabel"][0]["baris"]
        if each["desa"] == SIDOREJO
    )

    assert (row["bulanLalu"], row["bulanIni"], row["tren"], row["status"]) == (
        2,
        1,
        "turun",
        "KURANG",
    )


def test_the_list_of_subjects_is_contained(clinic):
    clinic.anc(clinic.person("siti"), "K1M", "2024-02-05")
    clinic.anc(clinic.person("ani", KARANGANYAR), "K1A", "2024-02-05")

    report = clinic.report("pws-k1", f"{YEAR}&reportType=subject-list")

    assert report["type"] == "subject-list"
    lists = {f"#{each['id']}": each for each in report["contained"]}
    named = report["group"][0]["population"][2]["subjectResults"]["reference"]
    assert [e["item"]["reference"] for e in lists[named]["entry"]] == [
        "Patient/ani",
        "Patient/siti",
    ]


@pytest.mark.parametrize(
    ("subject", "villages"),
    [
        ("Location/sidorejo", {SIDOREJO: 1}),
        ("Location/kecamatan", {SIDOREJO: 1, KARANGANYAR: 1}),
        ("Group/sasaran", {SIDOREJO: 1}),
        ("Group/kelas", {SIDOREJO: 1, KARANGANYAR: 0}),
    ],
)
def test_a_place_or_group_narrows_the_report(clinic, sop, subject, villages):
    for name, code in (("sidorejo", SIDOREJO), ("kecamatan", "990201")):
        number = [{"system": AREA, "value": code}]
        clinic.fhir.kept(
            f"Location/{name}", {"resourceType": "Location", "id": name, "identifier": number}
        )
    clinic.anc(clinic.person("siti"), "K1M", "2024-02-05")
    clinic.anc(clinic.person("ani", KARANGANYAR), "K1A", "2024-02-05")
    made = sop.made(
        "sasaran-desa", {"faskes": "pkm", "desa": SIDOREJO, "tahun": 2024, "ibuHamil": 24}
    )
    group = {"resourceType": "Group", "id": "kelas", "type": "person", "actual": True}
    clinic.fhir.kept("Group/kelas", {**group, "member": [{"entity": to("Patient/siti")}]})
    subject = f"Group/{made['id']}" if subject == "Group/sasaran" else subject

    report = clinic.report("pws-k1", f"{YEAR}&subject={subject}")

    assert report["subject"] == to(subject)
    assert by_village(report) == villages


def test_one_patient(clinic):
    clinic.anc(clinic.person("siti"), "K1M", "2024-02-05")
    clinic.anc(clinic.person("ani"), "K1M", "2024-02-05")

    report = clinic.report("pws-k1", f"{YEAR}&subject=Patient/siti")

    assert report["type"] == "individual"
    assert counts(report["group"][0])["numerator"] == 1


def test_who_reports_decides_the_area_and_whose_outsiders(clinic):
    clinic.fhir.kept("Organization/pustu", organization("pustu", "pustu", (KARANGANYAR,), "pkm"))
    clinic.fhir.kept("Organization/lain", organization("lain", "puskesmas", (FAR,)))
    clinic.anc(clinic.person("siti"), "K1M", "2024-02-05")
    far = clinic.person("far", FAR)
    clinic.anc(far, "K1A", "2024-02-06", serviceProvider=to("Organization/pustu"))
    clinic.anc(
        clinic.person("tamu", "9909012001"),
        "K1A",
        "2024-02-07",
        serviceProvider=to("Organization/lain"),
    )

    ours_, theirs = (
        clinic.report("pws-k1", f"{YEAR}&reporter=Organization/{n}") for n in ("pkm", "lain")
    )
    everybody = clinic.report("pws-k1")

    assert (by_village(ours_), by_village(ours_, 1)) == ({SIDOREJO: 1, KARANGANYAR: 0}, {FAR: 1})
    assert (by_village(theirs), by_village(theirs, 1)) == ({FAR: 1}, {"9909012001": 1})
    assert by_village(everybody) == {SIDOREJO: 1, KARANGANYAR: 0, FAR: 1}
    assert "reporter" not in everybody


def test_the_measure_by_its_url_or_id(clinic):
    clinic.anc(clinic.person("siti"), "K1M", "2024-02-05")

    for measure in (
        f"{CANONICAL}/Measure/pws-k1",
        f"{CANONICAL}/Measure/pws-k1|1.0.0",
        "pws-k1",
        "Measure/pws-k1",
    ):
        report = clinic.fhir.read(f"Measure/$evaluate-measure?measure={measure}&{YEAR}")
        assert counts(report["group"][0])["numerator"] == 1


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        (f"Measure/none/$evaluate-measure?{YEAR}", 404, "There is no Measure/none"),
        ("Measure/pws-k1/$evaluate-measure?periodEnd=2024", 400, "needs periodStart"),
        ("Measure/pws-k1/$evaluate-measure?periodStart=2024-03&periodEnd=2024-02", 400, "before"),
        (
            "Measure/pws-k1/$evaluate-measure?periodStart=2023-03&periodEnd=2024-02",
            400,
            "calendar year",
        ),
        (f"Measure/$evaluate-measure?{YEAR}", 400, "needs measure"),
        (f"Measure/pws-k1/$evaluate-measure?{YEAR}&measure=pws-k1", 400, "already by the URL"),
        (f"Measure/pws-k1/$evaluate-measure?{YEAR}&reportType=all", 400, "none of"),
        (f"Measure/pws-k1/$evaluate-measure?{YEAR}&reportType=individual", 400, "subject=Patient"),
        (f"Measure/pws-k1/$evaluate-measure?{YEAR}&subject=Device/1", 400, "right would be"),
        (f"Measure/pws-k1/$evaluate-measure?{YEAR}&subject=Patient/none", 404, "no Patient/none"),
        (
            f"Measure/pws-k1/$evaluate-measure?{YEAR}&practitioner=Practitioner/1",
            400,
            "practitioner",
        ),
        (f"Measure/own/$evaluate-measure?{YEAR}", 400, "cannot be evaluated here"),
    ],
)
def test_what_cannot_be_evaluated_is_said(clinic, path, status, says):
    own = {
        "resourceType": "Measure",
        "id": "own",
        "url": "http://example.org/Measure/own",
        "status": "active",
    }
    clinic.fhir.kept("Measure/own", own)

    answer = clinic.fhir("GET", path)

    assert (answer.status, says in str(answer.json)) == (status, True)


def test_every_report_is_valid_r4(clinic, sop):
    sop.made("sasaran-desa", {"faskes": "pkm", "desa": SIDOREJO, "tahun": 2024, "ibuHamil": 24})
    clinic.anc(clinic.person("siti"), "K1M", "2024-02-05")
    clinic.anc(clinic.person("far", FAR), "K1M", "2024-02-05")

    for name in ("pws-k1", "pws-mtbs", "beban-penyakit"):
        report = clinic.report(name, f"{YEAR}&reportType=subject-list")
        outcome = clinic.fhir("POST", "MeasureReport/$validate", report)
        errors = [e for e in outcome.issues if e["severity"] in {"error", "fatal"}]
        assert errors == []
