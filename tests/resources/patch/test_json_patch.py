"""RFC 6902 on the text of a resource."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.errors import BadRequest, Invalid, TooLarge
from fhir_server.resources.patch import patched


def changed(document, *operations):
    return orjson.loads(patched(orjson.dumps(document), orjson.dumps(list(operations))))


def op(name, path, value=None, **more):
    given = {} if value is None else {"value": value}
    return {"op": name, "path": path, **given, **more}


@pytest.mark.parametrize(
    ("before", "operation", "after"),
    [
        ({"a": 1}, op("add", "/b", 2), {"a": 1, "b": 2}),
        ({"a": 1}, op("add", "/a", 2), {"a": 2}),
        ({"a": [1, 3]}, op("add", "/a/1", 2), {"a": [1, 2, 3]}),
        ({"a": [1]}, op("add", "/a/-", 2), {"a": [1, 2]}),
        ({"a": [1]}, op("add", "/a/1", 2), {"a": [1, 2]}),
        ({"a": {"b": 1}}, op("add", "", {"c": 1}), {"c": 1}),
        ({"a": 1, "b": 2}, op("remove", "/b"), {"a": 1}),
        ({"a": [1, 2]}, op("remove", "/a/0"), {"a": [2]}),
        ({"a": 1}, op("replace", "/a", [2]), {"a": [2]}),
        ({"a": 1}, {"op": "replace", "path": "/a", "value": None}, {"a": None}),
        ({"a": 1}, op("move", "/b", **{"from": "/a"}), {"b": 1}),
        ({"a": [1, 2, 3]}, op("move", "/a/2", **{"from": "/a/0"}), {"a": [2, 3, 1]}),
        ({"a": 1}, op("move", "/a", **{"from": "/a"}), {"a": 1}),
        ({"a": [1]}, op("copy", "/b", **{"from": "/a"}), {"a": [1], "b": [1]}),
        ({"a": 1.0}, op("test", "/a", 1), {"a": 1.0}),
        (
            {"a": {"x": [1, {"y": None}]}},
            op("test", "/a", {"x": [1, {"y": None}]}),
            {"a": {"x": [1, {"y": None}]}},
        ),
        ({"a/b": 1, "m~n": 2}, op("replace", "/a~1b", 3), {"a/b": 3, "m~n": 2}),
        ({"a/b": 1, "m~n": 2}, op("remove", "/m~0n"), {"a/b": 1}),
        ({"": 1}, op("replace", "/", 2), {"": 2}),
        ({"~1": 1}, op("test", "/~01", 1), {"~1": 1}),
    ],
)
def test_each_operation(before, operation, after):
    assert changed(before, operation) == after


def test_operations_go_one_after_another():
    done = changed({"a": [1]}, op("add", "/a/-", 2), op("test", "/a/1", 2), op("remove", "/a/0"))

    assert done == {"a": [2]}


@pytest.mark.parametrize(
    "operation",
    [
        op("remove", "/b"),
        op("replace", "/b", 1),
        op("add", "/b/c", 1),
        op("add", "/a/3", 1),
        op("add", "/a/01", 1),
        op("add", "/a/-1", 1),
        op("add", "/a/x", 1),
        op("add", "/a/0/x", 1),
        op("remove", "/a/-"),
        op("remove", "/a/2"),
        op("remove", ""),
        op("test", "/a", 1),
        op("test", "/a/0", value=True),
        op("test", "/a/0", "1"),
        op("move", "/a/0/x", **{"from": "/a"}),
        op("move", "/b", **{"from": "/c"}),
        op("copy", "/b", **{"from": "/a/9"}),
    ],
)
def test_what_cannot_be_applied_is_told_with_its_number(operation):
    with pytest.raises(Invalid) as refused:
        changed({"a": [1, 2]}, op("test", "/a/1", 2), operation)

    (issue,) = refused.value.issues
    assert issue.expression == "[1]"
    assert issue.diagnostics.startswith("Operation 1 (")


@pytest.mark.parametrize(
    "patch",
    [
        b"{}",
        b"[1]",
        b"[{}]",
        b'[{"op":"jump","path":"/a"}]',
        b'[{"op":["add"],"path":"/a"}]',
        b'[{"op":"add","path":"/a"}]',
        b'[{"op":"add","path":"a","value":1}]',
        b'[{"op":"add","path":1,"value":1}]',
        b'[{"op":"add","value":1}]',
        b'[{"op":"add","path":"/~2","value":1}]',
        b'[{"op":"copy","path":"/a"}]',
        b'[{"op":"move","path":"/a","from":"b"}]',
        b'[{"op":"add","op":"remove","path":"/a","value":1}]',
        b'[{"op":"add","path":"/a","value":NaN}]',
        b'[{"op":"add","path":"/a","value":' + b"[" * 5000 + b"]" * 5000 + b"}]",
        b"[",
        b"\xff",
    ],
)
def test_what_is_no_patch_is_refused(patch):
    with pytest.raises(BadRequest):
        patched(b'{"a":1}', patch)


def test_numbers_stay_as_they_were_written():
    patch = b'[{"op":"add","path":"/b","value":2.50},{"op":"test","path":"/a/0","value":1.0}]'

    done = patched(b'{"a":[1.00,1e2,12345678901234567890.10],"c":-0.0}', patch)

    assert done == b'{"a":[1.00,1e2,12345678901234567890.10],"c":-0.0,"b":2.50}'


def test_no_value_of_the_resource_is_in_a_refusal():
    with pytest.raises(Invalid) as refused:
        changed({"nik": "3171234567890001"}, op("test", "/nik", "x"))

    assert "3171234567890001" not in refused.value.issues[0].diagnostics


def test_copies_cannot_grow_without_bound():
    doubling = [op("copy", "/a/-", **{"from": "/a"}) for _ in range(60)]
    with pytest.raises(TooLarge):
        changed({"a": ["x" * 1000]}, *doubling)
    with pytest.raises(TooLarge):
        changed({"a": ["x" * 100_000]}, *[op("copy", "/b", **{"from": "/a"})] * 1000)


json = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=2), json, min_size=1, max_size=3), json, st.data())
def test_what_was_added_is_there_and_can_be_taken_back(document, value, data):
    name = data.draw(st.text(max_size=3).filter(lambda each: each not in document))
    path = "/" + name.replace("~", "~0").replace("/", "~1")
    add = {"op": "add", "path": path, "value": value}
    test = {"op": "test", "path": path, "value": value}

    assert changed(document, add, test) == document | {name: value}
    assert changed(document, add, test, op("remove", path)) == document
