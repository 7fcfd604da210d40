"""P-Care of BPJS."""

from __future__ import annotations

from dataclasses import dataclass

from fhir_server.config.setting import setting


@dataclass(frozen=True)
class Pcare:
    """P-Care of BPJS."""

    pcare_rujuk_lanjut: bool = setting(
        False, "FHIR_PCARE_RUJUK_LANJUT", "offer referrals as rujukLanjut of BPJS P-Care"
    )
    pcare_kode: str = setting(
        "", "FHIR_PCARE_KODE", "file (TOML) of P-Care's codes of clinics, doctors and hospitals"
    )
