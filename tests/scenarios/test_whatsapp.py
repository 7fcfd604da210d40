"""The WhatsApp parts of S2, S4 and S6, with the processes that take part in them: server, worker,
and Meta's simulator. What people get on their telephones is asked of the simulator.
"""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import requests

from tests.support.processes import until
from tests.support.server import running
from tests.support.whatsapp import simulator

CS = "https://puskesmas.example/fhir/CodeSystem"
PEOPLE = itertools.count(1)
"""Everybody is somebody else, also when a test is run again."""
PNG = b"\x89PNG\r\n\x1a\n" + b"foto oksimeter"
OFFSET = 12 - datetime.now(UTC).hour
ZONE = f"Etc/GMT{-OFFSET:+d}"
"""Where it is about noon: no midnight and no quiet hours come in between."""


class Clinic:
    """Asks a server by HTTP, as staff do."""

    def __init__(self, server):
        self.server = server
        self.http = requests.Session()

    def made(self, entity, document):
        answer = self.http.post(f"{self.server.sop}/{entity}", json=document, timeout=120)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def changed(self, entity, document, **fields):
        whole = {**document, **fields}
        unsaid = {"versi", "diubah", "peringatan"}
        body = {name: value for name, value in whole.items() if name not in unsaid}
        address = f"{self.server.sop}/{entity}/{document['id']}"
        answer = self.http.put(address, json=body, timeout=120)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def listed(self, path):
        answer = self.http.get(f"{self.server.sop}/{path}", timeout=120)
        assert answer.status_code == 200, answer.text
        return answer.json()["dokumen"]

    def kept(self, kind, own_id, **elements):
        body = {"resourceType": kind, "id": own_id, **elements}
        answer = self.http.put(f"{self.server.fhir}/{kind}/{own_id}", json=body, timeout=120)
        assert answer.status_code in {200, 201}, answer.text

    def found(self, path):
        answer = self.http.get(f"{self.server.fhir}/{path}", timeout=120)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        if body["resourceType"] != "Bundle":
            return body
        return [each["resource"] for each in body.get("entry", ())]

    def comes(self, path):
        """Wait until a search finds something, and give it."""
        until(lambda: self.found(path))
        return self.found(path)

    def staff(self):
        for name, peran in (
            ("operator", "operator"),
            ("dokter-relawan", "dokter"),
            ("dokter-pj", "dokter"),
            ("bidan", "bidan"),
        ):
            role = {"coding": [{"system": f"{CS}/peran-petugas", "code": peran}]}
            self.kept("PractitionerRole", name, active=True, code=[role])

    def pasien(self, nama, lahir, kelamin="female"):
        """Register somebody; give the id and the number as WhatsApp writes it."""
        which = next(PEOPLE)
        nik, hp = f"99030200000{which:05d}", f"62811000{which:05d}"
        document = {
            "faskes": "pkm-uji",
            "noRM": f"RM-{nik[-4:]}",
            "nama": nama,
            "nik": nik,
            "tanggalLahir": lahir,
            "jenisKelamin": kelamin,
            "provinsi": "99",
            "kabupaten": "9903",
            "kecamatan": "990302",
            "desa": "9903022001",
            "hp": f"0{hp[2:]}",
        }
        return self.made("pasien", document)["id"], hp


@pytest.fixture(scope="module")
def meta():
    with simulator() as running_simulator:
        yield running_simulator


@pytest.fixture(scope="module")
def server(tmp_path_factory, meta):
    settings = meta.environment(
        FHIR_TIMEZONE=ZONE,
        FHIR_WHATSAPP_PENERIMA="petugas/operator",
        FHIR_WHATSAPP_LAYANAN="lakon",
        FHIR_WHATSAPP_FASKES="tim-lakon",
        FHIR_LAKON_PENANGGUNG_JAWAB="dokter-pj",
    )
    with running(tmp_path_factory.mktemp("whatsapp"), settings) as started:
        meta.calls_back(started)
        yield started


@pytest.fixture(scope="module")
def clinic(server):
    made = Clinic(server)
    made.staff()
    return made


def sent_to(meta, number):
    return [each for each in meta.landed if each["to"] == number]


def now():
    return datetime.now(UTC).astimezone(ZoneInfo(ZONE)).isoformat(timespec="seconds")


def test_s2_advice_reaches_the_patient_once_it_is_approved(clinic, meta):
    bambang, number = clinic.pasien("Bambang Prasetyo", "1975-07-21", "male")
    meta.ways(statuses=["read", "sent", "delivered"])

    meta.writes(number, "Batuk pilek 2 hari, demam 37.9")
    (case,) = clinic.comes(f"Task?patient={bambang}&code={CS}/layanan-konsultasi|lakon")
    (complaint,) = clinic.comes(f"Communication?based-on=Task/{case['id']}&part-of:missing=false")
    thread = complaint["partOf"][0]["reference"].removeprefix("Communication/")
    about = {"utas": thread, "pasien": bambang, "kasus": case["id"]}
    about["kunjungan"] = case["encounter"]["reference"].removeprefix("Encounter/")
    clinic.made(
        "pesan-chat",
        {
            **about,
            "idPesan": f"penerusan-{number}",
            "arah": "internal",
            "waktuKirim": now(),
            "pengirim": "petugas/operator",
            "penerima": ["tim/tim-dokter"],
            "isi": "Kasus baru: batuk pilek 2 hari",
            "kategori": "penerusan",
        },
    )
    advice = clinic.made(
        "advis",
        {
            **about,
            "penulis": "dokter-relawan",
            "jenis": ["saran"],
            "isi": "Istirahat, minum cukup.\nKembali menulis bila sesak.",
            "diterimaTim": now(),
            "dibuat": now(),
            "penerima": [f"pasien/{bambang}"],
            "balasanDari": complaint["id"],
        },
    )
    (asked,) = clinic.listed(f"persetujuan-advis?advis={advice['id']}")
    assert sent_to(meta, number) == []
    clinic.changed("persetujuan-advis", asked, keputusan="disetujui", waktu=now())

    until(lambda: clinic.found(f"Communication/{advice['id']}")["status"] == "completed")

    (sent,) = sent_to(meta, number)
    assert sent["text"]["body"] == "Istirahat, minum cukup.\nKembali menulis bila sesak."
    assert sent["context"]["message_id"] == complaint["identifier"][0]["value"]
    found = clinic.found(f"Communication/{advice['id']}")
    assert found["received"] >= found["sent"]
    until(lambda: clinic.found(f"Task/{advice['id']}-d8")["status"] == "completed")
    state = clinic.found(f"Task/{case['id']}")["businessStatus"]["coding"][0]["code"]
    assert state == "diterima"


def test_s4_the_day_of_contact_the_answer_and_stop(clinic, meta):
    endang, number = clinic.pasien("Endang Suryani", "1983-05-14")
    today = datetime.now(ZoneInfo(ZONE)).date()
    meta.ways(statuses=["sent", "delivered"])

    clinic.made(
        "rencana-asuhan",
        {
            "nomor": f"RA-{number}",
            "pasien": endang,
            "kelompok": "KRST",
            "hpht": str(today - timedelta(weeks=25)),
            "dibuat": now(),
            "penyusun": "bidan",
            "rencanaPersalinan": {"tempat": "RS", "penolong": "dokter"},
            "jadwalPemantauan": {"kanal": "whatsapp", "pelaksana": "bidan", "mulai": str(today)},
        },
    )
    (kept,) = clinic.comes(f"CommunicationRequest?patient={endang}&status=completed")
    assert kept["occurrenceDateTime"] == str(today)
    (asked,) = sent_to(meta, number)
    assert asked["template"]["name"] == "pemantauan_terjadwal"
    (case,) = clinic.comes(f"Task?patient={endang}&code={CS}/layanan-konsultasi|pemantauan")

    meta.writes(number, "kaki agak bengkak", context={"id": asked["id"]})
    until(
        lambda: (
            clinic.found(f"Task/{case['id']}")["businessStatus"]["coding"][0]["code"] == "menjawab"
        )
    )
    (answer,) = clinic.found(f"Communication?sender=Patient/{endang}")
    assert answer["inResponseTo"][0]["reference"].startswith("Communication/kontak-")

    meta.writes(number, "Berhenti")
    clinic.comes(f"Consent?patient={endang}")
    until(lambda: len(sent_to(meta, number)) == 2)
    clinic.made(
        "pesan-chat",
        {
            "idPesan": f"balas-{number}",
            "utas": answer["partOf"][0]["reference"].removeprefix("Communication/"),
            "arah": "keluar",
            "waktuKirim": now(),
            "pengirim": "petugas/bidan",
            "penerima": [f"pasien/{endang}"],
            "pasien": endang,
            "isi": "Mohon ke posyandu besok.",
            "kategori": "pemantauan",
            "status": "menunggu",
        },
    )
    (task,) = clinic.comes(f"Task?patient={endang}&code={CS}/jenis-tugas|hubungi-pasien")
    assert task["owner"] == {"reference": "PractitionerRole/bidan"}
    assert len(sent_to(meta, number)) == 2


def test_s6_readings_and_a_photograph_of_a_patient_in_isolation(clinic, meta):
    joko, number = clinic.pasien("Joko Uji", "1990-01-01", "male")
    today = str(datetime.now(ZoneInfo(ZONE)).date())
    clinic.made(
        "isolasi-mandiri",
        {
            "pasien": joko,
            "faskes": "pkm-uji",
            "diagnosis": "U07.1",
            "gejala": True,
            "tglOnset": today,
            "tglSpesimen": today,
            "syaratRumah": {"kamarTerpisah": True, "kamarMandi": True, "oksimeter": True},
            "mulai": today,
            "penanggungJawab": "bidan",
        },
    )
    meta.has_file("FOTO-1", "image/png", PNG)
    image = {"id": "FOTO-1", "mime_type": "image/png", "caption": "suhu 38.4, saturasi 92"}

    meta.writes(number, "", type="image", image=image)

    until(lambda: clinic.listed(f"eskalasi-darurat?pasien={joko}"))
    (proposed,) = clinic.listed(f"eskalasi-darurat?pasien={joko}")
    (reading,) = clinic.listed(f"pemantauan-isoman?pasien={joko}")
    assert proposed["status"] == "diusulkan"
    assert (reading["status"], reading["spo2"]) == ("menunggu-konfirmasi", 92)

    def file():
        (message,) = clinic.found(f"Communication?sender=Patient/{joko}&part-of:missing=false")
        return message["payload"][1]["contentAttachment"]

    until(lambda: file()["url"].startswith("Binary/"))
    address = f"{clinic.server.fhir}/{file()['url']}"
    answer = clinic.http.get(address, headers={"Accept": "image/png"}, timeout=120)
    assert answer.content == PNG


def test_no_number_and_no_text_is_in_the_log(server):
    log = server.log.read_text("utf-8", "replace")

    for secret in ("62811000", "0811000", "Istirahat", "bengkak", "Endang", "latihan"):
        assert secret not in log
