"""Whose a resource is: what another facility wrote, or was done there, is not ours to send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.bridges.satusehat import constants as c
from fhir_server.bridges.satusehat.parts import parts_of
from fhir_server.bridges.satusehat.wanted import unwanted

if TYPE_CHECKING:
    from fhir_server.bridges.satusehat.payload import Known

    Json = dict[str, Any]

AUTHORS: Final = {"ServiceRequest": "requester", "Composition": "custodian"}
"""Who wrote what other facilities also write into our record."""
PLACES: Final = {
    "Encounter": "serviceProvider",
    "Location": "managingOrganization",
    "Organization": "",
}
"""What says whose it is; an Organization is its own."""
DEEPEST: Final = 5
"""Units within units, at most."""


def not_sent(resource: Json, known: Known) -> str | None:
    """Say why a resource never goes there, so that nothing waits for it; None if it will."""
    if reason := unwanted(resource, known.choices) or withdrawn(resource, known):
        return reason
    if (kind := resource["resourceType"]) in PLACES:
        whose = itself(resource) if kind == "Organization" else resource.get(PLACES[kind])
        return elsewhere(whose, known)
    visit = known.local(local_name(resource.get("encounter") or resource.get("context")) or "")
    if visit is not None and (reason := not_sent(visit, known)):
        return f"its visit is not sent: {reason}"
    author = resource.get(AUTHORS.get(resource["resourceType"], ""))
    return author_elsewhere(author, known)


def withdrawn(resource: Json, known: Known) -> str | None:
    """Leave out what was withdrawn before it was sent; what was sent is corrected there."""
    name = f"{resource['resourceType']}/{resource['id']}"
    keys = [name, *(f"{name}#{part}" for part in parts_of(resource, known.local))]
    if any(known.remote(key) for key in keys) or known.remote(f"{name}#praminta"):
        return None
    verification = resource.get("verificationStatus", {}).get("coding", ())
    states = {resource.get("status"), *(each.get("code") for each in verification)}
    if "entered-in-error" in states:
        return "entered in error, and never sent"
    is_cancelled = resource["resourceType"] == "Encounter" and "cancelled" in states
    return "cancelled, and never sent" if is_cancelled else None


def elsewhere(facility: Json | None, known: Known) -> str | None:
    """Say that a facility is neither ours nor a unit of ours; it sends what is its own itself."""
    name = local_name(facility)
    if name is None or not known.choices.facility:
        return None
    for _ in range(DEEPEST):
        if name == f"Organization/{known.choices.facility}":
            return None
        organization = known.local(name)
        if organization is None or facility_number(organization) is not None:
            break
        name = local_name(organization.get("partOf")) or ""
    return "it is another facility's"


def author_elsewhere(author: Json | None, known: Known) -> str | None:
    """Say that another facility, or somebody of another one, wrote it, and sends it itself."""
    name = local_name(author)
    if name is not None and name.startswith("PractitionerRole/"):
        name = local_name((known.local(name) or {}).get("organization"))
    if name is None or not name.startswith("Organization/"):
        return None
    reason = elsewhere({"reference": name}, known)
    return "another facility wrote it" if reason else None


def itself(resource: Json) -> Json:
    """Write the reference to a resource of ours."""
    return {"reference": f"{resource['resourceType']}/{resource['id']}"}


def local_name(found: Json | None) -> str | None:
    """Give `Type/id` of a reference to a resource of ours, without base and version."""
    parts = (found or {}).get("reference", "").split("/_history/")[0].split("/")
    return "/".join(parts[-2:]) if len(parts) >= 2 and parts[-2][:1].isupper() else None


def facility_number(organization: Json | None) -> str | None:
    """Give the number of a facility that is registered there by itself, not as a unit of ours."""
    if organization is None or organization.get("partOf"):
        return None
    identifiers = organization.get("identifier", ())
    found = (e.get("value") for e in identifiers if e.get("system") == c.FACILITY)
    return next((value for value in found if value), None)
