from urllib.parse import urlencode

import pytest

from tests.support.fhir import BASE, patient

NIK = "https://fhir.kemkes.go.id/id/nik"


@pytest.fixture
def family(ask):
    for number, name in enumerate(["Ani", "Budi", "Citra", "Dewi", "Eka"]):
        ask(
            "PUT",
            f"Patient/{name.lower()}",
            patient(
                id=name.lower(),
                identifier=[{"system": NIK, "value": f"317{number}"}],
                name=[{"given": [name]}],
                gender="male" if name == "Budi" else "female",
                birthDate=f"199{number}-01-01",
            ),
        )


def ids(said):
    return [each["resource"]["id"] for each in said.entries if each["search"]["mode"] == "match"]


@pytest.mark.usefixtures("family")
def test_a_search_gives_a_searchset(ask):
    said = ask("GET", "Patient?gender=male")

    (found,) = said.entries
    assert (said.status, said.json["type"]) == (200, "searchset")
    assert found["fullUrl"] == f"{BASE}/Patient/budi"
    assert found["search"] == {"mode": "match"}
    assert found["resource"] == ask("GET", "Patient/budi").json
    assert said.links == {"self": f"{BASE}/Patient?gender=male"}


@pytest.mark.usefixtures("family")
def test_the_form_asks_what_the_url_asks(ask):
    form = urlencode({"gender": "male", "birthdate": "ge1991-01-01"}).encode()

    said = ask("POST", "Patient/_search", form)

    assert ids(said) == ids(ask("GET", "Patient?gender=male")) == ["budi"]


@pytest.mark.usefixtures("family")
def test_the_form_and_the_url_ask_together(ask):
    assert ids(ask("POST", "Patient/_search?gender=female", b"birthdate=1990-01-01")) == ["ani"]


def test_nothing_found_is_a_bundle_without_entries(ask):
    said = ask("GET", "Patient?gender=other")

    assert said.status == 200
    assert "entry" not in said.json
    assert said.json["total"] == 0


@pytest.mark.usefixtures("family")
def test_pages_miss_nothing_repeat_nothing_and_keep_the_order(ask):
    url, found = "Patient?_count=2&_sort=-birthdate", []
    while url:
        said = ask("GET", url)
        found += ids(said)
        url = said.links.get("next")

    assert found == ["eka", "dewi", "citra", "budi", "ani"]


@pytest.mark.usefixtures("family")
def test_no_page_link_shows_a_criterion(ask):
    said = ask("GET", f"Patient?_count=1&identifier={NIK}|3170,{NIK}|3171")

    assert "317" not in said.links["next"]
    assert "nik" not in said.links["next"]


@pytest.mark.usefixtures("family")
def test_a_page_link_that_was_changed_is_refused(ask):
    link = ask("GET", "Patient?_count=1").links["next"]

    assert ask("GET", link[:-2] + "xx").status == 400
    assert ask("GET", link.replace("Patient?", "Basic?")).status == 400


@pytest.mark.usefixtures("family")
@pytest.mark.parametrize("query", ["_summary=count", "_count=0"])
def test_only_the_count_can_be_asked(ask, query):
    said = ask("GET", f"Patient?gender=female&{query}")

    assert said.json["total"] == 4
    assert "entry" not in said.json
    assert "next" not in said.links


@pytest.mark.usefixtures("family")
def test_a_total_is_given_when_it_is_asked_for_or_known(ask):
    assert ask("GET", "Patient?_count=2&_total=accurate").json["total"] == 5
    assert "total" not in ask("GET", "Patient?_count=2").json


@pytest.mark.usefixtures("family")
def test_elements_narrow_the_resource_and_say_so(ask):
    (found,) = ask("GET", "Patient?_id=ani&_elements=birthDate,meta").entries

    resource = found["resource"]
    assert resource.keys() == {"resourceType", "id", "meta", "birthDate"}
    assert resource["meta"]["versionId"] == "1"
    assert resource["meta"]["tag"][-1]["code"] == "SUBSETTED"


def test_elements_keep_what_is_required_and_choices_by_their_stem(ask):
    ask(
        "PUT",
        "Observation/o",
        {
            "resourceType": "Observation",
            "id": "o",
            "meta": {"tag": [{"code": "a"}]},
            "status": "final",
            "_status": {"id": "s"},
            "code": {"text": "x"},
            "valueQuantity": {"value": 1},
            "note": [{"text": "y"}],
        },
    )

    (found,) = ask("GET", "Observation?_elements=value").entries

    assert found["resource"].keys() == {
        "resourceType",
        "id",
        "meta",
        "status",
        "_status",
        "code",
        "valueQuantity",
    }
    assert [tag["code"] for tag in found["resource"]["meta"]["tag"]] == ["a", "SUBSETTED"]


@pytest.mark.parametrize(
    ("summary", "kept"),
    [
        ("true", {"resourceType", "id", "meta", "active"}),
        ("text", {"resourceType", "id", "meta", "text"}),
        ("data", {"resourceType", "id", "meta", "active", "photo"}),
        ("false", {"resourceType", "id", "meta", "active", "photo", "text"}),
    ],
)
def test_a_summary_is_part_of_the_resource(ask, summary, kept):
    div = '<div xmlns="http://www.w3.org/1999/xhtml">a</div>'
    whole = patient(
        id="p", text={"status": "generated", "div": div}, active=True, photo=[{"title": "x"}]
    )
    ask("PUT", "Patient/p", whole)

    (found,) = ask("GET", f"Patient?_summary={summary}").entries

    assert found["resource"].keys() == kept
    assert ("tag" in found["resource"]["meta"]) is (summary != "false")


@pytest.mark.usefixtures("family")
def test_an_unknown_parameter_is_ignored_and_reported(ask):
    said = ask("GET", "Patient?gender=male&gendre=female")

    (issue,) = said.entries[-1]["resource"]["issue"]
    assert ids(said) == ["budi"]
    assert said.entries[-1]["search"]["mode"] == "outcome"
    assert (issue["severity"], issue["code"]) == ("warning", "not-supported")
    assert "gender" in issue["diagnostics"]
    assert said.links["self"] == f"{BASE}/Patient?gender=male"


@pytest.mark.usefixtures("family")
def test_an_unknown_parameter_is_refused_under_strict_handling(ask):
    said = ask("GET", "Patient?gendre=female", prefer="handling=strict")

    assert said.status == 400
    assert "gender" in said.issues[0].diagnostics


def test_included_resources_come_after_the_matches(ask):
    ask("PUT", "Organization/o", {"resourceType": "Organization", "id": "o", "name": "Puskesmas"})
    ask("PUT", "Patient/p", patient(id="p", managingOrganization={"reference": "Organization/o"}))

    said = ask("GET", "Patient?_include=Patient:organization")

    assert [(e["fullUrl"], e["search"]["mode"]) for e in said.entries] == [
        (f"{BASE}/Patient/p", "match"),
        (f"{BASE}/Organization/o", "include"),
    ]


@pytest.mark.parametrize(
    "method_url", [("GET", ""), ("POST", "_search"), ("GET", "?_type=Patient")]
)
def test_a_search_over_all_types_is_answered(ask, method_url):
    ask("PUT", "Patient/p", patient(id="p"))

    said = ask(*method_url)

    assert [each["fullUrl"] for each in said.entries] == [f"{BASE}/Patient/p"]
