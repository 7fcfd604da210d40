"""No input makes a parser raise anything but a refusal; ``tests/soak/fuzz.py`` looks for hours."""

from __future__ import annotations

from base64 import urlsafe_b64encode

import pytest
from hypothesis import given, settings

from tests.support.hostile import PARSERS

EACH = 60


@pytest.mark.parametrize("name", PARSERS)
def test_a_parser_reads_or_refuses(name):
    parser = PARSERS[name]

    @settings(max_examples=EACH)
    @given(parser.given)
    def feed(what):
        assert isinstance(parser.feed(what), bool)

    feed()


@pytest.mark.parametrize("name", ["wire", "webhook", "form", "patch"])
@pytest.mark.parametrize("part", ["[", '{"a":'])
def test_what_nests_without_end_is_refused(name, part):
    assert not PARSERS[name].feed((part * 200_000).encode())


@pytest.mark.parametrize("name", ["assertion", "token"])
@pytest.mark.parametrize("at", [0, 1])
def test_a_token_that_nests_without_end_is_refused(name, at):
    parts = [b'{"alg":"HS256"}', b"{}", b""]
    parts[at] = b'{"a":' * 5_000

    assert not PARSERS[name].feed(".".join(urlsafe_b64encode(each).decode() for each in parts))


def test_a_name_of_no_letter_is_nobody():
    assert PARSERS["fhirpath"].feed("``")
