"""An operation: its definition, and the function that runs it.

https://hl7.org/fhir/R4/operations.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fhir_server.resources.operations import Definition, Parameter

if TYPE_CHECKING:
    from collections.abc import Callable

    from fhir_server.context import Context
    from fhir_server.interactions.request import Answer
    from fhir_server.operations.call import Call

__all__ = ["Operation", "Parameter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation(Definition):
    """One operation of this server; ``run`` gets its arguments checked against ``parameters``."""

    run: Callable[[Context, Call], Answer]
