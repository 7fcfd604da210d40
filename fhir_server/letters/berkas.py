"""Berkas: the resources of one letter, by name, and how a letter looks things up in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir_server.mappings import load_mappings
from fhir_server.mappings.codes import code_system
from fhir_server.mappings.elements import code_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fhir_server.resources.wire import Document

JENIS_DOKUMEN = code_system("jenis-dokumen")


class Berkas:
    """The resources of one letter, as the mappings know them; the primary one comes first."""

    def __init__(self, resources: Iterable[Document]) -> None:
        every = list(resources)
        self.utama: Document = every[0]
        self._by_name = {f"{each['resourceType']}/{each['id']}": each for each in every}

    def baca(self, reference: Document | str | None) -> Document:
        """Give what a Reference, or a name, leads to; an empty resource if that is not here."""
        name = reference if isinstance(reference, str) else (reference or {}).get("reference", "")
        parts = name.split("/_history/")[0].split("/")
        return self._by_name.get("/".join(parts[-2:]), {})

    def semua(self, resource_type: str) -> list[Document]:
        """Give every resource of a type, in the order in which they came."""
        return [e for e in self._by_name.values() if e["resourceType"] == resource_type]

    def __iter__(self) -> Iterator[Document]:
        return iter(self._by_name.values())

    @property
    def komposisi(self) -> Document | None:
        """The Composition: the primary resource, or what the primary resource names."""
        if self.utama["resourceType"] == "Composition":
            return self.utama
        named = (self.baca(each) for each in self.utama.get("supportingInfo", ()))
        found = [each for each in named if each.get("resourceType") == "Composition"]
        return next(iter(found or self.semua("Composition")), None)

    def berjenis(self, jenis: str) -> bool:
        """Say whether the Composition is of a kind of ours."""
        return code_of((self.komposisi or {}).get("type"), JENIS_DOKUMEN) == jenis

    def pokok(self, resource_type: str) -> Document:
        """Give the resource a letter is about: the primary one, or what its Composition names."""
        if self.utama["resourceType"] == resource_type:
            return self.utama
        events = (self.komposisi or {}).get("event", ())
        named = [self.baca(detail) for event in events for detail in event.get("detail", ())]
        own = [each for each in named if each.get("resourceType") == resource_type]
        return next(iter(own or self.semua(resource_type)), {})

    def isian(self, entity: str, primary: Document) -> dict[str, Any]:
        """Read the SOP document that these resources are, field by field."""
        mapping = load_mappings()[entity]
        parts = mapping.parts(primary, self._by_name)
        roles = {role: found for role, name in parts.items() if (found := self.baca(name))}
        named = {f"{e['resourceType']}/{e['id']}" for e in (primary, *roles.values())}
        if not mapping.gather:
            return mapping.from_fhir({"": primary, **roles})
        others = {name: e for name, e in self._by_name.items() if name not in named}
        about = {n: e for n, e in others.items() if e["resourceType"] == "Communication"}
        return mapping.from_fhir({**about, "": primary, **roles})
