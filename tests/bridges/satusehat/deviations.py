"""The table of known differences from the samples: docs/exchange/satusehat-deviations.md."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import NamedTuple

PAGE = Path(__file__).parents[3] / "docs" / "exchange" / "satusehat-deviations.md"
OF_SOP = "## What a SOP document does not say"
BY_FHIR_ONLY = "## Met by FHIR only"
SPAN = re.compile(r"([a-z-]+)/(\d{3})(?:-(\d{3}))?")
ROW = re.compile(r"\| `([^`]+)` \| `([-+±]) ([^`]+)` \| (.+) \|")


class Deviation(NamedTuple):
    """One row: in which samples, what is missing (-) or more (+), and why."""

    where: str
    sign: str
    path: str
    reason: str
    by_fhir: bool

    def covers(self, sample, difference):
        """Say whether this row explains a difference, `- path = value` of a sample."""
        sign, path = difference.split(" ")[:2]
        return (
            self.sign in {"±", sign}
            and any(fnmatchcase(sample, each) for each in self.where.split())
            and any(fnmatchcase(path, _literal(each)) for each in self.path.split())
        )


@cache
def deviations():
    """Read the rows of the page; those before its second heading hold for every way in."""
    general, _, of_sop = PAGE.read_text("utf-8").partition(OF_SOP)
    found = [Deviation(*row, by_fhir=True) for row in ROW.findall(general)]
    return (*found, *(Deviation(*row, by_fhir=False) for row in ROW.findall(of_sop)))


@cache
def by_fhir_only():
    """Name the samples that no SOP document says."""
    rows = PAGE.read_text("utf-8").partition(BY_FHIR_ONLY)[2].splitlines()
    named = [row.split("|")[1] for row in rows if row.startswith("|")]
    found = [span for cell in named for span in SPAN.findall(cell)]
    return {
        f"{module}/{number:03}"
        for module, first, last in found
        for number in range(int(first), int(last or first) + 1)
    }


def _literal(pattern):
    return pattern.replace("[", "[[]")
