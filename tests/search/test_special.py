"""near: a point and a distance around it."""

from __future__ import annotations

import pytest

from fhir_server.errors import BadRequest, NotSupported


def puskesmas(resource_id, latitude, longitude):
    position = {"latitude": latitude, "longitude": longitude}
    return {"resourceType": "Location", "id": resource_id, "position": position}


@pytest.mark.mongo
@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("-7.0|110.4|3|km", ["a"]),
        ("-7.0|110.4", ["a"]),
        ("-7.0|110.4|30|km", ["a", "b"]),
        ("-7.0|110.4|30000|m", ["a", "b"]),
        ("6.0|110.4|30|km", []),
    ],
)
def test_near(store, searching, asked, expected):
    store.transact([searching.put(puskesmas("a", -7.01, 110.41))])
    store.transact([searching.put(puskesmas("b", -7.2, 110.41))])
    found = store.search(searching.plan(f"Location?near={asked}"))
    assert [each.id for each in found.resources] == expected


@pytest.mark.parametrize("asked", ["here", "1", "1|x", "91|0", "0|181", "1|1|-5", "1|1|5|mile"])
def test_what_is_no_place_is_refused(searching, asked):
    with pytest.raises(BadRequest):
        searching.plan(f"Location?near={asked}")


def test_modifiers_are_refused(searching):
    with pytest.raises(NotSupported):
        searching.plan("Location?near:exact=1|1")
