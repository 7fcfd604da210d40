"""Removes what is older than it has to be kept, and seals the removal into the trail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_server.store.trail import chain

if TYPE_CHECKING:
    from fhir_server.store.trail.blocks import Blocks
    from fhir_server.store.trail.chain import Block
    from fhir_server.store.trail.recorder import Recorder


def remove(blocks: Blocks, recorder: Recorder, before: int) -> int:
    """Take out all blocks that ended before a moment (ms), from the beginning of each chain.

    Only whole stretches are taken: the first block of one says whom the others name, too. What is
    taken is written down first, so a crash in between leaves more than it says, never less. A
    removal of which nothing else is left stays itself: the last block of what it says.
    """
    old: dict[str, list[Block]] = {}
    stopped: set[str] = set()
    for head in blocks.before(before):
        name = head["c"]
        if name in stopped or head["d"] == chain.REMOVAL or name == recorder.chain:
            stopped.add(name)
            continue
        old.setdefault(name, []).append(head)
    whole = {name: found for name, heads in old.items() if (found := _whole(blocks, heads, before))}
    removed = {name: [heads[-1]["n"], heads[-1]["h"]] for name, heads in whole.items()}
    keys = [head["_id"] for heads in whole.values() for head in heads]
    if keys:
        recorder.add(chain.REMOVAL, {"removed": removed, "before": before, "blocks": len(keys)})
        blocks.remove(keys)
    return len(keys)


def _whole(blocks: Blocks, heads: list[Block], before: int) -> list[Block]:
    """Give those before the first stretch of a chain of which anything is kept.

    Blocks do not always end one after the other: an event may have waited.
    """
    kept = blocks.kept(heads[0]["c"], before)
    if kept is None:
        return heads
    return [head for head in heads if head["n"] < kept.get("s", kept["n"])]
