"""Removes what is older than it has to be kept, and seals the removal into the trail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir_server.store.trail import chain

if TYPE_CHECKING:
    from fhir_server.store.trail.blocks import Blocks
    from fhir_server.store.trail.recorder import Recorder


def remove(blocks: Blocks, recorder: Recorder, before: int) -> int:
    """Take out all blocks that ended before a moment (ms), from the beginning of each chain.

    What is taken is written down first, so a crash in between leaves more than it says, never
    less. A removal of which nothing else is left stays itself: the last block of what it says.
    """
    removed: dict[str, list[Any]] = {}
    keys = []
    stopped: set[str] = set()
    for head in blocks.before(before):
        name = head["c"]
        if name in stopped or head["d"] == chain.REMOVAL or name == recorder.chain:
            stopped.add(name)
            continue
        removed[name] = [head["n"], head["h"]]
        keys.append(head["_id"])
    if keys:
        recorder.add(chain.REMOVAL, {"removed": removed, "before": before, "blocks": len(keys)})
        blocks.remove(keys)
    return len(keys)
