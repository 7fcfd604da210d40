"""The table of one indicator: each village's numbers by month, its target, its status."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import orjson

from fhir_server.errors import BadRequest
from fhir_server.interactions.matches import matches
from fhir_server.mappings.codes import as_mapped, criterion
from fhir_server.mappings.indikator_pws import DEFINISI
from fhir_server.mappings.sasaran_desa import population, year_system
from fhir_server.operations.measures.cases import cases
from fhir_server.sop import pws

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from fhir_server.context import Context
    from fhir_server.mappings.indikator_pws import DefinisiIndikator
    from fhir_server.operations.measures.area import Area
    from fhir_server.sop.pws import Indikator, Sasaran, StatusDesa
    from fhir_server.store.counting import Cell

JANUARY = 1


@dataclass(slots=True)
class Row:
    """One village, or the sum of all: cases by month, and what they are measured against.

    ``before`` and ``among_before`` are those of the December before, where the period ends in
    January. Patients only where asked for.
    """

    village: str | None
    name: str = ""
    numbers: Counter[int] = field(default_factory=Counter)
    among: Counter[int] = field(default_factory=Counter)
    target: Sasaran = pws.TANPA_SASARAN
    before: int = 0
    among_before: int = 0
    patients: set[str] = field(default_factory=set)
    others: set[str] = field(default_factory=set)

    @property
    def number(self) -> int:
        """All cases of the period."""
        return sum(self.numbers.values())

    @property
    def denominator(self) -> int | None:
        """What the cases are measured against; None where nobody knows."""
        return self.target.jumlah


@dataclass(frozen=True, slots=True)
class Table:
    """One indicator in an area: villages in the order of their codes, their sum, and outsiders."""

    indikator: Indikator
    rows: tuple[Row, ...]
    total: Row
    outside: tuple[Row, ...]
    month: int
    percent: Decimal
    steady_below: StatusDesa = "JELEK"

    def trend(self, row: Row) -> pws.Arah:
        """Compare the last month of the period with the one before."""
        if self.indikator.sasaran is not None:
            return pws.arah(row.numbers[self.month], self.last_month(row))
        among = (self.among(row) or 0, self._among_last_month(row))
        return pws.arah(row.numbers[self.month], self.last_month(row), among)

    def last_month(self, row: Row) -> int:
        """Give the cases of the month before the last one of the period."""
        return row.numbers[self.month - 1] if self.month > JANUARY else row.before

    def among(self, row: Row) -> int | None:
        """Give what the last month is measured against: the year's target, or counted."""
        return row.denominator if self.indikator.sasaran is not None else row.among[self.month]

    def _among_last_month(self, row: Row) -> int:
        return row.among[self.month - 1] if self.month > JANUARY else row.among_before

    def goal(self, row: Row) -> Decimal | None:
        """Give the number that should be reached by the end of the period."""
        if row.denominator is None or self.indikator.sasaran is None:
            return None
        annual = Decimal(row.denominator) * self.percent / pws.SERATUS
        return pws.target_kumulatif(annual, self.month)

    def status(self, row: Row) -> StatusDesa | None:
        """Judge a village; None where there is no target."""
        goal = self.goal(row)
        if goal is None or not row.denominator:
            return None
        return pws.status_desa(row.number, goal, self.trend(row), self.steady_below)


def table(  # noqa: PLR0913 - what a table is about
    context: Context,
    kode: str,
    area: Area,
    start: datetime,
    end: datetime,
    *,
    lists: bool = False,
    definition: DefinisiIndikator | None = None,
) -> Table:
    """Count an indicator in every village of an area, from ``start`` until before ``end``.

    ``definition`` counts a part of it.
    """
    last = end - timedelta(microseconds=1)
    if start.year != last.year:
        raise BadRequest("PWS is counted by calendar year; periodStart and periodEnd lie in two.")
    indikator, definition = pws.INDIKATOR[kode], definition or DEFINISI[kode]
    rows = _Rows(area)
    rows.add(cases(context, definition.pembilang, area, start, end, lists=lists))
    if definition.penyebut is not None:
        rows.add_among(cases(context, definition.penyebut, area, start, end, lists=lists))
    if last.month == JANUARY:
        december = (start.replace(year=start.year - 1, month=12, day=1), start.replace(day=1))
        rows.add_before(cases(context, definition.pembilang, area, *december))
        if definition.penyebut is not None:
            rows.add_before(cases(context, definition.penyebut, area, *december), among=True)
    _set_targets(context, indikator, area, rows, start.year)
    return Table(
        indikator,
        tuple(rows.inside.values()),
        _sum(indikator, rows.inside.values()),
        tuple(each for each in rows.outside.values() if each.numbers or each.among),
        last.month,
        annual_percent(context, kode),
        context.settings.pws_steady_below,  # type: ignore[arg-type]
    )


def annual_percent(context: Context, kode: str) -> Decimal:
    """Give the annual target of an indicator, in percent of its denominator."""
    return pws.baca_target(context.settings.pws_targets).get(kode, Decimal(pws.SERATUS))


class _Rows:
    """The rows of an area's villages, and of whoever came from elsewhere."""

    def __init__(self, area: Area) -> None:
        self.inside = {code: Row(code, name) for code, name in sorted(area.villages.items())}
        self.outside: dict[str | None, Row] = {}

    def of(self, village: str | None) -> Row:
        """Give the row of a village."""
        if village in self.inside:
            return self.inside[village]
        return self.outside.setdefault(village, Row(village))

    def add(self, found: Iterable[Cell]) -> None:
        """Take cases."""
        for cell in found:
            row = self.of(cell.village)
            row.numbers[cell.month] += cell.number
            row.patients.update(cell.patients)

    def add_among(self, found: Iterable[Cell]) -> None:
        """Take what cases are measured against, where that is counted."""
        for cell in found:
            row = self.of(cell.village)
            row.among[cell.month] += cell.number
            row.others.update(cell.patients)

    def add_before(self, found: Iterable[Cell], *, among: bool = False) -> None:
        """Take what was counted in the December before."""
        name = "among_before" if among else "before"
        for cell in found:
            row = self.of(cell.village)
            setattr(row, name, getattr(row, name) + cell.number)


def _set_targets(
    context: Context, indikator: Indikator, area: Area, rows: _Rows, year: int
) -> None:
    if indikator.sasaran is None:
        for row in rows.inside.values():
            row.target = pws.Sasaran(sum(row.among.values()), "terhitung")
    elif area.members is not None:
        return
    else:
        known = targets(context, year)
        for code, row in rows.inside.items():
            row.target = pws.sasaran(indikator, known.get(code))


def targets(context: Context, year: int) -> dict[str, pws.Penduduk]:
    """Read the targets of a year: village → what is known of it."""
    canonical = context.settings.canonical
    asked = criterion(f"{year_system(year)}|", canonical)
    found = matches(context, "Group", [("identifier", asked)])
    groups = [orjson.loads(as_mapped(each.raw, canonical)) for each in found]
    return population(groups, context.settings.pws_cbr)


def _sum(indikator: Indikator, rows: Iterable[Row]) -> Row:
    total = Row(None, "Jumlah")
    targets_: list[Sasaran] = []
    for row in rows:
        total.numbers.update(row.numbers)
        total.among.update(row.among)
        total.before += row.before
        total.among_before += row.among_before
        total.patients |= row.patients
        total.others |= row.others
        targets_.append(row.target)
    if indikator.sasaran is None:
        total.target = pws.Sasaran(sum(total.among.values()), "terhitung")
    else:
        total.target = pws.jumlah(targets_)
    return total
