"""Writing a document anew keeps what others added."""

from __future__ import annotations

import pytest

from fhir_server.mappings.weave import weave

NIK, RM = {"system": "nik", "value": "1"}, {"system": "rm", "value": "2"}
PASPOR = {"system": "paspor", "value": "P"}


@pytest.mark.parametrize(
    ("stands", "base", "new", "woven"),
    [
        # what the SOP changes, changes
        ({"a": 1}, {"a": 1}, {"a": 2}, {"a": 2}),
        # what it takes away, goes
        ({"a": 1, "b": 2}, {"a": 1, "b": 2}, {"a": 1}, {"a": 1}),
        # what others added, stays
        ({"a": 1, "z": 9}, {"a": 1}, {"a": 2}, {"a": 2, "z": 9}),
        # what others changed and the SOP does not touch, stays
        ({"a": 7}, {"a": 1}, {"a": 1}, {"a": 7}),
        # an item that others added stays, wherever it stands
        ([PASPOR, NIK, RM], [NIK, RM], [NIK, RM], [NIK, RM, PASPOR]),
        # an item of ours goes, theirs stays
        ([NIK, RM, PASPOR], [NIK, RM], [RM], [RM, PASPOR]),
        # … also when what others added to the one that goes would fit the next
        ([{**NIK, "assigner": "x"}, RM], [NIK, RM], [RM], [RM]),
        # an item of ours changes, and keeps what others added to it
        (
            [{**NIK, "assigner": "x"}],
            [NIK],
            [{**NIK, "value": "3"}],
            [{**NIK, "value": "3", "assigner": "x"}],
        ),
        # a choice has one type
        ({"valueString": "x"}, {}, {"valueCode": "y"}, {"valueCode": "y"}),
    ],
)
def test_weave(stands, base, new, woven):
    assert weave(stands, base, new) == woven
