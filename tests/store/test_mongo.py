from fhir_server.resources.wire import text
from fhir_server.store.ops import Put


def test_what_was_created_is_read_back(store):
    put = Put("Patient", "1", text(b'{"resourceType":"Patient","active":true}', "1"), {})

    (written,) = store.transact([put])

    assert written.created
    assert written.stored.version == 1
    assert store.read("Patient", "1") == written.stored
