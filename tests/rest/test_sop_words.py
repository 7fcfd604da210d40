"""What is wrong with a document is said in words of the clinic, whatever refuses it."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

import marshmallow
import pytest

from fhir_server.app import create_app
from fhir_server.rest.sop_schemas import schema_of
from fhir_server.sop.pesan_chat import Lampiran
from fhir_server.sop.petugas_kesehatan import PetugasKesehatan
from fhir_server.sop.tindak_lanjut import TindakLanjut, periksa
from tests.support.both import Caller

NOON = datetime(2024, 4, 2, 12, tzinfo=UTC)


def refused(document, **fields):
    with pytest.raises(marshmallow.ValidationError) as refusal:
        schema_of(document).load(fields, partial=True)
    return refusal.value.messages


def test_a_wrong_nik_of_staff_is_told_in_digits():
    says = refused(PetugasKesehatan, nik="12345")

    assert says == {"nik": ["bentuknya salah. Seharusnya: 16 angka, mis. 9901014502900004."]}


def test_a_file_sent_along_says_at_least_what_it_is():
    with pytest.raises(marshmallow.ValidationError) as refusal:
        schema_of(Lampiran).load({})

    assert refusal.value.messages == {"jenis": ["wajib diisi."]}


def test_a_task_does_not_end_before_it_began():
    words: dict[str, Any] = {each.name: None for each in dataclasses.fields(TindakLanjut)}
    words |= {"pasien": "p", "asal": "rujuk-balik", "status": "selesai", "hasil": "selesai"}
    words |= {"mulai": NOON, "selesai": NOON - timedelta(minutes=1), "jadwal": NOON.date()}

    (reproof,) = periksa(TindakLanjut(**words))

    assert reproof.kalimat.startswith("selesai: lebih awal daripada mulai. Seharusnya: 2024-04-02")


def test_a_text_without_end_is_refused_wherever_it_stands(context):
    short = dataclasses.replace(
        context, settings=dataclasses.replace(context.settings, text_limit=20)
    )
    sop = Caller(create_app(short).test_client(), "/sop/v1", "application/json")
    role = {
        "nama": "Bidan Wulan Sari",
        "peran": "bidan",
        "faskes": "pkm",
        "aktifDari": "2023-01-02",
    }

    said = sop("POST", "petugas-kesehatan", {**role, "kualifikasi": ["ASI", "A" * 21]})
    kept = sop("POST", "petugas-kesehatan", {**role, "kualifikasi": ["ASI", "A" * 20]})

    assert said.status == 422
    says = "kualifikasi[1]: 21 tanda. Seharusnya: paling banyak 20 tanda."
    assert says in [each["diagnostics"] for each in said.issues]
    assert kept.status == 201
