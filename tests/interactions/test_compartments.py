"""Searches over several types, and within a compartment."""

import pytest

from tests.support.fhir import BASE, bundle, entry, patient


def observation(who, code="x", **elements):
    subject = {"subject": {"reference": f"Patient/{who}"}} if who else {}
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"code": code}]},
        **subject,
        **elements,
    }


@pytest.fixture
def two(ask):
    """Two patients; rose has two observations, one as its performer, and a visit."""
    for each in ("rose", "ida"):
        ask("PUT", f"Patient/{each}", patient(id=each))
    visit = {"resourceType": "Encounter", "status": "planned", "class": {"code": "AMB"}}
    ask("PUT", "Encounter/v", visit | {"id": "v", "subject": {"reference": "Patient/rose"}})
    ask("PUT", "Observation/a", observation("rose", id="a", encounter={"reference": "Encounter/v"}))
    ask(
        "PUT",
        "Observation/b",
        observation("ida", id="b", performer=[{"reference": "Patient/rose"}]),
    )
    ask("PUT", "Observation/c", observation("ida", "y", id="c"))
    ask("PUT", "Observation/d", observation(None, id="d"))


def found(said):
    assert said.status == 200, said.issues
    return sorted(each["fullUrl"].removeprefix(f"{BASE}/") for each in said.entries)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("Patient/rose/Observation", ["Observation/a", "Observation/b"]),
        ("Patient/ida/Observation?code=y", ["Observation/c"]),
        ("Patient/rose/Observation?code=y", []),
        ("Patient/nobody/Observation", []),
        ("Patient/rose/*", ["Encounter/v", "Observation/a", "Observation/b", "Patient/rose"]),
        ("Patient/rose/*?_type=Observation", ["Observation/a", "Observation/b"]),
        ("Encounter/v/Observation", ["Observation/a"]),
        ("?_type=Patient,Encounter", ["Encounter/v", "Patient/ida", "Patient/rose"]),
        ("?_type=Observation&code=y", ["Observation/c"]),
    ],
)
@pytest.mark.usefixtures("two")
def test_what_is_found(ask, url, expected):
    assert found(ask("GET", url)) == expected
    path, _, query = url.partition("?")
    posted = ask("POST", f"{path}/_search".removeprefix("/"), query.encode())
    assert found(posted) == expected


@pytest.mark.parametrize(
    "start", ["Patient/rose/*?_count=1", "?_type=Patient,Observation&_count=2"]
)
@pytest.mark.usefixtures("two")
def test_pages_follow_one_another(ask, start):
    whole = found(ask("GET", start.partition("_count")[0] + "_count=100"))
    seen, url = [], start
    while url:
        said = ask("GET", url)
        seen += found(said)
        url = said.links.get("next")

    assert sorted(seen) == whole


@pytest.mark.usefixtures("two")
def test_a_page_of_one_compartment_leads_into_no_other(ask):
    token = ask("GET", "Patient/rose/*?_count=1").links["next"].partition("?")[2]

    for url in ("Patient/ida/*", "Patient/rose/Observation", "", "Patient"):
        assert ask("GET", f"{url}?{token}").status == 400


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("Patient/rose/Observatio", 404),
        ("Observation/a/Patient", 404),
        ("Patient/rose/Organization", 400),
        ("Patient/rose/Observation?code:oops=x", 400),
        ("Patient/rose/Observation/x", 404),
        ("?_type=Nothing", 400),
        ("?_type=Patient&code=x", 400),
    ],
)
def test_what_is_no_compartment_is_refused(ask, url, status):
    said = ask("GET", url, prefer="handling=strict")

    assert said.status == status
    assert said.issues[0].diagnostics


@pytest.mark.usefixtures("two")
def test_bundles_may_ask_compartments_and_several_types(ask):
    asked = [entry("GET", "Patient/rose/Observation"), entry("GET", "?_type=Patient")]

    for kind in ("batch", "transaction"):
        said = ask("POST", "", bundle(kind, *asked))
        assert [each["resource"]["total"] for each in said.entries] == [2, 2]


@pytest.mark.usefixtures("two")
def test_nothing_else_may_be_done_to_a_compartment(ask):
    for method in ("PUT", "DELETE", "PATCH", "POST"):
        assert ask(method, "Patient/rose/Observation", observation("rose")).status == 405
