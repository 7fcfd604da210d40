"""Numbers, hours, templates and words of opt-out: the pure parts of messages out."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from fhir_server.bridges.whatsapp import graph, hours, templates
from fhir_server.bridges.whatsapp.media import is_what_it_says
from fhir_server.bridges.whatsapp.phone import normalised, of_person, spellings
from fhir_server.config import Settings
from fhir_server.mappings.persetujuan_pesan import asked, last_word
from tools.whatsapp_simulator.__main__ import TEMPLATES

JAKARTA = ZoneInfo("Asia/Jakarta")
CS = "https://puskesmas.example/fhir/CodeSystem"


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("081234567890", "6281234567890"),
        ("0812-3456-7890", "6281234567890"),
        ("+62 812-3456-7890", "6281234567890"),
        ("62 812 3456 7890", "6281234567890"),
        ("81234567890", "6281234567890"),
        ("+62 (0)812 3456 7890", "6281234567890"),
        ("0062 812 34567890", "6281234567890"),
        ("tel:+6281234567890", "6281234567890"),
        ("(021) 555-0123", "62215550123"),
        ("+60 12-345 6789", "60123456789"),
        ("119", None),
        ("", None),
        (None, None),
        ("0812 atau 0813", None),
        ("+0812345678", None),
        ("1" * 16, None),
    ],
)
def test_numbers_are_written_as_whatsapp_knows_them(written, number):
    assert normalised(written) == number


def test_every_spelling_is_the_same_number():
    for number in ("6281234567890", "60123456789"):
        assert number in spellings(number)
        assert {normalised(each) for each in spellings(number)} == {number}


def test_the_preferred_number_is_taken():
    telecom = [
        {"system": "email", "value": "a@b.c"},
        {"system": "phone", "use": "old", "value": "0812-0000-0001"},
        {"system": "phone", "use": "home", "value": "0812-0000-0002"},
        {"system": "phone", "use": "mobile", "value": "0812-0000-0003"},
        {"system": "phone", "use": "work", "value": "0812-0000-0004", "rank": 1},
    ]

    assert of_person({"telecom": telecom}) == "6281200000004"
    assert of_person({"telecom": telecom[:4]}) == "6281200000003"
    assert of_person({"telecom": telecom[:2]}) is None
    assert of_person({}) is None


@pytest.mark.parametrize(
    ("clock", "until"),
    [
        ("2026-03-02T20:59:59", None),
        ("2026-03-02T21:00:00", "2026-03-03T06:00:00"),
        ("2026-03-03T00:30:00", "2026-03-03T06:00:00"),
        ("2026-03-03T05:59:59", "2026-03-03T06:00:00"),
        ("2026-03-03T06:00:00", None),
    ],
)
def test_quiet_hours_over_midnight(clock, until):
    quiet = hours.quiet("21:00-06:00", JAKARTA)
    moment = datetime.fromisoformat(clock).replace(tzinfo=JAKARTA).astimezone(UTC)

    found = quiet.until(moment)

    assert found == (until and datetime.fromisoformat(until).replace(tzinfo=JAKARTA))


def test_quiet_hours_within_a_day_and_none():
    noon = datetime(2026, 3, 2, 12, 30, tzinfo=JAKARTA)

    assert hours.quiet("12.00-13.00", JAKARTA).until(noon) == noon + timedelta(minutes=30)
    assert hours.quiet("13:00-14:00", JAKARTA).until(noon) is None
    assert hours.quiet("none", JAKARTA) is None
    assert hours.time_of_day("none") is None


@pytest.mark.parametrize("text", ["", "21", "21:00", "25:00-06:00", "21:00-21:00", "malam"])
def test_hours_that_cannot_be_read_are_named(text):
    with pytest.raises(ValueError, match="FHIR_WHATSAPP_TENANG"):
        hours.quiet(text, JAKARTA)


def test_the_simulator_knows_the_templates_of_the_table():
    table = {each.name: len(each.parameters) for each in templates.TABLE.values()}

    assert table == TEMPLATES


@pytest.mark.parametrize("kind", templates.TABLE)
def test_words_and_parameters_of_a_template_agree(kind):
    row = templates.TABLE[kind]
    values = dict.fromkeys(row.parameters, "nilai")

    assert set(row.parameters) == set(templates._named(row.words))
    assert templates.fits(row, values)
    assert not templates.fits(row, {**values, row.parameters[0]: " \n"})
    assert not templates.fits(row, {**values, row.parameters[-1]: "x" * 1024})
    assert "{" not in templates.in_words(row, values)


def test_an_operator_names_templates_his_way(tmp_path):
    file = tmp_path / "templat.yaml"
    file.write_text("pesan: {nama: dari_kami, bahasa: en_US, parameter: [isi]}\n", "utf-8")

    row = templates.load(str(file))["pesan"]

    assert (row.name, row.language, row.parameters) == ("dari_kami", "en_US", ("isi",))
    assert templates.body(row, {"isi": "a\nb"})["components"][0]["parameters"] == [
        {"type": "text", "text": "a b"}
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("lain: {}", "lain"),
        ("[]", "no table"),
        ("pesan: {judul: x}", "pesan"),
        ("pesan: {parameter: [nik]}", "nik"),
        ("pesan: {kata: '{isi.__class__}'}", "__class__"),
        ("pesan: {nama: Besar}", "nama"),
        ("pesan: {bahasa: indonesia-raya}", "bahasa"),
        ("a: [", "cannot be read"),
    ],
)
def test_a_file_of_templates_that_is_wrong_says_where(tmp_path, text, says):
    file = tmp_path / "templat.yaml"
    file.write_text(text, "utf-8")

    with pytest.raises(ValueError, match=says):
        templates.load(str(file))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("STOP", "berhenti"),
        ("berhenti!", "berhenti"),
        ("  Berhenti. ", "berhenti"),
        ("unsubscribe", "berhenti"),
        ("mulai", "mulai"),
        ("Start", "mulai"),
        ("stop minum obat?", None),
        ("saya berhenti merokok", None),
        ("", None),
        (None, None),
    ],
)
def test_only_a_whole_message_asks_to_stop(text, word):
    assert asked(text, Settings()) == word


def consent(word, at, *, by=None, status="active"):
    return {
        "status": status,
        "category": [{"coding": [{"system": f"{CS}/jenis-persetujuan", "code": "pesan-whatsapp"}]}],
        "dateTime": at,
        "performer": [{"reference": by}] if by else [],
        "provision": {"type": "deny" if word == "berhenti" else "permit"},
    }


DAY = date(2026, 3, 5)
A, B = "2026-03-02T08:00:00+07:00", "2026-03-03T08:00:00+07:00"


@pytest.mark.parametrize(
    ("found", "word"),
    [
        ([], None),
        ([consent("berhenti", A)], "berhenti"),
        ([consent("berhenti", A), consent("mulai", B)], "mulai"),
        ([consent("mulai", A), consent("berhenti", B)], "berhenti"),
        ([consent("mulai", A), consent("berhenti", A)], "berhenti"),
        ([consent("mulai", A, status="inactive")], "berhenti"),
        ([consent("berhenti", A, status="entered-in-error")], None),
        ([consent("berhenti", "2026-03-04")], "berhenti"),
        ([consent("berhenti", A, by="RelatedPerson/suami")], None),
        ([consent("berhenti", A, by="Patient/siti")], "berhenti"),
    ],
)
def test_the_last_word_counts(found, word):
    assert last_word(found, "pasien/siti", DAY) == word


def test_the_patients_word_holds_for_family_too_and_theirs_for_them():
    own = consent("berhenti", A, by="RelatedPerson/suami")

    assert last_word([own], "keluarga/suami", DAY) == "berhenti"
    assert last_word([consent("berhenti", A)], "keluarga/suami", DAY) == "berhenti"


@pytest.mark.parametrize(
    ("code", "cause"),
    [(190, "token"), (230, "token"), (131047, "window"), (131026, "person"), (132999, "settings")],
)
def test_what_a_code_means(code, cause):
    assert graph.cause_of(code) == cause


def test_a_file_is_what_it_says():
    assert is_what_it_says("application/pdf", b"%PDF-1.7")
    assert not is_what_it_says("application/pdf", b"MZ")
    assert is_what_it_says("audio/aac", b"\xff\xf1rest")
