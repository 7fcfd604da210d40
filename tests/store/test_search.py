"""What the database finds is what a slow reading of the documents finds; pages lose nothing."""

from __future__ import annotations

import dataclasses
import itertools
import random
from datetime import UTC, datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from msgspec import structs

from fhir_server.errors import BadRequest
from fhir_server.search import cursor
from fhir_server.search.compile import compile  # noqa: A004 - the name of what it does
from fhir_server.store.mongo import connect
from fhir_server.store.ops import Delete
from fhir_server.store.search import run

pytestmark = pytest.mark.mongo

JAKARTA = ZoneInfo("Asia/Jakarta")
NAMES = ("Siti", "Budi", "Sri", "Agus", "José", "siti")
CITIES = ("Semarang", "Solo", "Kudus", "semarang", None)
CODES = ("8480-6", "8462-4", "39156-5")
DAYS = ("2023-12-31", "2024-01-01", "2024-01", "2024-01-15T08:00:00+07:00", "2024")


def patient(number, chance):
    document = {
        "resourceType": "Patient",
        "id": f"p{number}",
        "identifier": [{"system": "http://nik", "value": str(chance.randrange(20))}],
        "name": [{"family": chance.choice(NAMES), "given": [chance.choice(NAMES)]}],
        "gender": chance.choice(["male", "female"]),
        "birthDate": chance.choice(["1990-05-01", "1990", "1985-07", "2001-02-03"]),
        "address": [{"city": city} for city in [chance.choice(CITIES)] if city],
    }
    for key in ("gender", "birthDate", "address"):
        if chance.random() < 0.3 or not document[key]:
            del document[key]
    return document


def observation(number, chance, patients):
    document = {
        "resourceType": "Observation",
        "id": f"o{number}",
        "status": chance.choice(["final", "preliminary"]),
        "code": {"coding": [{"system": "http://loinc.org", "code": chance.choice(CODES)}]},
        "subject": {"reference": f"Patient/p{chance.randrange(patients)}"},
        "effectiveDateTime": chance.choice(DAYS),
        "valueQuantity": {"value": chance.randrange(1, 9) / 2, "unit": "mg"},
    }
    for key in ("effectiveDateTime", "valueQuantity", "subject"):
        if chance.random() < 0.2:
            del document[key]
    return document


def span(text):
    """Give the first instant of a date and the first after it, by the slow road."""
    if "T" in text:
        low = datetime.fromisoformat(text)
        return low, low.replace(second=low.second + 1)
    year, month, day = (*(int(part) for part in text.split("-")), None, None)[:3]
    after = (year + 1, 1, 1)
    if month is not None:
        after = (year, month + 1, 1) if month < 12 else (year + 1, 1, 1)
    if day is not None:
        ordinal = datetime(year, month, day, tzinfo=UTC).toordinal() + 1
        following = datetime.fromordinal(ordinal)
        after = (following.year, following.month, following.day)
    return datetime(year, month or 1, day or 1, tzinfo=JAKARTA), datetime(*after, tzinfo=JAKARTA)


def about_date(prefix, asked):
    (low, high) = span(asked)

    def holds(document, key):
        if key not in document:
            return False
        start, end = span(document[key])
        contained = low <= start and end <= high
        return {
            "": contained,
            "ne": not contained,
            "ge": end > high or contained,
            "lt": start < low,
            "sa": start >= high,
        }[prefix]

    return holds


class Oracle:
    """Criteria, each with the slow Python that says who meets it."""

    def __init__(self, documents, chance):
        self.documents = documents
        self.chance = chance

    def of(self, kind):
        return [each for each in self.documents if each["resourceType"] == kind]

    def patient(self):
        """Give one criterion over patients: its name, its value, and a test."""
        pick = self.chance.choice
        number, gender, name, city = str(self.chance.randrange(20)), pick(["male", "female"]), 0, 0
        name, city = pick(["si", "Bu", "sri", "jose"]), pick(["Sem", "solo", "k"])
        prefix, day = pick(["", "ne", "ge", "lt", "sa"]), pick(["1990", "1985-07", "1990-05-01"])
        by_date = about_date(prefix, day)
        return pick(
            [
                (
                    "identifier",
                    f"http://nik|{number}",
                    lambda d: d["identifier"][0]["value"] == number,
                ),
                ("gender", gender, lambda d: d.get("gender") == gender),
                ("gender:not", gender, lambda d: d.get("gender") != gender),
                ("gender:missing", "true", lambda d: "gender" not in d),
                ("name", name, lambda d: any(begins(each, name) for each in names(d))),
                ("family:exact", "Siti", lambda d: d["name"][0]["family"] == "Siti"),
                (
                    "address-city",
                    city,
                    lambda d: any(begins(a["city"], city) for a in d.get("address", ())),
                ),
                ("birthdate", prefix + day, lambda d: by_date(d, "birthDate")),
                ("_id", "p1,p2,p3", lambda d: d["id"] in {"p1", "p2", "p3"}),
            ]
        )

    def observation(self):
        """Give one criterion over observations."""
        pick = self.chance.choice
        code, who = pick(CODES), f"p{self.chance.randrange(12)}"
        prefix, day = pick(["", "ne", "ge", "lt", "sa"]), pick(DAYS)
        by_date, amount = about_date(prefix, day), pick([1, 2, 3])
        name, value, meets = self.patient()
        return pick(
            [
                ("code", f"http://loinc.org|{code}", lambda d: has_code(d, code)),
                ("combo-code", code, lambda d: has_code(d, code)),
                ("status", "final,preliminary", lambda _: True),
                ("patient", who, lambda d: subject(d) == who),
                ("subject:missing", "false", lambda d: "subject" in d),
                ("date", prefix + day, lambda d: by_date(d, "effectiveDateTime")),
                ("value-quantity", f"gt{amount}", lambda d: amount_of(d) > amount),
                ("value-quantity", f"{amount}.0||mg", lambda d: amount_of(d) == amount),
                (
                    "code-value-quantity",
                    f"{code}$le{amount}",
                    lambda d: has_code(d, code) and 0 <= amount_of(d) <= amount,
                ),
                (
                    f"patient.{name}",
                    value,
                    lambda d: any(subject(d) == p["id"] and meets(p) for p in self.of("Patient")),
                ),
                (
                    f"subject:Patient.{name}",
                    value,
                    lambda d: any(subject(d) == p["id"] and meets(p) for p in self.of("Patient")),
                ),
            ]
        )

    def patient_by_others(self):
        name, value, meets = self.observation()
        while "." in name or ":" in name:
            name, value, meets = self.observation()
        return (
            f"_has:Observation:patient:{name}",
            value,
            lambda d: any(subject(o) == d["id"] and meets(o) for o in self.of("Observation")),
        )


def begins(text, start):
    return text.lower().replace("é", "e").startswith(start.lower())


def names(document):
    return [document["name"][0]["family"], *document["name"][0]["given"]]


def has_code(document, code):
    return document["code"]["coding"][0]["code"] == code


def subject(document):
    return document.get("subject", {}).get("reference", "/").partition("/")[2]


def amount_of(document):
    return document.get("valueQuantity", {}).get("value", -1)


@pytest.fixture
def filled(store, searching):
    """Give a store with random patients and observations, and the documents."""
    chance = random.Random(20)  # noqa: S311 - not a secret
    documents = [patient(number, chance) for number in range(40)]
    documents += [observation(number, chance, 40) for number in range(160)]
    store.transact([searching.put(each) for each in documents])
    return store, documents


def reads(commands):
    """Count the round trips of a search, without those of the note of a missing index."""
    note = {"count", "update"}
    return sum(count for name, count in commands.by_name().items() if name not in note)


def url_of(kind, criteria, **more):
    pairs = [(name, value) for name, value, _ in criteria] + list(more.items())
    return f"{kind}?" + "&".join(f"{name}={quote(str(value))}" for name, value in pairs)


def pages(store, searching, url, settings):
    """Walk all pages as a client does, by tokens."""
    query = searching.query(url)
    key = cursor.key("test")
    while True:
        found = store.search(compile(query, searching.parameters, settings))
        yield found
        if not found.more:
            return
        token = cursor.seal(query, found.last, key)
        query = cursor.unseal(token, query.resource_type, key, searching.parameters)


def all_of(store, searching, url, settings):
    return [each.id for page in pages(store, searching, url, settings) for each in page.resources]


def test_what_is_found_is_what_the_oracle_says(filled, searching, settings):
    store, documents = filled
    chance = random.Random(8)  # noqa: S311 - not a secret
    oracle = Oracle(documents, chance)
    sorts = {
        "Patient": ("_id", "-birthdate", "name", "-family,gender", "_lastUpdated", "-gender"),
        "Observation": ("date", "-date,_id", "status,-date", "-value-quantity", "-code", "patient"),
    }
    sizes = []
    for _ in range(300):
        kind = chance.choice(["Patient", "Observation"])
        makers = {
            "Patient": [oracle.patient, oracle.patient, oracle.patient_by_others],
            "Observation": [oracle.observation],
        }[kind]
        criteria = [chance.choice(makers)() for _ in range(chance.choice([1, 1, 2, 3]))]
        expected = {
            each["id"] for each in oracle.of(kind) if all(test(each) for *_, test in criteria)
        }
        sort, count = chance.choice(sorts[kind]), chance.choice([1, 3, 7, 500])
        url = url_of(kind, criteria, _sort=sort, _count=count)
        found = all_of(store, searching, url, settings)
        assert len(found) == len(set(found)), url
        assert set(found) == expected, url
        counted = store.search(searching.plan(url_of(kind, criteria, _summary="count"), settings))
        assert counted.total == len(expected), url
        sizes.append(len(expected))
    assert sum(1 for size in sizes if size) > 150


ORDERS = {
    "date": lambda d: span(d["effectiveDateTime"])[0],
    "value-quantity": lambda d: d["valueQuantity"]["value"],
    "patient": lambda d: d["subject"]["reference"],
}


@pytest.mark.parametrize("sort", [*ORDERS, *(f"-{name}" for name in ORDERS)])
def test_order(filled, searching, settings, sort):
    store, documents = filled
    by_id = {each["id"]: each for each in documents}
    order = all_of(store, searching, f"Observation?_sort={sort}&_count=7", settings)
    assert len(order) == 160

    def value(resource_id):
        try:
            return ORDERS[sort.removeprefix("-")](by_id[resource_id])
        except KeyError:
            return None

    values = [value(each) for each in order]
    missing = [each is None for each in values]
    there = [each for each in values if each is not None]
    assert missing == sorted(missing, reverse=sort[0] != "-")
    assert there == sorted(there, reverse=sort[0] == "-")


def test_several_values_sort_by_the_least_or_the_greatest(store, searching, settings):
    given = {"a": ["m", "z"], "b": ["b", "y"], "c": ["c"], "d": []}
    for each, texts in given.items():
        document = {"resourceType": "Patient", "id": each}
        if texts:
            document["name"] = [{"given": texts}]
        store.transact([searching.put(document)])
    assert all_of(store, searching, "Patient?_sort=given&_count=1", settings) == list("dbca")
    assert all_of(store, searching, "Patient?_sort=-given&_count=1", settings) == list("abcd")


@pytest.mark.parametrize("sort", ["_lastUpdated", "-_lastUpdated", "birthdate", "-name", "_id"])
def test_pages_lose_and_repeat_nothing_while_others_write(
    store,
    searching,
    settings,
    sort,
):
    chance = random.Random(3)  # noqa: S311 - not a secret
    there = [patient(number, chance) for number in range(30)]
    store.transact([searching.put(each) for each in there])
    numbers = itertools.count(100)
    seen = []
    for page in pages(store, searching, f"Patient?_sort={sort}&_count=4", settings):
        seen += [each.id for each in page.resources]
        store.transact([searching.put(patient(next(numbers), chance)) for _ in range(2)])
        store.transact([Delete("Patient", f"p{next(numbers) - 2}")])
        if len(seen) > 200:
            break  # new patients keep coming at the end of this order
    assert len(seen) == len(set(seen))
    assert {each["id"] for each in there} <= set(seen)


def test_includes_come_once_and_in_one_more_round_trip(filled, searching, commands):
    store, documents = filled
    commands.clear()
    plan = searching.plan(
        "Observation?_include=Observation:patient&_count=50&subject:missing=false"
    )
    found = store.search(plan)
    matches = [each for each in found.resources if each.mode == "match"]
    included = [each.id for each in found.resources if each.mode == "include"]
    by_id = {each["id"]: each for each in documents}
    assert reads(commands) == 2
    assert sorted(included) == sorted({subject(by_id[each.id]) for each in matches})


def test_both_ways_of_including(filled, searching, commands):
    store, documents = filled
    commands.clear()
    plan = searching.plan(
        "Observation?_id=o1,o2&_include=Observation:subject:Patient"
        "&_revinclude=Observation:derived-from&_revinclude=Provenance:target"
    )
    store.search(plan)
    assert reads(commands) == 2
    found = store.search(searching.plan("Patient?_id=p7&_revinclude=Observation:patient"))
    expected = [each["id"] for each in documents if subject(each) == "p7"]
    assert sorted(each.id for each in found.resources[1:]) == sorted(expected)
    assert all(each.mode == "include" for each in found.resources[1:])


@pytest.mark.parametrize(
    ("url", "round_trips"),
    [
        ("Patient?identifier=http://nik|1", 1),
        ("Observation?patient=p1&code=8480-6&_sort=-date", 1),
        ("Observation?patient.identifier=http://nik|1", 1),
        ("Observation?patient.gender=male", 1),
        ("Patient?_has:Observation:patient:code=8480-6&_sort=name", 1),
        ("Patient?_total=accurate&_count=50", 1),
        ("Patient?_total=accurate&_count=2", 2),
        ("Patient?_summary=count", 1),
    ],
)
def test_round_trips(filled, searching, commands, url, round_trips):
    store, _ = filled
    commands.clear()
    store.search(searching.plan(url))
    assert reads(commands) == round_trips


def test_a_chain_through_too_many_says_so(filled, searching, settings):
    store, _ = filled
    tight = dataclasses.replace(settings, chain_limit=3)
    limited = connect(settings.mongodb_uri, tight)
    with pytest.raises(BadRequest, match="3 resources"):
        limited.search(searching.plan("Patient?_has:Observation:patient:status=final"))
    with pytest.raises(BadRequest, match="3 resources"):
        limited.search(searching.plan("Observation?patient.name=s&_total=accurate"))
    assert store.search(searching.plan("Observation?patient.name=s")).resources
    limited.close()


def test_too_many_included_say_so(filled, searching, settings):
    filled[0].ready()
    limited = connect(settings.mongodb_uri, dataclasses.replace(settings, include_limit=3))
    with pytest.raises(BadRequest, match="3 resources"):
        limited.search(searching.plan("Patient?_revinclude=Observation:patient"))
    limited.close()


def test_types_never_written_are_empty(store, searching):
    for url in ("Basic", "Basic?_summary=count", "Observation?patient.identifier=x"):
        found = store.search(searching.plan(url))
        assert found.resources == ()
        assert not found.more


@pytest.fixture
def appointments(store, searching):
    """Give a store with three patients and appointments of one, two or none of them."""
    people = [
        {
            "resourceType": "Patient",
            "id": name,
            "gender": gender,
            "identifier": [{"system": "http://nik", "value": nik}],
        }
        for name, gender, nik in [
            ("ibu", "female", "1"),
            ("anak", "male", "1"),
            ("lain", "male", "2"),
        ]
    ]
    who = {"a": ["ibu", "anak"], "b": ["ibu"], "c": ["lain"], "d": []}
    visits = [
        {
            "resourceType": "Appointment",
            "id": each,
            "status": "booked",
            "participant": [
                {"actor": {"reference": f"Patient/{one}"}, "status": "accepted"} for one in some
            ]
            + [{"actor": {"reference": "Location/1"}, "status": "accepted"}],
        }
        for each, some in who.items()
    ]
    store.transact([searching.put(each) for each in people + visits])
    return store


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("Appointment?patient.identifier=http://nik|1", "a b"),
        ("Appointment?patient.gender=male", "a c"),
        ("Appointment?patient.gender=male&patient.gender=female", "a"),
        ("Appointment?actor:Patient.identifier=http://nik|2&status=booked", "c"),
        ("Appointment?patient.identifier=http://nik|1&patient.gender=male&_sort=-_id", "a"),
        ("Patient?_has:Appointment:patient:status=booked", "anak ibu lain"),
        ("Patient?_has:Appointment:actor:_id=a", "anak ibu"),
        ("Patient?gender=male&_has:Appointment:patient:status=booked&identifier=1", "anak"),
        (
            "Patient?_has:Appointment:patient:_id=a,c&_has:Appointment:patient:_id=a&_sort=-_id",
            "ibu anak",
        ),
        ("Appointment?patient.gender:not=male", "a b"),
        ("Appointment?patient.gender=male&patient:missing=true", ""),
        ("Appointment?patient:Patient.organization:missing=true", "a b c"),
    ],
)
def test_joins_over_references_that_repeat(appointments, searching, settings, url, expected):
    assert all_of(appointments, searching, f"{url}&_count=1", settings) == expected.split()
    counted = appointments.search(searching.plan(f"{url}&_summary=count"))
    assert counted.total == len(expected.split())


def test_an_include_of_a_type_never_written_hides_no_other(appointments, searching):
    plan = searching.plan(
        "Appointment?_id=b&_include=Appointment:location&_include=Appointment:actor"
    )
    found = [each.id for each in appointments.search(plan).resources]
    assert found == ["b", "ibu"]


def test_a_search_inside_a_transaction_sees_it(store, searching, settings):
    store.transact([searching.put(patient(1, random.Random(1)))])  # noqa: S311 - not a secret
    client = store._client
    with client.start_session() as session, session.start_transaction():
        database = client[settings.mongodb_database]
        database["Patient"].delete_one({"_id": "p1"}, session=session)
        inside = run(database, searching.plan("Patient?_total=accurate"), settings, session)
        outside = run(database, searching.plan("Patient"), settings)
        session.abort_transaction()
    assert (inside.resources, inside.total) == ((), 0)
    assert [each.id for each in outside.resources] == ["p1"]


def test_a_page_of_more_than_one_answer_is_read_whole(store, searching, settings):
    text = "x" * 6_000_000
    for each in "abc":
        document = {"resourceType": "Basic", "id": each, "code": {"text": text}}
        put = structs.replace(searching.put(document), index={})
        store.transact([put])
    assert all_of(store, searching, "Basic?_count=5", settings) == ["a", "b", "c"]
