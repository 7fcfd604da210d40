"""Topics and rights: who subscribes is told what it may see when it is told, and no more."""

import json

import pytest

from tests.bridges.subscriptions.conftest import numbers, said, status, until

BASE = "https://puskesmas.example/fhir"
KIND, STATE = f"{BASE}/CodeSystem/jenis-tugas", f"{BASE}/CodeSystem/status-rujukan"
BACKPORT = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-"
INCOMING = f"{BASE}/SubscriptionTopic/rujukan-masuk"
LAB = f"{BASE}/SubscriptionTopic/hasil-lab-final"
FULL = {"payload": "application/fhir+json"}
STATES = {"requested": "dikirim", "received": "diterima-sistem", "rejected": "ditolak"}


def concept(system, code):
    return {"coding": [{"system": system, "code": code}]}


def work(name, owner, state="requested"):
    return {
        "resourceType": "Task",
        "id": name,
        "status": state,
        "businessStatus": concept(STATE, STATES[state]),
        "intent": "order",
        "code": concept(KIND, "rujukan"),
        "requester": {"reference": "Organization/pkm"},
        "owner": {"reference": f"Organization/{owner}"},
    }


@pytest.fixture
def pkm(caller):
    pkm = caller("pkm", organization="Organization/pkm")
    for name in ("pkm", "rs-a", "rs-b"):
        pkm(
            "PUT",
            f"Organization/{name}",
            {"resourceType": "Organization", "id": name, "name": name},
            201,
        )
    return pkm


@pytest.fixture
def hospital(caller, pkm):
    assert pkm
    return caller("rs-a", organization="Organization/rs-a", reach="referrals")


def foci(bundle):
    return [each["fullUrl"].partition("/fhir/")[2] for each in bundle["entry"][1:]]


def test_a_hospital_is_told_of_the_referrals_to_it(pkm, hospital, subscribe, receiver, worker):
    worker()
    subscribe(receiver.url, INCOMING, by=hospital, channel=FULL)
    (shaken,) = receiver.bundles("handshake")
    assert (said(shaken)["status"], said(shaken)["topic"]) == ("requested", INCOMING)

    pkm("PUT", "Task/other", work("other", "rs-b"), 201)
    pkm("PUT", "Task/mine", work("mine", "rs-a"), 201)
    note = work("mine", "rs-a") | {"description": "changed, and still requested"}
    pkm("PUT", "Task/mine", note, 200, If_Match='W/"1"')
    pkm("PUT", "Task/second", work("second", "rs-a"), 201)

    until(lambda: len(receiver.bundles()) == 2)
    assert [foci(each) for each in receiver.bundles()] == [["Task/mine"], ["Task/second"]]
    assert [numbers(each) for each in receiver.bundles()] == [[1], [2]]
    first = receiver.bundles()[0]
    assert first["entry"][1]["resource"]["id"] == "mine"
    assert said(first)["events-since-subscription-start"] == "1"


def test_what_the_owner_may_not_see_is_not_told(pkm, hospital, subscribe, receiver, worker):
    worker()
    subscribe(receiver.url, "Patient", by=hospital, channel=FULL)
    subscribe(receiver.url + "/all", "Patient", by=pkm, channel=FULL)

    for name in ("siti", "dewi"):
        whole = {"resourceType": "Patient", "id": name}
        pkm("PUT", f"Patient/{name}", whole, 201)

    until(lambda: len(receiver.got) == 2)
    assert {each["path"].rpartition("/")[0] for each in receiver.got} == {"/hook/all/Patient"}


def test_what_the_owner_may_not_ask_is_an_error(pkm, caller, subscribe, worker):
    worker()
    narrow = caller("narrow", ["system/Task.rs", "system/Subscription.cruds"])
    made = subscribe("https://a.example/", "Patient?gender=female", by=narrow)

    assert "may not ask" in pkm("GET", f"Subscription/{made}").json["error"]


def test_rights_are_those_of_the_moment_it_is_told(pkm, hospital, subscribe, receiver, worker):
    """What is declined before it is told is not told any more."""
    end = worker()
    subscribe(receiver.url, "ServiceRequest", by=hospital, channel=FULL)
    end()
    request = {
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "order",
        "subject": {"display": "Siti"},
    }
    for name in ("r1", "r2"):
        pkm("PUT", f"ServiceRequest/{name}", request | {"id": name}, 201)
        focus = {"focus": {"reference": f"ServiceRequest/{name}"}}
        pkm("PUT", f"Task/{name}", work(name, "rs-a") | focus, 201)
    declined = work("r1", "rs-a", "rejected") | {"focus": {"reference": "ServiceRequest/r1"}}
    declined["statusReason"] = {"text": "penuh"}
    hospital("PUT", "Task/r1", declined, 200, If_Match='W/"1"')

    worker()

    until(lambda: receiver.got)
    marker = {"resourceType": "ServiceRequest", "id": "r2"}
    pkm("PUT", "ServiceRequest/r2", request | marker | {"priority": "stat"}, 200)
    until(lambda: b'"stat"' in receiver.got[-1]["body"])
    assert {each["path"] for each in receiver.got} == {"/hook/ServiceRequest/r2"}


def test_who_may_no_more_ask_is_told_no_more(  # noqa: PLR0913, PLR0917 - two sides and an endpoint
    context, pkm, hospital, subscribe, receiver, worker
):
    worker()
    made = subscribe(receiver.url, INCOMING, by=hospital)
    context.store.clients.change("rs-a", {"revoked": context.clock()})
    pkm("PUT", "Task/mine", work("mine", "rs-a"), 201)

    until(lambda: status(pkm, made) == "error")
    assert "may not ask any more" in pkm("GET", f"Subscription/{made}").json["error"]
    assert receiver.bundles() == []


def test_what_an_endpoint_was_shown_is_on_record(operator, subscribe, receiver, worker, context):
    worker()
    made = subscribe(receiver.url, "Patient", channel=FULL)
    operator("PUT", "Patient/siti", {"resourceType": "Patient", "id": "siti"}, 201)
    until(lambda: receiver.got)

    def shown():
        found = operator("GET", "AuditEvent?patient=Patient/siti", status=200).json
        return [each for each in found.get("entry", ()) if f"{made}/$events" in json.dumps(each)]

    assert context.store.trail.on
    until(shown)


def test_secrets_reach_the_endpoint_and_nobody_else(pkm, hospital, subscribe, receiver, worker):
    worker()
    secret = "Bearer the-secret-of-rs-a"  # noqa: S105
    headers = {"header": [f"Authorization: {secret}", "X-Route: a"]}
    made = subscribe(receiver.url, INCOMING, by=hospital, channel=headers)
    whole = hospital("GET", f"Subscription/{made}").json
    hospital("PUT", f"Subscription/{made}", whole | {"reason": "said otherwise"}, 200)
    until(lambda: status(hospital, made) == "active")

    pkm("PUT", "Task/mine", work("mine", "rs-a"), 201)

    until(receiver.bundles)
    assert {each["headers"]["Authorization"] for each in receiver.got} == {secret}
    assert {each["headers"]["X-Route"] for each in receiver.got} == {"a"}
    for ask in (hospital, pkm):
        for url in ("Subscription", f"Subscription/{made}", f"Subscription/{made}/_history"):
            assert "the-secret-of-rs-a" not in ask("GET", url, status=200).text
    stolen = {**whole, "channel": {**whole["channel"], "endpoint": "https://thief.example/"}}
    del stolen["id"]
    refused = pkm("POST", "Subscription", stolen, 422)
    assert "sealed in another" in refused.json["issue"][0]["diagnostics"]


def test_it_belongs_to_the_client_that_wrote_it(pkm, hospital, subscribe, receiver, worker):
    worker()
    made = subscribe(receiver.url, INCOMING, by=hospital)
    whole = hospital("GET", f"Subscription/{made}").json
    assert whole["meta"]["tag"] == [{"system": f"{BASE}/sid/client", "code": "rs-a"}]
    elsewhere = {**whole, "channel": {"type": "rest-hook", "endpoint": "https://a.example/"}}
    forged = {**whole, "meta": {"tag": [{"system": f"{BASE}/sid/client", "code": "pkm"}]}}

    assert pkm("PUT", f"Subscription/{made}", elsewhere).status_code == 403
    kept = hospital("PUT", f"Subscription/{made}", forged, 200).json
    assert kept["meta"]["tag"] == whole["meta"]["tag"]
    pkm("PUT", f"Subscription/{made}", {**kept, "status": "off"}, 200)
    assert status(hospital, made) == "off"


def test_one_client_has_only_so_many(context, hospital, subscribe):
    for _ in range(context.settings.subscription_limit):
        subscribe("https://a.example/", INCOMING, by=hospital, wait=False)
    more = {
        "resourceType": "Subscription",
        "status": "requested",
        "reason": "one more",
        "criteria": INCOMING,
        "channel": {"type": "rest-hook", "endpoint": "https://a.example/"},
    }

    refused = hospital("POST", "Subscription", more)
    asleep = hospital("POST", "Subscription", more | {"status": "off"})

    assert (refused.status_code, asleep.status_code) == (422, 201)


def test_events_that_were_missed_are_asked_for(pkm, hospital, subscribe, receiver, worker):
    worker()
    made = subscribe(receiver.url, INCOMING, by=hospital, channel=FULL)
    for number in range(4):
        pkm("PUT", f"Task/t{number}", work(f"t{number}", "rs-a"), 201)
    until(lambda: len(receiver.bundles()) == 4)

    again = hospital("GET", f"Subscription/{made}/$events?eventsSinceNumber=2&eventsUntilNumber=3")

    assert numbers(again.json) == [2, 3]
    assert foci(again.json) == ["Task/t1", "Task/t2"]
    assert said(again.json)["type"] == "query-event"
    bare = hospital("GET", f"Subscription/{made}/$events?content=id-only").json
    assert [each.get("resource") for each in bare["entry"][1:]] == [None] * 4
    (where,) = hospital("GET", f"Subscription/{made}/$status", status=200).json["entry"]
    found = {each["name"]: each for each in where["resource"]["parameter"]}
    assert found["events-since-subscription-start"]["valueString"] == "4"
    every = hospital("GET", "Subscription/$status?status=active", status=200).json
    assert every["total"] == 1
    hospital("GET", f"Subscription/{made}/$events?eventsSinceNumber=x", status=400)


def test_several_events_fit_into_one_notification(pkm, hospital, subscribe, receiver, worker):
    end = worker()
    most = {"url": f"{BACKPORT}max-count", "valuePositiveInt": 3}
    subscribe(receiver.url, INCOMING, by=hospital, channel=FULL | {"extension": [most]})
    end()
    for number in range(4):
        pkm("PUT", f"Task/t{number}", work(f"t{number}", "rs-a"), 201)

    worker()

    until(lambda: len(receiver.bundles()) == 2)
    assert [numbers(each) for each in receiver.bundles()] == [[1, 2, 3], [4]]


def test_where_nothing_happens_a_heartbeat_says_so(operator, subscribe, receiver, worker):
    worker()
    beat = {"url": f"{BACKPORT}heartbeat-period", "valueUnsignedInt": 1}
    subscribe(receiver.url, INCOMING, channel={"extension": [beat]})

    until(lambda: len(receiver.bundles("heartbeat")) >= 2)

    assert operator
    assert receiver.bundles() == []


def test_a_result_is_told_when_it_is_final_and_when_it_is_corrected(
    operator, subscribe, receiver, worker
):
    worker()
    filters = {"extension": [{"url": f"{BACKPORT}filter-criteria", "valueString": "code=cbc"}]}
    subscribe(receiver.url, LAB, channel=FULL, _criteria=filters)
    section = "http://terminology.hl7.org/CodeSystem/v2-0074"

    def report(name, state, code="cbc"):
        whole = {
            "resourceType": "DiagnosticReport",
            "id": name,
            "status": state,
            "category": [concept(section, "LAB")],
            "code": {"coding": [{"code": code}]},
        }
        assert operator("PUT", f"DiagnosticReport/{name}", whole).status_code in (200, 201)

    report("a", "preliminary")
    report("b", "final", "xray")
    report("a", "final")
    report("a", "amended")

    until(lambda: len(receiver.bundles()) == 2)
    told = [each["entry"][1]["resource"]["status"] for each in receiver.bundles()]
    assert told == ["final", "amended"]


def test_an_unknown_filter_of_a_topic_is_an_error(operator, subscribe, worker):
    worker()
    filters = {"extension": [{"url": f"{BACKPORT}filter-criteria", "valueString": "Task?x=y"}]}
    made = subscribe("https://a.example/", INCOMING, _criteria=filters)

    assert "cannot be filtered by x" in operator("GET", f"Subscription/{made}").json["error"]


def test_the_topics_are_named_by_the_server(operator):
    stated = operator("GET", "metadata").json["rest"][0]["resource"]
    (known,) = [each for each in stated if each["type"] == "Subscription"]

    assert {each["valueCanonical"] for each in known["extension"]} >= {INCOMING, LAB}
