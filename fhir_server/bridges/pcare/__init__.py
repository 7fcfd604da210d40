"""BPJS P-Care: a referral as the `kunjungan` that carries it. A payload only; nothing is sent."""
