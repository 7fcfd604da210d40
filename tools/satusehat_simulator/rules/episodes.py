"""EpisodeOfCare: when it began must be said in full."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.satusehat_simulator.outcomes import Issue

if TYPE_CHECKING:
    from tools.satusehat_simulator.world import Document, World


def wrong(resource: Document) -> list[Issue]:
    """Name what an EpisodeOfCare lacks."""
    if resource["resourceType"] != "EpisodeOfCare" or resource.get("period", {}).get("start"):
        return []
    at = "EpisodeOfCare.period.start"
    return [Issue("value", f"Element not found: {at}", at, 10406)]


def second(resource: Document, world: World) -> Issue | None:
    """Refuse a second active episode of a type and patient, whichever facility has the first."""
    if resource["resourceType"] != "EpisodeOfCare" or resource["status"] != "active":
        return None
    wanted = types(resource)
    for other in world.referring("EpisodeOfCare", resource["patient"]["reference"]):
        if other["id"] == resource.get("id"):
            continue
        if other["status"] == "active" and types(other) & wanted:
            words = "found duplicated EpisodeOfCare Type with status active."
            return Issue("duplicate", words, "EpisodeOfCare.type", 10110)
    return None


def types(resource: Document) -> set[str]:
    """Give the codes of the type of an episode."""
    return {
        coding.get("code", "")
        for each in resource.get("type", ())
        for coding in each.get("coding", ())
    }
