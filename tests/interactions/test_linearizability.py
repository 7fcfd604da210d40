"""What processes see of one thing, all at once, can have happened one after another.

``python -m tests.soak.races`` runs more of it.
"""

import pytest

from tests.soak.linearizability import NEVER, Call, counter, explained, lease, once, register
from tests.soak.races import MODELS, crossed, prepare, race, unexplained

NAMES = ["1", "2"]
FRESH = (0, None)


@pytest.mark.slow
def test_every_history_of_several_processes_has_an_order_that_explains_it(context, settings):
    """Conditional create, If-Match, crossing transactions, queue (BR-B1), one student (BR-E1)."""
    prepare(context, NAMES)

    histories = race(settings, NAMES)

    assert {thing.split()[0] for thing in histories} == set(MODELS)
    assert unexplained(histories) == []
    assert crossed(histories, NAMES) == []


def calls(*rows):
    return [Call(number, *row) for number, row in enumerate(rows)]


@pytest.mark.parametrize(
    ("model", "begin", "rows"),
    [
        (register, FRESH, [(0, 9, ("write", "a"), 2), (1, 8, ("write", "b"), 1)]),
        (register, FRESH, [(0, 5, ("write", "a"), 1), (1, 3, ("read",), (0, None))]),
        (register, FRESH, [(0, NEVER, ("write", "a")), (5, 6, ("read",), (1, "a"))]),
        (register, FRESH, [(0, NEVER, ("write", "a")), (5, 6, ("read",), (0, None))]),
        (register, (1, "a"), [(0, 9, ("write-if", 1, "b"), 2), (0, 9, ("write", "c"), 3)]),
        (once, "", [(0, 9, ("make",), ("there", "x")), (1, 8, ("make",), ("made", "x"))]),
        (lease, "", [(0, 3, ("take",), "x"), (1, 9, ("take",), "refused")]),
        (counter, 0, [(0, 9, ("take",), 2), (1, 9, ("take",), 1)]),
    ],
)
def test_what_can_have_happened_is_explained(model, begin, rows):
    assert explained(calls(*rows), model, begin) is not None


@pytest.mark.parametrize(
    ("model", "begin", "rows"),
    [
        (register, FRESH, [(0, 1, ("write", "a"), 1), (2, 3, ("read",), (0, None))]),
        (register, FRESH, [(0, 9, ("write", "a"), 1), (1, 8, ("write", "b"), 1)]),
        (register, FRESH, [(0, 1, ("write", "a"), 2), (2, 3, ("write", "b"), 1)]),
        (register, FRESH, [(0, 9, ("read",), (1, "a")), (20, NEVER, ("write", "a"))]),
        (register, (1, "a"), [(0, 9, ("write-if", 1, w), v) for w, v in (("b", 2), ("c", 3))]),
        (register, (1, "a"), [(0, 9, ("write-if", 1, "b"), "refused")]),
        (once, "", [(0, 9, ("make",), ("made", "x")), (1, 8, ("make",), ("made", "y"))]),
        (once, "", [(0, 1, ("make",), ("there", "x")), (2, 3, ("make",), ("made", "x"))]),
        (lease, "", [(0, 9, ("take",), "x"), (1, 9, ("take",), "y")]),
        (lease, "", [(0, 9, ("take",), "refused")]),
        (counter, 0, [(0, 1, ("take",), 2), (2, 3, ("take",), 1)]),
        (counter, 0, [(0, 9, ("take",), 1), (0, 9, ("take",), 3)]),
    ],
)
def test_what_cannot_have_happened_is_not(model, begin, rows):
    assert explained(calls(*rows), model, begin) is None
