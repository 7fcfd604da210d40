"""A FHIR server as a target: what is sent, and what its answers mean."""

import threading
from dataclasses import replace

import orjson
import pytest
import requests

from fhir_server import targets
from fhir_server.auth.addresses import is_public
from fhir_server.bridges.plain.target import make
from fhir_server.delivery.engine import Engine
from fhir_server.delivery.target import Accepted, Later, Parcel, Refused, Unauthorized
from fhir_server.delivery.transport import Line, expect_allowed
from fhir_server.interactions.write import commit, prepare
from fhir_server.store.ops import Delete

URL = "https://fhir.rsud.example/fhir"
SOURCE = "https://puskesmas.example/fhir"
TABLE = {"name": "rsud", "url": URL, "types": ["Patient", "Observation"], "source": SOURCE}
PUT = Parcel("PUT", "Patient/a", b'{"resourceType":"Patient","id":"a"}')


@pytest.fixture
def server_of(context):
    """Write into our store, and deliver to a target that is only mocked."""

    class Server:
        def __init__(self, **table):
            self.target = make(TABLE | table, context.settings)
            told = targets.notices([self.target])
            self.context = replace(context, notices=told)
            self.engine = Engine(self.context, self.target, threading.Event())

        def write(self, reference, **more):
            kind, name = reference.split("/")
            body = orjson.dumps({"resourceType": kind, "id": name, **more})
            return commit(self.context, [prepare(self.context, body, name)])

        def delete(self, reference):
            commit(self.context, [Delete(*reference.split("/"))])

        def state(self, reference):
            return context.store.dispatches.find("rsud", [reference])[reference]

    return Server


def observation(patient, value="1.00"):
    text = (
        '{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},'
        '"subject":{"reference":"%s"},"valueQuantity":{"value":%s}}'
    )
    return (text % (patient, value)).encode()


def test_a_resource_is_put_under_our_id_as_it_was_written(server_of, requests_mock):
    server = server_of()
    server.write("Patient/a")
    body = observation("Patient/a")
    commit(server.context, [prepare(server.context, body, "o")])
    requests_mock.put(f"{URL}/Patient/a", status_code=201)
    sent = requests_mock.put(f"{URL}/Observation/o", status_code=200)

    server.engine.drain()

    assert b'"value":1.00' in sent.last_request.body
    assert sent.last_request.headers["Content-Type"] == "application/fhir+json"
    assert (server.state("Observation/o").state, server.state("Observation/o").remote) == (
        "accepted",
        "o",
    )


def test_an_identifier_of_ours_finds_it_again_and_holds_no_patient_data(server_of, requests_mock):
    server = server_of(identity="identifier")
    nik = {"system": "https://fhir.kemkes.go.id/id/nik", "value": "9900000000000001"}
    server.write("Patient/a", identifier=[nik])
    body = observation("Patient/a").replace(
        b'"status"', b'"performer":[{"reference":"Practitioner/p"}],"status"'
    )
    commit(server.context, [prepare(server.context, body, "o")])
    there = {"Location": f"{URL}/Patient/77/_history/1"}
    first = requests_mock.put(f"{URL}/Patient", status_code=201, headers=there)
    second = requests_mock.put(
        f"{URL}/Observation", json={"resourceType": "Observation", "id": "88"}
    )

    server.engine.drain()

    patient = first.last_request.json()
    assert first.last_request.qs == {"identifier": [f"{SOURCE}|patient/a".lower()]}
    assert "9900000000000001" not in first.last_request.url
    assert "id" not in patient
    assert patient["identifier"] == [nik, {"system": SOURCE, "value": "Patient/a"}]
    sent = second.last_request.json()
    assert sent["subject"] == {"reference": "Patient/77"}
    assert sent["performer"] == [{"reference": f"{SOURCE}/Practitioner/p"}]
    assert server.state("Observation/o").remote == "88"


def test_what_has_no_place_for_an_identifier_is_refused_with_a_remedy(server_of):
    server = server_of(identity="identifier", types=["Binary"])
    server.write("Binary/b", contentType="text/plain", data="eA==")

    server.engine.drain()

    state = server.state("Binary/b")
    assert (state.state, 'identity = "id"' in state.remedy) == ("refused", True)


def test_only_what_meets_the_criteria_is_sent(server_of, requests_mock):
    server = server_of(types=[], criteria={"Patient": "gender=female"})
    server.write("Patient/a", gender="female")
    server.write("Patient/b", gender="male")
    requests_mock.put(f"{URL}/Patient/a", status_code=201)

    server.engine.drain()

    assert server.state("Patient/a").state == "accepted"
    assert server.state("Patient/b").state == "skipped"
    assert "gender=female" in server.state("Patient/b").reason


RSUD = {"reference": "Organization/rsud"}


def test_what_comes_to_meet_the_criteria_is_sent_then(server_of, requests_mock):
    server = server_of(
        types=[], criteria={"ServiceRequest": "status=active&performer=Organization/rsud"}
    )
    order = {"intent": "order", "subject": {"display": "?"}, "performer": [RSUD]}
    server.write("ServiceRequest/s", status="draft", **order)
    server.engine.drain()
    sent = requests_mock.put(f"{URL}/ServiceRequest/s", status_code=201)
    before = server.state("ServiceRequest/s").state

    server.write("ServiceRequest/s", status="active", **order)
    server.engine.drain()

    assert (before, server.state("ServiceRequest/s").state) == ("skipped", "accepted")
    assert sent.last_request.json()["status"] == "active"


@pytest.mark.parametrize(("deletions", "methods"), [(True, ["PUT", "DELETE"]), (False, ["PUT"])])
def test_deletions_follow_if_the_table_says_so(server_of, requests_mock, deletions, methods):
    server = server_of(deletions=deletions)
    requests_mock.put(f"{URL}/Patient/a", status_code=201)
    requests_mock.delete(f"{URL}/Patient/a", status_code=204)
    server.write("Patient/a")
    server.engine.drain()
    server.delete("Patient/a")

    server.engine.drain()

    assert [each.method for each in requests_mock.request_history] == methods


OUTCOME = {
    "resourceType": "OperationOutcome",
    "issue": [{"severity": "error", "code": "required", "diagnostics": "no name"}],
}


@pytest.mark.parametrize(
    ("answer", "means"),
    [
        ({"status_code": 200, "json": {"id": "a"}}, Accepted("a")),
        ({"status_code": 422, "json": OUTCOME}, Refused("no name", rule="422 required")),
        ({"status_code": 404, "text": "<html>"}, Refused("It answered 404.", rule="404")),
        ({"status_code": 401}, Unauthorized("It answered 401.")),
        ({"status_code": 503, "headers": {"Retry-After": "7"}}, Later("It answered 503.", 7.0)),
        ({"status_code": 429}, Later("It answered 429.")),
        ({"status_code": 502, "text": "<html>"}, Later("It answered 502.", unknown=True)),
        ({"exc": requests.ReadTimeout}, Later("No answer within 30 seconds.", unknown=True)),
        ({"exc": requests.ConnectTimeout}, Later("It could not be connected in time.")),
        (
            {"exc": requests.ConnectionError},
            Later("The connection broke (ConnectionError).", unknown=True),
        ),
    ],
)
def test_what_an_answer_means(settings, requests_mock, answer, means):
    requests_mock.put(f"{URL}/Patient/a", **answer)

    said = make(TABLE, settings).send(PUT, None)

    remedy = {"remedy": said.remedy} if hasattr(said, "remedy") else {}
    assert said == replace(means, **remedy)


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ({"status_code": 404}, None),
        (
            {"json": {"resourceType": "Patient", "id": "a", "meta": {"versionId": "7"}}},
            Accepted("a", adopted=True),
        ),
        ({"json": {"resourceType": "Patient", "id": "a", "active": True}}, None),
        (
            {
                "json": {
                    "resourceType": "Bundle",
                    "entry": [{"resource": {"resourceType": "Patient", "id": "9"}}],
                }
            },
            Accepted("9", adopted=True),
        ),
        ({"json": {"resourceType": "Bundle"}}, None),
        ({"status_code": 503}, Later("It answered 503.")),
    ],
)
def test_whether_it_has_arrived(settings, requests_mock, answer, found):
    requests_mock.get(f"{URL}/Patient/a", **answer)

    assert make(TABLE, settings).find(PUT, None) == found


def test_a_token_is_fetched_kept_and_exchanged_once(settings, requests_mock, monkeypatch):
    monkeypatch.setenv("RSUD_SECRET", "s3cret")
    auth = {
        "kind": "client-credentials",
        "token_url": "https://login.rsud.example/token",
        "client_id": "pkm",
        "client_secret_env": "RSUD_SECRET",
    }
    given = requests_mock.post(
        "https://login.rsud.example/token",
        [{"json": {"access_token": each, "expires_in": 3600}} for each in ("one", "two")],
    )
    sent = requests_mock.put(
        f"{URL}/Patient/a", [{"status_code": each} for each in (201, 401, 201)]
    )
    target = make(TABLE | {"auth": auth}, settings)

    answers = [target.send(PUT, None) for _ in range(2)]

    assert answers == [Accepted("a"), Accepted("a")]
    assert [each.headers["Authorization"] for each in sent.request_history] == [
        "Bearer one",
        "Bearer one",
        "Bearer two",
    ]
    assert given.call_count == 2
    assert "s3cret" not in repr(target._table)


@pytest.mark.parametrize(
    ("status", "kind"), [(401, Unauthorized), (400, Unauthorized), (503, Later)]
)
def test_no_token_no_request(settings, requests_mock, tmp_path, status, kind):
    (tmp_path / "secret").write_text("x\n")
    auth = {
        "kind": "client-credentials",
        "token_url": "https://login.rsud.example/token",
        "client_id": "pkm",
        "client_secret_file": str(tmp_path / "secret"),
    }
    requests_mock.post("https://login.rsud.example/token", status_code=status)

    said = make(TABLE | {"auth": auth}, settings).send(PUT, None)

    assert isinstance(said, kind)
    assert [each.method for each in requests_mock.request_history] == ["POST"]


WRONG = [
    ({"types": []}, "types or criteria"),
    ({"types": ["Pasien"]}, "Pasien"),
    ({"typo": 1}, "typo is no setting"),
    ({"rate": "fast"}, "rate must be a float"),
    ({"url": "http://fhir.rsud.example"}, "must be https"),
    ({"url": "https://a:b@fhir.rsud.example"}, "user or password"),
    ({"url": "ftp://x"}, "no address"),
    ({"identity": "name"}, "identity"),
    ({"identity": "identifier", "source": ""}, "needs source"),
    ({"connections": 0}, "at least 1"),
    ({"auth": {"kind": "magic"}}, "auth.kind"),
    ({"auth": {"kind": "bearer"}}, "token_file or token_env"),
    ({"auth": {"kind": "bearer", "token": "x"}}, "token_file or token_env"),
    ({"auth": {"kind": "bearer", "token_file": "/nowhere"}}, "cannot be read"),
]


@pytest.mark.parametrize(("more", "says"), WRONG, ids=[says for _, says in WRONG])
def test_a_table_that_cannot_be_says_why(settings, more, says):
    with pytest.raises(ValueError, match=says):
        make(TABLE | more, settings)


FILES = [
    ("[[target]]\nname='a'\nkind='x'\n", "kind must be one of"),
    ("[[target]]\nname='umpan'\nkind='fhir'\n", "name must be"),
    ("[[target]]\nname='A b'\nkind='fhir'\n", "name must be"),
    ("[target]\nname='a'\n", r"must consist of \[\[target\]\]"),
    ("[[target]\n", "cannot be read"),
    ("[[target]]\nname='a'\nkind='fhir'\nurl='https://x.example'\n", "types or criteria"),
    ("[[target]]\nname='a'\nkind='fhir'\nurl='https://x.example'\ntypes=['Patient']\n" * 2, "two"),
]


@pytest.mark.parametrize(("text", "says"), FILES, ids=[says for _, says in FILES])
def test_a_file_that_cannot_be_says_why(settings, tmp_path, text, says):
    path = tmp_path / "targets.toml"
    path.write_text(text)

    with pytest.raises(ValueError, match=says):
        targets.load(replace(settings, targets=str(path)))


def test_a_file_of_targets_is_read(settings, tmp_path):
    path = tmp_path / "targets.toml"
    path.write_text(
        "[[target]]\nname='rsud'\nkind='fhir'\nurl='https://fhir.rsud.example/fhir'\n"
        "types=['Patient']\nrate=5\nconnections=2\n"
    )

    (target,) = targets.load(replace(settings, targets=str(path)))

    assert (target.name, target.pace.rate, target.pace.connections) == ("rsud", 5.0, 2)
    assert target.wants({"resourceType": "Patient"})
    assert not target.wants({"resourceType": "Task"})


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("169.254.169.254", False),
        ("::1", False),
        ("::ffff:127.0.0.1", False),
        ("fe80::1%eth0", False),
        ("64:ff9b::7f00:1", False),
        ("2001:4860:4860::8888", True),
    ],
)
def test_which_addresses_are_public(address, public):
    assert is_public(address) is public


def test_a_private_address_is_not_spoken_to_unless_the_operator_names_it(free_tcp_server):
    refused = Line(f"https://localhost:{free_tcp_server.port}").ask("GET", "metadata")

    assert "FHIR_TARGET_HOSTS" in refused.reason
    assert free_tcp_server.received == []
    with pytest.raises(ValueError, match="must be https"):
        expect_allowed("http://localhost/fhir", "")
    assert expect_allowed("http://localhost:8080/fhir", "localhost:8080")


@pytest.fixture
def free_tcp_server():
    """A server that notes what it is sent."""
    import socketserver  # noqa: PLC0415 - only here

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            said = self.request.recv(1000)
            if said:
                self.server.received.append(said)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.received = []
        server.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
