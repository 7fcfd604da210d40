"""What is not stored yet is matched as MongoDB matches what is."""

import pytest

from fhir_server.errors import NotSupported
from fhir_server.interactions.conditional import criteria
from fhir_server.search.index import index
from fhir_server.search.matching import is_match
from tests.support.fhir import patient

PEOPLE = (
    patient(id="a", identifier=[{"system": "s", "value": "1"}, {"value": "2"}], gender="male"),
    patient(id="b", identifier=[{"system": "t", "value": "1"}], active=True),
    patient(id="c", name=[{"family": "Rose", "given": ["Ani", "Budi"]}], birthDate="1990-05-01"),
    patient(id="d", name=[{"family": "Rosenthal"}], birthDate="1991"),
    patient(id="e", link=[{"type": "refer", "other": {"reference": "Patient/a"}}]),
    patient(id="f", telecom=[{"system": "phone", "value": "08"}], deceasedBoolean=False),
)


@pytest.mark.parametrize(
    "search",
    [
        "identifier=1",
        "identifier=s|1",
        "identifier=|2",
        "identifier=s|",
        "identifier=s|1,t|1",
        "identifier=1&active=true",
        "identifier:missing=true",
        "identifier:not=1",
        "gender=male",
        "gender:missing=false",
        "name=ros",
        "name:exact=Rose",
        "name:contains=osen",
        "given=Budi",
        "birthdate=1990",
        "birthdate=1990-05-01",
        "birthdate=ge1991",
        "birthdate=lt1991",
        "birthdate=ne1990-05-01",
        "link=Patient/a",
        "phone=08",
        "deceased=false",
        "_id=a,b",
    ],
)
def test_it_finds_what_the_database_finds(ask, context, search):
    for each in PEOPLE:
        ask("PUT", f"Patient/{each['id']}", each)
    wanted = criteria(context, "Patient", search, "test")
    stored = ask("GET", f"Patient?{search}")

    try:
        found = {
            each["id"]
            for each in PEOPLE
            if is_match(
                wanted.plan.filter, {"_id": each["id"], "ix": index(each, context.parameters)}
            )
        }
    except NotSupported:
        assert ":contains" in search
    else:
        assert found == {each["resource"]["id"] for each in stored.entries}
