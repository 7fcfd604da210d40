"""Loading a distribution: which reader it needs, and its concepts into the database in batches."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from fhir_server.commands.terminology import claml, loinc, rf2, table
from fhir_server.commands.terminology.files import Unreadable, find, fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fhir_server.commands.terminology.reading import Distribution
    from fhir_server.store.editions import Edition, Editions

SYSTEMS = ("loinc", "snomed", "icd-10", "kfa", "csv")
BATCH = 2000

XML = ("*.xml", "*.claml", "*.xml.gz")


def read(system: str, path: Path, *, url: str = "", version: str = "") -> Distribution:
    """Read the hierarchy of a distribution; its concepts are read when they are asked for."""
    if system == "loinc":
        return loinc.read(path, version=version)
    if system == "snomed":
        return rf2.read(path, version=version)
    if system == "icd-10":
        return _icd10(path, version)
    if system == "kfa":
        return table.read(path, url=table.KFA, name="KFA", version=version)
    if not url:
        raise Unreadable("A table of one's own needs --url, the canonical of its code system.")
    return table.read(path, url=url, name=url, version=version)


def _icd10(path: Path, version: str) -> Distribution:
    single = path.is_file() and not path.name.endswith((".xml", ".claml", ".xml.gz", ".zip"))
    if single or not find(path, *XML):
        return table.read(path, url=table.ICD10, name="ICD-10", version=version)
    return claml.read(path, version=version)


def load(
    editions: Editions,
    distribution: Distribution,
    path: Path,
    on_batch: Callable[[int], None] = lambda _: None,
) -> Edition:
    """Store a distribution; what was stored before a halt is not stored again.

    ``on_batch`` is called with how many concepts went by.
    """
    parts = (distribution.url, distribution.version, distribution.name)
    edition = editions.begin(*parts, fingerprint(path))
    if edition.state == "ready":
        return edition
    concepts = distribution.concepts()
    on_batch(sum(1 for _ in islice(concepts, edition.at)))
    while batch := list(islice(concepts, BATCH)):
        editions.write(edition.key, [(each, distribution.above(each.code)) for each in batch])
        on_batch(len(batch))
    return editions.finish(edition.key)
