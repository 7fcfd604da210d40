"""Search parameters that were written as SearchParameter resources, and whose index is complete.

A parameter's index is complete when a reindexing has written it for everything that was there
before; ``_indexed`` keeps, by url, the mark of the definition that was indexed so. Every process
looks for changes at least once in ``FRESH_SECONDS``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir_server.resources import wire
from fhir_server.search.custom import counts, mark, problems
from fhir_server.store.failures import translated
from fhir_server.store.versions import text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymongo.database import Database

    from fhir_server.search.parameters import Parameters

INDEXED = "_indexed"
FRESH_SECONDS = 1.0
SETTLED_SECONDS = 4.0
"""After so long every process indexes what it writes by the parameters that are there."""

Document = dict[str, Any]


class Customs:
    """The operator's search parameters in one database."""

    def __init__(self, database: Database[Document]) -> None:
        self._resources = database["SearchParameter"]
        self._indexed = database[INDEXED]
        self._seen: object = (frozenset(), frozenset())

    def refresh(self, parameters: Parameters) -> bool:
        """Adopt what has changed since this process last looked; say whether anything had."""
        with translated():
            marks = {row["_id"]: row["mark"] for row in self._indexed.find()}
            versions = frozenset(
                (row["_id"], row["v"]) for row in self._resources.find({}, {"v": 1})
            )
            seen = (versions, frozenset(marks.items()))
            if seen == self._seen:
                return False
            self._adopt(parameters, marks)
        self._seen = seen
        return True

    def _adopt(self, parameters: Parameters, marks: Mapping[str, str]) -> None:
        documents = self.active(parameters)
        urls = [each["url"] for each in documents]
        gone = [url for url in marks if url not in urls]
        if gone:
            self._indexed.delete_many({"_id": {"$in": gone}})
        incomplete = [each["url"] for each in documents if marks.get(each["url"]) != mark(each)]
        parameters.adopt(documents, incomplete)

    def active(self, parameters: Parameters) -> list[Document]:
        """Read those that count and that can be indexed; of one url the first."""
        found: dict[str, Document] = {}
        with translated():
            rows = list(self._resources.find({"ix.status": "active"}).sort("_id", 1))
        plain = parameters.with_own(())
        for row in rows:
            document = wire.parse(text_of(row))
            if counts(document, plain) and not any(problems(document, plain)):
                found.setdefault(document["url"], document)
        return list(found.values())

    def complete(self, marks: Mapping[str, str]) -> None:
        """Note that the index of these holds everything."""
        with translated():
            for url, each in marks.items():
                self._indexed.replace_one({"_id": url}, {"mark": each}, upsert=True)
