"""Ops to write in tests."""

from fhir_server.resources.wire import text
from fhir_server.store.ops import Put


def put(resource_id, number=1, *, resource_type="Patient", method="PUT", **more):
    raw = b'{"resourceType":"%s","n":%d}' % (resource_type.encode(), number)
    return Put(resource_type, resource_id, text(raw, resource_id), {}, method=method, **more)


def create(resource_id, number=1, **more):
    return put(resource_id, number, method="POST", **more)
