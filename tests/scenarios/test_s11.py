"""S11 (domain §7): half a year of PWS by village, its analysis, the work, the evaluation.

Three villages and their targets for ibu hamil in 2024: Sidorejo 24 (official), Karanganyar 33
(1,500 inhabitants, 20 births per 1,000, factor 1.10), Ngelo 12 (official). K1 and K4 from January
to June, by month:

                 K1  J F M A M J   sum      K4  J F M A M J   sum
    Sidorejo         2 2 2 2 2 3    13          1 2 2 2 3 2    12
    Karanganyar      3 3 3 2 2 3    16          1 1 2 2 2 3    11
    Ngelo            1 1 1 1 1 0     5          0 1 1 1 0 0     3

of which one K1 of Ngelo was at a hospital, and one of Sidorejo was noted by the Pustu as well.
A woman of another district came in June.
"""

import json
from itertools import count
from pathlib import Path

import pytest
from fhir.resources.R4B.measurereport import MeasureReport

from fhir_server.mappings.codes import code_system

MEASURES = Path(__file__).parents[2] / "profiles" / "measure"
PKM, PUSTU = "pkm-todanan", "pustu-ngelo"
SIDOREJO, KARANGANYAR, NGELO = "9902012001", "9902012002", "9902012003"
K1 = {SIDOREJO: (2, 2, 2, 2, 2, 3), KARANGANYAR: (3, 3, 3, 2, 2, 3), NGELO: (1, 1, 1, 1, 1, 0)}
K4 = {SIDOREJO: (1, 2, 2, 2, 3, 2), KARANGANYAR: (1, 1, 2, 2, 2, 3), NGELO: (0, 1, 1, 1, 0, 0)}
HALF = "periodStart=2024-01-01&periodEnd=2024-06-30"
EPISODE = "http://terminology.kemkes.go.id/CodeSystem/episodeofcare/ANC"


@pytest.fixture
def wilayah(fhir, sop):
    """The puskesmas, its Pustu, its villages and their targets."""
    for name in ("pws-k1", "pws-k4", "pws-kr", "cakupan-kunjungan-rumah"):
        document = json.loads((MEASURES / f"{name}.json").read_text("utf-8"))
        fhir.kept(f"Measure/{name}", document)
    places = {SIDOREJO: "Sidorejo", KARANGANYAR: "Karanganyar", NGELO: "Ngelo"}
    keep(fhir, PKM, "puskesmas", (SIDOREJO, KARANGANYAR, NGELO))
    keep(fhir, PUSTU, "pustu", (NGELO,), PKM)
    for code, name in places.items():
        document = {
            "resourceType": "Location",
            "id": f"desa-{code}",
            "name": name,
            "identifier": [
                {"system": "http://sys-ids.kemkes.go.id/administrative-area", "value": code}
            ],
        }
        fhir.kept(f"Location/desa-{code}", document)
    target(sop, SIDOREJO, ibuHamil=24)
    target(sop, KARANGANYAR, penduduk=1500, cbr=20)
    target(sop, NGELO, ibuHamil=12)


def keep(fhir, identity, kind, villages, part_of=None):
    url = "https://puskesmas.example/fhir/StructureDefinition/wilayah-kerja"
    document = {
        "resourceType": "Organization",
        "id": identity,
        "name": identity,
        "type": [{"coding": [{"system": code_system("jenis-faskes"), "code": kind}]}],
        "extension": [{"url": url, "valueCode": code} for code in villages],
        **({"partOf": {"reference": f"Organization/{part_of}"}} if part_of else {}),
    }
    fhir.kept(f"Organization/{identity}", document)


def target(sop, village, **numbers):
    sop.made("sasaran-desa", {"faskes": PKM, "desa": village, "tahun": 2024, **numbers})


@pytest.fixture
def contact(fhir):
    """Note an antenatal contact as a facility sends it."""

    def put(patient, code, day, provider=PKM):
        return fhir.made(
            "Encounter",
            {
                "resourceType": "Encounter",
                "status": "finished",
                "class": {"code": "AMB"},
                "identifier": [{"system": EPISODE, "value": code}],
                "subject": {"reference": f"Patient/{patient}"},
                "period": {"start": f"{day}T08:00:00+07:00", "end": f"{day}T09:00:00+07:00"},
                "serviceProvider": {"reference": f"Organization/{provider}"},
            },
        )

    return put


@pytest.fixture
def half_year(wilayah, pasien, contact):  # noqa: ARG001 - the area must be there
    """Six months of K1 and K4; gives a pregnant woman of Ngelo without K4."""
    numbers = count(1)

    def woman(village):
        number = next(numbers)
        district, kecamatan = village[:4], village[:6]
        return pasien(
            nama=f"Ibu Rekaan {number}",
            nik=f"{kecamatan}410190{number:04d}",
            lahir="1990-01-01",
            kabupaten=district,
            kecamatan=kecamatan,
            desa=village,
        )

    women = {}
    for code, table in (("K1A", K1), ("K4", K4)):
        for village, months in table.items():
            for month, number in enumerate(months, 1):
                for at in range(number):
                    who = women.setdefault((code, village, month, at), woman(village))
                    contact(who, code, f"2024-{month:02d}-{5 + at:02d}")
    first, away = women["K1A", SIDOREJO, 1, 0], women["K1A", NGELO, 2, 0]
    contact(first, "K1A", "2024-01-05", PUSTU)
    contact(away, "K1A", "2024-02-07", "rs-a")
    contact(woman("9904012009"), "K1A", "2024-06-20")
    return away


def table(sop, indikator, bulan, **lain):
    more = "".join(f"&{name}={value}" for name, value in lain.items())
    return sop.read(f"pws?indikator={indikator}&bulan={bulan}&faskes={PKM}{more}")["tabel"][0]


def of(found, *names):
    return {each["nama"]: tuple(each.get(name) for name in names) for each in found["baris"]}


@pytest.mark.usefixtures("half_year")
def test_s11_coverage_targets_and_status_of_each_village(sop):
    k1, k4 = table(sop, "K1", "2024-06"), table(sop, "K4", "2024-06")

    assert of(k1, "sasaran", "asalSasaran", "kumulatif", "cakupanKumulatif", "targetKumulatif") == {
        "Sidorejo": (24, "resmi", 13, 54.2, 12.0),
        "Karanganyar": (33, "perkiraan", 16, 48.5, 16.5),
        "Ngelo": (12, "resmi", 5, 41.7, 6.0),
    }
    assert of(k1, "bulanLalu", "bulanIni", "cakupanBulanIni", "tren", "status") == {
        "Sidorejo": (2, 3, 12.5, "naik", "BAIK"),
        "Karanganyar": (2, 3, 9.1, "naik", "CUKUP"),
        "Ngelo": (1, 0, 0.0, "turun", "JELEK"),
    }
    assert of(k4, "kumulatif", "tren", "status") == {
        "Sidorejo": (12, "turun", "KURANG"),
        "Karanganyar": (11, "naik", "CUKUP"),
        "Ngelo": (3, "tetap", "JELEK"),
    }
    assert [each["nama"] for each in k1["baris"]] == ["Sidorejo", "Karanganyar", "Ngelo"]
    assert [each["peringkat"] for each in k1["baris"]] == [1, 2, 3]


@pytest.mark.usefixtures("half_year")
def test_s11_br_c11_the_sum_is_the_villages_without_duplicates_and_with_who_went_elsewhere(
    sop, fhir
):
    """BR-C11: by patient, service and date; residents served elsewhere count; outsiders apart."""
    k1 = table(sop, "K1", "2024-06")

    rows, total = k1["baris"], k1["jumlah"]
    assert {each["desa"]: each["perBulan"] for each in rows} == {
        village: list(months) for village, months in K1.items()
    }
    for name in ("kumulatif", "bulanIni", "bulanLalu", "sasaran"):
        assert total[name] == sum(each[name] for each in rows)
    assert (total["kumulatif"], total["sasaran"], total["asalSasaran"]) == (34, 69, "perkiraan")
    assert total["cakupanKumulatif"] == 49.3
    assert k1["luarWilayah"] == [{"desa": "9904012009", "bulanIni": 1, "kumulatif": 1}]
    report = fhir.read(f"Measure/pws-k1/$evaluate-measure?{HALF}&reporter=Organization/{PKM}")
    inside, outside = report["group"]
    assert inside["population"][2]["count"] == 34
    assert outside["population"][0]["count"] == 1


@pytest.mark.usefixtures("half_year")
def test_s11_month_by_month_adds_up_to_the_half_year(fhir):
    def number(start, end):
        query = f"periodStart={start}&periodEnd={end}&reporter=Organization/{PKM}"
        report = fhir.read(f"Measure/pws-k4/$evaluate-measure?{query}")
        return report["group"][0]["population"][2]["count"]

    months = [number(f"2024-{month:02d}", f"2024-{month:02d}") for month in range(1, 7)]

    assert months == [sum(each[at] for each in K4.values()) for at in range(6)]
    assert sum(months) == number("2024-01-01", "2024-06-30")


@pytest.mark.usefixtures("half_year")
def test_s11_one_village_alone(sop, fhir):
    (row,) = table(sop, "K1", "2024-06", desa=NGELO)["baris"]
    query = f"{HALF}&subject=Location/desa-{NGELO}"
    report = fhir.read(f"Measure/pws-k1/$evaluate-measure?{query}")

    (stratum,) = report["group"][0]["stratifier"][0]["stratum"]
    assert (row["kumulatif"], stratum["population"][2]["count"]) == (5, 5)
    assert stratum["measureScore"]["value"] == 41.7


@pytest.mark.usefixtures("wilayah")
@pytest.mark.parametrize(
    ("asked", "status", "says"),
    [
        ("indikator=K9", 422, "K9 tidak dikenal"),
        ("bulan=2024-13", 422, "2024-06"),
        ("desa=sidorejo", 422, "bukan kode wilayah"),
        ("faskes=tidak-ada", 404, "Tidak ada Organization/tidak-ada"),
        ("desa=9904012009&indikator=K1&bulan=2024-06", 200, "tidak-ada"),
    ],
)
def test_s11_what_the_table_cannot_show_is_said_in_indonesian(sop, asked, status, says):
    answer = sop("GET", f"pws?{asked}")

    assert (answer.status, says in str(answer.json)) == (status, True)


def draft(sop):
    return sop.made(
        "analisis-pws/susun",
        {"faskes": PKM, "bulan": "2024-06", "penyusun": "klaster-1", "indikator": "K1,K4"},
    )


def plain(document, **lain):
    return {k: v for k, v in document.items() if k not in {"id", "versi", "diubah"}} | lain


@pytest.mark.usefixtures("half_year")
def test_s11_the_draft_names_the_problems_and_ranks_them(sop, fhir):
    found = draft(sop)

    problems = {each["nomor"]: each for each in found["masalah"]}
    ranked = [problems[number] for number in found["prioritas"]]
    assert [(e["indikator"], e["desa"], e["statusDesa"], e["kekurangan"]) for e in ranked] == [
        ("K4", NGELO, "JELEK", 50.0),
        ("K1", NGELO, "JELEK", 16.7),
        ("K4", SIDOREJO, "KURANG", 0.0),
        ("K4", KARANGANYAR, "CUKUP", 33.3),
        ("K1", KARANGANYAR, "CUKUP", 3.0),
    ]
    assert {each["pelaksana"] for each in found["rtl"]} == {f"faskes/{PUSTU}"}
    assert [each["indikator"] for each in found["data"]] == ["K1", "K4"]
    report = fhir.read(f"MeasureReport/{found['data'][0]['laporan']}")
    assert report["measure"].startswith("https://puskesmas.example/fhir/Measure/pws-k1")
    assert report["meta"]["profile"] == [
        "https://puskesmas.example/fhir/StructureDefinition/LaporanPWS"
    ]
    assert MeasureReport(**report).group[0].code.coding[0].code == "K1"
    ranking = fhir.read(f"List/{found['id']}-prioritas")["entry"]
    assert (
        ranking[0]["item"]["reference"]
        == f"Condition/{found['id']}-masalah-{found['prioritas'][0]}"
    )


@pytest.mark.usefixtures("half_year")
def test_s11_the_printed_draft_calls_villages_by_their_names(sop, client):
    made = sop.made("analisis-pws", plain(draft(sop)))

    page = client.get(f"/sop/v1/analisis-pws/{made['id']}/surat", headers={"Accept": "text/html"})

    assert "Analisis PWS Juni 2024" in page.text
    assert f"(desa Ngelo ({NGELO}))" in page.text
    assert "Nomor:" not in page.text


@pytest.mark.usefixtures("half_year")
def test_s11_a_problem_of_pustu_changes_the_ranking_and_one_taken_out_is_taken_back(sop, fhir):
    found = draft(sop)
    numbers = [each["nomor"] for each in found["masalah"]]
    told = {"nomor": 9, "desa": SIDOREJO, "indikator": "PF", "uraian": "Dukun", "sumber": "pustu"}
    scores = {"urgensi": 3, "keseriusan": 3, "pertumbuhan": 3}
    kept = [{**each, **scores} for each in found["masalah"] if each["nomor"] != numbers[0]]
    more = {**told, "urgensi": 5, "keseriusan": 5, "pertumbuhan": 4}
    plan = [each for each in found["rtl"] if each["masalah"] != numbers[0]]

    changed = sop.kept(
        f"analisis-pws/{found['id']}",
        plain(found, masalah=[*kept, more], prioritas=[], rtl=plan),
    )

    assert changed["prioritas"][0] == 9
    gone = fhir.read(f"Condition/{found['id']}-masalah-{numbers[0]}")
    assert gone["verificationStatus"]["coding"][0]["code"] == "entered-in-error"


@pytest.mark.usefixtures("wilayah")
def test_s11_an_analysis_goes_from_draft_to_final_and_not_back(sop, fhir):
    document = {
        "faskes": PKM,
        "bulan": "2024-06",
        "penyusun": "klaster-1",
        "waktu": "2024-07-05T09:00:00+07:00",
        "data": [{"indikator": "K1", "laporan": "pws-k1"}],
        "status": "final",
    }
    made = sop.made("analisis-pws", document)

    by_sop = sop("PUT", f"analisis-pws/{made['id']}", plain(made, status="disusun"))
    composition = fhir.read(f"Composition/{made['id']}")
    by_fhir = fhir("PUT", f"Composition/{made['id']}", {**composition, "status": "preliminary"})

    assert (by_sop.status, by_fhir.status) == (409, 409)
    assert "diralat" in str(by_sop.json)


@pytest.mark.usefixtures("wilayah")
def test_s11_a_pustu_whose_id_the_server_gave_is_told_and_given_its_task(sop, fhir):
    pustu = sop.made("faskes", {"kode": "P-9", "jenis": "pustu", "nama": "Pustu 9", "induk": PKM})
    problem = {"nomor": 1, "desa": NGELO, "indikator": "K4", "uraian": "Turun", "sumber": "pustu"}
    activity = {"masalah": 1, "jenis": "kunjungan-rumah", "uraian": "Kunjungi ibu tanpa K4"}
    when = {"mulai": "2024-07-08", "sampai": "2024-07-20", "pelaksana": f"faskes/{pustu['id']}"}
    document = {
        "faskes": PKM,
        "bulan": "2024-06",
        "penyusun": "klaster-1",
        "waktu": "2024-07-05T09:00:00+07:00",
        "data": [{"indikator": "K4", "laporan": "pws-k4"}],
        "masalah": [problem],
        "rtl": [activity | when],
        "status": "final",
    }

    made = sop.made("analisis-pws", document)

    assert sop.read(f"analisis-pws/{made['id']}")["diberitahu"] == [pustu["id"]]
    notices = f"Communication?recipient=Organization/{pustu['id']}&category=pemberitahuan"
    assert fhir.read(notices)["total"] == 1
    sop.kept(f"analisis-pws/{made['id']}", plain(sop.read(f"analisis-pws/{made['id']}")))
    assert fhir.read(notices)["total"] == 1
    plan = f"CarePlan/{made['id']}-rtl"
    (task,) = fhir("POST", f"{plan}/$tugaskan", {"resourceType": "Parameters"}).json["entry"]
    assert task["resource"]["owner"]["reference"] == f"Organization/{pustu['id']}"


def test_s11_from_the_figures_to_the_visit_its_evaluation_and_the_report(sop, fhir, half_year):
    """C11b to C14: analysis, notice and Tasks to Pustu, visit, evaluation, report, coverage."""
    found = draft(sop)
    urgent = found["prioritas"][0]
    plan = [
        {**each, "mulai": "2024-07-08", "sampai": "2024-07-20", "lokasi": f"desa-{NGELO}"}
        for each in found["rtl"]
        if each["masalah"] in {urgent, found["prioritas"][1]}
    ]
    final = sop.kept(f"analisis-pws/{found['id']}", plain(found, rtl=plan, status="final"))

    assert final["diberitahu"] == [PUSTU]
    notice = fhir.read(f"Communication/{found['id']}-pemberitahuan-{PUSTU}")
    assert notice["recipient"] == [{"reference": f"Organization/{PUSTU}"}]
    about = [each["reference"] for each in notice["about"]]
    assert {f"MeasureReport/{each['laporan']}" for each in found["data"]} <= set(about)

    said = fhir("POST", f"CarePlan/{found['id']}-rtl/$tugaskan", {"resourceType": "Parameters"})
    tasks = [each["resource"] for each in said.json["entry"]]
    assert [each["owner"]["reference"] for each in tasks] == [f"Organization/{PUSTU}"] * 2

    done = tasks[0]["id"]
    for state in ("diterima", "dikerjakan"):
        document = sop.read(f"tindak-lanjut/{done}")
        sop.kept(f"tindak-lanjut/{done}", plain(document, status=state))
    visit = {
        "faskes": PUSTU,
        "nomor": "KR-2024-0001",
        "pasien": half_year,
        "petugas": "bidan-ngelo",
        "mulai": "2024-07-10T09:00:00+07:00",
        "selesai": "2024-07-10T09:40:00+07:00",
        "tugas": done,
        "hasil": "selesai",
        "temuan": "Belum K4, dijadwalkan ke Pustu",
    }
    sop.made("kunjungan-rumah", visit)
    judged = {
        "faskes": PUSTU,
        "tugas": done,
        "jenis": "tindak-lanjut-pws",
        "penilai": "bidan-ngelo",
        "waktu": "2024-07-15T13:00:00+07:00",
        "tercapai": True,
    }
    sop.made("evaluasi-kegiatan", judged)

    july = f"periodStart=2024-07-01&periodEnd=2024-07-31&reporter=Organization/{PKM}"
    report = fhir.read(f"Measure/cakupan-kunjungan-rumah/$evaluate-measure?{july}")
    by = {each["code"][0]["text"]: each["stratum"] for each in report["group"][0]["stratifier"]}
    villages = {e["value"]["text"]: numbers(e) for e in by["desa"]}
    kinds = {e["value"]["coding"][0]["code"]: numbers(e) for e in by["jenis"]}
    assert villages == {"Sidorejo": (0, 0), "Karanganyar": (0, 0), "Ngelo": (1, 2)}
    assert kinds == {"rutin": (0, 0), "tindak-lanjut-pws": (1, 2)}
    assert report["group"][0]["measureScore"]["value"] == 50.0


def numbers(part):
    found = {e["code"]["coding"][0]["code"]: e["count"] for e in part["population"]}
    return found["numerator"], found["denominator"]
