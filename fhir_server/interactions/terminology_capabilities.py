"""What this server can do with terminology, and which code systems it knows.

https://hl7.org/fhir/R4/terminologycapabilities.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_server import __version__
from fhir_server.interactions.request import Answer
from fhir_server.resources.wire import dump, instant

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.interactions.request import Request
    from fhir_server.resources.wire import Document

EXPAND = "expand"


def terminology_capabilities(context: Context, request: Request) -> Answer:
    """Answer with the TerminologyCapabilities as things are now."""
    statement: Document = {
        "resourceType": "TerminologyCapabilities",
        "status": "active",
        "date": instant(context.clock()),
        "kind": "instance",
        "software": {"name": "fhir-server", "version": __version__},
        "implementation": {"description": "FHIR server for primary care", "url": request.base},
        "codeSystem": [
            _system(url, version)
            for url, version in sorted(context.store.terminology.systems().items())
        ],
        "expansion": _expansion(context),
        "codeSearch": "all",
        "validateCode": {"translations": False},
        "translation": {"needsMap": False},
        "closure": {"translation": False},
    }
    return Answer(200, dump(statement))


def _system(url: str, version: str) -> Document:
    described: Document = {"uri": url}
    if version:
        described["version"] = [{"code": version, "isDefault": True}]
    return described | {"subsumption": True}


def _expansion(context: Context) -> Document:
    expand = [each for each in context.operations if each.name == EXPAND]
    says = "Each word begins a word of the code, of its display or of a designation."
    return {
        "hierarchical": False,
        "paging": True,
        "incomplete": False,
        "parameter": [
            {"name": parameter.name}
            for each in expand
            for parameter in each.inputs
            if not parameter.says.startswith("Not supported")
        ],
        "textFilter": says,
    }
