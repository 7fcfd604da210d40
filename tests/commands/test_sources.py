import gzip
import json

import pytest

from fhir_server.commands import sources
from fhir_server.commands.sources import Chunk, Source, Unreadable


def write(path, *resources):
    lines = [r if isinstance(r, str) else json.dumps(r) for r in resources]
    path.write_text("\n".join(lines), "utf-8")
    return path


def bundle(kind, *entries):
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def patient(**elements):
    return {"resourceType": "Patient", **elements}


def requests_of(chunk):
    return [(e.request["method"], e.request["url"]) for e in chunk.entries]


def read(chunk):
    return json.loads(chunk.bundle("batch"))["entry"]


def test_lines_become_puts_that_keep_their_ids(tmp_path):
    path = write(tmp_path / "p.ndjson", patient(id="a"), "", patient(id="b"))

    (chunk,) = sources.chunks(path)

    assert requests_of(chunk) == [("PUT", "Patient/a"), ("PUT", "Patient/b")]
    assert chunk.places == ["line 1", "line 3"]


def test_a_line_without_id_always_gets_the_same_one(tmp_path):
    path = write(tmp_path / "p.ndjson", patient(gender="male"))

    (first,), (again,) = sources.chunks(path), sources.chunks(path)

    assert requests_of(first) == requests_of(again)
    entry = read(first)[0]
    assert entry["request"]["url"] == f"Patient/{entry['resource']['id']}"


def test_a_line_that_is_no_resource_is_reported_and_the_others_are_read(tmp_path):
    path = write(tmp_path / "p.ndjson", patient(id="a"), "{no json", '{"a": 1}', patient(id="b"))

    found = list(sources.chunks(path))

    assert [str(each)[:7] for each in found if isinstance(each, Unreadable)] == [
        "line 2:",
        "line 3:",
    ]
    assert [len(each.entries) for each in found if isinstance(each, Chunk)] == [2]


def test_many_lines_come_in_chunks(tmp_path):
    lines = [patient(id=f"p{n}") for n in range(sources.CHUNK + 1)]

    found = list(sources.chunks(write(tmp_path / "p.ndjson", *lines)))

    assert [(c.number, len(c.entries)) for c in found] == [(0, sources.CHUNK), (1, 1)]


def test_gzip_is_read(tmp_path):
    path = tmp_path / "p.ndjson.gz"
    path.write_bytes(gzip.compress(json.dumps(patient(id="a")).encode()))

    (chunk,) = sources.chunks(path)

    assert requests_of(chunk) == [("PUT", "Patient/a")]


def test_a_transaction_stays_whole_and_keeps_the_ids_of_its_urns(tmp_path):
    entries = [
        {
            "fullUrl": f"urn:uuid:00000000-0000-4000-8000-{n:012}",
            "resource": patient(gender="male"),
            "request": {"method": "POST", "url": "Patient"},
        }
        for n in range(sources.CHUNK + 1)
    ]

    (chunk,) = sources.chunks(write(tmp_path / "t.json", bundle("transaction", *entries)))

    assert chunk.whole
    assert len(chunk.entries) == sources.CHUNK + 1
    assert requests_of(chunk)[0] == ("PUT", "Patient/00000000-0000-4000-8000-000000000000")


@pytest.mark.parametrize(
    "request_",
    [
        {"method": "POST", "url": "Patient", "ifNoneExist": "identifier=x|1"},
        {"method": "PUT", "url": "Patient/z"},
        {"method": "DELETE", "url": "Patient/z"},
    ],
)
def test_other_requests_stay_as_they_are(tmp_path, request_):
    entry = {"resource": patient(id="a"), "request": request_}

    (chunk,) = sources.chunks(write(tmp_path / "b.json", bundle("batch", entry)))

    assert read(chunk)[0]["request"] == request_


def test_a_search_result_gives_its_resources_but_not_its_outcome(tmp_path):
    found = [
        {"fullUrl": "https://x.example/fhir/Patient/a", "resource": patient(id="a")},
        {"resource": {"resourceType": "OperationOutcome", "issue": []}},
    ]

    (chunk,) = sources.chunks(write(tmp_path / "s.json", bundle("searchset", *found)))

    assert requests_of(chunk) == [("PUT", "Patient/a")]
    assert not chunk.whole


def test_a_document_is_stored_as_the_bundle_it_is(tmp_path):
    document = {**bundle("document", {"resource": patient(id="a")}), "id": "d"}

    (chunk,) = sources.chunks(write(tmp_path / "d.json", document))

    assert requests_of(chunk) == [("PUT", "Bundle/d")]


def test_numbers_are_not_touched(tmp_path):
    line = '{"resourceType":"Observation","id":"o","valueQuantity":{"value":1.00}}'

    (chunk,) = sources.chunks(write(tmp_path / "o.ndjson", line))

    assert b'"value":1.00' in chunk.bundle("transaction")


@pytest.mark.parametrize("content", ["", "[1]", "{", '{"resourceType": "Bundle", "entry": 1}'])
def test_a_file_that_is_no_json_of_fhir_is_reported(tmp_path, content):
    (found,) = sources.chunks(write(tmp_path / "x.json", content))

    assert isinstance(found, Unreadable)


def test_files_come_after_those_they_search_in(tmp_path):
    reference = {"reference": "Practitioner?identifier=x|1"}
    visit = {"resourceType": "Encounter", "id": "e", "participant": [{"individual": reference}]}
    files = [
        write(tmp_path / "1.json", bundle("transaction", {"resource": visit})),
        write(tmp_path / "2.json", {"resourceType": "Practitioner", "id": "p"}),
    ]

    groups = sources.in_order([sources.survey(path) for path in files])

    assert [[s.path.name for s in group] for group in groups] == [["2.json"], ["1.json"]]


def test_files_that_search_in_one_another_come_together(tmp_path):
    one = Source(tmp_path / "1", needs={"B"}, offers={"A"})
    two = Source(tmp_path / "2", needs={"A"}, offers={"B"})

    assert sources.in_order([one, two]) == [[one, two]]
