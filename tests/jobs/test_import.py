"""$import: every line through the road of every write, and a report that names it."""

import base64
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import orjson
import pytest

from fhir_server.jobs import importing


def ndjson(*resources):
    return b"".join(
        (each if isinstance(each, bytes) else orjson.dumps(each)) + b"\n" for each in resources
    )


def patient(identity=None, **elements):
    named = {"id": identity} if identity else {}
    return {"resourceType": "Patient", **named, **elements}


def binary(data):
    return {
        "resourceType": "Binary",
        "contentType": "application/fhir+ndjson",
        "data": base64.b64encode(data).decode(),
    }


def sent(data, kind=None):
    parts = [{"name": "resource", "resource": binary(data)}]
    return {"name": "input", "part": [*parts, *_typed(kind)]}


def fetched(url, kind=None):
    return {"name": "input", "part": [{"name": "url", "valueUri": url}, *_typed(kind)]}


def _typed(kind):
    return [{"name": "type", "valueCode": kind}] if kind else []


def parameters(*inputs):
    return {"resourceType": "Parameters", "parameter": list(inputs)}


def says(outcome):
    return outcome["issue"][0]["diagnostics"]


def test_lines_are_stored_and_reported(client):
    manifest = client.done(
        "$import", parameters(sent(ndjson(patient("ani"), patient("budi", gender="male"))))
    )

    assert client("GET", "Patient/budi").json["gender"] == "male"
    assert [says(each) for each in client.lines(manifest)] == [
        "Line 1: Patient/ani is stored as version 1.",
        "Line 2: Patient/budi is stored as version 1.",
    ]
    assert manifest["output"][0]["type"] == "OperationOutcome"
    assert manifest["output"][0]["inputUrl"] == "input 1"
    assert manifest["error"] == []


def test_a_bad_line_harms_no_other(client):
    data = ndjson(
        patient("ani"),
        b'{"resourceType": "Patient", ',
        patient("salah", gender="perempuan"),
        b"",
        {"resourceType": "Pasien", "id": "x"},
        patient("citra"),
    )

    manifest = client.done("$import", parameters(sent(data)))

    bad = [says(each) for each in client.lines(manifest, "error")]
    assert [each.split(":")[0] for each in bad] == ["Line 2", "Line 3", "Line 5"]
    assert [client("GET", f"Patient/{each}").status for each in ("ani", "salah", "citra")] == [
        200,
        404,
        200,
    ]


def test_the_same_resource_twice_is_two_versions_in_their_order(client):
    data = ndjson(patient("ani", active=False), patient("ani", active=True))

    client.done("$import", parameters(sent(data)))

    ani = client("GET", "Patient/ani").json
    assert (ani["meta"]["versionId"], ani["active"]) == ("2", True)


def test_the_type_of_an_input_is_held_against_its_lines(client):
    data = ndjson(patient("ani"), {"resourceType": "Organization", "id": "x", "name": "X"})

    manifest = client.done("$import", parameters(sent(data, "Patient")))

    (refused,) = client.lines(manifest, "error")
    assert "Organization" in says(refused)
    assert client("GET", "Organization/x").status == 404


def test_a_stored_binary_is_an_input(client):
    made = client("POST", "Binary", binary(ndjson(patient("ani"))))
    reference = "/".join(made.headers["Location"].split("/")[-4:-2])

    manifest = client.done("$import", parameters(fetched(reference)))

    assert manifest["output"][0]["inputUrl"] == reference
    assert client("GET", "Patient/ani").status == 200


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_killed_between_it_goes_on_and_stores_nothing_twice(client, monkeypatch, steps):
    monkeypatch.setattr(importing, "AT_ONCE", 4)
    data = ndjson(*(patient() for _ in range(6)), *(patient(f"p{n}") for n in range(6)))
    where = client.asked("$import", parameters(sent(data)))
    keep, left = importing._keep, [steps]

    class Killed(BaseException):
        pass

    def killed(*given):
        left[0] -= 1
        if left[0] == 0:
            raise Killed
        keep(*given)

    monkeypatch.setattr(importing, "_keep", killed)
    monkeypatch.setattr(importing, "LEASE_SECONDS", 0)
    job = client.context.store.jobs.claim(["import"], seconds=0)
    with pytest.raises(Killed):
        importing.run(client.context, job)
    monkeypatch.setattr(importing, "_keep", keep)
    client.work()

    said = [says(each) for each in client.lines(client("GET", where).json)]
    assert [each.split(":")[0] for each in said] == [f"Line {n}" for n in range(1, 13)]
    assert client("GET", "Patient?_summary=count").json["total"] == 12
    assert client("GET", "Patient/_history?_count=100").json["entry"].__len__() == 12


class Files(BaseHTTPRequestHandler):
    """Serves a few paths, one of them a redirect."""

    def do_GET(self):
        """Answer by path."""
        if self.path == "/moved.ndjson":
            self.send_response(302)
            self.send_header("Location", "/Patient.ndjson")
            self.end_headers()
            return
        found = self.path == "/Patient.ndjson"
        self.send_response(200 if found else 404)
        self.end_headers()
        if found:
            self.wfile.write(ndjson(*(patient(f"u{n}") for n in range(250))))

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def host():
    with ThreadingHTTPServer(("127.0.0.1", 0), Files) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def test_files_of_an_allowed_host_are_fetched(limited, host):
    client = limited(import_hosts=f"files.example, {host}")

    manifest = client.done("$import", parameters(fetched(f"http://{host}/Patient.ndjson")))

    assert len(client.lines(manifest)) == 250
    assert client("GET", "Patient/u249").status == 200


@pytest.mark.parametrize("path", ["moved.ndjson", "none.ndjson"])
def test_what_cannot_be_fetched_is_in_the_report(limited, host, path):
    client = limited(import_hosts=host)

    manifest = client.done("$import", parameters(fetched(f"http://{host}/{path}")))

    (refused,) = client.lines(manifest, "error")
    assert "not 200" in says(refused)
    assert manifest["error"][0]["inputUrl"] == f"http://{host}/{path}"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:27017/x",
        "https://files.example:8443/x",
        "http://files.example/x",
        "https://files.example@evil.example/x",
        "https://user@files.example/x",
        "file:///etc/passwd",
        "ftp://files.example/x",
        "http://[::1/x",
        "//files.example/x",
    ],
)
def test_nothing_else_is_ever_asked(limited, url):
    client = limited(import_hosts="files.example:443")

    said = client("POST", "$import", parameters(fetched(url)), prefer="respond-async")

    assert said.status == 400
    assert client.context.store.jobs.claim(["import"]) is None


@pytest.mark.parametrize(
    ("given", "word"),
    [
        (parameters(), "input"),
        (parameters({"name": "input", "part": _typed("Patient")}), "url or resource"),
        (parameters(fetched("Binary/none")), "Binary/none"),
        (parameters(sent(b"", "Pasien")), "Pasien"),
        (
            parameters({"name": "inputFormat", "valueString": "csv"}, sent(ndjson(patient("a")))),
            "ndjson",
        ),
    ],
)
def test_what_is_wrong_is_said_at_once(client, given, word):
    said = client("POST", "$import", given, prefer="respond-async")

    assert said.status in {400, 404}
    assert word in said.issues[0].diagnostics


def test_without_respond_async_nothing_begins(client):
    said = client("POST", "$import", parameters(sent(ndjson(patient("ani")))))

    assert said.status == 400
    assert client.context.store.jobs.claim(["import"]) is None


def test_what_was_exported_can_be_imported(client, limited):
    for number in range(5):
        client.put(patient(f"p{number}", active=True))
    exported = client("GET", client.done("$export?_type=Patient")["output"][0]["url"]).raw
    for number in range(5):
        client.delete(f"Patient/p{number}")

    manifest = limited().done("$import", parameters(sent(exported, "Patient")))

    assert len(client.lines(manifest)) == 5
    assert client("GET", "Patient?_summary=count").json["total"] == 5
