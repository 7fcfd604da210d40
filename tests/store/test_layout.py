from concurrent.futures import ThreadPoolExecutor

import pytest
from pymongo import MongoClient

from fhir_server.resources.definitions import load_definitions
from fhir_server.resources.profiles import load_profiles
from fhir_server.search.compartment import beside, fields
from fhir_server.search.parameters import load_parameters
from fhir_server.store.layout import INDEXES, indexes
from fhir_server.store.mongo import connect
from tests.store.writes import create


@pytest.fixture(scope="module")
def parameters():
    own = [each for each in load_profiles() if each["resourceType"] == "SearchParameter"]
    return load_parameters(load_definitions(), extra=own)


def field(name):
    return name.removesuffix(".l").removesuffix(".h")


@pytest.mark.parametrize("resource_type", sorted(INDEXES))
def test_every_index_is_on_fields_that_a_search_parameter_writes(parameters, resource_type):
    fields = {f.path for p in parameters.of(resource_type).values() for f in p.fields}
    fields |= {"_id", "t", "c", "by", "ix.identifier"}
    if beside(parameters.compartments, resource_type, parameters.of(resource_type)):
        fields.add("ix._of")

    indexed = {field(name) for keys in indexes(resource_type) for name, _ in keys}

    assert indexed - fields == set()


@pytest.mark.parametrize("owner", ["Patient", "Encounter"])
def test_a_whole_record_is_found_by_indexes(parameters, owner):
    """https://hl7.org/fhir/R4/compartmentdefinition.html"""
    scanned = []
    for resource_type in parameters.compartments[owner]:
        known = parameters.of(resource_type)
        leading = {keys[0][0] for keys in indexes(resource_type)}
        asked = fields(parameters.compartments, resource_type, owner, known)
        scanned += [(resource_type, each.path) for each in asked if each.path not in leading]

    assert scanned == []


@pytest.mark.parametrize("resource_type", sorted(INDEXES))
def test_no_index_has_two_fields_that_may_repeat(parameters, resource_type):
    """MongoDB would refuse to store a resource that repeats both."""
    many = {f.path for p in parameters.of(resource_type).values() for f in p.fields if f.many}

    for keys in indexes(resource_type):
        assert len([name for name, _ in keys if field(name) in many]) <= 1


@pytest.mark.parametrize("resource_type", sorted(INDEXES))
def test_dates_are_indexed_by_their_beginning(parameters, resource_type):
    of_type = parameters.of(resource_type)
    dates = {f.path for p in of_type.values() if p.type == "date" for f in p.fields}

    for name in {name for keys in indexes(resource_type) for name, _ in keys} - {"t"}:
        assert name.endswith((".l", ".h")) == (field(name) in dates)
    for keys in indexes(resource_type):  # where a range ends is only judged, never entered by
        names = [name for name, _ in keys]
        assert all(
            names.index(f"{field(n)}.l") < at for at, n in enumerate(names) if n[-2:] == ".h"
        )


def test_processes_may_make_the_same_type_at_once(settings):
    stores = [connect(settings.mongodb_uri, settings) for _ in range(4)]

    with ThreadPoolExecutor(4) as pool:
        ops = [[create(str(number))] for number in range(4)]
        list(pool.map(lambda store, op: store.transact(op), stores, ops))

    assert stores[0].statistics() == {"Patient": 4}
    for store in stores:
        store.close()


def test_the_indexes_of_a_type_are_there_after_its_first_write(store, settings):
    store.transact([create("1")])

    with MongoClient(settings.mongodb_uri) as client:
        found = client[settings.mongodb_database]["Patient"].index_information()

    made = {tuple(index["key"]) for index in found.values()}
    assert made == {*indexes("Patient"), (("_id", 1),)}


def test_a_missing_index_is_named_and_can_be_built(store, settings):
    store.transact([create("1")])
    with MongoClient(settings.mongodb_uri) as client:
        client[settings.mongodb_database]["Patient"].drop_index("ix.name_1")

    before = store.missing_indexes()
    store.build_indexes("Patient")

    assert before == {"Patient": ["ix.name_1"]}
    assert store.missing_indexes() == {}


def test_a_sample_shows_what_is_indexed(store):
    store.transact([create("1"), create("2")])

    sample = store.sample("Patient", 10)

    assert sorted(stored.id for stored, _ in sample) == ["1", "2"]
    assert [index for _, index in sample] == [{}, {}]


def test_an_index_that_an_operator_made_in_another_way_stays(store, settings):
    with MongoClient(settings.mongodb_uri) as client:
        patients = client[settings.mongodb_database]["Patient"]
        patients.create_index("ix.name", name="ours")

        store.transact([create("1")])

        assert "ours" in patients.index_information()
    assert store.missing_indexes() == {}
