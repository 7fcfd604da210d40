"""What the five SOPs leave to the puskesmas."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from fhir_server.config.setting import setting


@dataclass(frozen=True)
class Sop:
    """What the five SOPs leave to the puskesmas."""

    rujukan_jawab_darurat_menit: int = setting(
        15, "FHIR_RUJUKAN_JAWAB_DARURAT_MENIT", "minutes to answer an emergency referral"
    )
    rujukan_jawab_segera_menit: int = setting(
        120, "FHIR_RUJUKAN_JAWAB_SEGERA_MENIT", "minutes to answer an urgent referral"
    )
    rujukan_jawab_elektif_menit: int = setting(
        1440, "FHIR_RUJUKAN_JAWAB_ELEKTIF_MENIT", "minutes to answer an elective referral"
    )
    rujuk_balik_terima_hari: int = setting(
        1, "FHIR_RUJUK_BALIK_TERIMA_HARI", "working days to accept a back-referral"
    )
    rujuk_balik_kontak_hari: int = setting(
        3, "FHIR_RUJUK_BALIK_KONTAK_HARI", "days until the first contact after a back-referral"
    )
    rujuk_balik_kontak_krst_jam: int = setting(
        24, "FHIR_RUJUK_BALIK_KONTAK_KRST_JAM", "the same in hours for a mother of KRST"
    )
    hari_kerja: str = setting(
        "123456", "FHIR_HARI_KERJA", "working days of the puskesmas; 1 is Monday, 7 Sunday"
    )
    pemantauan_krt: str = setting(
        "dua-mingguan,mingguan",
        "FHIR_PEMANTAUAN_KRT",
        "chat with a mother of group KRT: rhythm before and from FHIR_PEMANTAUAN_MINGGU",
    )
    pemantauan_krst: str = setting(
        "mingguan,dua-kali-seminggu", "FHIR_PEMANTAUAN_KRST", "the same for group KRST"
    )
    pemantauan_minggu: int = setting(
        36, "FHIR_PEMANTAUAN_MINGGU", "week of pregnancy from which the second rhythm counts"
    )
    pemantauan_tanda_bahaya_hari: int = setting(
        3, "FHIR_PEMANTAUAN_TANDA_BAHAYA_HARI", "days of daily chat after a treated danger sign"
    )
    pemantauan_isoman: str = setting(
        "harian", "FHIR_PEMANTAUAN_ISOMAN", "chat with a patient in isolation at home"
    )
    queue_pregnant: bool = setting(
        False, "FHIR_QUEUE_PREGNANT", "let pregnant women go first in queues; the SOP does not"
    )
    kb_implan_icd9cm: str = setting(
        "86.09",
        "FHIR_KB_IMPLAN_ICD9CM",
        "ICD-9-CM code of inserting an implant, which has none of its own; empty: none is written",
    )
    escalation_minutes: int = setting(
        5, "FHIR_ESCALATION_MINUTES", "minutes in which a doctor has to take up an emergency"
    )
    lakon_kecamatan: str = setting(
        "",
        "FHIR_LAKON_KECAMATAN",
        "district codes whose residents LAKON serves, separated by commas; empty: everybody",
    )
    lakon_peran_penyetuju: str = setting(
        "dokter", "FHIR_LAKON_PERAN_PENYETUJU", "role of who approves an advice of LAKON (BR-D7)"
    )
    lakon_pesan_darurat: str = setting(
        "Layanan ini hanya untuk warga wilayah kami, tetapi keluhan Anda perlu pertolongan segera: "
        "hubungi 119 atau datang ke IGD terdekat sekarang.",
        "FHIR_LAKON_PESAN_DARURAT",
        "what an emergency from outside the area of LAKON is answered with",
    )
    lakon_penanggung_jawab: str = setting(
        "",
        "FHIR_LAKON_PENANGGUNG_JAWAB",
        "doctor (id of a petugas) responsible for cases of LAKON that open by themselves",
    )
    tilik_ambang: Decimal = setting(
        Decimal("80.0"), "FHIR_TILIK_AMBANG", "compliance with an SOP, in percent, that is enough"
    )
    laporan_pustu_bulan: int = setting(
        1,
        "FHIR_LAPORAN_PUSTU_BULAN",
        "whole months that a report of a Pustu covers (C14); 0: any period",
    )
    pws_cbr: Decimal = setting(
        Decimal("16.0"),
        "FHIR_PWS_CBR",
        "births per 1,000 inhabitants and year, to estimate targets of villages that give none",
    )
    pws_targets: str = setting(
        "",
        "FHIR_PWS_TARGETS",
        "annual targets of indicators in percent of their denominator (K1=100,K4=95); others: 100",
    )
    pws_vaccines: str = setting(
        "",
        "FHIR_PWS_VACCINES",
        "KFA codes of vaccines of complete basic immunisation (BCG=VG1,MR=VG2), beside CVX and ATC",
    )
    pws_steady_below: str = setting(
        "JELEK",
        "FHIR_PWS_STEADY_BELOW",
        "status of a village that is below its target and steady: JELEK, CUKUP or KURANG",
    )
