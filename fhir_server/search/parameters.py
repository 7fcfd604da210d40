"""What a search parameter writes to the index: all of them, by resource type.

R4's own come from the definitions, an operator's from SearchParameter resources. A type is
compiled when it is first used.

https://hl7.org/fhir/R4/searchparameter-registry.html
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from fhir_server.search import expressions
from fhir_server.search.field import Place, Row
from fhir_server.search.generate import Model
from fhir_server.search.typed import compiled

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from fhir_server.resources.definitions import Definitions
    from fhir_server.search.expressions import Path, Truth
    from fhir_server.search.field import SearchParameter
    from fhir_server.search.typed import Compiled

EVERYWHERE = ("Resource", "DomainResource")


class Parameters:
    """All search parameters this server knows.

    ``built_in`` are the urls of those that are always there; ``incomplete`` of those whose index
    does not hold everything yet. ``version`` grows when parameters come or go.
    """

    def __init__(
        self, definitions: Definitions, documents: Sequence[Mapping[str, Any]], place: Place
    ) -> None:
        self.types = definitions.types
        self.compartments = definitions.compartments
        self.model = Model(definitions)
        self.place = place
        self.built_in = frozenset(each["url"] for each in documents)
        self.incomplete: frozenset[str] = frozenset()
        self.version = 0
        self._definitions = definitions
        self._documents = documents
        self._base: Parameters | None = None
        self._own_types: frozenset[str] = frozenset()
        self._by_base: dict[str, list[Mapping[str, Any]]] = {}
        self.by_url: dict[str, Mapping[str, Any]] = {}
        self._add(documents)
        self._compiled: dict[str, Compiled] = {}
        self._lock = threading.RLock()

    def _add(self, documents: Iterable[Mapping[str, Any]]) -> None:
        for document in documents:
            self.by_url[document["url"]] = document
            for each in document.get("base", ()):
                self._by_base.setdefault(each, []).append(document)

    def with_own(self, documents: Sequence[Mapping[str, Any]]) -> Parameters:
        """Give these parameters and more; what is compiled for other types is shared."""
        made = Parameters(self._definitions, self._documents, self.place)
        made.adopt(documents, base=self._base or self)
        return made

    def _plain(self) -> Parameters:
        """Give the built-in parameters alone; what was compiled so far goes with them."""
        made = Parameters(self._definitions, self._documents, self.place)
        made._compiled = self._compiled
        return made

    def adopt(
        self,
        documents: Sequence[Mapping[str, Any]],
        incomplete: Iterable[str] = (),
        base: Parameters | None = None,
    ) -> None:
        """Take these in place of whatever was added to the built-in ones before."""
        bases = {each for document in documents for each in document.get("base", ())}
        with self._lock:
            self._base = base or self._base or self._plain()
            self._by_base, self.by_url = {}, {}
            self._add(self._documents)
            self._add(documents)
            everywhere = bases & set(EVERYWHERE)
            self._own_types = frozenset(self.types if everywhere else bases & self.types)
            self._compiled = {}
            self.incomplete = frozenset(incomplete)
            self.version += 1

    def of(self, resource_type: str) -> Mapping[str, SearchParameter]:
        """Give the search parameters of a resource type by their code."""
        return self.compiled(resource_type).parameters

    def has(self, resource_type: str, code: str) -> bool:
        """Tell whether a type has a parameter, without compiling the type."""
        bases = (*EVERYWHERE, resource_type)
        return any(row["code"] == code for base in bases for row in self._by_base.get(base, ()))

    def compiled(self, resource_type: str) -> Compiled:
        """Compile a type at its first use."""
        found = self._compiled.get(resource_type)
        if found is None:
            with self._lock:
                if self._base is not None and resource_type not in self._own_types:
                    found = self._base.compiled(resource_type)
                else:
                    found = compiled(self, resource_type)
                self._compiled[resource_type] = found
        return found

    def rows(self, resource_type: str) -> list[Row]:
        """Read the parameters that a type has, those of every resource first."""
        found: dict[str, Row] = {}
        for base in (*EVERYWHERE, resource_type):
            for document in self._by_base.get(base, ()):
                row = _row(document, resource_type)
                if row is not None:
                    found[row.code] = row
        return list(found.values())


def load_parameters(
    definitions: Definitions,
    *,
    extra: Iterable[Mapping[str, Any]] = (),
    base_url: str = "",
    timezone: str = "Asia/Jakarta",
    words: bool = False,
) -> Parameters:
    """Load R4's search parameters and those of our own.

    ``extra`` are SearchParameter documents; one with the code of another of the same type
    replaces it, and one that cannot be compiled raises ValueError. ``base_url`` is this server's
    public FHIR base, ``timezone`` the zone of dates that name none. With ``words`` what is written
    in resources is indexed too.
    """
    bases = (base_url.rstrip("/") + "/",) if base_url else ()
    rows = definitions.search_parameters.items()
    own = list(extra)
    documents = [*({**row, "url": url} for url, row in rows), *own]
    parameters = Parameters(definitions, documents, Place(ZoneInfo(timezone), bases, words=words))
    for base in {base for document in own for base in document["base"]} & parameters.types:
        parameters.compiled(base)
    return parameters


def _row(document: Mapping[str, Any], resource_type: str) -> Row | None:
    text = document.get("expression", "")
    if not text:
        return None
    try:
        paths = tuple(_own(expressions.read(text), resource_type))
    except expressions.Unreadable as error:
        raise expressions.Unreadable(f"{document['url']}: {error}") from error
    components = tuple(
        (each["definition"], each["expression"]) for each in document.get("component", ())
    )
    return Row(
        document["code"],
        document["type"],
        document["url"],
        text,
        _resolved(paths) or tuple(document.get("target", ())),
        components,
        paths,
    )


def _own(paths: Iterable[Path | Truth], resource_type: str) -> Iterable[Path | Truth]:
    """Keep the alternatives that begin at this type, without that first step."""
    for path in paths:
        if isinstance(path, expressions.Truth):
            if path.path[0].value == resource_type:
                yield expressions.Truth(path.path[1:], path.unequal)
        elif path[0].value in {resource_type, *EVERYWHERE}:
            yield path[1:]
        elif path[0].value[0].islower():
            yield path


def _resolved(paths: tuple[Path | Truth, ...]) -> tuple[str, ...]:
    """Give the types that every path insists on with ``where(resolve() is …)``."""
    ends = [path[-1] for path in paths if not isinstance(path, expressions.Truth) and path]
    if not ends or any(step.kind != "resolves" for step in ends):
        return ()
    return tuple(dict.fromkeys(step.value for step in ends))
