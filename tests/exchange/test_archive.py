"""The archive and the resources agree, wherever the server stops."""

from __future__ import annotations

import dataclasses
import json
import time
from datetime import date

import pytest

from fhir_server import exchange
from fhir_server.app import build_context
from fhir_server.errors import Invalid, RuleBroken, Unavailable
from fhir_server.exchange import attempts, writing
from fhir_server.sop import arsip
from fhir_server.sop.antrean import Antrean
from fhir_server.sop.kunjungan import Kunjungan
from fhir_server.sop.pasien import Pasien

SITI = Pasien(
    faskes="pkm",
    noRM="RM-1",
    nama="Siti",
    tanggalLahir=date(1986, 3, 12),
    jenisKelamin="female",
    provinsi="99",
    kabupaten="9902",
    kecamatan="990201",
    desa="9902012001",
)


class Stopped(Exception):
    """The server ends here."""


def stop(*_):
    raise Stopped


def patients(context):
    return context.store.statistics().get("Patient", 0)


def test_a_stop_before_the_resources_are_written(context, monkeypatch):
    with monkeypatch.context() as stopping:
        stopping.setattr(attempts.write, "commit", stop)
        with pytest.raises(Stopped):
            exchange.publish(context, "pasien", SITI, key="k")
    assert patients(context) == 0

    made = exchange.publish(context, "pasien", SITI, key="k")

    assert patients(context) == 1
    (entry,) = arsip.riwayat("pasien", made.id)
    assert (entry.keadaan, entry.menjadi) == ("selesai", [f"Patient/{made.id}/_history/1"])


def test_a_stop_after_the_resources_are_written(context, monkeypatch):
    with monkeypatch.context() as stopping:
        stopping.setattr(writing.arsip, "selesaikan", stop)
        with pytest.raises(Stopped):
            exchange.publish(context, "pasien", SITI, key="k")
    assert patients(context) == 1

    made = exchange.publish(context, "pasien", SITI, key="k")

    assert (made.replayed, patients(context)) == (True, 1)
    (entry,) = arsip.riwayat("pasien", made.id)
    assert entry.keadaan == "selesai"


def test_a_database_that_does_not_answer_keeps_the_key(context, monkeypatch):
    def silent(*_):
        raise Unavailable("The database did not answer.")

    with monkeypatch.context() as stopping:
        stopping.setattr(attempts.write, "commit", silent)
        with pytest.raises(Unavailable):
            exchange.publish(context, "pasien", SITI, key="k")
    (entry,) = arsip.Arsip.objects()

    made = exchange.publish(context, "pasien", SITI, key="k")

    assert made.id == entry.idDokumen


def test_a_document_that_the_store_refuses_stays_in_the_archive(context):
    ticket = Antrean(faskes="pkm", unit="kia", tanggal=date(2024, 4, 2), pasien="nobody")

    with pytest.raises(Invalid):
        exchange.publish(context, "antrean", ticket, key="k")

    (entry,) = arsip.Arsip.objects()
    assert (entry.keadaan, entry.menjadi) == ("ditolak", [])
    assert entry.id != "antrean/k"


def test_a_change_that_a_rule_forbids_changes_nothing(context):
    visit = Kunjungan(
        faskes="pkm",
        noReg="R",
        pasien=exchange.publish(context, "pasien", SITI).id,
        kelas="AMB",
        unit="kia",
        klaster="klaster-2",
        mulai=context.clock(),
        status="tiba",
    )
    made = exchange.publish(context, "kunjungan", visit)

    with pytest.raises(RuleBroken):
        exchange.revise(context, "kunjungan", made.id, dataclasses.replace(visit, status="selesai"))

    assert exchange.present(context, "kunjungan", made.id).version == 1


def test_a_key_belongs_to_one_document(context):
    exchange.publish(context, "pasien", SITI, key="k")
    other = dataclasses.replace(SITI, nama="Sita")

    with pytest.raises(Invalid):
        exchange.publish(context, "pasien", other, key="k")

    assert patients(context) == 1


def test_the_archive_keeps_every_version_that_was_sent(context):
    made = exchange.publish(context, "pasien", SITI)

    moved = dataclasses.replace(SITI, alamat="Jl. Baru 1")
    exchange.revise(context, "pasien", made.id, moved, source='{"as": "sent"}')

    first, second = arsip.riwayat("pasien", made.id)
    assert json.loads(first.naskah)["nama"] == "Siti"
    assert second.naskah == '{"as": "sent"}'
    assert second.menjadi == [f"Patient/{made.id}/_history/2"]


def test_the_operators_canonical_base_is_written_and_read(settings, mongodb_uri):
    own = dataclasses.replace(settings, canonical="https://klinik.example/r4")
    context = build_context(own, mongodb_uri)

    made = exchange.publish(context, "pasien", SITI)

    raw = context.store.read("Patient", made.id).raw
    assert b"https://klinik.example/r4/sid/no-rm/pkm" in raw
    assert b"puskesmas.example" not in raw
    assert made.document["noRM"] == "RM-1"
    context.store.close()


def test_an_answered_document_is_closed_a_moment_later_without_being_asked_for(context):
    exchange.publish(context, "pasien", SITI)
    until = time.monotonic() + 60

    while arsip.Arsip.objects(keadaan="selesai").count() == 0:
        assert time.monotonic() < until
        time.sleep(0.01)
