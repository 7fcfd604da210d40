"""What an import did, for people (a table) and for programs (JSON)."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(slots=True)
class Report:
    """Counts of an import. Every message of the file is in exactly one of the first five.

    ``unmapped`` counts messages by the sender whom MAP.yaml does not name; ``refused`` gives the
    first line of a message and the rule that refused it. No text of a message is in a report.
    """

    thread: str
    new: int = 0
    already: int = 0
    skipped: int = 0
    system: int = 0
    refused: list[str] = field(default_factory=list)
    unmapped: Counter[str] = field(default_factory=Counter)
    warnings: list[str] = field(default_factory=list)

    @property
    def messages(self) -> int:
        """How many messages the file had."""
        left = sum(self.unmapped.values()) + len(self.refused)
        return self.new + self.already + self.skipped + self.system + left

    def as_json(self) -> dict[str, Any]:
        """Give the report as plain values."""
        return {
            "thread": self.thread,
            "messages": self.messages,
            "new": self.new,
            "already": self.already,
            "skipped": self.skipped,
            "system": self.system,
            "unmapped": dict(self.unmapped.most_common()),
            "refused": self.refused,
            "warnings": self.warnings,
        }

    def write(self, path: Path) -> None:
        """Write the report as a JSON file."""
        path.write_text(json.dumps(self.as_json(), indent=2, ensure_ascii=False) + "\n", "utf-8")

    def table(self) -> Table:
        """Show the report."""
        table = Table(title=Text(f"WhatsApp: {self.thread}"), show_header=False)
        for label, count in (
            ("messages in the file", self.messages),
            ("new", self.new),
            ("already there", self.already),
            ("skipped (empty)", self.skipped),
            ("system lines", self.system),
            ("unmapped sender", sum(self.unmapped.values())),
            ("refused by a rule", len(self.refused)),
        ):
            table.add_row(label, str(count))
        for name, count in self.unmapped.most_common():
            table.add_row("", Text(f"{name}: {count}"), style="yellow")
        for each in [*self.refused, *self.warnings]:
            table.add_row("", Text(each), style="yellow")
        return table
