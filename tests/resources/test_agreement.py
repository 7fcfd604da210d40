"""The fast judge and the wording judge must never disagree."""

import copy

from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_server.resources.definitions import load_definitions
from fhir_server.resources.structure import Structure
from fhir_server.resources.wording import Wording
from tests.resources.documents import ALL

STRUCTURE = Structure(load_definitions())
WORDING = Wording(load_definitions(), lambda _: False)

NAMES = st.sampled_from(
    [
        "id",
        "resourceType",
        "status",
        "gender",
        "_gender",
        "value",
        "valueString",
        "_valueString",
        "valueInteger",
        "given",
        "_given",
        "extension",
        "url",
        "contained",
        "resource",
        "code",
        "text",
        "use",
        "birthDate",
        "_birthDate",
        "div",
        "line",
        "subject",
        "performer",
        "reference",
        "x",
    ]
)
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 3),
    st.sampled_from([2**31, 1.0, 0.0, 1.5, "", " ", "a", "a b", "\x00", "final", "female", "2024"]),
    st.sampled_from(["2024-02-30", "2024-05-31T08:30:00Z", "<div>x</div>", "aGFsbw==", "\u00a0"]),
    st.sampled_from([[], {}, [None], [{}], [""], ["a"], [[]], {"id": "a"}, [{"id": "a"}]]),
    st.sampled_from(
        [
            {"url": "x", "valueCode": "x"},
            [{"url": "x", "valueCode": "x"}],
            {"resourceType": "Location"},
            [{"resourceType": "Location", "contained": [{"resourceType": "Location"}]}],
            {"reference": "Device/1"},
            [{"reference": "Patient/1"}],
            {"text": "x"},
            [{"text": "x"}],
        ]
    ),
)


def places(value):
    """Every object and array in a document."""
    if isinstance(value, dict | list):
        yield value
        for child in value.values() if isinstance(value, dict) else value:
            yield from places(child)


@st.composite
def documents(draw):
    """A valid resource with one to three places changed."""
    document = copy.deepcopy(draw(st.sampled_from(ALL)))
    for _ in range(draw(st.integers(1, 3))):
        if not document:
            break
        target = draw(st.sampled_from([each for each in places(document) if each]))
        key = draw(st.sampled_from(sorted(target) if isinstance(target, dict) else [0, -1]))
        kind = draw(st.integers(0, 2))
        if kind == 0:
            target.pop(key)
        elif kind == 1 and isinstance(target, dict):
            target[draw(NAMES)] = copy.deepcopy(draw(JUNK))
        else:
            target[key] = copy.deepcopy(draw(JUNK))
    return document


def has_repeating_extension(document):
    """Say whether an extension of a repeating primitive is there: the fast judge passes it on."""
    return any(
        isinstance(place, dict) and any(name in place for name in ("_given", "_line", "_profile"))
        for place in places(document)
    )


@settings(max_examples=600, deadline=None)
@given(documents())
def test_what_the_fast_judge_accepts_has_no_issues_and_the_reverse(document):
    issues = list(WORDING.resource(document, ""))

    if STRUCTURE.accepts(document):
        assert issues == []
    elif not issues:
        assert has_repeating_extension(document)


@settings(max_examples=300, deadline=None)
@given(st.recursive(JUNK, lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner)))
def test_no_json_makes_a_judge_raise(junk):
    for document in ({"resourceType": "Patient", "name": junk}, {"resourceType": junk}):
        assert isinstance(STRUCTURE.accepts(document), bool)
        assert isinstance(list(WORDING.resource(document, "")), list)
