"""What only the simulator has: faults, people and counts, under ``/_simulator``."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from flask import Blueprint, jsonify, request

from tools.satusehat_simulator.people import admit
from tools.satusehat_simulator.world import Ways

if TYPE_CHECKING:
    from flask import Response

    from tools.satusehat_simulator.faults import Faults
    from tools.satusehat_simulator.tokens import Tokens
    from tools.satusehat_simulator.world import World


def blueprint(world: World, tokens: Tokens, faults: Faults) -> Blueprint:
    """Make the routes with which tests steer and count."""
    door = Blueprint("simulator", __name__, url_prefix="/_simulator")
    _steering(door, world, tokens, faults)
    _filling(door, world, tokens)
    _counting(door, world, tokens, faults)
    return door


def _steering(door: Blueprint, world: World, tokens: Tokens, faults: Faults) -> None:
    @door.put("/faults")
    def set_faults() -> Response:
        faults.set(request.get_json())
        return jsonify({})

    @door.put("/ways")
    def set_ways() -> Response:
        known = {each.name for each in fields(Ways)}
        for name, value in request.get_json().items():
            if name not in known:
                raise ValueError(f"{name} is none of {sorted(known)}.")
            setattr(world.ways, name, value)
        world.journal("ways", asdict(world.ways), "")
        return jsonify(asdict(world.ways))

    @door.post("/reset")
    def reset() -> Response:
        faults.set({})
        faults.struck.clear()
        tokens.reset()
        world.reset()
        return jsonify({})

    @door.post("/tokens/expire")
    def expire() -> Response:
        tokens.expire()
        return jsonify({})


def _filling(door: Blueprint, world: World, tokens: Tokens) -> None:
    @door.post("/facilities")
    def add_facility() -> Response:
        given = request.get_json()
        with world.lock:
            world.admit_facility(given["id"], given["name"])
        tokens.clients[given["client"]] = (given["secret"], given["id"])
        return jsonify({})

    @door.post("/people/<kind>")
    def add_people(kind: str) -> Response:
        return jsonify([admit(world, kind, each) for each in request.get_json()])

    @door.post("/resources")
    def add_resources() -> Response:
        given = request.get_json()
        with world.lock:
            for each in given:
                world.add(each["resource"], each.get("owner", ""), each["resource"]["id"])
            world.uncount()
        return jsonify({"resources": len(given)})


def _counting(door: Blueprint, world: World, tokens: Tokens, faults: Faults) -> None:
    @door.get("/counts")
    def counts() -> Response:
        return jsonify(_counts(world, tokens, faults))

    @door.get("/order")
    def order() -> Response:
        with world.lock:
            return jsonify(world.order)

    @door.get("/resources/<kind>")
    def resources(kind: str) -> Response:
        with world.lock:
            return jsonify(list(world.resources[kind].values()))


def _counts(world: World, tokens: Tokens, faults: Faults) -> dict[str, Any]:
    with world.lock:
        return {
            "created": dict(world.types),
            "total": world.types.total(),
            "twice": {f"{kind} {name}": times for (kind, name), times in world.twice.items()},
            "logins": tokens.count,
            "requests": dict(world.requests),
            "faults": dict(faults.struck),
        }
