"""An update that says what is there already makes no version; one that says more does."""

import pytest

from fhir_server.resources.wire import text
from fhir_server.store.ops import Put

THERE = (
    b'{"resourceType":"Patient","meta":{"profile":["https://a.example/x"]},"active":true,'
    b'"extension":[{"url":"https://a.example/e","valueDecimal":1.00}]}'
)


def put(raw):
    return Put("Patient", "1", text(raw, "1"), {}, method="PUT")


@pytest.mark.parametrize(
    ("said", "version"),
    [
        (THERE, 1),
        (THERE.replace(b'",', b'", '), 1),
        (
            b'{"active":true,"resourceType":"Patient",'
            + THERE[len(b'{"resourceType":"Patient",') :].replace(b',"active":true', b""),
            1,
        ),
        (THERE.replace(b"a.example/x", b"a.example/y"), 2),
        (THERE.replace(b"1.00", b"10.0"), 2),
        (THERE.replace(b"1.00", b"1.0"), 2),
        (THERE.replace(b"true", b"false"), 2),
    ],
)
def test_only_a_change_makes_a_version(store, said, version):
    store.transact([put(THERE)])

    store.transact([put(said)])

    assert store.read("Patient", "1").version == version
