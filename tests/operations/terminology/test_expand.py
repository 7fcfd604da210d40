"""$expand: by example, and by what strangers may send."""

from tests.operations.terminology.invented import (
    ANIMALS,
    HEWAN,
    NOWHERE,
    PETS,
    codes_of,
    filtered,
    value_set,
)

ALL = ["animal", "cat", "persian", "hen", "dodo", "toy"]


def test_the_value_set_itself_may_be_the_body(animals):
    said = animals.fhir("POST", "ValueSet/$expand", value_set(filtered("is-a", "cat")))

    assert codes_of(said.json) == ["cat", "persian", "toy"]


def test_a_stored_value_set_takes_part_at_once_and_as_it_is_now(animals):
    animals.fhir.kept("ValueSet/pets", value_set(filtered("is-a", "cat"), id="pets"))
    assert animals.codes(url=PETS) == ["cat", "persian", "toy"]

    animals.fhir.kept("ValueSet/pets", value_set(filtered("=", "hen", "code"), id="pets"))
    assert animals.codes(url=PETS) == ["hen"]
    assert animals.codes("ValueSet/pets/$expand") == ["hen"]

    animals.fhir("DELETE", "ValueSet/pets")
    assert animals.fhir("GET", f"ValueSet/$expand?url={PETS}").status == 404
    assert animals.fhir("GET", "ValueSet/pets/$expand").status == 410
    assert animals.fhir("GET", "ValueSet/never/$expand").status == 404


def test_value_sets_are_found_by_their_version(animals):
    for version, code in (("1", "cat"), ("2", "hen")):
        one = value_set({"system": ANIMALS, "concept": [{"code": code}]}, id=f"v{version}")
        animals.fhir.kept(f"ValueSet/v{version}", one | {"version": version})

    assert animals.codes(url=PETS, valueSetVersion="1") == ["cat"]
    assert animals.codes(url=f"{PETS}|2") == ["hen"]
    assert animals.codes(url=PETS) == ["hen"]
    assert animals.fhir("GET", f"ValueSet/$expand?url={PETS}%7C3").status == 404


def test_imports_are_common_to_all_that_one_include_names(animals):
    urls = [f"{PETS}-{n}" for n in "abc"]
    parts = [filtered("is-a", "cat"), filtered("regex", "t.*", "code")]
    for n, part in zip("ab", parts, strict=True):
        animals.fhir.kept(f"ValueSet/{n}", value_set(part, url=f"{PETS}-{n}", id=n))
    together = value_set({"valueSet": urls[:2]}, url=urls[2], id="c")
    animals.fhir.kept("ValueSet/c", together)

    assert animals.codes(url=urls[2]) == ["toy"]
    either = value_set({"valueSet": urls[:1]}, {"valueSet": urls[1:2]})
    assert codes_of(animals.fhir("POST", "ValueSet/$expand", either).json) == [
        "cat",
        "persian",
        "toy",
    ]


def test_value_sets_that_import_one_another_in_a_circle_come_to_an_end(animals):
    for one, other in (("a", "b"), ("b", "a")):
        circle = value_set({"valueSet": [f"{PETS}-{other}"]}, url=f"{PETS}-{one}", id=one)
        animals.fhir.kept(f"ValueSet/{one}", circle)

    said = animals.fhir("GET", f"ValueSet/$expand?url={PETS}-a")

    assert (said.status, said.issues[0]["code"]) == (422, "too-costly")
    query = f"ValueSet/$validate-code?url={PETS}-a&system={ANIMALS}&code=cat"
    assert animals.fhir.read(query)["parameter"][0]["valueBoolean"] is False


def test_value_sets_that_double_at_each_step_come_to_an_end(animals):
    for n in range(25):
        twice = [{"valueSet": [f"{PETS}-{n + 1}"]}] * 2
        includes = twice if n < 24 else [{"system": ANIMALS}]
        animals.fhir.kept(f"ValueSet/n{n}", value_set(*includes, url=f"{PETS}-{n}", id=f"n{n}"))

    said = animals.fhir("GET", f"ValueSet/$expand?url={PETS}-0")

    assert (said.status, said.issues[0]["code"]) == (422, "too-costly")
    query = f"ValueSet/$validate-code?url={PETS}-0&system={ANIMALS}&code=cat"
    assert animals.fhir.read(query)["parameter"][0]["valueBoolean"] is True


def test_the_filter_finds_words_in_every_language(animals):
    animals.fhir.kept("ValueSet/pets", value_set({"system": ANIMALS}, id="pets"))

    assert animals.codes(url=PETS, filter="KUC rum") == ["cat"]


def test_pages_give_each_code_once(animals):
    animals.fhir.kept("ValueSet/pets", value_set({"system": ANIMALS}, id="pets"))

    found = [animals.get("ValueSet/$expand", url=PETS, offset=n, count=4) for n in (0, 4, 8)]

    assert [code for page in found for code in codes_of(page)] == ALL
    assert {page["expansion"]["total"] for page in found} == {6}
    assert [page["expansion"]["offset"] for page in found] == [0, 4, 8]
    assert animals.codes(url=PETS, count=0) == []


def test_only_active_only_selectable(animals):
    animals.fhir.kept("ValueSet/pets", value_set({"system": ANIMALS}, id="pets"))

    assert animals.codes(url=PETS, activeOnly="true") == ["animal", "cat", "persian", "hen", "toy"]
    assert "animal" not in animals.codes(url=PETS, excludeNotForUI="true")
    rows = {
        each["code"]: each
        for each in animals.get("ValueSet/$expand", url=PETS)["expansion"]["contains"]
    }
    assert rows["animal"]["abstract"] is True
    assert rows["dodo"]["inactive"] is True
    assert rows["cat"] == {
        "system": ANIMALS,
        "version": "1",
        "code": "cat",
        "display": "Domestic cat",
    }


def test_displays_are_in_the_language_asked_for(animals):
    animals.fhir.kept("ValueSet/pets", value_set(filtered("is-a", "animal"), id="pets"))

    said = animals.get(
        "ValueSet/$expand", url=PETS, displayLanguage="id", includeDesignations="true"
    )

    shown = {each["code"]: each["display"] for each in said["expansion"]["contains"]}
    assert shown["cat"] == "Kucing rumah"
    assert shown["persian"] == "Kucing persia"
    assert shown["dodo"] == "Dodo"
    cat = said["expansion"]["contains"][1]
    assert {each["language"] for each in cat["designation"]} == {"id", "jv"}
    only = animals.get("ValueSet/$expand", url=PETS, includeDesignations="true", designation="jv")
    assert [each["value"] for each in only["expansion"]["contains"][1]["designation"]] == [
        "Kucing omah"
    ]


def test_the_value_sets_of_r4_and_ours_are_there_without_being_stored(asking, context):
    gender = asking.codes(url="http://hl7.org/fhir/ValueSet/administrative-gender")
    own = asking.codes(url=f"{context.settings.canonical}/ValueSet/klaster")

    assert gender == ["male", "female", "other", "unknown"]
    assert own == ["klaster-1", "klaster-2", "klaster-3", "klaster-4", "lintas-klaster"]


MISSING = [
    {"system": NOWHERE},
    filtered("is-a", "x", system=NOWHERE),
    {"valueSet": [NOWHERE]},
    {"system": "http://snomed.info/sct"},
    {"system": ANIMALS, "version": "2"},
]


def test_what_is_not_loaded_is_said_never_left_out(animals):
    for include in MISSING:
        said = animals.fhir("POST", "ValueSet/$expand", value_set({"system": ANIMALS}, include))

        assert (said.status, said.issues[0]["code"]) == (404, "not-found")
        assert (include.get("system") or include["valueSet"][0]) in said.issues[0]["diagnostics"]


def test_an_exclusion_that_cannot_be_known_is_no_exclusion(animals):
    excluded = value_set({"system": ANIMALS}, exclude=[{"valueSet": [NOWHERE]}])

    assert animals.fhir("POST", "ValueSet/$expand", excluded).status == 404


def test_a_fragment_is_not_expanded(animals):
    part = HEWAN | {"id": "part", "url": NOWHERE, "content": "fragment"}
    animals.fhir.kept("CodeSystem/part", part)

    assert animals.fhir("POST", "ValueSet/$expand", value_set({"system": NOWHERE})).status == 404


REFUSED = [
    (value_set(filtered("regex", "(a+)+b", "code")), 400),
    (value_set(filtered("regex", "[", "code")), 400),
    (value_set(filtered("regex", "a" * 501, "code")), 400),
    (value_set(filtered("is-a", "cat") | {"system": 5}), 422),
    ({"resourceType": "ValueSet", "status": "active", "compose": "all"}, 422),
    ({"resourceType": "ValueSet", "status": "active", "compose": {"include": []}}, 422),
    ({"resourceType": "ValueSet", "status": "active", "compose": {"include": [{}]}}, 422),
    ({"resourceType": "CodeSystem", "status": "active", "content": "complete"}, 400),
    ({"resourceType": "Parameters"}, 400),
]


def test_what_cannot_be_expanded_is_refused(animals):
    for body, status in REFUSED:
        said = animals.fhir("POST", "ValueSet/$expand", body)

        assert said.status == status, (body, said.json)


SAYS_NOTHING = [
    "url=x&context=y",
    "url=x&date=2024",
    f"url={PETS}&offset=-1",
    f"url={PETS}&count=-1",
    f"url={PETS}&count=many",
    f"url={PETS}&activeOnly=ja",
    f"url={PETS}&foo=bar",
    "",
]


def test_a_parameter_that_says_nothing_is_refused(animals):
    animals.fhir.kept("ValueSet/pets", value_set({"system": ANIMALS}, id="pets"))

    for query in SAYS_NOTHING:
        assert animals.fhir("GET", f"ValueSet/$expand?{query}").status == 400, query


def test_an_expansion_without_composition_is_what_is_known(animals):
    listed = {
        "resourceType": "ValueSet",
        "status": "active",
        "expansion": {
            "timestamp": "2024-01-01T00:00:00Z",
            "contains": [
                {
                    "system": ANIMALS,
                    "code": "animal",
                    "abstract": True,
                    "contains": [{"system": ANIMALS, "code": "cat"}],
                },
                {"system": ANIMALS, "code": "hen"},
            ],
        },
    }

    assert codes_of(animals.fhir("POST", "ValueSet/$expand", listed).json) == ["cat", "hen"]
