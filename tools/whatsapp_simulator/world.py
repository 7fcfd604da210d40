"""What the simulator knows: messages that landed, who wrote when, templates, files, its ways."""

from __future__ import annotations

import base64
import itertools
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from tools.whatsapp_simulator.errors import Refusal

Document = dict[str, Any]
DAY = 24 * 3600


@dataclass
class Ways:
    """How the simulator behaves; ``statuses`` are told of each message, in this order.

    ``absent``: numbers that are not on WhatsApp; ``late``: they are refused by a status, not at
    once; ``withhold``: no status is told until it is asked for.
    """

    statuses: list[str] = field(default_factory=lambda: ["sent", "delivered"])
    absent: list[str] = field(default_factory=list)
    late: bool = False
    withhold: bool = False
    window: bool = True


@dataclass
class Fault:
    """What goes wrong with the next ``times`` messages: a code, ``drop``, ``html`` or ``hang``.

    ``drop``, ``html`` and ``hang`` come after the message has landed.
    """

    kind: str
    times: int = 1


class World:
    """Everything, behind one lock."""

    def __init__(self, templates: dict[str, int]) -> None:
        self.lock = threading.Lock()
        self.ways = Ways()
        self.faults: list[Fault] = []
        self.landed: list[Document] = []
        self.requests = 0
        self.wrote: dict[str, float] = {}
        self.templates = templates
        self.media: dict[str, tuple[str, bytes]] = {}
        self._numbers = itertools.count(1)

    def wamid(self) -> str:
        """Give a new number of a message."""
        text = f"simulated-{next(self._numbers):08d}-{time.time_ns()}"
        return f"wamid.{base64.b64encode(text.encode()).decode().rstrip('=')}"

    def fault(self) -> str | None:
        """Take the fault that strikes now."""
        with self.lock:
            self.requests += 1
            for each in self.faults:
                if each.times > 0:
                    each.times -= 1
                    return each.kind
        return None

    def land(self, message: Document) -> Document:
        """Take a message as Meta does, or refuse it; give it with its number."""
        to = str(message.get("to", ""))
        if message.get("messaging_product") != "whatsapp" or not to.isdigit():
            raise Refusal(100, "messaging_product and to are needed")
        if len(str(message.get("biz_opaque_callback_data", ""))) > 512:
            raise Refusal(100, "biz_opaque_callback_data is longer than 512 characters")
        if to in self.ways.absent and not self.ways.late:
            raise Refusal(131026)
        self._judge(message, to)
        landed = {**message, "id": self.wamid(), "at": time.time()}
        with self.lock:
            self.landed.append(landed)
        return landed

    def _judge(self, message: Document, to: str) -> None:
        kind = message.get("type")
        if kind == "text":
            if not message.get("text", {}).get("body"):
                raise Refusal(131008, "text.body")
            if self.ways.window and time.time() - self.wrote.get(to, 0.0) > DAY:
                raise Refusal(131047)
        elif kind == "template":
            _judge_template(message.get("template", {}), self.templates)
        else:
            raise Refusal(131009, f"type {kind}")


def _judge_template(template: Document, known: dict[str, int]) -> None:
    name = template.get("name")
    if name not in known or not template.get("language", {}).get("code"):
        raise Refusal(132001, f"template {name}")
    given = [
        each
        for component in template.get("components", ())
        if component.get("type") == "body"
        for each in component.get("parameters", ())
    ]
    if len(given) != known[str(name)]:
        raise Refusal(132000, f"{len(given)} of {known[str(name)]}")
    for each in given:
        text = each.get("text", "")
        if not text or "\n" in text or "\t" in text or "     " in text:
            raise Refusal(132012, "newline, tab or more than four spaces in a parameter")
