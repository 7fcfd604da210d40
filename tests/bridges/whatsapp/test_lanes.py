"""What waits goes in lanes: in one lane what shares a sender, in the order it came."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fhir_server.bridges.whatsapp.lanes import lanes

KEYS = st.frozensets(st.integers(0, 6), max_size=3)


@given(st.lists(KEYS, max_size=20))
def test_what_shares_a_key_is_in_one_lane_in_its_order(several):
    items = list(enumerate(several))
    found = lanes([(place, keys) for place, keys in items])

    assert sorted(place for lane in found for place in lane) == list(range(len(several)))
    lane_of = {place: number for number, lane in enumerate(found) for place in lane}
    for lane in found:
        assert lane == sorted(lane)
    for one, keys in items:
        for other, others in items:
            if keys & others:
                assert lane_of[one] == lane_of[other]


def test_what_shares_nothing_goes_side_by_side():
    assert lanes([("a", frozenset({1})), ("b", frozenset({2})), ("c", frozenset())]) == [
        ["a"],
        ["b"],
        ["c"],
    ]


def test_one_with_several_keys_joins_lanes():
    items = [("a", frozenset({1})), ("b", frozenset({2})), ("c", frozenset({2, 1}))]

    assert lanes(items) == [["a", "b", "c"]]
