"""A resource of SATUSEHAT as it is stored here: our id, our references, and where it came from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from fhir_server.bridges.satusehat import constants as c
from fhir_server.mappings.dibaca import BRIDGE, ORIGIN, PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping

    Json = dict[str, Any]

NAME: Final = re.compile(r"([A-Z][A-Za-z]+)/([^/?#]+)(?:/_history/[^/]+)?")
FITS: Final = re.compile(r"[A-Za-z0-9\-.]{1,54}")
STAMP: Final = ("versionId", "lastUpdated", "profile")
"""What of ``meta`` stays there; the server stamps its own."""


@dataclass(frozen=True)
class Place:
    """What the ids there mean here.

    ``base`` is SATUSEHAT's address, ``patient`` names the patient there, ``local`` here;
    ``own`` gives our resource behind an id there, ``facility`` an Organization of ours by its
    number; ``read`` are the names of what is read with this resource.
    """

    base: str
    canonical: str
    patient: str
    local: str
    own: Mapping[str, str]
    facility: Callable[[str], str | None]
    read: Container[str]

    def localised(self, resource: Json) -> Json:
        """Write a resource as it is stored here."""
        kind, name = resource["resourceType"], str(resource["id"])
        meta = {k: v for k, v in resource.get("meta", {}).items() if k not in STAMP}
        tag = {"system": f"{self.canonical.rstrip('/')}{ORIGIN}", "code": BRIDGE}
        meta |= {"source": f"{self.base}/{kind}/{name}", "tag": [*meta.get("tag", ()), tag]}
        rest = {k: v for k, v in resource.items() if k not in {"resourceType", "id", "meta"}}
        return {
            "resourceType": kind,
            "id": local_id(name),
            "meta": meta,
            **{k: self._here(v) for k, v in rest.items()},
        }

    def _here(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._here(each) for each in value]
        if not isinstance(value, dict):
            return value
        found = {k: self._here(v) for k, v in value.items()}
        if isinstance(found.get("reference"), str):
            found["reference"] = self.reference(found["reference"])
            if found["reference"] == self.local:
                found.pop("display", None)  # a name that SATUSEHAT censors; ours is better
        return found

    def reference(self, text: str) -> str:
        """Give the reference here to what a reference there names; else its address there."""
        match = NAME.fullmatch(text.removeprefix(f"{self.base}/"))
        if match is None:
            return text
        kind, name = match.groups()
        if (kind, name) == ("Patient", self.patient):
            return self.local
        if kind == "Organization" and (facility := self.facility(name)):
            return facility
        if ours := self.own.get(name):
            return ours
        short = f"{kind}/{name}"
        return f"{kind}/{local_id(name)}" if short in self.read else f"{self.base}/{short}"


def local_id(name: str) -> str:
    """Give the id under which what has this id there is stored here, always the same."""
    return PREFIX + (name if FITS.fullmatch(name) else sha256(name.encode()).hexdigest()[:32])


def named_as_ours(resource: Json, organization: str, own: Iterable[Json]) -> str | None:
    """Give our resource that a resource there carries the identifier of; None if there is none."""
    kind = resource["resourceType"]
    values = {
        str(e.get("value")) for e in _listed(resource.get("identifier")) if _is_own(e, organization)
    }
    for each in own if values else ():
        numbers = {str(e.get("value")) for e in _listed(each.get("identifier"))}
        parts = {v for v in values if v.startswith(f"{each['id']}-")} if kind in PARTED else set()
        if each["resourceType"] == kind and (values & ({each["id"]} | numbers) or parts):
            return f"{kind}/{each['id']}"
    return None


PARTED: Final = ("Observation", "DiagnosticReport")


def _is_own(identifier: Json, organization: str) -> bool:
    """Say whether we gave an identifier: its system ends in our number, or has it before a word."""
    system = str(identifier.get("system", ""))
    return system.startswith(f"{c.SYS_IDS}/") and organization in system.split("/")


def _listed(found: Any) -> list[Json]:
    """List identifiers; a Composition has one, and no list."""
    return found if isinstance(found, list) else [found] if found else []
