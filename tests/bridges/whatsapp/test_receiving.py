"""Messages of the webhook in the store: who wrote, in which thread, what it is, once (BR-W2)."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from fhir_server import worker
from fhir_server.bridges.whatsapp import receiving
from fhir_server.bridges.whatsapp.numbers import id_of_number
from fhir_server.bridges.whatsapp.working import SOURCE, work_off
from fhir_server.errors import Unavailable
from fhir_server.store.deliveries import Deliveries
from tests.bridges.whatsapp.payloads import OWN, PEER, SENT, change, message, posted
from tests.support.fhir import Server
from tests.support.processes import until

CANONICAL = "https://puskesmas.example/fhir"
RISTI = {"coding": [{"system": f"{CANONICAL}/CodeSystem/penanda", "code": "ibu-hamil-risti"}]}


@pytest.fixture
def settings(settings):
    return replace(settings, whatsapp_penerima="petugas/operator")


@pytest.fixture
def fhir(context):
    return Server(context)


@pytest.fixture
def arrive(context):
    """Deliver webhooks and work off all that is due."""

    def deliver(*changes):
        context.store.deliveries.keep(SOURCE, posted(*changes))
        while work_off(context):
            pass

    return deliver


def put(fhir, resource_type, resource_id, **elements):
    body = {"resourceType": resource_type, "id": resource_id, **elements}
    assert fhir("PUT", f"{resource_type}/{resource_id}", body).status in {200, 201}


def phone(number):
    return [{"system": "phone", "value": number}]


def stored(fhir, number="wamid.W-01"):
    return fhir("GET", f"Communication/{id_of_number(number)}").json


def codes(concepts):
    return {coding["code"] for each in concepts for coding in each["coding"]}


def test_a_message_of_a_known_patient(context, fhir, arrive):
    put(fhir, "Patient", "bambang", telecom=phone(f"+{PEER}"))

    arrive(change([message(body="batuk pilek 2 hari")]))

    found = stored(fhir)
    assert found["identifier"] == [{"system": f"{CANONICAL}/sid/wamid", "value": "wamid.W-01"}]
    assert found["sender"] == found["subject"] == {"reference": "Patient/bambang"}
    assert found["recipient"] == [{"reference": "PractitionerRole/operator"}]
    assert found["status"] == "completed"
    assert found["sent"] == "2021-07-12T08:00:00+07:00"
    assert found["received"] > found["sent"]
    assert found["payload"] == [{"contentString": "batuk pilek 2 hari"}]
    assert codes(found["medium"]) == {"WRITTEN", "whatsapp"}
    thread = fhir("GET", found["partOf"][0]["reference"]).json
    assert thread["subject"] == {"reference": "Patient/bambang"}
    assert codes(thread["category"]) == {"utas", "umum"}
    assert context.store.deliveries.count(SOURCE, "waiting") == 0


@pytest.mark.parametrize("written", [PEER, f"+{PEER}", f"0{PEER[2:]}"])
def test_numbers_are_known_however_they_are_written(fhir, arrive, written):
    put(fhir, "Patient", "bambang", telecom=phone(written))

    arrive(change([message()]))

    assert stored(fhir)["sender"] == {"reference": "Patient/bambang"}


def test_family_writes_for_the_patient(fhir, arrive):
    put(fhir, "Patient", "endang")
    put(
        fhir, "RelatedPerson", "suami", patient={"reference": "Patient/endang"}, telecom=phone(PEER)
    )

    arrive(change([message()]))

    assert stored(fhir)["sender"] == {"reference": "RelatedPerson/suami"}
    assert stored(fhir)["subject"] == {"reference": "Patient/endang"}


def test_staff_are_known_by_their_own_number(fhir, arrive):
    put(fhir, "Practitioner", "bidan", telecom=phone(PEER))
    put(fhir, "PractitionerRole", "bidan-desa", practitioner={"reference": "Practitioner/bidan"})

    arrive(change([message()]))

    assert stored(fhir)["sender"] == {"reference": "PractitionerRole/bidan-desa"}
    assert "subject" not in stored(fhir)
    assert {"url": f"{CANONICAL}/StructureDefinition/arah-pesan", "valueCode": "internal"} in (
        stored(fhir)["extension"]
    )


@pytest.mark.parametrize("people", [(), ("satu", "dua")])
def test_a_number_of_nobody_or_of_several_stays_a_number(fhir, arrive, people):
    for each in people:
        put(fhir, "Patient", each, telecom=phone(PEER))

    arrive(change([message()]))

    number = {"system": f"{CANONICAL}/sid/wa-id", "value": PEER}
    assert stored(fhir)["sender"] == {"identifier": number, "display": "Bu Uji"}
    assert "subject" not in stored(fhir)
    assert fhir.count("Patient") == len(people)


def test_who_is_not_active_does_not_count(fhir, arrive):
    put(fhir, "Patient", "lama", active=False, telecom=phone(PEER))
    put(fhir, "Patient", "bambang", telecom=phone(PEER))

    arrive(change([message()]))

    assert stored(fhir)["sender"] == {"reference": "Patient/bambang"}


def test_one_post_holds_many_messages(fhir, arrive):
    first = change([message("wamid.1"), message("wamid.2", at=SENT + 1)])
    other = change([message("wamid.3", sender="628000000009")])
    elsewhere = change([message("wamid.4")], line={**OTHER_LINE})

    arrive(first, other, elsewhere, change(field="message_template_status_update"))

    threads = [stored(fhir, f"wamid.{n}")["partOf"][0]["reference"] for n in range(1, 5)]
    assert threads[0] == threads[1]
    assert len(set(threads)) == 3
    assert fhir.count("Communication", "part-of:missing=false") == 4


OTHER_LINE = {"display_phone_number": "628000000001", "phone_number_id": "PN-2"}


def test_br_w2_meta_may_deliver_again(fhir, arrive):
    put(fhir, "Patient", "bambang", telecom=phone(PEER))
    arrive(change([message(), message("wamid.W-02")]))
    version = stored(fhir)["meta"]["versionId"]

    arrive(change([message()], name="Nama baru"))
    arrive(change([message(), message("wamid.W-02")]))

    assert fhir.count("Communication", "part-of:missing=false") == 2
    assert stored(fhir)["meta"]["versionId"] == version


def test_br_w2_a_message_that_staff_wrote_down_is_not_doubled(fhir, arrive):
    number = {"system": f"{CANONICAL}/sid/wamid", "value": "wamid.W-01"}
    put(fhir, "Communication", "dicatat", status="completed", identifier=[number])

    arrive(change([message()]))

    assert fhir.count("Communication", f"identifier={number['system']}|wamid.W-01") == 1


def test_an_answer_points_to_what_it_answers(fhir, arrive):
    arrive(change([message("wamid.1")]))
    arrive(change([message("wamid.2", quoted="wamid.1"), message("wamid.3", quoted="wamid.X")]))

    assert stored(fhir, "wamid.2")["inResponseTo"] == [
        {"reference": f"Communication/{id_of_number('wamid.1')}"}
    ]
    number = {"system": f"{CANONICAL}/sid/wamid", "value": "wamid.X"}
    assert stored(fhir, "wamid.3")["inResponseTo"] == [{"identifier": number}]


def test_the_message_of_a_monitored_patient_opens_a_case(fhir, arrive):
    put(fhir, "Patient", "endang", telecom=phone(PEER))
    about = {"subject": {"reference": "Patient/endang"}, "status": "active", "code": RISTI}
    put(fhir, "Flag", "risti", **about)

    arrive(change([message(body="pusing sejak pagi")]))

    found = stored(fhir)
    assert codes(found["category"]) == {"pemantauan"}
    assert found["encounter"]["reference"].startswith("Encounter/")
    assert fhir.count("Task", "patient=Patient/endang") == 1


def test_a_thread_learns_whose_it_is(fhir, arrive):
    arrive(change([message("wamid.1")]))
    put(fhir, "Patient", "endang", telecom=phone(PEER))
    arrive(change([message("wamid.2")]))
    thread = fhir("GET", stored(fhir, "wamid.2")["partOf"][0]["reference"]).json
    about = {"subject": {"reference": "Patient/endang"}, "status": "active", "code": RISTI}
    put(fhir, "Flag", "risti", **about)
    arrive(change([message("wamid.3")]))

    later = fhir("GET", stored(fhir, "wamid.3")["partOf"][0]["reference"]).json
    assert thread["id"] == later["id"]
    assert thread["subject"] == {"reference": "Patient/endang"}
    assert codes(thread["category"]) == {"utas", "umum"}
    assert codes(later["category"]) == {"utas", "pemantauan"}


@pytest.mark.parametrize("who", ["Patient/sri", "PractitionerRole/kader"])
def test_br_a0_a_number_that_became_somebody_elses_leaves_the_monitoring(fhir, arrive, who):
    put(fhir, "Patient", "endang", telecom=phone(PEER))
    about = {"subject": {"reference": "Patient/endang"}, "status": "active", "code": RISTI}
    put(fhir, "Flag", "risti", **about)
    arrive(change([message("wamid.1", body="pusing sejak pagi")]))
    put(fhir, "Patient", "endang")
    role = {"system": "https://puskesmas.example/fhir/CodeSystem/peran-petugas", "code": "kader"}
    kader = {"code": [{"coding": [role]}]} if who.startswith("Practitioner") else {}
    put(fhir, *who.split("/"), telecom=phone(PEER), **kader)

    arrive(change([message("wamid.2")]))
    arrive(change([message("wamid.3")]))

    monitoring, own, again = (
        stored(fhir, each)["partOf"][0]["reference"] for each in ("wamid.1", "wamid.2", "wamid.3")
    )
    assert monitoring != own == again
    assert stored(fhir, "wamid.2")["sender"] == {"reference": who}
    assert codes(fhir("GET", own).json["category"]) == {"utas", "umum"}


def test_a_message_joins_the_open_case_of_lakon(fhir, arrive):
    put(fhir, "Patient", "bambang", telecom=phone(PEER))
    codings = {"jenis-tugas": "konsultasi-daring", "layanan-konsultasi": "lakon"}
    code = [{"system": f"{CANONICAL}/CodeSystem/{s}", "code": c} for s, c in codings.items()]
    put(
        fhir,
        "Task",
        "kasus-1",
        status="in-progress",
        intent="order",
        code={"coding": code},
        **{"for": {"reference": "Patient/bambang"}},
        encounter={"reference": "Encounter/kasus-1-konsultasi"},
    )

    arrive(change([message()]))

    assert stored(fhir)["basedOn"] == [{"reference": "Task/kasus-1"}]
    assert stored(fhir)["encounter"] == {"reference": "Encounter/kasus-1-konsultasi"}
    assert codes(stored(fhir)["category"]) == {"keluhan"}


def test_what_a_rule_refuses_is_laid_aside_and_the_rest_is_done(context, fhir, arrive):
    role = {"system": f"{CANONICAL}/CodeSystem/peran-petugas", "code": "dokter"}
    put(fhir, "PractitionerRole", "operator", code=[{"coding": [role]}])
    put(fhir, "Patient", "bambang", telecom=phone(PEER))

    arrive(change([message("wamid.1"), message("wamid.2", sender="628000000009")]))

    assert stored(fhir, "wamid.2")["status"] == "completed"
    ((_, _, why),) = context.store.deliveries.failures(SOURCE)
    assert len(why) == 1
    assert "BR-A5" in why[0]

    put(fhir, "PractitionerRole", "operator")
    assert context.store.deliveries.retry(SOURCE) == 1
    while work_off(context):
        pass
    assert stored(fhir, "wamid.1")["sender"] == {"reference": "Patient/bambang"}
    assert context.store.deliveries.failures(SOURCE) == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"object": "page"}', b"\xff"])
def test_what_is_no_webhook_of_whatsapp_is_laid_aside(context, body):
    context.store.deliveries.keep(SOURCE, body)

    assert work_off(context)
    assert not work_off(context)

    assert len(context.store.deliveries.failures(SOURCE)) == 1


def test_a_message_without_number_is_counted_and_the_rest_is_done(context, fhir, arrive):
    bare = {key: value for key, value in message().items() if key != "id"}

    arrive(change([bare, message("wamid.2"), message("wamid.3", at="kemarin")]))

    ((_, _, why),) = context.store.deliveries.failures(SOURCE)
    assert why == ["2 without number, sender, time or known status."]
    assert stored(fhir, "wamid.2")["status"] == "completed"


def test_a_worker_that_died_costs_only_its_claim(context, fhir):
    context.store.deliveries.keep(SOURCE, posted(change([message()])))
    assert context.store.deliveries.claim((SOURCE,), 0.0) is not None

    assert work_off(context)

    assert stored(fhir)["status"] == "completed"
    assert context.store.deliveries.count(SOURCE, "waiting") == 0


def test_a_bug_lays_one_webhook_aside_in_the_end(context, monkeypatch):
    def breaks(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("fhir_server.bridges.whatsapp.receiving.receive", breaks)
    monkeypatch.setattr("fhir_server.bridges.whatsapp.working.FIRST_WAIT", 0.0)
    context.store.deliveries.keep(SOURCE, posted(change([message()])))

    while work_off(context):
        pass

    assert len(context.store.deliveries.failures(SOURCE)) == 1


def test_without_a_reader_the_clinics_number_is_noted(context, fhir):
    bare = replace(context, settings=replace(context.settings, whatsapp_penerima=""))
    context.store.deliveries.keep(SOURCE, posted(change([message()])))

    assert work_off(bare)

    assert stored(fhir)["recipient"][0]["identifier"]["value"] == OWN


def test_what_arrives_does_not_wait_for_long_work(context, fhir):
    context.store.deliveries.keep(SOURCE, posted(change([message()])))
    stop = threading.Event()

    def long_work(_):
        until(lambda: context.store.deliveries.count(SOURCE, "waiting") == 0)
        stop.set()
        return True

    worker.work_all(context, stop, (worker.Step(long_work, 0.0),))

    assert stored(fhir)["status"] == "completed"


KENALI = {"system": f"{CANONICAL}/CodeSystem/jenis-tugas", "code": "kenali-nomor"}


def asked(fhir):
    found = fhir("GET", f"Task?code={KENALI['system']}|{KENALI['code']}").json
    return [each["resource"] for each in found.get("entry", ())]


def answer(fhir, **elements):
    (task,) = asked(fhir)
    body = {**task, "status": "completed", **elements}
    body.pop("meta")
    version = f'W/"{task["meta"]["versionId"]}"'
    said = fhir("PUT", f"Task/{task['id']}", body, if_match=version)
    assert said.status == 200, said.issues


def test_staff_are_asked_once_whose_number_it_is(fhir, arrive):
    arrive(change([message("wamid.1"), message("wamid.2", at=SENT + 1)]))

    (task,) = asked(fhir)
    assert task["status"] == "requested"
    assert task["owner"] == {"reference": "PractitionerRole/operator"}
    assert task["focus"] == stored(fhir, "wamid.1")["partOf"][0]
    assert PEER not in str(task)


def test_what_staff_answer_reaches_thread_and_messages(fhir, arrive):
    arrive(change([message("wamid.1"), message("wamid.2", at=SENT + 1, body="kejang")]))
    put(fhir, "Patient", "endang")
    suami = {"reference": "RelatedPerson/suami"}
    put(fhir, "RelatedPerson", "suami", patient={"reference": "Patient/endang"})

    output = [{"type": {"text": "pengirim"}, "valueReference": suami}]
    answer(fhir, **{"for": {"reference": "Patient/endang"}, "output": output})

    for each in ("wamid.1", "wamid.2"):
        assert stored(fhir, each)["subject"] == {"reference": "Patient/endang"}
        assert stored(fhir, each)["sender"] == suami
    thread = fhir("GET", stored(fhir, "wamid.1")["partOf"][0]["reference"]).json
    assert thread["subject"] == {"reference": "Patient/endang"}
    assert PEER not in str(thread["recipient"])
    assert fhir.count("Task", f"code={CANONICAL}/CodeSystem/jenis-tugas|eskalasi-darurat") == 1


def test_a_number_that_stays_unknown_is_asked_about_again_unless_staff_gave_up(fhir, arrive):
    put(fhir, "Patient", "endang")
    arrive(change([message("wamid.1")]))
    answer(fhir, **{"for": {"reference": "Patient/endang"}})

    arrive(change([message("wamid.2", at=SENT + 1)]))
    assert [each["status"] for each in asked(fhir)] == ["requested"]
    assert "subject" not in stored(fhir, "wamid.2")

    answer(fhir, status="rejected")
    arrive(change([message("wamid.3", at=SENT + 2)]))
    assert [each["status"] for each in asked(fhir)] == ["rejected"]


def test_what_comes_from_one_sender_is_stored_in_the_order_it_came(context, fhir, arrive):
    for number in range(60):
        sender = f"62800000010{number % 3}"
        body = posted(change([message(f"wamid.{number}", sender=sender, at=SENT)]))
        context.store.deliveries.keep(SOURCE, body)

    arrive(change([message("wamid.last")]))

    stamps = [stored(fhir, f"wamid.{number}")["meta"]["lastUpdated"] for number in range(60)]
    for sender in range(3):
        assert stamps[sender::3] == sorted(stamps[sender::3])
    assert fhir.count("Communication", "category=utas") == 4


def test_behind_what_has_to_be_tried_again_its_sender_waits_and_nobody_else(
    context, fhir, monkeypatch
):
    def busy(*given):
        if given[1].number == "wamid.1":
            raise Unavailable("not now")
        return receive(*given)

    receive = receiving.receive
    for number, sender in (("wamid.1", PEER), ("wamid.2", PEER), ("wamid.3", "628000000009")):
        context.store.deliveries.keep(SOURCE, posted(change([message(number, sender=sender)])))
    with monkeypatch.context() as patch:
        patch.setattr("fhir_server.bridges.whatsapp.receiving.receive", busy)
        assert work_off(context)

    assert statuses(fhir) == [404, 404, 200]
    until(lambda: work_off(context) and context.store.deliveries.count(SOURCE, "waiting") == 0)
    assert statuses(fhir) == [200, 200, 200]


def statuses(fhir):
    names = (id_of_number(f"wamid.{number}") for number in (1, 2, 3))
    return [fhir("GET", f"Communication/{each}").status for each in names]


def test_one_worker_at_a_time_works_off(context):
    other = Deliveries(context.store._database)
    context.store.deliveries.keep(SOURCE, posted(change([message()])))
    assert other.take_turn(60.0)

    assert not work_off(context)
    assert not context.store.deliveries.take_turn(60.0)

    other.end_turn()
    assert work_off(context)
    assert other.take_turn(0.0)
