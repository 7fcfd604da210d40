"""The moves of a referral, against the rows of domain §5.2."""

from pathlib import Path

import pytest

from fhir_server.mappings.status_rujukan import ALONE, STATUS, state_of
from fhir_server.sop.status_rujukan import ALUR_RUJUKAN, AWAL, BERIKUT, boleh_pindah

ALLOWED = {
    ("disusun", "dikirim"),
    ("disusun", "salah-entri"),
    ("dikirim", "diterima-sistem"),
    ("dikirim", "disetujui"),
    ("dikirim", "ditolak"),
    ("dikirim", "dibatalkan"),
    ("diterima-sistem", "disetujui"),
    ("diterima-sistem", "ditolak"),
    ("diterima-sistem", "dibatalkan"),
    ("disetujui", "pasien-tiba"),
    ("disetujui", "tidak-datang"),
    ("disetujui", "pembatalan-diminta"),
    ("ditolak", "dibatalkan"),
    ("pasien-tiba", "dalam-perawatan"),
    ("pasien-tiba", "dirujuk-balik"),
    ("tidak-datang", "disetujui"),
    ("tidak-datang", "pembatalan-diminta"),
    ("dalam-perawatan", "dirujuk-balik"),
    ("dalam-perawatan", "selesai-tanpa-rujuk-balik"),
    ("pembatalan-diminta", "dibatalkan"),
    ("pembatalan-diminta", "disetujui"),
}
PAIRS = [(dari, ke) for dari in BERIKUT for ke in BERIKUT]


@pytest.mark.parametrize(("dari", "ke"), PAIRS)
def test_br_r1_every_pair_of_states(dari, ke):
    assert boleh_pindah(dari, ke) is (dari == ke or (dari, ke) in ALLOWED)


def test_a_refusal_names_the_referral_and_what_is_allowed():
    teguran = ALUR_RUJUKAN.pindah("disetujui", "dirujuk-balik", "RJ-1")

    assert (teguran.aturan, teguran.jenis) == ("BR-R1", "keadaan")
    assert "RJ-1" in teguran.salah
    assert "pasien-tiba, tidak-datang, pembatalan-diminta" in teguran.benar
    assert "Allowed next: pasien-tiba" in teguran.english


def test_a_final_state_says_that_it_is_final():
    teguran = ALUR_RUJUKAN.pindah("dirujuk-balik", "dikirim", "RJ-1")

    assert "bersifat akhir" in teguran.benar
    assert "final" in teguran.english


def test_an_allowed_move_is_not_spoken_of():
    assert ALUR_RUJUKAN.pindah("dikirim", "disetujui", "RJ-1") is None
    assert set(AWAL) <= set(BERIKUT)


@pytest.mark.parametrize("state", STATUS)
def test_every_state_is_read_back_from_what_it_writes(state):
    system = "https://puskesmas.example/fhir/CodeSystem/status-rujukan"
    task = {
        "status": STATUS[state][0],
        "businessStatus": {"coding": [{"system": system, "code": state}]},
    }

    assert state_of(task) == state


@pytest.mark.parametrize("status", ALONE)
def test_the_status_alone_counts_when_the_business_status_contradicts_it(status):
    system = "https://puskesmas.example/fhir/CodeSystem/status-rujukan"
    stale = next(state for state, (task, _) in STATUS.items() if task != status)
    task = {"status": status, "businessStatus": {"coding": [{"system": system, "code": stale}]}}

    assert state_of(task) == ALONE[status] == state_of({"status": status})


def test_a_business_status_of_somebody_else_is_not_ours():
    coding = {"system": "http://rs-a.example/status", "code": "disetujui"}

    assert state_of({"status": "requested", "businessStatus": {"coding": [coding]}}) == "dikirim"


def test_the_documentation_has_the_same_table():
    page = (Path(__file__).parents[2] / "docs" / "sop" / "aturan.md").read_text("utf-8")
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| `")]
    table = {row[0].strip("`"): row[1:] for row in rows if row[0].strip("`") in STATUS}

    assert {state: (row[0], row[1]) for state, row in table.items()} == STATUS
    assert all(each in table[state][2] for state, after in BERIKUT.items() for each in after)
