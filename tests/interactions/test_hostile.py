"""What nobody who means well would send."""

import pytest

from tests.support.fhir import bundle, entry, patient


@pytest.mark.parametrize(
    "url",
    [
        "Patient?_id[$ne]=x",
        'Patient?identifier={"$gt":""}',
        "Patient?name=%00",
        "Patient?name=%FF%FE",
        "Patient?name=" + "a" * 10_000,
        "Patient?" + "&".join(f"name={n}" for n in range(300)),
        "Patient?identifier=" + ",".join(map(str, range(2000))),
        "Patient?_count=99999999999999999999",
        "Patient?_sort=" + ",".join(["name"] * 100),
        "Patient?_page=" + "A" * 10_000,
        "Patient?_page=é",
        "Patient?=&&&=;",
        "Patient?$where=1",
        "Patient?_elements=$raw,__proto__",
        "Patient/x/_history?_since=9999-12-31T23:59:59.999Z&_count=0",
        "Patient/x/_history?_at=0001-01-01",
    ],
)
def test_a_hostile_query_is_answered_or_refused(ask, url):
    ask("PUT", "Patient/x", patient(id="x"))

    said = ask("GET", url)

    assert said.status in {200, 400, 404}


@pytest.mark.parametrize("header", ["if_match", "if_none_match", "if_modified_since", "prefer"])
@pytest.mark.parametrize(
    "value", ["", "\x00", 'W/"' + "9" * 400 + '"', "é", ",,,;;;==", "*" * 9999]
)
def test_a_hostile_header_is_answered_or_refused(ask, header, value):
    ask("PUT", "Patient/x", patient(id="x"))

    for method, body in [("GET", b""), ("PUT", patient(id="x"))]:
        said = ask(method, "Patient/x", body, **{header: value})

        assert said.status in {200, 304, 400, 412}


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/",
        "//",
        "../Patient",
        "Patient/../x",
        "http://x/Patient",
        "Patient/x?y",
        "?",
        "#",
        "\x00",
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE", "PATCH", "HEAD", "TRACE", ""])
def test_a_hostile_entry_harms_no_other(ask, method, url):
    good = entry("PUT", "Patient/good", patient(id="good"))
    bad = entry(method, url, patient(id="x") if method in {"PUT", "POST"} else None)

    batch = ask("POST", "", bundle("batch", good, bad))
    transaction = ask(
        "POST", "", bundle("transaction", good | {"request": dict(good["request"])}, bad)
    )

    assert batch.status in {200, 422}
    if batch.status == 200:
        assert batch.entries[0]["response"]["status"] == "201 Created"
        assert int(batch.entries[1]["response"]["status"][:3]) < 500
    assert transaction.status < 500


def test_references_in_circles_are_resolved(ask, transact):
    def link(target):
        return patient(link=[{"type": "seealso", "other": {"reference": target}}])

    a, b = (
        "urn:uuid:00000000-0000-4000-8000-00000000000a",
        "urn:uuid:00000000-0000-4000-8000-00000000000b",
    )

    said = transact(
        entry("POST", "Patient", link(b), a),
        entry("POST", "Patient", link(a), b),
        entry("POST", "Patient", link("urn:uuid:00000000-0000-4000-8000-00000000000c"), None),
    )

    where = [each["response"]["location"].partition("/_history")[0] for each in said.entries]
    links = [ask("GET", each).json["link"][0]["other"]["reference"] for each in where]
    assert links[:2] == [where[1], where[0]]
    assert links[2].startswith("urn:uuid:")


def test_an_answer_shows_nothing_of_other_patients(ask):
    ask("PUT", "Patient/a", patient(id="a", identifier=[{"value": "3171234567890001"}]))
    ask("PUT", "Patient/b", patient(id="b", identifier=[{"value": "3171234567890001"}]))

    said = ask("POST", "Patient", patient(), if_none_exist="identifier=3171234567890001")

    assert said.status == 412
    assert "3171234567890001" not in said.issues[0].diagnostics
