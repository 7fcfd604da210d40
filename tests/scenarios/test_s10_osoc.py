"""S10 (domain §7): OSOC whole. Two students, two mothers, three visits, one danger sign.

Putri accompanies Nur Aini, Rizal accompanies Kartika; the exact minutes of every step.
"""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier, Thread

import pytest

from fhir_server.access.guard import entered
from fhir_server.access.registry import write
from fhir_server.app import create_app
from fhir_server.auth.clients import Client, digest_of
from fhir_server.auth.principals import Principal
from fhir_server.auth.scopes import ALL
from fhir_server.letters import rekap_pendampingan
from fhir_server.mappings.codes import code_system, structure
from fhir_server.operations.papers import papers
from fhir_server.resources.definitions import load_definitions
from fhir_server.resources.validate import validate
from tests.support.both import Caller
from tests.support.profiles import faults

SECRET = "a-secret-of-the-tests"  # noqa: S105
PROFILES = Path(__file__).parents[2] / "profiles"
UNSAID = {"id", "versi", "diubah", "peringatan"}


def wib(day, clock):
    return f"{day}T{clock}:00+07:00"


@pytest.fixture
def faskes(sop):
    kinds = {
        "pkm": ("puskesmas", "Puskesmas OSOC"),
        "dinkes": ("dinkes", "Dinas Kesehatan"),
        "kampus": ("perguruan-tinggi", "Perguruan Tinggi A"),
    }
    return {
        name: sop.made("faskes", {"kode": f"9905-{name}", "jenis": jenis, "nama": nama})["id"]
        for name, (jenis, nama) in kinds.items()
    }


@pytest.fixture
def petugas(sop, faskes):
    def employ(nama, peran, **lain):
        dokumen = {"nama": nama, "peran": peran, "faskes": faskes["pkm"], "aktifDari": "2019-01-01"}
        return sop.made("petugas-kesehatan", {**dokumen, **lain})["id"]

    trained = {"aktifSampai": "2019-12-31", "kualifikasi": ["Pelatihan pendampingan bumil risti"]}
    return {
        "bidan": employ("Bidan Ayu Lestari", "bidan"),
        "putri": employ("Putri Maharani", "mahasiswa", **trained),
        "rizal": employ("Rizal Maulana", "mahasiswa", **trained),
        "baru": employ("Mahasiswa Baru", "mahasiswa", aktifSampai="2019-12-31"),
        "siaga": employ("Mahasiswa Siaga", "mahasiswa", **trained),
    }


@pytest.fixture
def ibu(sop, faskes, petugas):
    """Register a mother, her pregnancy and her card; gives the id."""

    def register(nama, nik, lahir, hpht, *, gravida, faktor, skor, **lain):  # noqa: PLR0913
        pasien = sop.made(
            "pasien",
            {
                "faskes": faskes["pkm"],
                "noRM": f"RM-{nik[-4:]}",
                "nama": nama,
                "nik": nik,
                "tanggalLahir": lahir,
                "jenisKelamin": "female",
                "provinsi": "99",
                "kabupaten": "9905",
                "kecamatan": "990501",
                "desa": "9905012001",
            },
        )["id"]
        sop.made(
            "episode-kehamilan",
            {
                "faskes": faskes["pkm"],
                "pasien": pasien,
                "hpht": hpht,
                "gravida": gravida,
                "partus": gravida - 1,
                "abortus": 0,
                "dicatat": wib("2019-08-01", "08:00"),
                **lain,
            },
        )
        card = sop.made(
            "skor-poedji-rochjati",
            {
                "pasien": pasien,
                "kontak": "I",
                "hpht": hpht,
                "waktu": wib("2019-08-01", "09:00"),
                "penilai": petugas["bidan"],
                "faktor": faktor,
            },
        )
        assert (card["skor"], card["kelompok"]) == (skor, "KRT")
        return pasien

    return register


@pytest.fixture
def nur(ibu):
    return ibu(
        "Nur Aini",
        "9905014909890007",
        "1989-09-09",
        "2019-04-10",
        gravida=2,
        faktor=["f03"],
        skor=6,
        persalinanTerakhir="2017-12-20",
    )


@pytest.fixture
def kartika(ibu):
    return ibu(
        "Kartika Sari",
        "9905016802940008",
        "1994-02-28",
        "2019-03-01",
        gravida=1,
        faktor=["f13", "f11ab"],
        skor=10,
    )


@pytest.fixture
def tugaskan(sop, faskes, petugas):
    def assign(mahasiswa, pasien):
        return sop(
            "POST",
            "penugasan-mahasiswa",
            {
                "faskes": faskes["pkm"],
                "mahasiswa": petugas[mahasiswa],
                "pasien": pasien,
                "bidan": petugas["bidan"],
                "mulai": "2019-10-02",
                "sampai": "2019-12-31",
            },
        )

    return assign


@pytest.fixture
def langkah(sop, fhir, faskes):
    """Begin the procedure by ``$apply`` and take its steps E1 to E5, with the real minutes."""
    said = fhir(
        "POST",
        "PlanDefinition/$apply",
        {
            "resourceType": "Parameters",
            "parameter": [
                {"name": "planDefinition", "resource": published("plandefinition/osoc.json")},
                {"name": "subject", "valueString": f"Organization/{faskes['pkm']}"},
                {"name": "organization", "valueString": f"Organization/{faskes['pkm']}"},
            ],
        },
    )
    assert said.status == 200, said.json
    care_plan = said.json["id"]

    def take(kode, pelaksana, mulai, selesai, *, day="2019-10-02", own=True):  # noqa: PLR0913
        document = {
            "langkah": f"sla-{kode}",
            "faskes": faskes["pkm"],
            "pemberi": f"faskes/{faskes['pkm']}",
            "pelaksana": pelaksana,
            "ditugaskan": wib(day, mulai),
            "mulai": wib(day, mulai),
            "selesai": wib(day, selesai),
            "status": "selesai",
        }
        if own:
            return sop("PUT", f"langkah-program/{care_plan}-{kode}", document)
        return sop("POST", "langkah-program", document)

    return take


def published(path):
    """Give a resource that the server publishes."""
    return json.loads((PROFILES / path).read_text("utf-8"))


@pytest.fixture
def siap(langkah, faskes, petugas):
    """E1 to E5 as they were: 9, 15, 30, 35, 118, 90 and 100 minutes."""
    pkm, dinkes, kampus = (f"faskes/{faskes[each]}" for each in ("pkm", "dinkes", "kampus"))
    putri, rizal = f"petugas/{petugas['putri']}", f"petugas/{petugas['rizal']}"
    done = [
        langkah("e1", kampus, "08:00", "08:09", day="2019-10-01"),
        langkah("e2", dinkes, "08:15", "08:30", day="2019-10-01"),
        langkah("e3", pkm, "08:00", "08:30"),
        langkah("e4a", pkm, "08:35", "09:10"),
        langkah("e4b", pkm, "09:15", "11:13"),
        langkah("e5", putri, "10:00", "11:30"),
        langkah("e5", rizal, "10:00", "11:40", own=False),
    ]
    assert [each.status in {200, 201} for each in done] == [True] * 7, [e.json for e in done]
    return petugas


@pytest.fixture
def dampingi(sop, faskes, petugas):
    def visit(nomor, mahasiswa, pasien, day, selesai, **lain):
        return sop(
            "POST",
            "pendampingan",
            {
                "faskes": faskes["pkm"],
                "nomor": nomor,
                "mahasiswa": petugas[mahasiswa],
                "pasien": pasien,
                "mulai": wib(day, "09:00"),
                "selesai": wib(day, selesai),
                "temuan": "Tablet tambah darah diminum",
                "konseling": ["tanda-bahaya", "imd-asi", "kb-pascasalin"],
                "status": "selesai",
                **lain,
            },
        )

    return visit


@pytest.fixture
def oktober(siap, nur, kartika, tugaskan, dampingi):  # noqa: ARG001 - E1 to E5 come first
    """The three visits of October; gives them as they were stored."""
    for mahasiswa, pasien in (("putri", nur), ("rizal", kartika)):
        assert tugaskan(mahasiswa, pasien).status == 201
    visits = [
        dampingi("OSOC-1", "putri", nur, "2019-10-07", "10:00"),
        dampingi("OSOC-2", "putri", nur, "2019-10-14", "10:05"),
        dampingi("OSOC-3", "rizal", kartika, "2019-10-07", "09:55", tandaBahaya=["bengkak"]),
    ]
    assert [each.status for each in visits] == [201] * 3, [each.json for each in visits]
    return [each.json for each in visits]


@pytest.fixture
def laporan(sop, faskes, petugas, oktober):
    """Both reports, verified by the bidan."""
    made = []
    for mahasiswa, visits, selesai in (
        ("putri", oktober[:2], "10:55"),
        ("rizal", oktober[2:], "10:40"),
    ):
        draft = sop.made(
            "laporan-pendampingan",
            {
                "faskes": faskes["pkm"],
                "pasien": visits[0]["pasien"],
                "mahasiswa": petugas[mahasiswa],
                "mulai": wib("2019-10-21", "08:00"),
                "selesai": wib("2019-10-21", selesai),
                "pendampingan": [each["id"] for each in visits],
                "ringkasan": "Didampingi sesuai jadwal",
            },
        )
        assert draft["status"] == "draf"
        known = {name: value for name, value in draft.items() if name not in UNSAID}
        by = {"verifikator": petugas["bidan"], "diverifikasi": wib("2019-10-22", "09:00")}
        path = f"laporan-pendampingan/{draft['id']}"
        assert sop("PUT", path, {**known, "status": "final"}).status == 422
        made.append(sop.kept(path, {**known, **by, "status": "final"}))
    return made


@pytest.fixture
def rekap(sop, faskes, petugas, laporan):
    sent = sop.made(
        "rekap-pendampingan",
        {
            "faskes": faskes["pkm"],
            "penerima": faskes["dinkes"],
            "dari": "2019-10-01",
            "sampai": "2019-10-31",
            "penyusun": petugas["bidan"],
            "mulai": wib("2019-11-01", "08:00"),
            "selesai": wib("2019-11-01", "11:01"),
        },
    )
    known = {name: value for name, value in sent.items() if name not in UNSAID}
    times = {
        "mulaiDiterima": wib("2019-11-04", "09:00"),
        "diterima": wib("2019-11-04", "09:08"),
    }
    received = {**known, **times, "status": "diterima"}
    assert sorted(sent["laporan"]) == sorted(each["id"] for each in laporan)
    return sop.kept(f"rekap-pendampingan/{sent['id']}", received)


def measured(fhir, name, **query):
    """Evaluate a Measure of ours over October and November 2019."""
    fhir.kept(f"Measure/{name}", published(f"measure/{name}.json"))
    asked = "&".join(f"{key}={value}" for key, value in query.items())
    said = fhir.read(
        f"Measure/{name}/$evaluate-measure?periodStart=2019-10-01&periodEnd=2019-11-30&{asked}"
    )
    assert not validate(said, load_definitions())
    return said


def counts(group):
    codes = {p["code"]["coding"][0]["code"]: p["count"] for p in group["population"]}
    return codes.get("denominator"), codes.get("numerator"), codes.get("initial-population")


@pytest.mark.usefixtures("rekap")
def test_eleven_of_fourteen_steps_keep_their_limit(fhir, faskes):
    where = f"Organization/{faskes['pkm']}"

    report = measured(fhir, "sla-osoc", reporter=where)

    whole, *steps = report["group"]
    late = [each["valueReference"]["reference"] for each in whole["extension"]]
    broken = [fhir.read(each)["code"]["coding"][1]["code"] for each in late]
    assert counts(whole)[:2] == (14, 11)
    assert whole["measureScore"]["value"] == 78.6
    assert broken == ["sla-e4a", "sla-e6", "sla-e8"]
    assert {s["code"]["coding"][0]["code"]: counts(s)[:2] for s in steps} == {
        "sla-e1": (1, 1),
        "sla-e2": (1, 1),
        "sla-e3": (1, 1),
        "sla-e4a": (1, 0),
        "sla-e4b": (1, 1),
        "sla-e5": (2, 2),
        "sla-e6": (3, 2),
        "sla-e7": (2, 2),
        "sla-e8": (1, 0),
        "sla-e9": (1, 1),
    }


def test_the_recapitulation_counts_two_clients_three_visits(fhir, faskes, rekap):
    where = f"Organization/{faskes['pkm']}"
    report = measured(fhir, "osoc-rekap", reporter=where)

    task = fhir.read(f"Task/{rekap['id']}-penerimaan")

    assert rekap["hitungan"] == {
        "klien": 2,
        "kunjungan": 3,
        "krt": 2,
        "krst": 0,
        "tandaBahaya": 1,
    }
    assert [counts(each)[2] for each in report["group"]] == [2, 3, 2, 0, 1]
    assert task["status"] == "completed"
    use = task["output"][0]["valueCodeableConcept"]["coding"][0]
    assert use == {"system": code_system("manfaat-laporan"), "code": "bahan-perencanaan"}


def test_every_resource_of_the_chain_meets_its_profile(fhir, oktober, rekap, laporan):
    names = [f"Encounter/{each['id']}" for each in oktober]
    names += [f"QuestionnaireResponse/{each['id']}-catatan" for each in oktober]
    names += [f"Task/{each['id']}-langkah" for each in (*oktober, *laporan, rekap)]
    names += [f"Composition/{each['id']}" for each in (*laporan, rekap)]
    names += [f"MeasureReport/{rekap['id']}-hitungan", f"Task/{rekap['id']}-penerimaan"]

    found = {name: fhir.read(name) for name in names}

    wrong = {n: faults(each, each["meta"]["profile"][0]) for n, each in found.items()}
    assert not any(wrong.values()), wrong


def test_gestational_age_and_minutes_are_those_of_the_visit(oktober):
    assert [(e["usiaKehamilan"], e["durasi"]) for e in oktober] == [
        ("25w5d", 60),
        ("26w5d", 65),
        ("31w3d", 55),
    ]


def test_br_e3_a_danger_sign_calls_the_bidan_within_the_same_visit(fhir, oktober, petugas, kartika):
    calls = fhir.read(f"Task?code={code_system('jenis-tugas')}|eskalasi-darurat")

    (call,) = [each["resource"] for each in calls["entry"]]
    issue = fhir.read(call["reasonReference"]["reference"])
    assert call["encounter"] == {"reference": f"Encounter/{oktober[2]['id']}"}
    assert call["owner"] == {"reference": f"PractitionerRole/{petugas['bidan']}"}
    assert call["for"] == {"reference": f"Patient/{kartika}"}
    assert call["status"] == "requested"
    assert issue["evidence"][0]["code"][0]["coding"][0]["code"] == "bengkak"
    assert not faults(call, structure("EskalasiDarurat"))


def test_br_e3_only_a_sign_that_is_new_calls_again(sop, fhir, oktober):
    path = f"pendampingan/{oktober[2]['id']}"
    known = {name: value for name, value in oktober[2].items() if name not in UNSAID}

    sop.kept(path, {**known, "rencana": "Diantar ke puskesmas"})
    sop.kept(path, {**known, "tandaBahaya": ["bengkak", "sakit-kepala-hebat"]})

    calls = fhir.read(f"Task?code={code_system('jenis-tugas')}|eskalasi-darurat&_summary=count")
    assert calls["total"] == 2


def test_br_e1_a_second_active_client_for_putri_is_refused(fhir, tugaskan, nur, kartika):
    first, second = tugaskan("putri", nur), tugaskan("putri", kartika)
    other = tugaskan("rizal", nur)

    assert (first.status, second.status, other.status) == (201, 422, 422)
    assert "BR-E1" in str(second.json)
    by_fhir = fhir("POST", "CareTeam", {**team(fhir, first), "subject": ref("Patient", kartika)})
    assert by_fhir.status == 422
    assert by_fhir.issues[0]["details"]["coding"][0]["code"] == "BR-E1"


def test_br_e1_an_assignment_that_has_ended_makes_room(sop, tugaskan, nur, kartika):
    first = tugaskan("putri", nur).json
    known = {name: value for name, value in first.items() if name not in UNSAID}

    ended = {**known, "status": "selesai", "sampai": "2019-11-01"}
    sop.kept(f"penugasan-mahasiswa/{first['id']}", ended)

    assert tugaskan("putri", kartika).status == 201


def test_br_e1_only_a_student_is_assigned(tugaskan, nur):
    said = tugaskan("bidan", nur)

    assert said.status == 422
    assert "bukan mahasiswa" in str(said.json)


def test_br_e1_of_many_at_once_one_is_first(context, faskes, petugas, nur):
    gate, said = Barrier(4), []

    def assign(mahasiswa):
        server = Caller(create_app(context).test_client(), "/sop/v1", "application/json")
        gate.wait()
        said.append(
            server(
                "POST",
                "penugasan-mahasiswa",
                {
                    "faskes": faskes["pkm"],
                    "mahasiswa": petugas[mahasiswa],
                    "pasien": nur,
                    "bidan": petugas["bidan"],
                    "mulai": "2019-10-02",
                },
            ).status
        )

    runs = [Thread(target=assign, args=(each,)) for each in ("putri", "rizal") * 2]
    for each in runs:
        each.start()
    for each in runs:
        each.join()

    assert sorted(said) == [201, 422, 422, 422]


@pytest.mark.usefixtures("siap")
def test_e6_needs_an_assignment_and_a_qualification(nur, kartika, tugaskan, dampingi):
    assert tugaskan("baru", nur).status == 201

    stranger = dampingi("OSOC-8", "siaga", kartika, "2019-10-07", "10:00")
    untrained = dampingi("OSOC-9", "baru", nur, "2019-10-07", "10:00")

    assert (stranger.status, untrained.status) == (422, 422)
    assert "BR-E1" in str(stranger.json)
    assert "kualifikasi" in str(untrained.json)


def test_no_step_begins_before_those_it_follows(langkah, faskes):
    pkm = f"faskes/{faskes['pkm']}"

    early = langkah("e3", pkm, "08:00", "08:30")
    first = langkah("e1", pkm, "08:00", "08:09", day="2019-10-01")
    overlapping = langkah("e2", pkm, "08:05", "08:15", day="2019-10-01")
    after = langkah("e2", pkm, "08:09", "08:15", day="2019-10-01")

    assert [each.status for each in (early, first, overlapping, after)] == [409, 200, 409, 200]
    assert "E2" in str(early.json)


def test_e7_a_report_is_final_only_with_the_signature_of_another(sop, fhir, oktober):
    draft = sop.made(
        "laporan-pendampingan",
        {
            "faskes": oktober[2]["faskes"],
            "pasien": oktober[2]["pasien"],
            "mahasiswa": oktober[2]["mahasiswa"],
            "mulai": wib("2019-10-21", "08:00"),
            "selesai": wib("2019-10-21", "10:40"),
            "pendampingan": [oktober[2]["id"]],
            "ringkasan": "Dirujuk",
        },
    )
    report = fhir.read(f"Composition/{draft['id']}")
    own = {"mode": "professional", "party": report["author"][0]}

    unsigned = fhir("PUT", f"Composition/{draft['id']}", {**report, "status": "final"})
    signed = {**report, "status": "final", "attester": [own]}
    by_herself = fhir("PUT", f"Composition/{draft['id']}", signed)

    assert (unsigned.status, by_herself.status) == (422, 422)
    assert "midwife" in unsigned.issues[0]["diagnostics"]


def test_the_papers_of_osoc_are_printed(  # noqa: PLR0913, PLR0917 - the whole chain
    client, sop, faskes, petugas, laporan, rekap
):
    assignment = sop.made(
        "dokumen-program",
        {
            "jenis": "surat-tugas",
            "nomor": "ST/019/OSOC/2019",
            "penerbit": faskes["kampus"],
            "waktu": wib("2019-10-01", "08:09"),
            "judul": "Pendampingan ibu hamil risiko tinggi",
            "isi": "Menugaskan mahasiswa tersebut mendampingi satu ibu hamil.",
            "mahasiswa": petugas["putri"],
            "penerima": [f"faskes/{faskes['pkm']}"],
        },
    )
    papers = {
        f"dokumen-program/{assignment['id']}": (
            "Surat tugas",
            "Putri Maharani",
            "ST/019/OSOC/2019",
        ),
        f"laporan-pendampingan/{laporan[0]['id']}": ("Nur Aini", "Bidan Ayu Lestari"),
        f"rekap-pendampingan/{rekap['id']}": (
            "Klien risiko tinggi (KRT)",
            "Laporan pendampingan ibu hamil, 21 Oktober 2019, mahasiswa Putri Maharani, klien Nur",
            "mahasiswa Rizal",
            "klien Kartika",
        ),
    }

    for path, said in papers.items():
        page = client.get(f"/sop/v1/{path}/surat", headers={"Accept": "text/html"})
        assert page.status_code == 200, page.text
        assert [each for each in said if each not in page.text] == []


def test_a_recapitulation_is_printed_without_the_names_that_a_reader_may_not_see(context, rekap):
    kinds = ("Composition", "MeasureReport", "Task", "Organization", "PractitionerRole")
    scopes = frozenset(f"system/{each}.rs" for each in (*kinds, "Practitioner"))

    letters = [
        rekap_pendampingan.isi(papers(each, "rekap_pendampingan", rekap["id"]))
        for each in (context, entered(context, Principal("klien", scopes)))
    ]

    whole, bare = (each["bagian"][-1]["butir"] for each in letters)
    clients = {each.rpartition(", ")[2] for each in whole}
    assert clients == {"klien Nur Aini", "klien Kartika Sari"}
    assert len(bare) == 2
    assert "klien" not in "".join(bare)


@pytest.fixture
def putri(context, petugas):
    """Putri's own app, at an instant of 2019; gives what it is answered."""
    person = f"Practitioner/{petugas['putri']}-orang"
    made = Client(
        "aplikasi-putri",
        frozenset({ALL}),
        datetime(2019, 10, 1, tzinfo=UTC),
        digest=digest_of(SECRET),
        person=person,
        reach="assignment",
    )

    def ask(path, day):
        if not context.store.clients.any():  # from now on everybody needs a token
            context.store.clients.add(write(made))
        then = replace(context, clock=lambda: datetime.fromisoformat(wib(day, "10:00")))
        http = create_app(then).test_client()
        form = {"grant_type": "client_credentials"}
        token = http.post("/oauth2/token", data=form, auth=("aplikasi-putri", SECRET))
        assert token.status_code == 200, token.text
        held = {"Authorization": f"Bearer {token.json['access_token']}"}
        return http.get(f"/fhir/{path}", headers=held).status_code

    return ask


def test_br_e2_putri_reads_nur_aini_and_nobody_else(putri, oktober, nur, kartika):
    own = [
        putri(path, "2019-10-10") for path in (f"Patient/{nur}", f"Encounter/{oktober[0]['id']}")
    ]
    others = [
        putri(path, "2019-10-10")
        for path in (f"Patient/{kartika}", f"Encounter/{oktober[2]['id']}")
    ]

    assert own == [200, 200]
    assert others == [403, 403]


@pytest.mark.usefixtures("oktober")
def test_br_e2_putri_reads_nothing_after_her_role_has_ended(putri, nur):
    assert putri(f"Patient/{nur}", "2019-12-31") == 200
    assert putri(f"Patient/{nur}", "2020-01-01") == 403


def team(fhir, said):
    stored = fhir.read(f"CareTeam/{said.json['id']}")
    return {name: value for name, value in stored.items() if name not in {"id", "meta"}}


def ref(kind, name):
    return {"reference": f"{kind}/{name}"}
