"""PATCH: the text of a resource and a patch in, the patched text out.

What the patch does not touch stays: the order of elements, and every number as it is spelled.

https://hl7.org/fhir/R4/http.html#patch
"""

from __future__ import annotations

from typing import Any, Final

from fhir_server.errors import BadRequest
from fhir_server.resources.patch.fhirpath_patch import apply as apply_fhirpath
from fhir_server.resources.patch.json_patch import apply as apply_json
from fhir_server.resources.patch.spelling import decode, encode
from fhir_server.resources.wire import DEPTH_LIMIT
from fhir_server.resources.wire import decode as expect_json

MOST_OPERATIONS: Final = 10_000


def patched(
    raw: bytes, patch: bytes, depth_limit: int = DEPTH_LIMIT, most: int = MOST_OPERATIONS
) -> bytes:
    """Apply a JSON Patch (an array) or a FHIRPath Patch (a Parameters resource).

    ``raw`` must be a resource. The result need not be valid, nor of the same type or id: whoever
    stores it looks. Raises BadRequest where the patch cannot be read, Invalid where an operation
    cannot be applied.
    """
    expect_json(patch, depth_limit)
    operations = decode(patch)
    if len(_listed(operations)) > most:
        raise BadRequest(f"A patch has at most {most} operations (FHIR_PATCH_LIMIT).")
    if isinstance(operations, list):
        return encode(apply_json(decode(raw), operations))
    if isinstance(operations, dict) and operations.get("resourceType") == "Parameters":
        return encode(apply_fhirpath(decode(raw), operations))
    raise BadRequest(
        "A patch is a JSON Patch (an array of operations) or a FHIRPath Patch (a Parameters).",
        indonesian="Patch adalah JSON Patch (array operasi) atau FHIRPath Patch (Parameters).",
    )


def _listed(operations: Any) -> list[Any]:
    listed = operations.get("parameter") if isinstance(operations, dict) else operations
    return listed if isinstance(listed, list) else []
