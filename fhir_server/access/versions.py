"""Past versions: who may see a resource sees of its past what was in reach as it was written.

A version may be of another patient (written into the wrong record first), carry a label that a
consent keeps back, or be of a Task before it was sent. Who wrote the resource sees all of it, and
of a Patient all versions are hers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from fhir_server.search.index import index
from fhir_server.search.matching import is_match

if TYPE_CHECKING:
    from collections.abc import Callable

    from fhir_server.search.parameters import Parameters
    from fhir_server.search.plan import Filter
    from fhir_server.store.ops import Stored

_PATIENT = "Patient/"


class Past:
    """Judges the versions of one resource by its ``current`` one, which is in reach.

    ``wanted`` must hold of each; ``is_seen`` says whether a patient is in reach.
    """

    def __init__(
        self,
        current: Stored,
        wanted: Filter,
        is_seen: Callable[[str], bool],
        parameters: Parameters,
    ) -> None:
        self._current = current
        self._wanted = wanted
        self._is_seen = is_seen
        self._parameters = parameters

    def is_open(self, version: Stored) -> bool:
        """Say whether a version is in reach; that there was a deletion may be known."""
        current = self._current
        if version.text is None or current.text is None or version.version == current.version:
            return True
        indexed = index(orjson.loads(version.raw), self._parameters)
        then, now = _patients(indexed), _patients(self._index_now())
        if then and not then & now and not any(map(self._is_seen, sorted(then))):
            return False
        return is_match(self._wanted, {"_id": version.id, "ix": indexed})

    def _index_now(self) -> dict[str, Any]:
        return index(orjson.loads(self._current.raw), self._parameters)


def _patients(indexed: dict[str, Any]) -> set[str]:
    """Give the ids of the patients whom an index names."""
    values = (indexed.get(name) for name in ("patient", "_of"))
    several = ([each] if isinstance(each, str) else each or () for each in values)
    named = (each for some in several for each in some)
    return {each.removeprefix(_PATIENT) for each in named if each.startswith(_PATIENT)}
