"""Dates are ranges; every prefix of R4 compares ranges."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.errors import BadRequest, NotSupported
from fhir_server.search.date import EARLIEST, LATEST, bounds
from tests.search.matching import is_match

JAKARTA = ZoneInfo("Asia/Jakarta")
DATES = st.sampled_from(
    [
        "2023", "2024", "2024-01", "2024-02", "2023-12-31", "2024-01-01", "2024-01-31",
        "2024-01-01T00:00:00+07:00", "2023-12-31T17:00:00Z", "2024-01-01T10:15:00Z",
        "2024-01-01T10:15:00.250Z", "2024-01-01T10:15:00.25Z", "2024-02-29T23:59:59-05:00",
    ]
)  # fmt: skip
PERIODS = st.tuples(st.none() | DATES, st.none() | DATES).filter(any)
PREFIXES = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb")


def milliseconds(*parts):
    return int(datetime(*parts, tzinfo=UTC).timestamp() * 1000)


def compares(prefix, searched, target):
    """What R4 says in words about the ranges of the value asked for and of the target."""
    (low, high), (start, end) = searched, target
    contained = low <= start and end <= high
    match prefix:
        case "eq":
            return contained
        case "ne":
            return not contained
        case "gt":
            return end > high
        case "lt":
            return start < low
        case "ge":
            return end > high or contained
        case "le":
            return start < low or contained
        case "sa":
            return start >= high
    return end <= low


def found(searching, url, document):
    plan = searching.plan(url.replace("+", "%2B"))
    return is_match(plan.filter, {"ix": searching.index(document)})


@given(written=DATES, asked=DATES, prefix=st.sampled_from(PREFIXES))
def test_prefixes_over_single_values(searching, written, asked, prefix):
    document = {"resourceType": "Observation", "effectiveDateTime": written}
    expected = compares(prefix, bounds(asked, JAKARTA), bounds(written, JAKARTA))
    assert found(searching, f"Observation?date={prefix}{asked}", document) == expected


@given(written=st.lists(DATES, max_size=3), asked=DATES, prefix=st.sampled_from(PREFIXES))
def test_prefixes_over_several_values(searching, written, asked, prefix):
    document = {
        "resourceType": "Composition",
        "event": [{"period": {"start": each, "end": each}} for each in written],
    }
    searched = bounds(asked, JAKARTA)
    expected = any(compares(prefix, searched, bounds(each, JAKARTA)) for each in written)
    assert found(searching, f"Composition?period={prefix}{asked}", document) == expected


@given(period=PERIODS, asked=DATES, prefix=st.sampled_from(PREFIXES))
def test_prefixes_over_periods(searching, period, asked, prefix):
    start, end = period
    value = {"start": start, "end": end}
    document = {
        "resourceType": "Encounter",
        "period": {key: each for key, each in value.items() if each},
    }
    target = (
        bounds(start, JAKARTA)[0] if start else EARLIEST,
        bounds(end, JAKARTA)[1] if end else LATEST,
    )
    expected = compares(prefix, bounds(asked, JAKARTA), target)
    if target[0] >= target[1]:
        return  # an end before the start is no range
    assert found(searching, f"Encounter?date={prefix}{asked}", document) == expected


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("2024", milliseconds(2023, 12, 31, 17), milliseconds(2024, 12, 31, 17)),
        ("2024-02", milliseconds(2024, 1, 31, 17), milliseconds(2024, 2, 29, 17)),
        ("2024-12", milliseconds(2024, 11, 30, 17), milliseconds(2024, 12, 31, 17)),
        ("2024-02-29", milliseconds(2024, 2, 28, 17), milliseconds(2024, 2, 29, 17)),
        ("2024-01-01T08:30", milliseconds(2024, 1, 1, 1, 30), milliseconds(2024, 1, 1, 1, 31)),
        ("2024-01-01T08:30:00Z", milliseconds(2024, 1, 1, 8, 30),
         milliseconds(2024, 1, 1, 8, 30, 1)),
        ("2024-01-01T08:30:00.5Z", milliseconds(2024, 1, 1, 8, 30) + 500,
         milliseconds(2024, 1, 1, 8, 30) + 600),
        ("2024-01-01T08:30:00.123456+07:00", milliseconds(2024, 1, 1, 1, 30) + 123,
         milliseconds(2024, 1, 1, 1, 30) + 124),
        ("2016-12-31T23:59:60Z", milliseconds(2017, 1, 1), milliseconds(2017, 1, 1, 0, 0, 1)),
    ],
)  # fmt: skip
def test_precision_is_a_range(text, low, high):
    assert bounds(text, JAKARTA) == (low, high)


def test_the_zone_of_the_settings_counts():
    low, _ = bounds("2024-01-01", ZoneInfo("Asia/Makassar"))
    assert low == milliseconds(2023, 12, 31, 16)


def test_the_first_and_last_year_are_within():
    assert bounds("0001", JAKARTA)[0] <= bounds("0001-01-01T00:00:00Z", JAKARTA)[0]
    assert bounds("9999", JAKARTA)[1] <= LATEST


@given(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001 - zone is written
def test_instants_agree_with_python(moment):
    text = moment.replace(microsecond=moment.microsecond // 1000 * 1000).isoformat(
        timespec="milliseconds"
    )
    low, high = bounds(text + "+07:00", JAKARTA)
    expected = datetime.fromisoformat(text + "+07:00")
    assert low == round(expected.timestamp() * 1000)
    assert high == low + 1


def test_a_timing_counts_by_its_outer_limits(searching):
    document = {
        "resourceType": "Observation",
        "effectiveTiming": {"event": ["2024-01-01", "2024-03-01"]},
    }
    assert searching.index(document)["date"] == {
        "l": bounds("2024-01-01", JAKARTA)[0],
        "h": bounds("2024-03-01", JAKARTA)[1],
    }


def test_about_the_same_time(searching):
    document = {"resourceType": "Observation", "effectiveDateTime": "2000-06-01"}
    assert found(searching, "Observation?date=ap2001", document)
    assert not found(searching, "Observation?date=ap2020", document)


@pytest.mark.parametrize(
    "value", ["yesterday", "2024-13", "2024-02-30", "xx2024", "2024-1-1", "24"]
)
def test_what_is_no_date_is_refused(searching, value):
    with pytest.raises(BadRequest):
        searching.plan(f"Observation?date={value}")


def test_modifiers_are_refused(searching):
    with pytest.raises(NotSupported):
        searching.plan("Observation?date:exact=2024")


@given(written=DATES, asked=DATES, prefix=st.sampled_from(("", *PREFIXES)))
def test_the_last_change_is_one_instant(searching, written, asked, prefix):
    low, high = bounds(asked, JAKARTA)
    moment = bounds(written, JAKARTA)[0]
    expected = {
        "": low <= moment < high,
        "eq": low <= moment < high,
        "ne": not low <= moment < high,
        "gt": moment >= high,
        "sa": moment >= high,
        "lt": moment < low,
        "eb": moment < low,
        "ge": moment >= low,
        "le": moment < high,
    }[prefix]
    plan = searching.plan(f"Patient?_lastUpdated={prefix}{asked.replace('+', '%2B')}")
    stored = {"t": datetime.fromtimestamp(moment / 1000, UTC)}
    assert is_match(plan.filter, stored) == expected


def test_the_last_change_knows_missing_but_no_other_modifier(searching):
    stored = {"t": datetime(2024, 1, 1, tzinfo=UTC)}
    assert is_match(searching.plan("Patient?_lastUpdated:missing=false").filter, stored)
    with pytest.raises(NotSupported):
        searching.plan("Patient?_lastUpdated:exact=2024")


@pytest.mark.parametrize("year", ["0001", "9999"])
def test_the_ends_of_time_can_be_asked(searching, year):
    stored = {"t": datetime(2024, 1, 1, tzinfo=UTC)}
    assert not is_match(searching.plan(f"Patient?_lastUpdated={year}").filter, stored)
    assert is_match(searching.plan(f"Patient?_lastUpdated=ne{year}").filter, stored)
    assert not is_match(searching.plan(f"Patient?birthdate={year}").filter, {"ix": {}})
