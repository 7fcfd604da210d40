"""Kemenkes' SATUSEHAT: our account there and the choices its specification leaves open."""

from __future__ import annotations

from dataclasses import dataclass

from fhir_server.config.setting import setting


@dataclass(frozen=True)
class Satusehat:
    """Kemenkes' SATUSEHAT: our account there and the choices its specification leaves open."""

    satusehat_organization: str = setting(
        "", "FHIR_SATUSEHAT_ORGANIZATION", "our number (kode satusehat) there; empty: no SATUSEHAT"
    )
    satusehat_environment: str = setting(
        "staging",
        "FHIR_SATUSEHAT_ENVIRONMENT",
        "which SATUSEHAT: development, staging (sandbox) or production",
    )
    satusehat_url: str = setting(
        "", "FHIR_SATUSEHAT_URL", "another address of it, such as that of the simulator"
    )
    satusehat_client_id: str = setting(
        "", "FHIR_SATUSEHAT_CLIENT_ID", "client id that SATUSEHAT gave our facility", secret=True
    )
    satusehat_client_secret: str = setting(
        "", "FHIR_SATUSEHAT_CLIENT_SECRET", "its client secret", secret=True
    )
    satusehat_timeout: float = setting(
        30.0, "FHIR_SATUSEHAT_TIMEOUT", "seconds after which an answer is waited for no longer"
    )
    satusehat_connections: int = setting(
        4, "FHIR_SATUSEHAT_CONNECTIONS", "requests to it at once, of one worker; it bears 8"
    )
    satusehat_rate: float = setting(
        0.0, "FHIR_SATUSEHAT_RATE", "requests to it in a second, of all workers; 0: no limit"
    )
    satusehat_pause: float = setting(
        2.0, "FHIR_SATUSEHAT_PAUSE", "seconds until a failed delivery is tried again; then doubled"
    )
    satusehat_longest_pause: float = setting(
        3600.0, "FHIR_SATUSEHAT_LONGEST_PAUSE", "longest of these pauses, in seconds"
    )
    satusehat_bundle: bool = setting(
        False,
        "FHIR_SATUSEHAT_BUNDLE",
        "send a visit when it is finished, with all that names it, as one transaction",
    )
    satusehat_read_limit: int = setting(
        2000,
        "FHIR_SATUSEHAT_READ_LIMIT",
        "resources of one patient that are read back from it at most; more are not read in part",
    )
    satusehat_facility: str = setting(
        "", "FHIR_SATUSEHAT_FACILITY", "id of our own Organization, the puskesmas with that number"
    )
    satusehat_location: str = setting(
        "", "FHIR_SATUSEHAT_LOCATION", "id of the Location sent for visits that name no room"
    )
    satusehat_position: str = setting(
        "",
        "FHIR_SATUSEHAT_POSITION",
        "latitude,longitude of rooms that have none; empty: none is sent (staging does not ask)",
    )
    satusehat_medication: str = setting(
        "contained",
        "FHIR_SATUSEHAT_MEDICATION",
        "where a prescription's Medication lies: contained, or standalone (before 2024-09)",
    )
    satusehat_compound_type: str = setting(
        "SD",
        "FHIR_SATUSEHAT_COMPOUND_TYPE",
        "MedicationType of a mixture: ingredients, no KFA code, none said; SD or EP",
    )
    satusehat_bpjs_system: str = setting(
        "",
        "FHIR_SATUSEHAT_BPJS_SYSTEM",
        "identifier system of a BPJS card there; no source names one; empty: it is not sent",
    )
    satusehat_anc_visit: str = setting(
        "both",
        "FHIR_SATUSEHAT_ANC_VISIT",
        "system of the K code of a visit: terminology, episode, both or none",
    )
    satusehat_episode_type: str = setting(
        "http://terminology.kemkes.go.id/CodeSystem/episodeofcare-type",
        "FHIR_SATUSEHAT_EPISODE_TYPE",
        "code system of EpisodeOfCare.type; the playbook's episode-type is refused",
    )
    satusehat_episode_identifier: str = setting(
        "http://sys-ids.kemkes.go.id/episode-of-care/{org}",
        "FHIR_SATUSEHAT_EPISODE_IDENTIFIER",
        "identifier system of an EpisodeOfCare; {org}: our number",
    )
    satusehat_composition_type: str = setting(
        "88645-7", "FHIR_SATUSEHAT_COMPOSITION_TYPE", "LOINC code of a resume (before: 18842-5)"
    )
    satusehat_administrative_code: str = setting(
        "administrativeCode",
        "FHIR_SATUSEHAT_ADMINISTRATIVE_CODE",
        "name of the address extension: administrativeCode or AdministrativeCode",
    )
    satusehat_earliest: str = setting(
        "2014-06-03", "FHIR_SATUSEHAT_EARLIEST", "earliest date that is sent"
    )
    satusehat_newborn: bool = setting(
        True, "FHIR_SATUSEHAT_NEWBORN", "register newborns there by their mother's NIK"
    )
    satusehat_newborn_marital: str = setting(
        "S", "FHIR_SATUSEHAT_NEWBORN_MARITAL", "marital status of a newborn: S or U; empty: none"
    )
    satusehat_virtual_class: str = setting(
        "", "FHIR_SATUSEHAT_VIRTUAL_CLASS", "class of teleconsultations: VR or AMB; empty: not sent"
    )
    satusehat_head_system: str = setting(
        "http://snomed.info/sct",
        "FHIR_SATUSEHAT_HEAD_SYSTEM",
        "system of 249111004, head and pelvic inlet; the playbook: Kemenkes' clinical-term",
    )
    satusehat_stool_code: str = setting(
        "366257004", "FHIR_SATUSEHAT_STOOL_CODE", "SNOMED CT of BAB: 366257004 or 300375001"
    )
    satusehat_stable_code: str = setting(
        "359746009",
        "FHIR_SATUSEHAT_STABLE_CODE",
        "state at discharge: 359746009 (SNOMED CT) or MN000001 (clinical-term)",
    )
    satusehat_service_class: str = setting(
        "reguler",
        "FHIR_SATUSEHAT_SERVICE_CLASS",
        "class of outpatient rooms: reguler or eksekutif; empty: none is sent",
    )
    satusehat_back_referral: bool = setting(
        False, "FHIR_SATUSEHAT_BACK_REFERRAL", "send back-referrals; their payload is unconfirmed"
    )
    satusehat_rujukan: bool = setting(
        False,
        "FHIR_SATUSEHAT_RUJUKAN",
        "refer for inpatient and emergency care by SATUSEHAT Rujukan (pilot in four regions)",
    )
    satusehat_rujukan_inpatient: str = setting(
        "737481003",
        "FHIR_SATUSEHAT_RUJUKAN_INPATIENT",
        "SNOMED CT of inpatient care in a search for candidates: 737481003 or 305351004",
    )
    satusehat_rujukan_area: str = setting(
        "",
        "FHIR_SATUSEHAT_RUJUKAN_AREA",
        "province and city where candidates are searched, such as 33,3316; a Q101 goes before it",
    )
    satusehat_rujukan_minutes: int = setting(
        15, "FHIR_SATUSEHAT_RUJUKAN_MINUTES", "minutes for which an answer of the target is awaited"
    )
