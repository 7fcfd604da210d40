"""FHIR packages (NPM, ``.tgz``): the conformance resources in them.

https://confluence.hl7.org/display/FHIR/NPM+Package+Specification
"""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONFORMANCE = frozenset(
    {
        "CapabilityStatement",
        "CodeSystem",
        "ConceptMap",
        "ImplementationGuide",
        "NamingSystem",
        "OperationDefinition",
        "Questionnaire",
        "SearchParameter",
        "StructureDefinition",
        "StructureMap",
        "ValueSet",
    }
)
SUFFIXES = (".tgz", ".tar.gz")
LARGEST = 64 * 1024 * 1024
"""Bytes of one file in a package; what is larger is no conformance resource."""


class _Head(msgspec.Struct, rename="camel"):
    resource_type: str = ""
    url: str = ""


def is_package(path: Path) -> bool:
    """Tell by the name whether a file is a package."""
    return path.name.endswith(SUFFIXES)


def contents(path: Path) -> Iterator[tuple[str, str, bytes]]:
    """Give the conformance resources: file name, the URL to PUT it to (or ""), text; no examples.

    Raises tarfile.TarError or msgspec.DecodeError for what is no package.
    """
    with tarfile.open(path, "r:gz") as archive:
        for member in archive:
            folder, _, name = member.name.rpartition("/")
            if folder != "package" or not name.endswith(".json") or name.startswith("."):
                continue
            file = archive.extractfile(member)
            if file is None or member.size > LARGEST or name == "package.json":
                continue
            text = file.read()
            head = msgspec.json.decode(text, type=_Head)
            if head.resource_type in CONFORMANCE:
                criteria = quote(head.url.partition("|")[0], safe=":/")
                yield name, f"{head.resource_type}?url={criteria}" if head.url else "", text
