"""The Measures of PWS, ``pws-k1`` and the others: one table of villages each (domain §6)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from fhir_server.mappings.codes import ADMINISTRATIVE_AREA
from fhir_server.mappings.indikator_pws import DEFINISI
from fhir_server.operations.measures import Count, Evaluation, Group, Stratum
from fhir_server.operations.measures.area import area_of
from fhir_server.operations.measures.table import JANUARY, table
from fhir_server.sop.pws import bulatkan, cakupan

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.operations.measures import Asked
    from fhir_server.operations.measures.table import Row, Table
    from fhir_server.resources.wire import Document

OUTSIDE = "luar-wilayah"
NOWHERE = "tanpa-desa"


def evaluate(kode: str, context: Context, asked: Asked) -> Evaluation:
    """Count one indicator; a report from 1 January on says the status of each village."""
    area = area_of(context, asked)
    found = table(context, kode, area, asked.start, asked.end, lists=asked.lists)
    start = asked.start
    judged = (start.month, start.day) == (JANUARY, 1)
    return evaluation(context, found, area.reporter, lists=asked.lists, judged=judged)


def evaluation(
    context: Context,
    found: Table,
    reporter: str | None = None,
    *,
    lists: bool = False,
    judged: bool = True,
) -> Evaluation:
    """Write a table as an evaluation; ``judged``: with target and status of each village."""
    writer = _Writer(context.settings.canonical.rstrip("/"), found, lists=lists, judged=judged)
    groups = [writer.whole()]
    if found.outside:
        groups.append(writer.outsiders())
    return Evaluation(tuple(groups), reporter)


class _Writer:
    """Writes a table as the groups of a report."""

    def __init__(self, canonical: str, found: Table, *, lists: bool, judged: bool) -> None:
        self.canonical, self.table, self.lists, self.judged = canonical, found, lists, judged

    def whole(self) -> Group:
        """Write the area and its villages."""
        total, kode = self.table.total, self.table.indikator.kode
        return Group(
            self._code(kode, self.table.indikator.label),
            self._counts(total),
            cakupan(total.number, total.denominator),
            strata={"desa": tuple(self._stratum(each) for each in self.table.rows)},
        )

    def outsiders(self) -> Group:
        """Write who was served here and lives elsewhere; none of them is in any sum."""
        rows = self.table.outside
        patients = {each for row in rows for each in row.patients}
        count = Count("numerator", sum(each.number for each in rows), self._named(patients))
        return Group(
            self._code(OUTSIDE, "Luar wilayah"),
            (count,),
            strata={
                "desa": tuple(
                    Stratum(
                        self._village(each),
                        (Count("numerator", each.number, self._named(each.patients)),),
                    )
                    for each in sorted(rows, key=lambda row: row.village or "")
                    if each.number
                )
            },
        )

    def _stratum(self, row: Row) -> Stratum:
        status = self.table.status(row) if self.judged else None
        goal = self.table.goal(row) if self.judged else None
        said: list[Document] = []
        if status is not None:
            said.append(self._extension("status-desa", valueCode=status))
        if goal is not None:
            said.append(self._extension("target-kumulatif", valueDecimal=bulatkan(goal, 1)))
        return Stratum(
            self._village(row),
            self._counts(row),
            cakupan(row.number, row.denominator),
            tuple(said),
        )

    def _counts(self, row: Row) -> tuple[Count, ...]:
        origin = (self._extension("asal-sasaran", valueCode=row.target.asal),)
        return (
            Count("initial-population", row.denominator, self._named(row.others)),
            Count("denominator", row.denominator, extension=origin),
            Count("numerator", row.number, self._named(row.patients)),
        )

    def _named(self, patients: set[str]) -> tuple[str, ...]:
        return tuple(sorted(patients)) if self.lists else ()

    def _village(self, row: Row) -> Document:
        if row.village is None:
            return self._code(NOWHERE, "Desa tidak diketahui")
        return {
            "coding": [{"system": ADMINISTRATIVE_AREA, "code": row.village}],
            "text": row.name or row.village,
        }

    def _code(self, code: str, text: str) -> Document:
        system = f"{self.canonical}/CodeSystem/indikator-pws"
        return {"coding": [{"system": system, "code": code}], "text": text}

    def _extension(self, name: str, **value: Any) -> Document:
        return {"url": f"{self.canonical}/StructureDefinition/{name}", **value}


MEASURES = {f"pws-{kode.lower()}": partial(evaluate, kode) for kode in DEFINISI}
