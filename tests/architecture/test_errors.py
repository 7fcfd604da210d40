"""The tree of failures is the docstring of errors.py."""

import re

from fhir_server import errors

FAILURES = {
    e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, errors.FhirError)
}
ROW = re.compile(r"^( *)[*-] (\w+) +(\d{3}) ([\w-]+)$", re.MULTILINE)


def test_every_failure_stands_in_the_tree_with_its_status_and_code():
    told = {(name, int(status), code) for _, name, status, code in ROW.findall(errors.__doc__)}

    assert told == {(e.__name__, e.status, e.code) for e in FAILURES}


def test_a_failure_stands_below_the_one_it_is_derived_from():
    above = {}
    told = {}
    for indent, name, _, _ in ROW.findall(errors.__doc__):
        depth = len(indent) // 2
        above[depth] = name
        told[name] = above.get(depth - 1, "Exception")

    assert told == {e.__name__: e.__base__.__name__ for e in FAILURES}
