import pytest

from tests.support.fhir import patient


@pytest.fixture
def stored(ask):
    return ask("PUT", "Patient/p", patient(id="p", active=True))


@pytest.mark.usefixtures("stored")
def test_a_read_gives_the_current_version(ask):
    ask("PUT", "Patient/p", patient(id="p", active=False))

    said = ask("GET", "Patient/p")

    assert said.status == 200
    assert said.json["active"] is False
    assert said.headers["ETag"] == 'W/"2"'
    assert said.headers["Last-Modified"].endswith(" GMT")


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("where", ["Patient/p", "Patient/p/_history/1"])
@pytest.mark.parametrize("asked", ["_elements=gender", "_summary=text"])
def test_a_part_can_be_read(ask, where, asked):
    said = ask("GET", f"{where}?{asked}")

    assert said.status == 200
    assert "active" not in said.json
    assert said.json["meta"]["tag"][0]["code"] == "SUBSETTED"


@pytest.mark.usefixtures("stored")
def test_a_part_that_there_is_not_is_refused(ask):
    assert "active" in ask("GET", "Patient/p?_summary=false").json
    assert ask("GET", "Patient/p?_summary=half").status == 400


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("url", ["Patient/q", "Patient/q/_history/1", "Patient/p/_history/2"])
def test_what_never_was_is_not_found(ask, url):
    assert ask("GET", url).status == 404


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("version", ["0", "-1", "x", "1.0", "٣", "9" * 40])
def test_a_version_that_is_no_number_is_not_found(ask, version):
    assert ask("GET", f"Patient/p/_history/{version}").status == 404


def test_an_unknown_type_is_not_found(ask):
    said = ask("GET", "Patien/p")

    assert said.status == 404
    assert "Did you mean Patient" in said.issues[0].diagnostics


def test_a_deleted_resource_is_gone_and_its_versions_are_not(ask, stored):
    ask("DELETE", "Patient/p")

    assert ask("GET", "Patient/p").status == 410
    assert ask("GET", "Patient/p/_history/2").status == 410
    assert ask("GET", "Patient/p/_history/1").raw == stored.raw


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("if_none_match", 'W/"1"', 304),
        ("if_none_match", '"1"', 304),
        ("if_none_match", "*", 304),
        ("if_none_match", 'W/"7", W/"1"', 304),
        ("if_none_match", 'W/"2"', 200),
        ("if_none_match", "W/1", 200),
        ("if_modified_since", "Fri, 01 Jan 2100 00:00:00 GMT", 304),
        ("if_modified_since", "Sat, 01 Jan 2000 00:00:00 GMT", 200),
        ("if_modified_since", "yesterday", 200),
    ],
)
def test_a_conditional_read_saves_the_body(ask, header, value, status):
    said = ask("GET", "Patient/p", **{header: value})

    assert said.status == status
    assert said.headers["ETag"] == 'W/"1"'
    assert bool(said.raw) is (status == 200)


def test_what_last_modified_says_counts_as_unmodified(ask, stored):
    said = ask("GET", "Patient/p", if_modified_since=stored.headers["Last-Modified"])

    assert said.status == 304


@pytest.mark.usefixtures("stored")
def test_the_etag_goes_before_the_date(ask):
    later = "Fri, 01 Jan 2100 00:00:00 GMT"

    said = ask("GET", "Patient/p", if_none_match='W/"2"', if_modified_since=later)

    assert said.status == 200


@pytest.mark.parametrize("resource_id", ["$where", "a b", "..", "x" * 5000, "a\x00b", "é"])
def test_a_strange_id_is_not_found(ask, resource_id):
    assert ask("GET", f"Patient/{resource_id}").status == 404
