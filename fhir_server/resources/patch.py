"""Patches of both kinds on the text of a resource.

https://hl7.org/fhir/R4/http.html#patch
"""

from __future__ import annotations

from fhir_server.errors import NotSupported
from fhir_server.resources.json_patch import json_patched


def patched(raw: bytes, patch: bytes) -> bytes:
    """Apply a JSON Patch (an array) or a FHIRPath Patch (a Parameters resource)."""
    if patch.lstrip()[:1] == b"[":
        return json_patched(raw, patch)
    raise NotSupported("A FHIRPath Patch is not supported yet; send a JSON Patch.")
