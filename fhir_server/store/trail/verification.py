"""Says whether the audit trail is whole: every block as it was written, none missing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fhir_server.store.trail import chain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fhir_server.store.trail.blocks import Blocks
    from fhir_server.store.trail.chain import Block

Heads = dict[str, list[Any]]


@dataclass(slots=True)
class Verdict:
    """What was found; ``faults`` is empty where the trail is whole."""

    chains: int = 0
    blocks: int = 0
    events: int = 0
    removed: int = 0
    lost: int = 0
    faults: list[str] = field(default_factory=list)
    heads: Heads = field(default_factory=dict)


def verify(blocks: Blocks, key: bytes, witnessed: Mapping[str, list[Any]] | None = None) -> Verdict:
    """Read the whole trail; ``witnessed`` are heads of chains as they were once written down."""
    verdict = Verdict()
    hashes: dict[tuple[str, int], str] = {}
    wanted: list[tuple[str, str, int, str]] = []
    removals: dict[str, tuple[int, str]] = {}
    firsts: list[Block] = []
    last: Block | None = None
    for block in blocks.all():
        _judge(block, last, key, verdict)
        if last is None or last["c"] != block["c"]:
            firsts.append({name: block[name] for name in ("c", "n", "e")})
        hashes[block["c"], block["n"]] = block["h"]
        wanted += [(block["c"], name, number, seal) for name, (number, seal) in block["a"].items()]
        for name, (number, seal) in block["x"].get("removed", {}).items():
            removals[name] = max(removals.get(name, (-1, "")), (number, seal))
        verdict.heads[block["c"]] = [block["n"], block["h"]]
        last = block
    verdict.chains = len(firsts)
    verdict.removed = sum(number + 1 for number, _ in removals.values())
    _begun(firsts, removals, verdict)
    for name, (number, seal) in (witnessed or {}).items():
        wanted.append(("the witness", name, number, seal))
    wanted += [("its own head", name, *head) for name, head in blocks.heads.known().items()]
    missing = [each for each in wanted if _is_missing(each, hashes, removals)]
    for by, name, number, seal in missing:
        there = blocks.one(chain.name(name, number))  # it may have come while this was reading
        if there is None or there["h"] != seal:
            verdict.faults.append(f"{chain.name(name, number)}: {by} has seen it; it is not there")
    return verdict


def _judge(block: Block, last: Block | None, key: bytes, verdict: Verdict) -> None:
    """Hold one block against its hash and against the one before."""
    verdict.blocks += 1
    verdict.events += block["k"]
    verdict.lost += block["x"].get("lost", 0)
    where = block["_id"]
    if chain.digest(block, key) != block["h"] or where != chain.name(block["c"], block["n"]):
        verdict.faults.append(f"{where}: it is not as it was written, or was made with another key")
        return
    if last is None or last["c"] != block["c"]:
        return
    if block["n"] != last["n"] + 1:
        missing = block["n"] - last["n"] - 1
        verdict.faults.append(f"{where}: {missing} blocks before it are missing")
    elif block["e"] != last["h"]:
        verdict.faults.append(f"{where}: the block before it is another")
    if last["d"] == chain.ENDED and block["d"] not in chain.AFTER_END:
        verdict.faults.append(f"{where}: it was added after the chain had ended")


def _begun(firsts: list[Block], removals: Mapping[str, tuple[int, str]], verdict: Verdict) -> None:
    """Expect each chain to begin with its first block, or where a sealed removal ends."""
    for block in firsts:
        number, seal = removals.get(block["c"], (-1, ""))
        follows = block["n"] == number + 1 and block["e"] == seal
        if not follows and block["n"] > number:  # a removal may have been cut short
            verdict.faults.append(
                f"{chain.name(block['c'], block['n'])}: what comes before it was taken away"
            )


def _is_missing(
    seen: tuple[str, str, int, str],
    hashes: Mapping[tuple[str, int], str],
    removals: Mapping[str, tuple[int, str]],
) -> bool:
    """Tell whether what was seen of a chain is not there, and was not removed under seal."""
    _, name, number, seal = seen
    return number > removals.get(name, (-1, ""))[0] and hashes.get((name, number)) != seal
