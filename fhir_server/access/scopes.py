"""What the scopes of a principal allow, with the searches that narrow them.

``system/Task.rs?owner=Organization/rs-a``: Tasks, as far as that search finds them.

https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html#finer-grained-resource-constraints-using-search-parameters
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from fhir_server.auth.scopes import WORDS, Right, UnknownScope, rights
from fhir_server.errors import FhirError, Forbidden
from fhir_server.search.compile import compile as compile_query
from fhir_server.search.query import parse

if TYPE_CHECKING:
    from fhir_server.config import Settings
    from fhir_server.context import Context
    from fhir_server.search.parameters import Parameters
    from fhir_server.search.plan import Filter


class Allowed:
    """What one principal may ask for."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._rights = rights(context.principal.scopes)
        self._within: dict[tuple[str, str], Filter] = {}

    def may(self, resource_type: str, letter: str) -> bool:
        """Say whether resources of a type may be met in one way, at least some."""
        return any(each.gives(resource_type, letter) for each in self._rights)

    def expect(self, resource_type: str, letter: str) -> None:
        """Refuse what no scope allows."""
        if not self.may(resource_type, letter):
            scope = f"system/{resource_type}.{letter}"
            raise Forbidden(f"To {WORDS[letter]} {resource_type} needs the scope {scope}.")

    def within(self, resource_type: str, letter: str) -> Filter:
        """Give what of a type the scopes reach in one way; ``{}`` is all of it."""
        key = (resource_type, letter)
        if key not in self._within:
            self._within[key] = self._narrowed(resource_type, letter)
        return self._within[key]

    def _narrowed(self, resource_type: str, letter: str) -> Filter:
        giving = [each for each in self._rights if each.gives(resource_type, letter)]
        if not giving or not all(each.search for each in giving):
            return {}
        context = self._context
        found = [compiled(each, context.parameters, context.settings) for each in giving]
        return found[0] if len(found) == 1 else {"$or": found}


def compiled(right: Right, parameters: Parameters, settings: Settings) -> Filter:
    """Compile the search of a scope; UnknownScope if it is none, or a chain."""
    try:
        pairs = parse_qsl(right.search, keep_blank_values=True, strict_parsing=True)
        query = parse(right.resource_type, pairs, parameters, strict=True)
        plan = compile_query(query, parameters, settings)
    except (FhirError, ValueError) as error:
        raise UnknownScope(f"{right.search}: {error}") from error
    if plan.joins or not plan.filter:
        raise UnknownScope(f"{right.search}: a scope is narrowed by plain criteria, not by chains.")
    return plan.filter


def check(scopes: frozenset[str], parameters: Parameters, settings: Settings) -> None:
    """Raise UnknownScope for a scope that could not be held."""
    for each in rights(scopes):
        if each.search:
            compiled(each, parameters, settings)
