"""C8: a social or legal referral carries no clinical detail beyond the minimum (domain §1.C C8).

The institution learns who comes and why. Diagnoses, findings and treatment go along only if the
patient has agreed to share data with just this institution.
"""

from __future__ import annotations

from typing import Final

from fhir_server.sop.dokumen import Teguran

C8: Final = "domain §1.C C8"
TANPA_KLINIS: Final = ("sosial", "hukum")


def perlu_diagnosis(jenis: str) -> bool:
    """Say whether a referral of this kind names a diagnosis."""
    return jenis not in TANPA_KLINIS


def melebihi_minimum(jenis: str) -> Teguran:
    """Word C8: clinical detail goes to an institution that the patient did not name."""
    return Teguran(
        "diagnosis",
        f"rujukan {jenis} membawa rincian klinis tanpa persetujuan pasien untuk penerimanya.",
        "hanya alasan; atau persetujuan berbagi-data yang menyebut lembaga tujuan.",
        C8,
        english=f"C8: a {jenis} referral carries clinical detail (reasonCode, reasonReference or "
        "supportingInfo) beyond the minimum; the patient's active Consent berbagi-data to the "
        "performer is needed for that.",
    )
