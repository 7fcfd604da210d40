"""Whatever another system answers, we make something of it; no answer is a bug of ours."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from tests.support.hostile_answers import ANSWERS

EACH = 100


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_read_or_refused(name):
    parser = ANSWERS[name]

    @settings(max_examples=EACH)
    @given(parser.given)
    def feed(what):
        assert isinstance(parser.feed(what), bool)

    feed()
