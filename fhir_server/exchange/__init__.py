"""A SOP document into the FHIR store and back.

``publish`` and ``revise`` turn a document into resources and write them in one commit on the road
that every write takes; ``present``, ``listing`` and ``traced`` read it back from those resources,
so that a change by FHIR is at once seen by SOP.
"""

from __future__ import annotations

from fhir_server.exchange.reading import Page, Presented, listing, present, shown, traced
from fhir_server.exchange.writing import publish, revise

__all__ = ["Page", "Presented", "listing", "present", "publish", "revise", "shown", "traced"]
