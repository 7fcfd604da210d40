import re

import pytest

from fhir_server.errors import MethodNotAllowed, NotFound
from fhir_server.interactions.grammar import ROUTES, find

TYPES = frozenset({"Patient", "Observation"})


@pytest.mark.parametrize("route", ROUTES, ids=lambda r: f"{r.method} {r.pattern}")
def test_every_row_finds_itself(route):
    given = {"type": "Patient", "id": "1", "vid": "2", "member": "Observation"}
    path = route.pattern.format(**given)

    found, variables = find(route.method, path, TYPES)

    assert found == route
    assert variables == [given[name] for name in re.findall(r"{(\w+)}", route.pattern)]


def test_head_asks_what_get_does():
    assert find("HEAD", "Patient/1", TYPES)[0].interaction == "read"


@pytest.mark.parametrize(
    "path", ["Patient/1/2", "Patient/1/_history/2/3", "Patient/", "_nothing", "Patient/1/_nothing"]
)
def test_anything_else_is_not_found(path):
    with pytest.raises(NotFound):
        find("GET", path, TYPES)


def test_an_unknown_type_is_told_with_the_nearest_one():
    with pytest.raises(NotFound, match="Did you mean Patient"):
        find("GET", "patiens/1", TYPES)


@pytest.mark.parametrize("path", ["$everything/Patient/$validate", "Patien/1/$meta", "/$meta"])
def test_an_operation_of_an_unknown_type_is_not_found(path):
    with pytest.raises(NotFound, match="there is no R4 resource type"):
        find("GET", path, TYPES)


def test_a_wrong_method_is_told_with_the_right_ones():
    with pytest.raises(MethodNotAllowed, match="GET, PUT, PATCH, DELETE") as refused:
        find("POST", "Patient/1", TYPES)

    assert refused.value.allow == ("GET", "PUT", "PATCH", "DELETE")
