"""The queue with many hands on it (SOP steps B1 to B3): numbers, calls, and those passed over.

A real server with two processes, asked by fifty takers at once.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import requests

from tests.support.clinic import WILAYAH
from tests.support.server import running

PKM, DAY, TAKERS = "pkm-dharma-rini", "2024-04-02", 50


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    settings = {"FHIR_WORKERS": "2", "FHIR_THREADS": "32"}
    with running(tmp_path_factory.mktemp("antrean"), settings) as server:
        yield server


@pytest.fixture(scope="module")
def pasien(server):
    document = {
        "faskes": PKM,
        "noRM": "RM-1",
        "nama": "Pasien Rekaan",
        "tanggalLahir": "1990-01-01",
        "jenisKelamin": "female",
        **WILAYAH,
    }
    return requests.post(f"{server.sop}/pasien", json=document, timeout=120).json()["id"]


def ticket(pasien, unit, **fields):
    return {
        "faskes": PKM,
        "unit": unit,
        "tanggal": DAY,
        "pasien": pasien,
        "ambil": f"{DAY}T07:40:00+07:00",
        **fields,
    }


def at_once(count, work):
    together = Barrier(count)

    def one(number):
        with requests.Session() as session:
            together.wait()
            return work(session, number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_br_b1_fifty_takers_at_once_get_numbers_without_a_gap(server, pasien):
    """BR-B1: unique and gap-free per unit and day, two units beside one another."""

    def take(session, number):
        unit = ("kia", "anak-mtbs")[number % 2]
        answer = session.post(f"{server.sop}/antrean", json=ticket(pasien, unit), timeout=120)
        assert answer.status_code == 201, answer.text
        return unit, answer.json()["nomor"]

    taken = at_once(TAKERS, take)

    for unit in ("kia", "anak-mtbs"):
        assert sorted(n for u, n in taken if u == unit) == list(range(1, TAKERS // 2 + 1))
    found = requests.get(
        f"{server.fhir}/Appointment?service-type=kia&_count=100", timeout=120
    ).json()
    numbers = sorted(each["resource"]["identifier"][0]["value"] for each in found["entry"])
    assert numbers == [f"kia-20240402-{n:03d}" for n in range(1, TAKERS // 2 + 1)]


def test_br_b1_numbers_that_come_by_fhir_at_the_same_time_are_not_given_again(server, pasien):
    by_fhir = {
        "resourceType": "Appointment",
        "status": "arrived",
        "start": f"{DAY}T07:40:00+07:00",
        "end": f"{DAY}T14:00:00+07:00",
        "participant": [{"actor": {"reference": f"Patient/{pasien}"}, "status": "accepted"}],
    }
    system = f"https://puskesmas.example/fhir/sid/nomor-antrean/{PKM}"

    def take(session, number):
        if number % 2:
            number = {"system": system, "value": f"gigi-20240402-{number:03d}"}
            appointment = {**by_fhir, "identifier": [number]}
            return session.post(f"{server.fhir}/Appointment", json=appointment, timeout=120)
        return session.post(f"{server.sop}/antrean", json=ticket(pasien, "gigi"), timeout=120)

    answers = at_once(20, take)

    by_sop, others = answers[::2], answers[1::2]
    assert {each.status_code for each in by_sop} == {201}
    assert {each.status_code for each in others} <= {201, 409}
    given = [each.json()["nomor"] for each in by_sop]
    given += [2 * n + 1 for n, each in enumerate(others) if each.status_code == 201]
    assert len(set(given)) == len(given)


def test_br_b1_a_number_that_was_given_is_refused_by_fhir(server, pasien):
    """BR-B1: what the counter gave belongs to one Appointment; a second one is told so (409)."""
    given = requests.post(
        f"{server.sop}/antrean", json=ticket(pasien, "lansia"), timeout=120
    ).json()
    theirs = requests.get(f"{server.fhir}/Appointment/{given['id']}", timeout=120).json()
    copy = {key: value for key, value in theirs.items() if key not in {"id", "meta"}}

    refused = requests.post(f"{server.fhir}/Appointment", json=copy, timeout=120)

    assert refused.status_code == 409, refused.text
    assert "BR-B1" in refused.text


def test_br_b20_many_counters_call_each_patient_once_and_in_order(server, pasien):
    """BR-B20: priority first, then the number; two who call at once call two patients."""
    for number in range(12):
        reason = {"alasanPrioritas": "disabilitas"} if number in {4, 9} else {}
        answer = requests.post(
            f"{server.sop}/antrean", json=ticket(pasien, "kb", **reason), timeout=120
        )
        assert answer.status_code == 201, answer.text
    queue = {"unit": "kb", "tanggal": DAY, "faskes": PKM}

    first = requests.post(f"{server.sop}/antrean/panggil", json=queue, timeout=120).json()
    called = at_once(
        11, lambda s, _: s.post(f"{server.sop}/antrean/panggil", json=queue, timeout=120)
    )
    nobody = requests.post(f"{server.sop}/antrean/panggil", json=queue, timeout=120)

    assert (first["nomor"], first["status"], "panggil" in first) == (5, "dipanggil", True)
    assert {each.status_code for each in called} == {200}
    others = sorted(each.json()["nomor"] for each in called)
    assert others == [n for n in range(1, 13) if n != 5]
    assert nobody.status_code == 404


def test_who_is_not_there_is_passed_over_and_may_wait_again(server, pasien):
    queue = {"unit": "imunisasi", "tanggal": DAY, "faskes": PKM}
    for _ in range(2):
        requests.post(f"{server.sop}/antrean", json=ticket(pasien, "imunisasi"), timeout=120)
    first = requests.post(f"{server.sop}/antrean/panggil", json=queue, timeout=120).json()

    absent = requests.post(f"{server.sop}/antrean/{first['id']}/lewati", timeout=120).json()
    back = requests.put(
        f"{server.sop}/antrean/{first['id']}", json={**absent, "status": "menunggu"}, timeout=120
    )
    following = requests.get(f"{server.sop}/antrean/berikutnya", params=queue, timeout=120).json()

    assert (absent["status"], back.status_code) == ("tidak-hadir", 200)
    assert [each["nomor"] for each in following["dokumen"]] == [1, 2]


def test_br_b20_nobody_is_old_by_being_called_so(server, pasien):
    claimed = ticket(pasien, "kia", alasanPrioritas="lansia")

    refused = requests.post(f"{server.sop}/antrean", json=claimed, timeout=120)

    assert refused.status_code == 422
    assert "BR-B20" in refused.text
