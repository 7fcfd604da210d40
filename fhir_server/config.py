"""Settings, read once from the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


CANONICAL = "https://puskesmas.example/fhir"
"""Base below which our profiles are written, and served unless the operator sets another."""


def _setting(default: Any, variable: str, says: str, *, secret: bool = False) -> Any:
    """Describe a setting; a secret one is not shown where settings are printed."""
    metadata = {"variable": variable, "says": says}
    return field(default=default, metadata=metadata, repr=not secret)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the operator may decide; each field names its environment variable."""

    host: str = _setting("127.0.0.1", "HOST", "address to listen on")
    port: int = _setting(8080, "PORT", "TCP port to listen on")
    data: Path = _setting(Path("data"), "DATA", "folder of the embedded database")
    demo: bool = _setting(True, "DEMO", "fill an empty database with a demo puskesmas")
    workers: int = _setting(2, "FHIR_WORKERS", "server processes")
    threads: int = _setting(32, "FHIR_THREADS", "requests at once in one server process")
    base_url: str = _setting(
        "", "FHIR_BASE_URL", "public address of the FHIR base; empty: as the request says"
    )
    mongodb_uri: str = _setting(
        "", "FHIR_MONGODB_URI", "a MongoDB replica set; empty: the embedded database"
    )
    mongodb_database: str = _setting("fhir", "FHIR_MONGODB_DATABASE", "name of the database")
    mongod: str = _setting("", "FHIR_MONGOD", "mongod to embed; empty: PATH, then the wheel's")
    mongod_cache_gb: float = _setting(
        0.25, "FHIR_MONGOD_CACHE_GB", "cache of the embedded database, in gigabytes"
    )
    canonical: str = _setting(
        CANONICAL,
        "FHIR_CANONICAL",
        "canonical base of our profiles, code systems and identifiers",
    )
    timezone: str = _setting(
        "Asia/Jakarta", "FHIR_TIMEZONE", "zone of dates that name none, and of the SOP clocks"
    )
    rujukan_jawab_darurat_menit: int = _setting(
        15, "FHIR_RUJUKAN_JAWAB_DARURAT_MENIT", "minutes to answer an emergency referral"
    )
    rujukan_jawab_segera_menit: int = _setting(
        120, "FHIR_RUJUKAN_JAWAB_SEGERA_MENIT", "minutes to answer an urgent referral"
    )
    rujukan_jawab_elektif_menit: int = _setting(
        1440, "FHIR_RUJUKAN_JAWAB_ELEKTIF_MENIT", "minutes to answer an elective referral"
    )
    rujuk_balik_terima_hari: int = _setting(
        1, "FHIR_RUJUK_BALIK_TERIMA_HARI", "working days to accept a back-referral"
    )
    rujuk_balik_kontak_hari: int = _setting(
        3, "FHIR_RUJUK_BALIK_KONTAK_HARI", "days until the first contact after a back-referral"
    )
    rujuk_balik_kontak_krst_jam: int = _setting(
        24, "FHIR_RUJUK_BALIK_KONTAK_KRST_JAM", "the same in hours for a mother of KRST"
    )
    hari_kerja: str = _setting(
        "123456", "FHIR_HARI_KERJA", "working days of the puskesmas; 1 is Monday, 7 Sunday"
    )
    pemantauan_krt: str = _setting(
        "dua-mingguan,mingguan",
        "FHIR_PEMANTAUAN_KRT",
        "chat with a mother of group KRT: rhythm before and from FHIR_PEMANTAUAN_MINGGU",
    )
    pemantauan_krst: str = _setting(
        "mingguan,dua-kali-seminggu", "FHIR_PEMANTAUAN_KRST", "the same for group KRST"
    )
    pemantauan_minggu: int = _setting(
        36, "FHIR_PEMANTAUAN_MINGGU", "week of pregnancy from which the second rhythm counts"
    )
    pemantauan_tanda_bahaya_hari: int = _setting(
        3, "FHIR_PEMANTAUAN_TANDA_BAHAYA_HARI", "days of daily chat after a treated danger sign"
    )
    pemantauan_isoman: str = _setting(
        "harian", "FHIR_PEMANTAUAN_ISOMAN", "chat with a patient in isolation at home"
    )
    token_minutes: int = _setting(15, "FHIR_TOKEN_MINUTES", "minutes for which a token is good")
    oidc_issuer: str = _setting(
        "",
        "FHIR_OIDC_ISSUER",
        "identity provider (OpenID Connect) whose tokens speak for people; empty: none",
    )
    oidc_audience: str = _setting(
        "fhir-server", "FHIR_OIDC_AUDIENCE", "aud that its tokens must have to be meant for us"
    )
    oidc_user_claim: str = _setting(
        "fhirUser", "FHIR_OIDC_USER_CLAIM", "claim that names the Practitioner who signed in"
    )
    key_hosts: str = _setting(
        "",
        "FHIR_KEY_HOSTS",
        "hosts inside (name or name:port, separated by commas) that keys are fetched from; "
        "others must be public and speak https",
    )
    emergency_minutes: int = _setting(
        15,
        "FHIR_EMERGENCY_MINUTES",
        "minutes for which $akses-darurat opens a record; 0: it is not offered",
    )
    referral_days: int = _setting(
        30,
        "FHIR_REFERRAL_DAYS",
        "days after the end of a referral for which the hospital may still read it",
    )
    queue_pregnant: bool = _setting(
        False, "FHIR_QUEUE_PREGNANT", "let pregnant women go first in queues; the SOP does not"
    )
    escalation_minutes: int = _setting(
        5, "FHIR_ESCALATION_MINUTES", "minutes in which a doctor has to take up an emergency"
    )
    lakon_kecamatan: str = _setting(
        "",
        "FHIR_LAKON_KECAMATAN",
        "district codes whose residents LAKON serves, separated by commas; empty: everybody",
    )
    lakon_peran_penyetuju: str = _setting(
        "dokter", "FHIR_LAKON_PERAN_PENYETUJU", "role of who approves an advice of LAKON (BR-D7)"
    )
    lakon_pesan_darurat: str = _setting(
        "Layanan ini hanya untuk warga wilayah kami, tetapi keluhan Anda perlu pertolongan segera: "
        "hubungi 119 atau datang ke IGD terdekat sekarang.",
        "FHIR_LAKON_PESAN_DARURAT",
        "what an emergency from outside the area of LAKON is answered with",
    )
    lakon_penanggung_jawab: str = _setting(
        "",
        "FHIR_LAKON_PENANGGUNG_JAWAB",
        "doctor (id of a petugas) responsible for cases of LAKON that open by themselves",
    )
    tilik_ambang: Decimal = _setting(
        Decimal("80.0"), "FHIR_TILIK_AMBANG", "compliance with an SOP, in percent, that is enough"
    )
    laporan_pustu_bulan: int = _setting(
        1,
        "FHIR_LAPORAN_PUSTU_BULAN",
        "whole months that a report of a Pustu covers (C14); 0: any period",
    )
    whatsapp_secret: str = _setting(
        "",
        "FHIR_WHATSAPP_SECRET",
        "app secret with which Meta signs WhatsApp's webhooks (BR-W1); empty: no webhook",
        secret=True,
    )
    whatsapp_verify_token: str = _setting(
        "",
        "FHIR_WHATSAPP_VERIFY_TOKEN",
        "word that Meta repeats when the webhook is set up; empty: no webhook",
        secret=True,
    )
    whatsapp_penerima: str = _setting(
        "",
        "FHIR_WHATSAPP_PENERIMA",
        "who reads what is sent to the clinic's number (petugas/…, tim/… or faskes/…); empty: "
        "only the number is noted",
    )
    whatsapp_layanan: str = _setting(
        "umum",
        "FHIR_WHATSAPP_LAYANAN",
        "service of a new thread of a patient who is not monitored: umum or lakon",
    )
    whatsapp_token: str = _setting(
        "",
        "FHIR_WHATSAPP_TOKEN",
        "access token of the Graph API; empty: nothing is sent, media stay with Meta",
        secret=True,
    )
    whatsapp_nomor: str = _setting(
        "", "FHIR_WHATSAPP_NOMOR", "Meta's id of the number that sends; empty: nothing is sent"
    )
    whatsapp_graph: str = _setting(
        "https://graph.facebook.com/v23.0",
        "FHIR_WHATSAPP_GRAPH",
        "address and version of the Graph API",
    )
    whatsapp_faskes: str = _setting(
        "",
        "FHIR_WHATSAPP_FASKES",
        "who runs the clinic's number (id of a faskes); empty: complaints open no case of LAKON",
    )
    whatsapp_templat: str = _setting(
        "",
        "FHIR_WHATSAPP_TEMPLAT",
        "YAML file with names, languages and parameters of templates; empty: those of the table",
    )
    whatsapp_jadwal: str = _setting(
        "08:00",
        "FHIR_WHATSAPP_JADWAL",
        "time of day at which planned contacts and reminders go out; none: staff write themselves",
    )
    whatsapp_pengingat: int = _setting(
        1,
        "FHIR_WHATSAPP_PENGINGAT",
        "days before an appointment on which the patient is reminded; 0: never",
    )
    whatsapp_tenang: str = _setting(
        "21:00-06:00",
        "FHIR_WHATSAPP_TENANG",
        "quiet hours in FHIR_TIMEZONE, in which only emergencies go out; none: send at any hour",
    )
    whatsapp_tenang_kecuali: str = _setting(
        "lakon",
        "FHIR_WHATSAPP_TENANG_KECUALI",
        "services (lakon, pemantauan, umum) whose messages go out in quiet hours too; none: no one",
    )
    whatsapp_berhenti: str = _setting(
        "STOP,BERHENTI,UNSUBSCRIBE",
        "FHIR_WHATSAPP_BERHENTI",
        "whole messages by which a person asks to be sent nothing any more",
    )
    whatsapp_mulai: str = _setting(
        "START,MULAI,SUBSCRIBE",
        "FHIR_WHATSAPP_MULAI",
        "whole messages by which a person asks to be sent messages again",
    )
    whatsapp_persetujuan: str = _setting(
        "tidak-menolak",
        "FHIR_WHATSAPP_PERSETUJUAN",
        "who is written to: tidak-menolak (all who did not refuse) or menyetujui (who consented)",
    )
    whatsapp_ragu_menit: int = _setting(
        15,
        "FHIR_WHATSAPP_RAGU_MENIT",
        "minutes to wait for a webhook that says what became of a message before a person decides",
    )
    whatsapp_media: int = _setting(
        16 * 1024 * 1024,
        "FHIR_WHATSAPP_MEDIA",
        "largest file of a message that is fetched, in bytes; 0: files stay with Meta",
    )
    whatsapp_media_tipe: str = _setting(
        "image/jpeg,image/png,image/webp,audio/ogg,audio/aac,audio/mp4,audio/mpeg,audio/amr,"
        "video/mp4,video/3gpp,application/pdf",
        "FHIR_WHATSAPP_MEDIA_TIPE",
        "media types that are fetched, separated by commas",
    )
    formulir_secret: str = _setting(
        "",
        "FHIR_FORMULIR_SECRET",
        "secret with which the landing page signs its form; empty: no form is taken",
        secret=True,
    )
    satusehat_organization: str = _setting(
        "", "FHIR_SATUSEHAT_ORGANIZATION", "our number (kode satusehat) there; empty: no SATUSEHAT"
    )
    satusehat_environment: str = _setting(
        "staging",
        "FHIR_SATUSEHAT_ENVIRONMENT",
        "which SATUSEHAT: development, staging (sandbox) or production",
    )
    satusehat_url: str = _setting(
        "", "FHIR_SATUSEHAT_URL", "another address of it, such as that of the simulator"
    )
    satusehat_client_id: str = _setting(
        "", "FHIR_SATUSEHAT_CLIENT_ID", "client id that SATUSEHAT gave our facility", secret=True
    )
    satusehat_client_secret: str = _setting(
        "", "FHIR_SATUSEHAT_CLIENT_SECRET", "its client secret", secret=True
    )
    satusehat_timeout: float = _setting(
        30.0, "FHIR_SATUSEHAT_TIMEOUT", "seconds after which an answer is waited for no longer"
    )
    satusehat_connections: int = _setting(
        4, "FHIR_SATUSEHAT_CONNECTIONS", "requests to it at once, of one worker; it bears 8"
    )
    satusehat_rate: float = _setting(
        0.0, "FHIR_SATUSEHAT_RATE", "requests to it in a second, of all workers; 0: no limit"
    )
    satusehat_pause: float = _setting(
        2.0, "FHIR_SATUSEHAT_PAUSE", "seconds until a failed delivery is tried again; then doubled"
    )
    satusehat_longest_pause: float = _setting(
        3600.0, "FHIR_SATUSEHAT_LONGEST_PAUSE", "longest of these pauses, in seconds"
    )
    satusehat_bundle: bool = _setting(
        False,
        "FHIR_SATUSEHAT_BUNDLE",
        "send a visit when it is finished, with all that names it, as one transaction",
    )
    satusehat_read_limit: int = _setting(
        2000,
        "FHIR_SATUSEHAT_READ_LIMIT",
        "resources of one patient that are read back from it at most; more are not read in part",
    )
    satusehat_facility: str = _setting(
        "", "FHIR_SATUSEHAT_FACILITY", "id of our own Organization, the puskesmas with that number"
    )
    satusehat_location: str = _setting(
        "", "FHIR_SATUSEHAT_LOCATION", "id of the Location sent for visits that name no room"
    )
    satusehat_position: str = _setting(
        "",
        "FHIR_SATUSEHAT_POSITION",
        "latitude,longitude of rooms that have none; empty: none is sent (staging does not ask)",
    )
    satusehat_medication: str = _setting(
        "contained",
        "FHIR_SATUSEHAT_MEDICATION",
        "where a prescription's Medication lies: contained, or standalone (before 2024-09)",
    )
    satusehat_anc_visit: str = _setting(
        "both",
        "FHIR_SATUSEHAT_ANC_VISIT",
        "system of the K code of a visit: terminology, episode, both or none",
    )
    satusehat_episode_type: str = _setting(
        "http://terminology.kemkes.go.id/CodeSystem/episodeofcare-type",
        "FHIR_SATUSEHAT_EPISODE_TYPE",
        "code system of EpisodeOfCare.type; the playbook's episode-type is refused",
    )
    satusehat_episode_identifier: str = _setting(
        "http://sys-ids.kemkes.go.id/episode-of-care/{org}",
        "FHIR_SATUSEHAT_EPISODE_IDENTIFIER",
        "identifier system of an EpisodeOfCare; {org}: our number",
    )
    satusehat_composition_type: str = _setting(
        "88645-7", "FHIR_SATUSEHAT_COMPOSITION_TYPE", "LOINC code of a resume (before: 18842-5)"
    )
    satusehat_administrative_code: str = _setting(
        "administrativeCode",
        "FHIR_SATUSEHAT_ADMINISTRATIVE_CODE",
        "name of the address extension: administrativeCode or AdministrativeCode",
    )
    satusehat_earliest: str = _setting(
        "2014-06-03", "FHIR_SATUSEHAT_EARLIEST", "earliest date that is sent"
    )
    satusehat_newborn: bool = _setting(
        True, "FHIR_SATUSEHAT_NEWBORN", "register newborns there by their mother's NIK"
    )
    satusehat_newborn_marital: str = _setting(
        "S", "FHIR_SATUSEHAT_NEWBORN_MARITAL", "marital status of a newborn: S or U; empty: none"
    )
    satusehat_virtual_class: str = _setting(
        "", "FHIR_SATUSEHAT_VIRTUAL_CLASS", "class of teleconsultations: VR or AMB; empty: not sent"
    )
    satusehat_head_system: str = _setting(
        "http://snomed.info/sct",
        "FHIR_SATUSEHAT_HEAD_SYSTEM",
        "system of 249111004, head and pelvic inlet; the playbook: Kemenkes' clinical-term",
    )
    satusehat_stool_code: str = _setting(
        "366257004", "FHIR_SATUSEHAT_STOOL_CODE", "SNOMED CT of BAB: 366257004 or 300375001"
    )
    satusehat_stable_code: str = _setting(
        "359746009",
        "FHIR_SATUSEHAT_STABLE_CODE",
        "state at discharge: 359746009 (SNOMED CT) or MN000001 (clinical-term)",
    )
    satusehat_service_class: str = _setting(
        "reguler",
        "FHIR_SATUSEHAT_SERVICE_CLASS",
        "class of outpatient rooms: reguler or eksekutif; empty: none is sent",
    )
    satusehat_back_referral: bool = _setting(
        False, "FHIR_SATUSEHAT_BACK_REFERRAL", "send back-referrals; their payload is unconfirmed"
    )
    pcare_rujuk_lanjut: bool = _setting(
        False, "FHIR_PCARE_RUJUK_LANJUT", "offer referrals as rujukLanjut of BPJS P-Care"
    )
    pcare_kode: str = _setting(
        "", "FHIR_PCARE_KODE", "file (TOML) of P-Care's codes of clinics, doctors and hospitals"
    )
    feed_days: int = _setting(
        730, "FHIR_FEED_DAYS", "days for which the feed ($umpan) keeps what it has told"
    )
    feed_wait_seconds: int = _setting(
        30, "FHIR_FEED_WAIT_SECONDS", "longest time that $umpan waits for news, in seconds"
    )
    feed_waiting: int = _setting(
        8, "FHIR_FEED_WAITING", "requests that may wait for news at once in one server process"
    )
    subscriptions: bool = _setting(
        True, "FHIR_SUBSCRIPTIONS", "notify the endpoints of Subscriptions"
    )
    subscription_hosts: str = _setting(
        "",
        "FHIR_SUBSCRIPTION_HOSTS",
        "hosts (name or name:port, separated by commas) that may be notified without TLS and at "
        "loopback or private addresses; *: any; empty: none",
    )
    subscription_timeout: float = _setting(
        10.0, "FHIR_SUBSCRIPTION_TIMEOUT", "longest time of one notification, in seconds"
    )
    subscription_attempts: int = _setting(
        12, "FHIR_SUBSCRIPTION_ATTEMPTS", "failures in a row after which a Subscription ends"
    )
    subscription_pause: float = _setting(
        5.0,
        "FHIR_SUBSCRIPTION_PAUSE",
        "pause after a failed notification, in seconds; each further one doubles it, to an hour",
    )
    subscription_limit: int = _setting(
        20, "FHIR_SUBSCRIPTION_LIMIT", "Subscriptions that one client may have at once"
    )
    subscription_days: int = _setting(
        30, "FHIR_SUBSCRIPTION_DAYS", "days for which the events of Subscriptions are kept"
    )
    subscription_threads: int = _setting(
        4, "FHIR_SUBSCRIPTION_THREADS", "endpoints that one worker notifies at once"
    )
    targets: str = _setting(
        "", "FHIR_TARGETS", "file (TOML) of the systems that are sent resources; empty: none"
    )
    target_hosts: str = _setting(
        "",
        "FHIR_TARGET_HOSTS",
        "hosts (name or name:port, separated by commas) that targets may have without TLS and at "
        "loopback or private addresses; *: any; empty: none",
    )
    delivery_lease_seconds: int = _setting(
        20, "FHIR_DELIVERY_LEASE_SECONDS", "seconds after which a dead worker's deliveries go on"
    )
    outbox_days: int = _setting(
        30, "FHIR_OUTBOX_DAYS", "days for which rows of the outbox are kept for targets"
    )
    websocket_port: int = _setting(
        0, "FHIR_WEBSOCKET_PORT", "port of the websockets of Subscriptions, in the worker; 0: none"
    )
    websocket_url: str = _setting(
        "",
        "FHIR_WEBSOCKET_URL",
        "public address of the websockets (wss://…); empty: HOST and the port",
    )
    cors_origins: str = _setting(
        "",
        "FHIR_CORS_ORIGINS",
        "origins whose pages may call the APIs, separated by commas; *: any; empty: none",
    )
    rate_limit: int = _setting(
        1000, "FHIR_RATE_LIMIT", "requests a second of one client, in each process; 0: any number"
    )
    sign_in_limit: int = _setting(
        20,
        "FHIR_SIGN_IN_LIMIT",
        "failures to sign in a minute from one address, in each process; 0: any number",
    )
    body_limit: int = _setting(64 * 1024 * 1024, "FHIR_BODY_LIMIT", "largest body, in bytes")
    text_limit: int = _setting(
        65_536, "FHIR_TEXT_LIMIT", "longest text in a field of an SOP document, in characters"
    )
    binary_limit: int = _setting(
        1024 * 1024,
        "FHIR_BINARY_LIMIT",
        "content of a Binary, in bytes of base64, above which it lies in GridFS",
    )
    xml_limit: int = _setting(
        16 * 1024 * 1024, "FHIR_XML_LIMIT", "largest body in XML, in bytes; JSON is read faster"
    )
    depth_limit: int = _setting(64, "FHIR_DEPTH_LIMIT", "deepest nesting of a resource")
    entry_limit: int = _setting(
        10_000, "FHIR_ENTRY_LIMIT", "most entries of a batch or transaction"
    )
    count_default: int = _setting(20, "FHIR_COUNT_DEFAULT", "page size when _count is absent")
    count_limit: int = _setting(1000, "FHIR_COUNT_LIMIT", "largest page size")
    include_limit: int = _setting(
        1000, "FHIR_INCLUDE_LIMIT", "most included resources on a page; more is an error"
    )
    chain_limit: int = _setting(
        100_000, "FHIR_CHAIN_LIMIT", "most resources one chain may pass through; more is an error"
    )
    text_search: bool = _setting(
        False, "FHIR_TEXT_SEARCH", "index all words, for _text and _content; see $reindex"
    )
    query_time_limit_ms: int = _setting(
        30_000, "FHIR_QUERY_TIME_LIMIT_MS", "longest time of one query, in milliseconds"
    )
    noop_updates: bool = _setting(
        False, "FHIR_NOOP_UPDATES", "let an update that changes nothing make a version"
    )
    profile_validation: str = _setting(
        "enforce",
        "FHIR_PROFILE_VALIDATION",
        "writes against the profiles they declare and the server knows: off, warn or enforce",
    )
    conditional_delete: str = _setting(
        "single",
        "FHIR_CONDITIONAL_DELETE",
        "what a conditional delete may delete: single (one match) or multiple",
    )
    conditional_delete_limit: int = _setting(
        1000,
        "FHIR_CONDITIONAL_DELETE_LIMIT",
        "most resources one conditional delete may delete; more is an error",
    )
    expunge: bool = _setting(
        False, "FHIR_EXPUNGE", "let $expunge take resources and versions out for good"
    )
    job_hours: int = _setting(
        24, "FHIR_JOB_HOURS", "hours for which the result of long work (respond-async) is kept"
    )
    background: int = _setting(
        1,
        "FHIR_BACKGROUND",
        "processes for long work that serve starts beside the server's; 0: none",
    )
    export_limit: int = _setting(
        4, "FHIR_EXPORT_LIMIT", "exports waiting or running at once; more are answered 429"
    )
    expansion_limit: int = _setting(
        10_000, "FHIR_EXPANSION_LIMIT", "most codes an expansion lists; more is an error"
    )
    import_hosts: str = _setting(
        "",
        "FHIR_IMPORT_HOSTS",
        "hosts (name or name:port, separated by commas) that $import may fetch from; empty: none",
    )
    fhirpath_step_limit: int = _setting(
        2_000_000, "FHIR_FHIRPATH_STEP_LIMIT", "most items that one FHIRPath may look at"
    )
    fhirpath_length_limit: int = _setting(
        20_000, "FHIR_FHIRPATH_LENGTH_LIMIT", "longest FHIRPath, in characters"
    )
    fhirpath_time_limit_ms: int = _setting(
        5000, "FHIR_FHIRPATH_TIME_LIMIT_MS", "longest time of one FHIRPath, in milliseconds"
    )
    pws_cbr: Decimal = _setting(
        Decimal("16.0"),
        "FHIR_PWS_CBR",
        "births per 1,000 inhabitants and year, to estimate targets of villages that give none",
    )
    pws_targets: str = _setting(
        "",
        "FHIR_PWS_TARGETS",
        "annual targets of indicators in percent of their denominator (K1=100,K4=95); others: 100",
    )
    pws_vaccines: str = _setting(
        "",
        "FHIR_PWS_VACCINES",
        "KFA codes of vaccines of complete basic immunisation (BCG=VG1,MR=VG2), beside CVX and ATC",
    )
    pws_steady_below: str = _setting(
        "JELEK",
        "FHIR_PWS_STEADY_BELOW",
        "status of a village that is below its target and steady: JELEK, CUKUP or KURANG",
    )
    page_key: str = _setting(
        "", "FHIR_PAGE_KEY", "secret that signs page links; empty: kept in the database"
    )
    audit: bool = _setting(
        True, "FHIR_AUDIT", "record who saw and changed what, in the audit trail"
    )
    provenance: bool = _setting(
        False, "FHIR_PROVENANCE", "store a Provenance with every SOP document that is written"
    )
    audit_days: int = _setting(
        0, "FHIR_AUDIT_DAYS", "days for which the audit trail is kept; 0: for ever"
    )
    audit_key: str = _setting(
        "",
        "FHIR_AUDIT_KEY",
        "secret that binds the audit trail, so that who can write to the database cannot forge it",
        secret=True,
    )
    log_level: str = _setting(
        "info", "FHIR_LOG_LEVEL", "debug (every request), info, warning or error"
    )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read every setting; a value that cannot be read raises ValueError naming its variable."""
        environment = os.environ if environment is None else environment
        given: dict[str, Any] = {}
        for each in fields(cls):
            text = _given(environment, each.metadata["variable"], secret=not each.repr)
            if text != "":
                given[each.name] = _read(each.metadata["variable"], type(each.default), text)
        return cls(**given)


def _given(environment: Mapping[str, str], variable: str, *, secret: bool) -> str:
    """Give the text of a setting; a secret may lie in the file that VARIABLE_FILE names."""
    text, file = environment.get(variable, ""), environment.get(f"{variable}_FILE", "")
    if not (secret and file):
        return text
    if text:
        raise ValueError(f"{variable} and {variable}_FILE are both set; set one of them.")
    try:
        return Path(file).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{variable}_FILE={file!r} cannot be read: {error}.") from None


def _read(variable: str, kind: type[Any], text: str) -> Any:
    if kind is bool:
        if text.lower() not in {"0", "1", "true", "false", "yes", "no"}:
            raise ValueError(f"{variable}={text!r} is neither 1 nor 0.")
        return text.lower() in {"1", "true", "yes"}
    try:
        return kind(text)
    except (ValueError, InvalidOperation):
        raise ValueError(f"{variable}={text!r} is not a valid {kind.__name__}.") from None
