"""Our profiles, code systems, value sets and search parameters: the files of ``profiles/``.

They are written below one canonical base; an operator who sets another gets them below his.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from fhir_server.config import CANONICAL

if TYPE_CHECKING:
    from fhir_server.resources.wire import Document

PACKAGE = Path(__file__).parents[2]
MANIFEST = "package.json"


def folder() -> Path:
    """Find the files: inside the installed package, or beside it in a checkout."""
    inside = PACKAGE / "profiles"
    return inside if inside.is_dir() else PACKAGE.parent / "profiles"


def load_profiles(canonical: str = CANONICAL) -> list[Document]:
    """Read every conformance resource, in the order of type and id, below a canonical base."""
    old, new = CANONICAL.encode(), canonical.rstrip("/").encode()
    files = sorted(path for path in folder().rglob("*.json") if path.name != MANIFEST)
    return [orjson.loads(path.read_bytes().replace(old, new)) for path in files]
