"""How FHIR's own interactions behave."""

from __future__ import annotations

from dataclasses import dataclass

from fhir_server.config.setting import setting

CANONICAL = "https://puskesmas.example/fhir"
"""Base below which our profiles are written, and served unless the operator sets another."""


@dataclass(frozen=True)
class Fhir:
    """How FHIR's own interactions behave."""

    canonical: str = setting(
        CANONICAL,
        "FHIR_CANONICAL",
        "canonical base of our profiles, code systems and identifiers",
    )
    timezone: str = setting(
        "Asia/Jakarta", "FHIR_TIMEZONE", "zone of dates that name none, and of the SOP clocks"
    )
    text_search: bool = setting(
        False, "FHIR_TEXT_SEARCH", "index all words, for _text and _content; see $reindex"
    )
    noop_updates: bool = setting(
        False, "FHIR_NOOP_UPDATES", "let an update that changes nothing make a version"
    )
    profile_validation: str = setting(
        "enforce",
        "FHIR_PROFILE_VALIDATION",
        "writes against the profiles they declare and the server knows: off, warn or enforce",
    )
    conditional_delete: str = setting(
        "single",
        "FHIR_CONDITIONAL_DELETE",
        "what a conditional delete may delete: single (one match) or multiple",
    )
    expunge: bool = setting(
        False, "FHIR_EXPUNGE", "let $expunge take resources and versions out for good"
    )
    job_hours: int = setting(
        24, "FHIR_JOB_HOURS", "hours for which the result of long work (respond-async) is kept"
    )
