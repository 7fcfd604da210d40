"""What a person does about a refusal, by the number of the rule: Indonesian, then English."""

from __future__ import annotations

from typing import Final

REMEDIES: Final[dict[str, tuple[str, str]]] = {
    "consent": (
        "Minta persetujuan pasien untuk berbagi data lewat SATUSEHAT, lalu kirim ulang.",
        "Ask the patient to agree to sharing by SATUSEHAT, then retry.",
    ),
    "10001": (
        "Perbaiki kelas kunjungan: rawat jalan AMB, gawat darurat EMER, rawat inap IMP.",
        "Correct the class of the visit: AMB, EMER or IMP.",
    ),
    "10002": (
        "Perbaiki peran petugas pada kunjungan: sistem v3-ParticipationType.",
        "Correct the role of the participant: system v3-ParticipationType.",
    ),
    "10010": (
        "Pilih kode pemeriksaan yang dikenal SATUSEHAT (LOINC, SNOMED CT, clinical-term).",
        "Choose a code of the observation that SATUSEHAT knows.",
    ),
    "10297": (
        "Pilih hasil yang dikenal SATUSEHAT untuk pemeriksaan ini.",
        "Choose a result that SATUSEHAT knows for this observation.",
    ),
    "10056": (
        "Perbaiki cara pakai obat: kode rute ATC, misalnya O untuk oral.",
        "Correct the route of the drug: an ATC code such as O for oral.",
    ),
    "10103": (
        "Pilih vaksin dengan kode KFA yang berlaku.",
        "Choose a vaccine by a KFA code in force.",
    ),
    "10105": (
        "Isi alasan imunisasi (program dasar, WUS, …).",
        "Give the reason of the immunization.",
    ),
    "10109": (
        "Pasien sudah punya episode aktif sejenis; tutup atau pakai episode itu.",
        "The patient has an active episode of this type; close it or use it.",
    ),
    "10110": (
        "Pasien sudah punya episode aktif sejenis; tutup atau pakai episode itu.",
        "The patient has an active episode of this type; close it or use it.",
    ),
    "10117": (
        "Periksa FHIR_SATUSEHAT_ORGANIZATION dan nomor kunjungan KF1-KF4, KN1-KN3.",
        "Check FHIR_SATUSEHAT_ORGANIZATION and the visit number (KF1 to KF4, KN1 to KN3).",
    ),
    "10118": (
        "Periksa pasien pada kunjungan; ia harus terdaftar di SATUSEHAT.",
        "Check the patient of the visit, who must be known to SATUSEHAT.",
    ),
    "10120": (
        "Isi ruangan kunjungan (FHIR_SATUSEHAT_LOCATION), terdaftar di SATUSEHAT.",
        "Give the visit a room registered with SATUSEHAT (FHIR_SATUSEHAT_LOCATION).",
    ),
    "10124": (
        "Isi fasilitas kunjungan: FHIR_SATUSEHAT_FACILITY.",
        "Give the facility of the visit: FHIR_SATUSEHAT_FACILITY.",
    ),
    "10130": ("Hubungkan hasil ini dengan kunjungan.", "Link this result to a visit."),
    "10132": (
        "Perbaiki tanggal: lengkap dengan jam, tidak di masa depan, tidak sebelum 3 Juni 2014.",
        "Correct the date: with its time, not in the future, not before 3 June 2014.",
    ),
    "10134": ("Isi judul.", "Give the title."),
    "10171": (
        "Status tempat tidur diganti utuh (/operationalStatus).",
        "Replace the operational status as a whole.",
    ),
    "10254": ("Tulis bilangan sebagai angka.", "Write the number as a number."),
    "10292": (
        "Isi apakah dosis diberikan di sini atau dilaporkan (primarySource).",
        "Say whether the dose was given here or reported (primarySource).",
    ),
    "10306": ("Isi nomor batch vaksin.", "Give the lot number of the vaccine."),
    "10307": (
        "Isi tanggal kedaluwarsa vaksin dan petugas yang memberikan.",
        "Give the expiry date of the vaccine and who gave it.",
    ),
    "10336": ("Isi petugas yang melayani kunjungan.", "Name who attended the visit."),
    "10377": ("Isi penerima permintaan (performer).", "Name who the request is addressed to."),
    "10383": ("Isi petugas yang memeriksa.", "Name who made the observation."),
    "10406": (
        "Isi awal episode lengkap dengan jam (HPHT untuk ANC).",
        "Give the start of the episode with its time (LMP for ANC).",
    ),
    "10450": ("Isi dosis ke berapa.", "Give the number of the dose."),
    "10457": (
        "Isi diagnosis sebelum kunjungan diselesaikan.",
        "Give a diagnosis before the visit is finished.",
    ),
    "10458": (
        "Periksa FHIR_SATUSEHAT_EPISODE_IDENTIFIER dan FHIR_SATUSEHAT_ORGANIZATION.",
        "Check FHIR_SATUSEHAT_EPISODE_IDENTIFIER and FHIR_SATUSEHAT_ORGANIZATION.",
    ),
    "10480": (
        "Kode tanpa sistem; isi sistem kode atau hapus kode itu.",
        "A code without a system: give the system or remove the code.",
    ),
    "20002": (
        "SATUSEHAT sudah punya data ini tetapi tidak dapat ditemukan; hubungi helpdesk SATUSEHAT "
        "dengan x-request-id.",
        "SATUSEHAT has it, but it is not found there: ask its help desk, with the x-request-id.",
    ),
    "20003": (
        "Minta hak akses jenis data ini kepada SATUSEHAT untuk client id fasilitas.",
        "Ask SATUSEHAT for the right to this type of resource for the client id.",
    ),
    "not-found": (
        "Periksa NIK di kartu pasien atau petugas; jika benar, daftarkan di SATUSEHAT, lalu kirim "
        "ulang.",
        "Check the NIK on the card; if it is right, register the person at SATUSEHAT and retry.",
    ),
    "ambiguous": (
        "Beberapa orang cocok. Cocokkan identitas dengan kartu, isi nomor IHS yang benar pada data "
        "pasien atau petugas, lalu kirim ulang.",
        "Several people match. Compare with the card, enter the right IHS number, then retry.",
    ),
    "403": (
        "SATUSEHAT menutup data ini bagi fasilitas kita (milik fasilitas lain, atau tanpa "
        "persetujuan pasien).",
        "SATUSEHAT does not let our facility do this (another facility's, or without consent).",
    ),
    "404": (
        "Data ini tidak ada lagi di SATUSEHAT; hubungi helpdesk SATUSEHAT.",
        "SATUSEHAT does not have it any more: ask its help desk.",
    ),
}
OTHERWISE: Final = (
    "Perbaiki data sesuai pesan di atas, lalu kirim ulang.",
    "Correct the data as the message says, then retry.",
)
LOGIN: Final = (
    "Periksa FHIR_SATUSEHAT_CLIENT_ID dan FHIR_SATUSEHAT_CLIENT_SECRET.",
    "Check FHIR_SATUSEHAT_CLIENT_ID and FHIR_SATUSEHAT_CLIENT_SECRET.",
)
PRODUCT: Final = (
    "Client id tidak punya hak atas layanan ini; minta aktivasi kepada SATUSEHAT.",
    "The client id has no right to this service: ask SATUSEHAT to activate it.",
)


def remedy(rule: str) -> str:
    """Say what a person does about a rule, in both languages."""
    return both(REMEDIES.get(rule, OTHERWISE))


def both(words: tuple[str, str]) -> str:
    """Write Indonesian words with their English after them."""
    return f"{words[0]} ({words[1]})"
