"""What a client sends is remembered only where it is short: texts of any length fill no cache."""

import tracemalloc
from zoneinfo import ZoneInfo

import pytest

from fhir_server.remembering import LONGEST, known, remembered
from fhir_server.resources.bindings import nearest
from fhir_server.resources.fhirpath import compiled, quantities
from fhir_server.resources.terminology.words import words
from fhir_server.rest import negotiation
from fhir_server.search import expressions, string, ucum
from fhir_server.search.date import bounds


def test_a_short_text_is_worked_out_once_and_a_long_one_each_time():
    asked = []

    @remembered(2)
    def length(text, more=0):
        asked.append(text)
        return len(text) + more

    for text in ("a", "a", "b" * (LONGEST + 1), "b" * (LONGEST + 1)):
        assert length(text, 1) == len(text) + 1

    assert asked == ["a", *["b" * (LONGEST + 1)] * 2]


def test_of_texts_alone_as_many_as_said_are_known_and_no_long_one():
    asked = []

    @known(2)
    def length(text):
        asked.append(text)
        return len(text)

    for text in ("a", "a", "b", "a", "c", "a", "d" * (LONGEST + 1), "d" * (LONGEST + 1)):
        assert length(text) == len(text)

    assert asked == ["a", "b", "c", "a", *["d" * (LONGEST + 1)] * 2]  # a third one: begun anew


def test_what_a_function_refuses_is_not_known():
    @known(2)
    def number(text):
        return int(text)

    for _ in range(2):
        with pytest.raises(ValueError, match="x"):
            number("x")


LONG = 5_000
JAKARTA = ZoneInfo("Asia/Jakarta")
FED = {
    "fold": lambda n: string.fold(f"{n}" + "é" * LONG),
    "fold_name": lambda n: string.fold_name(f"{n}" + "x" * LONG),
    "words": lambda n: words(f"{n} " + "x" * LONG),
    "date": lambda n: bounds(f"2024-01-01T00:00:00.{n:06d}{'0' * LONG}Z", JAKARTA),
    "unit": lambda n: ucum.unit(f"{n}" + "x" * LONG),
    "number": lambda n: ucum.canonical(f"{n}." + "1" * LONG, "mg"),
    "quantity": lambda n: ucum.canonical("1", f"{n}" + "x" * LONG),
    "fhirpath unit": lambda n: quantities.unit(f"{n}" + "x" * LONG),
    "fhirpath": lambda n: compiled(f"'{n}" + "x" * LONG + "'"),
    "nearest": lambda n: nearest(f"{n}" + "x" * LONG, tuple(map(str, range(20)))),
    "expression": lambda n: expressions.read(f"Patient.a{n}" + "x" * LONG),
    "json": lambda n: negotiation.is_json(f"text/x{n}; a=" + "x" * LONG),
    "xml": lambda n: negotiation.is_xml(f"text/x{n}; a=" + "x" * LONG),
    "gzip": lambda n: negotiation._reads_gzip(f"x{n}, " + "x" * LONG),
    "accept": lambda n: negotiation._from_accept(
        f"application/json, {n}" + "x" * LONG, is_sent_xml=False
    ),
}


@pytest.mark.parametrize("name", FED)
def test_long_texts_leave_nothing_behind(name):
    feed, times = FED[name], 100
    feed(0)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()

    for number in range(1, times):
        feed(number)

    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < times * LONG / 2
