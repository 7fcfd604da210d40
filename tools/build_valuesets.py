"""Write the ValueSet of all codes for every code system in profiles/.

Run after adding a code system: ``python tools/build_valuesets.py``. A test holds that nothing is
left to write.
"""

from __future__ import annotations

import json
from pathlib import Path

PROFILES = Path(__file__).parent.parent / "profiles"


def build(folder: Path = PROFILES) -> dict[Path, str]:
    """Give each value set's file and its text."""
    systems = sorted((folder / "codesystem").glob("*.json"))
    return {
        folder / "valueset" / path.name: value_set(json.loads(path.read_text("utf-8")))
        for path in systems
    }


def value_set(system: dict[str, str]) -> str:
    """Write the value set of a code system's codes."""
    resource = {
        "resourceType": "ValueSet",
        "id": system["id"],
        "url": system["valueSet"],
        "version": system["version"],
        "name": system["name"],
        "title": system["title"],
        "status": system["status"],
        "experimental": False,
        "description": f"Semua kode {system['title'].lower()}.",
        "immutable": False,
        "compose": {"include": [{"system": system["url"]}]},
    }
    return json.dumps(resource, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for path, text in build().items():
        path.write_text(text, "utf-8")
