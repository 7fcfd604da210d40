"""Settings, read once from the environment; each topic has a module that lists its own.

A new setting is a line in the module of its topic and a row in docs/operations.md.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from fhir_server.config.database import Database
from fhir_server.config.delivery import Delivery
from fhir_server.config.fhir import CANONICAL, Fhir
from fhir_server.config.limits import Limits
from fhir_server.config.pcare import Pcare
from fhir_server.config.satusehat import Satusehat
from fhir_server.config.serving import Serving
from fhir_server.config.setting import given, read
from fhir_server.config.sop import Sop
from fhir_server.config.trust import Trust
from fhir_server.config.whatsapp import Whatsapp

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CANONICAL", "Settings"]


@dataclass(frozen=True, slots=True)
class Settings(
    Pcare, Satusehat, Whatsapp, Delivery, Sop, Trust, Limits, Fhir, Database, Serving
):  # fields are listed from the last to the first
    """Everything the operator may decide; each field names its environment variable."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read every setting; a value that cannot be read raises ValueError naming its variable."""
        environment = os.environ if environment is None else environment
        found: dict[str, Any] = {}
        for each in fields(cls):
            text = given(environment, each.metadata["variable"], secret=not each.repr)
            if text != "":
                found[each.name] = read(each.metadata["variable"], type(each.default), text)
        return cls(**found)
