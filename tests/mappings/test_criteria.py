"""Criteria judge one resource as a search with them would."""

from __future__ import annotations

import pytest

from fhir_server.mappings.criteria import fits

CODE = {"code": {"coding": [{"system": "s", "code": "a"}]}}
CATEGORIES = {"category": [{"coding": [{"system": "s", "code": "a"}]}, {"text": "b"}]}


@pytest.mark.parametrize(
    ("resource", "criteria", "holds"),
    [
        (CODE, (), True),
        (CODE, (("code", "s|a"),), True),
        (CODE, (("code", "s|b"),), False),
        (CODE, (("code", "t|a"),), False),
        ({}, (("code", "s|a"),), False),
        (CATEGORIES, (("category", "s|a"),), True),
        (CATEGORIES, (("category:not", "s|a"),), False),
        (CATEGORIES, (("category:not", "s|b"),), True),
        ({}, (("category:not", "s|b"),), True),
        ({"partOf": [{}]}, (("part-of:missing", "false"),), True),
        ({}, (("part-of:missing", "false"),), False),
        ({}, (("part-of:missing", "true"),), True),
        ({"appointmentType": CODE["code"]}, (("appointment-type", "s|a"),), True),
        (CODE, (("code", "s|a"), ("part-of:missing", "false")), False),
    ],
)
def test_fits(resource, criteria, holds):
    assert fits(resource, criteria) is holds
