"""What Measures count: one function per Measure, found in the modules of this folder.

A module here has ``MEASURES: Mapping[str, Evaluate]``: the name of a Measure (the last part of its
canonical url, ``pws-k1``) and the function that evaluates it. ``$evaluate-measure`` reads the
Measure and the period, calls the function, and writes what it counted as a MeasureReport.
"""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from decimal import Decimal

    from fhir_server.context import Context
    from fhir_server.resources.wire import Document

    Evaluate = Callable[[Context, "Asked"], "Evaluation"]

Kind = Literal["individual", "subject-list", "summary"]


@dataclass(frozen=True, slots=True)
class Asked:
    """One evaluation: ``start`` and ``end`` are instants of the clinic's zone, ``end`` excluded.

    ``subject`` and ``reporter`` are ``Type/id`` or None. ``lists``: the report names its subjects.
    """

    measure: Document
    name: str
    start: datetime
    end: datetime
    kind: Kind = "summary"
    subject: str | None = None
    reporter: str | None = None

    @property
    def lists(self) -> bool:
        """Tell whether subjects are asked for by name."""
        return self.kind == "subject-list"


@dataclass(frozen=True, slots=True)
class Count:
    """One population: how many, and who (``Type/id``) where a list was asked for.

    ``code`` is of measure-population (``numerator``). ``count`` is None where nobody knows.
    ``extension`` are FHIR extensions that say how the number came about.
    """

    code: str
    count: int | None
    subjects: tuple[str, ...] = ()
    extension: tuple[Document, ...] = ()


@dataclass(frozen=True, slots=True)
class Stratum:
    """One part of a population: ``value`` is a CodeableConcept, or ``components`` say it together.

    A component has ``code`` and ``value``, as in MeasureReport.
    """

    value: Document
    counts: tuple[Count, ...]
    score: Decimal | None = None
    extension: tuple[Document, ...] = ()
    components: tuple[Document, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """One group of a report. ``score`` is a percentage unless ``unit`` says otherwise.

    ``strata``: by what (``desa``) → its parts.
    """

    code: Document | None
    counts: tuple[Count, ...]
    score: Decimal | None = None
    unit: str = "%"
    strata: Mapping[str, tuple[Stratum, ...]] = field(default_factory=dict)
    extension: tuple[Document, ...] = ()


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a function has counted. ``elements`` are further elements of the MeasureReport."""

    groups: tuple[Group, ...]
    reporter: str | None = None
    elements: Mapping[str, Any] = field(default_factory=dict)


@cache
def load_measures() -> dict[str, Evaluate]:
    """Find every function of this folder, by the name of its Measure."""
    names = sorted(each.name for each in pkgutil.iter_modules(__path__))
    modules = [import_module(f"{__name__}.{name}") for name in names]
    return {name: each for m in modules for name, each in getattr(m, "MEASURES", {}).items()}
