"""Danger signs in the words of a chat: what is suggested, and what a denial keeps quiet."""

from __future__ import annotations

import pytest

from fhir_server.sop.tanda_bahaya import TANDA, usulkan


def kode(teks, **lain):
    return [each.tanda.kode for each in usulkan(teks, **lain)]


def test_siti_of_s5():
    usulan = usulkan("pusing hebat sekali, pandangan kabur")

    assert [each.tanda.sct for each in usulan] == ["25064002", "63102001"]
    assert [each.kata for each in usulan] == ["pusing hebat", "pandangan kabur"]


@pytest.mark.parametrize(
    ("teks", "diharapkan"),
    [
        ("Bu, keluar darah sejak subuh", ["perdarahan"]),
        ("ada flek sedikit", ["perdarahan"]),
        ("pendarahan tidak berhenti", ["perdarahan"]),
        ("bibirnya biru", ["sianosis"]),
        ("tadi malam step", ["kejang"]),
        ("kejang-kejang", ["kejang"]),
        ("panas tinggi dari kemarin", ["demam"]),
        ("suhu 38,2 sore ini", ["demam"]),
        ("perut kenceng-kenceng", ["tanda-persalinan"]),
        ("mules teratur tiap 5 menit", ["tanda-persalinan"]),
        ("sakit kepala yang sangat berat", ["sakit-kepala-hebat"]),
        ("muntah-muntah terus", ["muntah-hebat"]),
        ("sakit ulu hati", ["nyeri-perut-hebat"]),
        ("nyeri perutnya hebat", ["nyeri-perut-hebat"]),
        ("sempat pingsan", ["tidak-sadar"]),
        ("ibu tdk sadar", ["tidak-sadar"]),
        ("mata berkunang-kunang", ["gangguan-penglihatan"]),
        ("bayi gak gerak sejak pagi", ["gerak-janin-tidak-ada"]),
        ("gerakannya berkurang bu", ["gerak-janin-berkurang"]),
        ("kaki agak bengkak", ["bengkak"]),
        ("rembes terus, air ketuban?", ["ketuban-pecah"]),
        ("agak sesak", ["sesak-napas"]),
    ],
)
def test_words_that_speak_for_a_sign(teks, diharapkan):
    assert kode(teks) == diharapkan


@pytest.mark.parametrize(
    "teks",
    [
        "tidak pusing",
        "tidak pusing hebat",
        "nggak ada kejang maupun pandangan kabur",
        "gak demam, ga sesak",
        "sudah tidak demam",
        "belum ada mules teratur",
        "tidak demam atau sesak",
        "kejang tidak ada",
        "pusing hebat sudah hilang",
        "tidak pernah merasa sesak",
        "suhu 37.4 SpO2 97, napas 20",
        "umur 38 minggu",
        "suami keluar kota",
        "",
    ],
)
def test_what_is_denied_or_not_a_sign_suggests_nothing(teks):
    assert kode(teks) == []


@pytest.mark.parametrize(
    ("teks", "diharapkan"),
    [
        ("tidak demam tapi sesak", ["sesak-napas"]),
        ("tidak demam, sesak", ["sesak-napas"]),
        ("tidak bisa tidur karena pusing hebat", ["sakit-kepala-hebat"]),
        ("tidak demam dan pusing hebat", ["sakit-kepala-hebat"]),
    ],
)
def test_a_denial_reaches_no_further_than_it_must(teks, diharapkan):
    assert kode(teks) == diharapkan


def test_what_concerns_pregnant_women_only_is_left_out_for_others():
    assert kode("kaki bengkak, sesak", hamil=False) == ["sesak-napas"]


def test_every_sign_has_its_codes():
    assert {k for k, tanda in TANDA.items() if tanda.sct is None} == {"ketuban-pecah"}
    assert {k for k, tanda in TANDA.items() if tanda.berat} == {
        "sakit-kepala-hebat",
        "muntah-hebat",
        "nyeri-perut-hebat",
    }
    assert all(tanda.icd10 for tanda in TANDA.values())
