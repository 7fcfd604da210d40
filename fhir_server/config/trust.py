"""Who is believed, for how long, and what is recorded of it."""

from __future__ import annotations

from dataclasses import dataclass

from fhir_server.config.setting import setting


@dataclass(frozen=True)
class Trust:
    """Who is believed, for how long, and what is recorded of it."""

    token_minutes: int = setting(15, "FHIR_TOKEN_MINUTES", "minutes for which a token is good")
    oidc_issuer: str = setting(
        "",
        "FHIR_OIDC_ISSUER",
        "identity provider (OpenID Connect) whose tokens speak for people; empty: none",
    )
    oidc_audience: str = setting(
        "fhir-server", "FHIR_OIDC_AUDIENCE", "aud that its tokens must have to be meant for us"
    )
    oidc_user_claim: str = setting(
        "fhirUser", "FHIR_OIDC_USER_CLAIM", "claim that names the Practitioner who signed in"
    )
    key_hosts: str = setting(
        "",
        "FHIR_KEY_HOSTS",
        "hosts inside (name or name:port, separated by commas) that keys are fetched from; "
        "others must be public and speak https",
    )
    import_hosts: str = setting(
        "",
        "FHIR_IMPORT_HOSTS",
        "hosts (name or name:port, separated by commas) that $import may fetch from; empty: none",
    )
    emergency_minutes: int = setting(
        15,
        "FHIR_EMERGENCY_MINUTES",
        "minutes for which $akses-darurat opens a record; 0: it is not offered",
    )
    referral_days: int = setting(
        30,
        "FHIR_REFERRAL_DAYS",
        "days after the end of a referral for which the hospital may still read it",
    )
    page_key: str = setting(
        "",
        "FHIR_PAGE_KEY",
        "secret that signs page links; empty: kept in the database",
        secret=True,
    )
    audit: bool = setting(True, "FHIR_AUDIT", "record who saw and changed what, in the audit trail")
    audit_folder: str = setting(
        "",
        "FHIR_AUDIT_FOLDER",
        "folder of this machine for what is not in the audit trail yet; empty: audit in DATA with "
        "the embedded database, none with another",
    )
    provenance: bool = setting(
        True, "FHIR_PROVENANCE", "store a Provenance with every SOP document that is written"
    )
    audit_days: int = setting(
        0, "FHIR_AUDIT_DAYS", "days for which the audit trail is kept; 0: for ever"
    )
    audit_key: str = setting(
        "",
        "FHIR_AUDIT_KEY",
        "secret that binds the audit trail, so that who can write to the database cannot forge it",
        secret=True,
    )
