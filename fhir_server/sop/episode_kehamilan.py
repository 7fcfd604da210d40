"""EpisodeKehamilan: one pregnancy, from its first contact to its end (domain §2.1 row 20, §5.6)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any, Final, Literal

from fhir_server.sop.alur import Alur, Keadaan
from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen
from fhir_server.sop.kehamilan import hpl

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

StatusEpisode = Literal["berjalan", "ditangguhkan", "selesai", "batal", "salah-entri"]
AlasanSelesai = Literal["persalinan", "keguguran", "hilang-kontak", "pindah", "meninggal"]

SATU_EPISODE: Final = "SATU-EPISODE"
HILANG_KONTAK: Final = timedelta(days=308)
BIDAN: Final = ("bidan", "dokter")
ALUR_EPISODE: Final = Alur(
    nama="episode kehamilan dan nifas",
    benda="episode",
    thing="episode of care",
    aturan="alur episode (domain §2.1/20)",
    keadaan={
        "berjalan": Keadaan(("ditangguhkan", "selesai", "batal"), BIDAN, "active"),
        "ditangguhkan": Keadaan(("berjalan", "selesai", "batal"), BIDAN, "onhold"),
        "selesai": Keadaan(("berjalan",), BIDAN, "finished"),
        "batal": Keadaan((), BIDAN, "cancelled"),
        "salah-entri": Keadaan((), BIDAN, "entered-in-error"),
    },
    selalu=("salah-entri",),
)


@dokumen
class EpisodeKehamilan(Dokumen):
    """Episode kehamilan."""

    faskes: str = bidang(
        "Puskesmas", "§2.1/20", rujuk="faskes", contoh="pkm-dharma-rini", cari=True
    )
    pasien: str = bidang("Ibu hamil", "§2.1/20", rujuk="pasien", contoh="siti", cari=True)
    hpht: date = bidang("Hari pertama haid terakhir", "§2.1/20", contoh="2024-01-15", terjadi=True)
    gravida: int = bidang("Gravida (G), kehamilan ini ikut dihitung", "§2.1/20", contoh=4)
    partus: int = bidang("Partus (P)", "§2.1/20", contoh=3)
    abortus: int = bidang("Abortus (A)", "§2.1/20", contoh=0)
    dicatat: datetime = bidang(
        "Waktu pencatatan (kontak pertama)",
        "§2.1/20",
        contoh="2024-04-02T08:45:00+07:00",
        terjadi=True,
    )
    pencatat: str | None = bidang(
        "Bidan pencatat", "§2.1/20", default=None, rujuk="petugas-kesehatan", contoh="bidan-kia"
    )
    nomor: str | None = bidang("Nomor episode", "§5.6", default=None, contoh="ANC-2024-0117")
    status: StatusEpisode = bidang(
        "Status", "§2.1/20", default="berjalan", kode="status-episode", cari=True
    )
    selesai: date | None = bidang(
        "Tanggal episode berakhir", "§5.6", default=None, contoh="2024-10-20", terjadi=True
    )
    alasanSelesai: AlasanSelesai | None = bidang(
        "Mengapa berakhir", "§5.6", default=None, kode="alasan-selesai-episode"
    )
    persalinanTerakhir: date | None = bidang(
        "Tanggal persalinan terakhir sebelum kehamilan ini",
        "§3.1",
        default=None,
        contoh="2013-01-10",
    )
    beratSebelumHamil: Decimal | None = bidang(
        "Berat badan sebelum hamil (kg)", "§3.4", default=None, contoh=58.5
    )
    tinggi: Decimal | None = bidang("Tinggi badan (cm)", "§3.4", default=None, contoh=152)
    diagnosis: tuple[str, ...] = bidang("Diagnosis (id)", "§2.1/20", default=())
    hpl: date | None = bidang(
        "Hari perkiraan lahir: HPHT + 280 hari",
        "§2.1/20",
        default=None,
        contoh="2024-10-21",
        server=True,
    )
    jarakKehamilan: int | None = bidang(
        "Jarak dari persalinan terakhir sampai HPHT (bulan)",
        "§3.4",
        default=None,
        contoh=132,
        server=True,
    )
    imtSebelumHamil: Decimal | None = bidang(
        "Indeks massa tubuh sebelum hamil (kg/m²)",
        "§3.4",
        default=None,
        contoh=25.3,
        server=True,
    )


def periksa(episode: EpisodeKehamilan) -> Iterator[Teguran]:
    """Find what one pregnancy can get wrong."""
    if episode.hpht > episode.dicatat.date():
        yield Teguran("hpht", f"{episode.hpht} sesudah pencatatan.", "tanggal sebelum dicatat.")
    if episode.persalinanTerakhir is not None and episode.persalinanTerakhir >= episode.hpht:
        yield Teguran("persalinanTerakhir", "bukan sebelum HPHT.", "tanggal sebelum HPHT.")
    for nama, paling_sedikit in (("gravida", 1), ("partus", 0), ("abortus", 0)):
        if getattr(episode, nama) < paling_sedikit:
            yield Teguran(nama, f"{getattr(episode, nama)}.", f"paling sedikit {paling_sedikit}.")
    if episode.gravida != (jumlah := episode.partus + episode.abortus + 1):
        yield Teguran(
            "gravida",
            f"G{episode.gravida}P{episode.partus}A{episode.abortus} tidak berjumlah.",
            f"G{jumlah} (P + A + kehamilan ini); periksa lagi dengan ibu.",
            jenis="peringatan",
        )
    yield from _akhir(episode)


def periksa_perubahan(lama: Mapping[str, Any], baru: EpisodeKehamilan) -> Iterable[Teguran]:
    """Find changes that the course of an episode forbids."""
    return tetap(lama, baru.status, baru.pasien)


def tetap(lama: Mapping[str, Any], status: str, pasien: str) -> Iterator[Teguran]:
    """Judge the next state, and that an episode stays its woman's own."""
    if salah := ALUR_EPISODE.pindah(lama.get("status"), status):
        yield salah
    if lama.get("pasien") not in (None, pasien):
        yield Teguran(
            "pasien",
            "episode tidak dapat pindah ke pasien lain.",
            "tandai salah-entri, lalu catat episode baru.",
            jenis="keadaan",
        )


def lengkap(episode: EpisodeKehamilan) -> EpisodeKehamilan:
    """Count the expected date of birth, the interval and the body mass index."""
    nomor = episode.nomor or f"ANC-{episode.pasien}-{episode.hpht:%Y%m%d}"
    return replace(
        episode,
        nomor=nomor,
        hpl=hpl(episode.hpht),
        jarakKehamilan=jarak_bulan(episode.persalinanTerakhir, episode.hpht),
        imtSebelumHamil=imt(episode.beratSebelumHamil, episode.tinggi),
        selesai=episode.selesai or _hilang(episode),
    )


def jarak_bulan(persalinan: date | None, hpht: date) -> int | None:
    """Count completed months from the previous delivery to HPHT."""
    if persalinan is None:
        return None
    bulan = (hpht.year - persalinan.year) * 12 + hpht.month - persalinan.month
    return bulan - (hpht.day < persalinan.day)


def imt(berat: Decimal | None, tinggi: Decimal | None) -> Decimal | None:
    """Give kg/m² to one decimal; ``tinggi`` in cm."""
    if berat is None or tinggi is None or tinggi <= 0:
        return None
    meter = Decimal(tinggi) / 100
    return (Decimal(berat) / (meter * meter)).quantize(Decimal("0.1"), ROUND_HALF_UP)


def hanya_satu(jenis: str, lain: str) -> Teguran:
    """Word the refusal of a second running episode of a kind (``ANC``, ``PNC``)."""
    return Teguran(
        "pasien",
        f"ibu ini masih memiliki episode {jenis} yang berjalan ({lain}).",
        "pakai episode itu, atau akhiri dahulu (persalinan, keguguran, hilang-kontak, pindah).",
        SATU_EPISODE,
        jenis="keadaan",
        english=f"{SATU_EPISODE}: this woman already has an active {jenis} episode ({lain}). Use "
        "it, or finish it first.",
    )


def _hilang(episode: EpisodeKehamilan) -> date | None:
    """End an episode whose woman was lost 308 days after HPHT (44 weeks)."""
    return episode.hpht + HILANG_KONTAK if episode.alasanSelesai == "hilang-kontak" else None


def _akhir(episode: EpisodeKehamilan) -> Iterator[Teguran]:
    berakhir = episode.status == "selesai"
    if berakhir and episode.alasanSelesai is None:
        yield Teguran("alasanSelesai", "kosong.", "mengapa episode berakhir.", "domain §5.6")
    if berakhir and episode.selesai is None and episode.alasanSelesai != "hilang-kontak":
        yield Teguran("selesai", "kosong.", "tanggal persalinan, keguguran atau pindah.")
    if not berakhir and (episode.selesai or episode.alasanSelesai):
        yield Teguran(
            "status", f"masih {episode.status}.", "selesai, bila ada tanggal atau alasan berakhir."
        )
    if episode.selesai is not None and episode.selesai < episode.hpht:
        yield Teguran("selesai", "sebelum HPHT.", f"sesudah {episode.hpht}.")
