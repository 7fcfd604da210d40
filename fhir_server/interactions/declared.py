"""Profiles of resources as they are written and asked about: the declared ones, and how to judge.

https://hl7.org/fhir/R4/profiling.html#resources
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from fhir_server.resources.profiles.judge import Hooks, judge

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.errors import Issue
    from fhir_server.resources.wire import Document

OFF, WARN, ENFORCE = MODES = ("off", "warn", "enforce")

log = structlog.get_logger(__name__)


def declared(context: Context, document: Document, where: str = "") -> list[Issue]:
    """Judge a valid resource that is to be written by the profiles it declares.

    Ours and those that were stored here, in this process or by others until a second ago; a
    profile nobody knows is no fault. Only faults are listed, and none where the operator only
    wants them in the log. ``where`` is the FHIRPath of the resource in the request.
    """
    urls = urls_of(document)
    mode = context.settings.profile_validation
    if not urls or mode == OFF:
        return []
    library = context.store.profiles.recent()
    known = [url for url in urls if url in library]
    if not known:
        return []
    found = judge(library, document, known, hooks(context), informing=False, at=where)
    faults = [each for each in found if each.severity in {"error", "fatal"}]
    if faults and mode == WARN:
        log.warning("profile not met", type=document["resourceType"], faults=len(faults))
        return []
    return faults


def urls_of(document: Document) -> list[str]:
    """Give the profiles that a resource declares."""
    meta = document.get("meta")
    urls = meta.get("profile") if isinstance(meta, dict) else None
    return [url for url in urls if isinstance(url, str)] if isinstance(urls, list) else []


def hooks(context: Context) -> Hooks:
    """Make what the judgements of one request ask others for."""
    return Hooks(member=context.store.terminology.now().member)
