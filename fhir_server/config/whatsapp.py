"""The clinic's number at WhatsApp, and the form of the landing page."""

from __future__ import annotations

from dataclasses import dataclass

from fhir_server.config.setting import setting


@dataclass(frozen=True)
class Whatsapp:
    """The clinic's number at WhatsApp, and the form of the landing page."""

    whatsapp_secret: str = setting(
        "",
        "FHIR_WHATSAPP_SECRET",
        "app secret with which Meta signs WhatsApp's webhooks (BR-W1); empty: no webhook",
        secret=True,
    )
    whatsapp_verify_token: str = setting(
        "",
        "FHIR_WHATSAPP_VERIFY_TOKEN",
        "word that Meta repeats when the webhook is set up; empty: no webhook",
        secret=True,
    )
    whatsapp_penerima: str = setting(
        "",
        "FHIR_WHATSAPP_PENERIMA",
        "who reads what is sent to the clinic's number (petugas/…, tim/… or faskes/…); empty: "
        "only the number is noted",
    )
    whatsapp_layanan: str = setting(
        "umum",
        "FHIR_WHATSAPP_LAYANAN",
        "service of a new thread of a patient who is not monitored: umum or lakon",
    )
    whatsapp_token: str = setting(
        "",
        "FHIR_WHATSAPP_TOKEN",
        "access token of the Graph API; empty: nothing is sent, media stay with Meta",
        secret=True,
    )
    whatsapp_nomor: str = setting(
        "", "FHIR_WHATSAPP_NOMOR", "Meta's id of the number that sends; empty: nothing is sent"
    )
    whatsapp_graph: str = setting(
        "https://graph.facebook.com/v23.0",
        "FHIR_WHATSAPP_GRAPH",
        "address and version of the Graph API",
    )
    whatsapp_faskes: str = setting(
        "",
        "FHIR_WHATSAPP_FASKES",
        "who runs the clinic's number (id of a faskes); empty: complaints open no case of LAKON",
    )
    whatsapp_templat: str = setting(
        "",
        "FHIR_WHATSAPP_TEMPLAT",
        "YAML file with names, languages and parameters of templates; empty: those of the table",
    )
    whatsapp_jadwal: str = setting(
        "08:00",
        "FHIR_WHATSAPP_JADWAL",
        "time of day at which planned contacts and reminders go out; none: staff write themselves",
    )
    whatsapp_pengingat: int = setting(
        1,
        "FHIR_WHATSAPP_PENGINGAT",
        "days before an appointment on which the patient is reminded; 0: never",
    )
    whatsapp_tenang: str = setting(
        "21:00-06:00",
        "FHIR_WHATSAPP_TENANG",
        "quiet hours in FHIR_TIMEZONE, in which only emergencies go out; none: send at any hour",
    )
    whatsapp_tenang_kecuali: str = setting(
        "lakon",
        "FHIR_WHATSAPP_TENANG_KECUALI",
        "services (lakon, pemantauan, umum) whose messages go out in quiet hours too; none: no one",
    )
    whatsapp_berhenti: str = setting(
        "STOP,BERHENTI,UNSUBSCRIBE",
        "FHIR_WHATSAPP_BERHENTI",
        "whole messages by which a person asks to be sent nothing any more",
    )
    whatsapp_mulai: str = setting(
        "START,MULAI,SUBSCRIBE",
        "FHIR_WHATSAPP_MULAI",
        "whole messages by which a person asks to be sent messages again",
    )
    whatsapp_persetujuan: str = setting(
        "tidak-menolak",
        "FHIR_WHATSAPP_PERSETUJUAN",
        "who is written to: tidak-menolak (all who did not refuse) or menyetujui (who consented)",
    )
    whatsapp_ragu_menit: int = setting(
        15,
        "FHIR_WHATSAPP_RAGU_MENIT",
        "minutes to wait for a webhook that says what became of a message before a person decides",
    )
    whatsapp_media: int = setting(
        16 * 1024 * 1024,
        "FHIR_WHATSAPP_MEDIA",
        "largest file of a message that is fetched, in bytes; 0: files stay with Meta",
    )
    whatsapp_media_tipe: str = setting(
        "image/jpeg,image/png,image/webp,audio/ogg,audio/aac,audio/mp4,audio/mpeg,audio/amr,"
        "video/mp4,video/3gpp,application/pdf",
        "FHIR_WHATSAPP_MEDIA_TIPE",
        "media types that are fetched, separated by commas",
    )
    formulir_secret: str = setting(
        "",
        "FHIR_FORMULIR_SECRET",
        "secret with which the landing page signs its form; empty: no form is taken",
        secret=True,
    )
