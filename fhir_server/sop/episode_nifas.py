"""EpisodeNifas: the weeks after a birth, opened by the delivery (domain §2.1 row 19, §5.6)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen
from fhir_server.sop.episode_kehamilan import StatusEpisode, tetap

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

AlasanSelesaiNifas = Literal["nifas-lengkap", "meninggal", "pindah", "hilang-kontak"]
MASA_NIFAS: Final = timedelta(days=42)


@dokumen
class EpisodeNifas(Dokumen):
    """Episode nifas."""

    faskes: str = bidang(
        "Puskesmas", "§2.1/19", rujuk="faskes", contoh="pkm-dharma-rini", cari=True
    )
    pasien: str = bidang("Ibu nifas", "§2.1/19", rujuk="pasien", contoh="dewi", cari=True)
    persalinan: datetime = bidang(
        "Waktu persalinan", "§2.1/19", contoh="2024-05-17T04:36:00+07:00", terjadi=True
    )
    nomor: str | None = bidang("Nomor episode", "§5.6", default=None, contoh="PNC-2024-0055")
    status: StatusEpisode = bidang(
        "Status", "§2.1/19", default="berjalan", kode="status-episode", cari=True
    )
    selesai: date | None = bidang(
        "Tanggal berakhir (lengkap: 42 hari)",
        "§5.6",
        default=None,
        contoh="2024-06-28",
        terjadi=True,
    )
    alasanSelesai: AlasanSelesaiNifas | None = bidang(
        "Mengapa berakhir", "§5.6", default=None, kode="alasan-selesai-episode"
    )
    penanggungJawab: str | None = bidang(
        "Bidan penanggung jawab", "§2.1/19", default=None, rujuk="petugas-kesehatan"
    )


def periksa(episode: EpisodeNifas) -> Iterator[Teguran]:
    """Find what one episode can get wrong."""
    berakhir = episode.status == "selesai"
    if berakhir != (episode.selesai is not None and episode.alasanSelesai is not None):
        yield Teguran(
            "selesai",
            f"status {episode.status}.",
            "tanggal dan alasan berakhir tepat bila statusnya selesai.",
            "domain §5.6",
        )
    if episode.selesai is not None and episode.selesai < episode.persalinan.date():
        yield Teguran("selesai", "sebelum persalinan.", f"sesudah {episode.persalinan}.")
    if episode.alasanSelesai == "nifas-lengkap" and episode.selesai is not None:
        lengkap = episode.persalinan.date() + MASA_NIFAS
        if episode.selesai < lengkap:
            yield Teguran(
                "selesai",
                f"{episode.selesai} sebelum 42 hari.",
                f"{lengkap} atau sesudahnya.",
                "domain §2.1/19",
            )


def periksa_perubahan(lama: Mapping[str, Any], baru: EpisodeNifas) -> Iterable[Teguran]:
    """Find changes that the course of an episode forbids."""
    return tetap(lama, baru.status, baru.pasien)
