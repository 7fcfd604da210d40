"""What SATUSEHAT asks of a resource before it stores it, with the numbers of its rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.satusehat_simulator.rules import (
    codes,
    dates,
    elements,
    episodes,
    identity,
    immunization,
    numbers,
    referrals,
    targets,
)

if TYPE_CHECKING:
    from tools.satusehat_simulator.outcomes import Issue
    from tools.satusehat_simulator.world import Document, World


def judge(resource: Document, world: World, organization: str, pending: set[str]) -> list[Issue]:
    """Name everything that is wrong; ``pending`` are the fullUrls of the same transaction."""
    broken = elements.unreadable(resource)
    if broken:
        return broken
    return [
        *elements.missing(resource),
        *identity.wrong(resource, organization),
        *codes.unknown(resource),
        *numbers.written_as_text(resource),
        *dates.wrong(resource, world.ways),
        *immunization.wrong(resource),
        *episodes.wrong(resource),
        *referrals.wrong(resource, world),
        *targets.unknown(resource, world, pending),
    ]
