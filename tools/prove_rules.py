"""Prove that every rule of the SOPs is noticed: take it away, and a test that names it must fail.

``PYTHONPATH=. python tools/prove_rules.py [RULE…]`` works on a copy of this folder, runs for each
rule only the tests that name it (or those of its row in docs/sop/aturan.md), and writes the table
docs/sop/bukti-aturan.md. Run by hand; some minutes.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = Path("docs/sop/bukti-aturan.md")
KEPT = ("fhir_server", "tests", "profiles", "tools", "docs", "openapi.yaml", "pyproject.toml")
ROAD = Path("fhir_server/mappings/rules.py")
PATCH = "\n\nfrom tools import without_rules\n\nwithout_rules.apply(Rules)\n"
"""So that the servers that a test starts lack the rule too."""


@dataclass(frozen=True)
class Mutant:
    """A rule taken away: ``without`` from the write road, or ``old`` text replaced by ``new``."""

    rule: str
    without: str = ""
    path: str = ""
    old: str = ""
    new: str = ""

    @property
    def says(self) -> str:
        """What is taken away, for the table."""
        if self.without:
            return f"tanpa `{self.without}`"
        return f"`{self.path}`: `{self.new.strip()}`".replace("|", "\\|")


def _road(*names: str) -> list[Mutant]:
    return [Mutant(name.split(" ")[0], without=name) for name in names]


EFFECTS = (
    *("kontak pemantauan", "usulan dari pesan", "usulan dari pengukuran", "usulan dari isian"),
    "akibat eskalasi",
    *("laporan pemantauan", "tinjauan laporan", "advis pemantauan", "rencana berakhir"),
    *("persetujuan pesan", "langkah-lakon", "permintaan-ikut-tugas", "pindah-unit"),
    *("skrining-visual", "penanda-infeksi", "layanan-tertunda", "kohort-ibu"),
    *("setelah-persalinan", "risti-selesai", "rencana-tugas", "kegiatan-lapangan"),
    *("evaluasi-kegiatan", "nomor tidak dikenal", "nomor dikenali"),
)
"""What follows from a write; ``BR-E3`` is among the rules."""

MUTANTS = [
    *_road("BR-A0", "BR-A3", "BR-A5", "BR-B20"),
    Mutant(
        "BR-A0",
        path="fhir_server/mappings/percakapan_pemantauan.py",
        old="if name and not takes_part(",
        new="if not name and not takes_part(",
    ),
    Mutant("BR-A0", without="BR-A0 pesan"),
    Mutant("BR-A5", without="eskalasi-darurat"),
    Mutant("BR-A6", without="kontak pemantauan"),
    *_road("BR-B1", "BR-B3", "BR-B6", "BR-B9", "BR-B12", "BR-B13"),
    Mutant(
        "BR-B4",
        path="fhir_server/operations/everything.py",
        old="    audit.opened(",
        new="    (lambda *_, **__: None)(",
    ),
    Mutant(
        "BR-B10",
        path="fhir_server/mappings/urutan_kb.py",
        old="if method in TANPA_TINDAKAN:",
        new="if False:",
    ),
    Mutant(
        "BR-B11",
        path="fhir_server/mappings/urutan_kb.py",
        old="if tindakan not in TINDAKAN_BEROBAT or not",
        new="if not tindakan or not",
    ),
    Mutant(
        "BR-B20",
        path="fhir_server/sop/antrean.py",
        old="return (0 if giliran.prioritas else 1, giliran.nomor)",
        new="return (0, giliran.nomor)",
    ),
    Mutant(
        "BR-B21",
        path="fhir_server/sop/penjamin.py",
        old="    return jenis in DITANGGUNG",
        new="    return False",
    ),
    Mutant(
        "BR-B21",
        path="fhir_server/sop/tagihan.py",
        old="return None if lain == -harga else BEBAS_BARIS",
        new="return None",
    ),
    *_road("BR-B22", "BR-B22 tagihan", "BR-B22 tarif"),
    *_road("BR-C1", "BR-C2", "BR-C4", "BR-C5", "BR-C9"),
    Mutant(
        "BR-C3",
        path="fhir_server/sop/rute.py",
        old='return fakta.infeksi or "demam-pernapasan" in fakta.keluhan',
        new="return False",
    ),
    Mutant(
        "BR-C11",
        path="fhir_server/store/counting.py",
        old='{"$group": {"_id": {"$ifNull": ["$nik", "$_id"]}, **person}}',
        new='{"$group": {"_id": "$_id", **person}}',
    ),
    *_road("BR-D1", "BR-D2", "BR-D7", "BR-D7 empat mata", "BR-D7 resep", "BR-D8"),
    *_road("BR-E1", "BR-E1 peran", "BR-E3"),
    Mutant(
        "BR-E2",
        path="fhir_server/access/assignment.py",
        old="if is_now(self._context, each)]",
        new="]",
    ),
    Mutant(
        "BR-E2",
        path="fhir_server/access/assignment.py",
        old='wanted = {"ix.participant": {"$in": [self._person, *roles]}}',
        new="wanted = {}",
    ),
    Mutant("BR-R1", without="alur Task"),
    *_road("BR-R1 hasil", "BR-R1 alasan", "BR-R2", "BR-R3"),
    Mutant(
        "BR-W1",
        path="fhir_server/bridges/whatsapp/signature.py",
        old="    return hmac.compare_digest(expected",
        new="    return bool(expected) or hmac.compare_digest(expected",
    ),
    Mutant(
        "BR-W2",
        path="fhir_server/bridges/whatsapp/importing.py",
        old='f"{said}|{seen[said]}"',
        new='f"{said}|{id(each)}"',
    ),
    Mutant(
        "BR-W3",
        path="fhir_server/bridges/whatsapp/markers.py",
        old='return event is not None and (marked or event["actor"] == sender)',
        new="return event is not None",
    ),
    *[
        Mutant(name, without=name)
        for name in (
            "A2",
            "BAYI-SATU",
            "C7",
            "C8",
            "C13",
            "ISOMAN",
            "KODE-KONTAK",
            "NIK-UNIK",
            "OBAT-RESEP",
            "OSOC-URUTAN",
            "SATU-EPISODE",
            "SATU-SASARAN",
            "SOP Chat A4",
        )
    ],
    Mutant("ISOMAN", without="ISOMAN satu"),
    *_road("JENIS-TUGAS", "KSPR"),
    *[Mutant("alur", without=f"alur {kind}") for kind in ("Appointment", "Encounter")],
    *[Mutant(name, without=name) for name in EFFECTS],
    Mutant("E6", without="domain §1.E E6"),
    Mutant("E7", without="domain §1.E E7"),
    Mutant("hingga sembuh", without="LAKON hingga sembuh"),
]


def naming(rule: str) -> list[str]:
    """Find the tests that name a rule: functions by their names, files by their first words.

    After them come the files that its rows in docs/sop/aturan.md give.
    """
    word = rule.lower().replace("-", "_")
    named = re.compile(rf"^(?:class (\w+)|( *)def (test_{word}_\w+))", re.MULTILINE)
    found: list[str] = []
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        text, name = path.read_text("utf-8"), str(path.relative_to(ROOT))
        if re.search(rf'\A"""[^"]*{re.escape(rule)}\b', text):
            found.append(name)
        else:
            found += [f"{name}::{each}" for each in _nodes(named.findall(text))]
    return [*found, *(each for each in in_table(rule) if each not in found)]


def _nodes(found: list[tuple[str, str, str]]) -> list[str]:
    """Write tests as pytest names them; one that is indented is of the class above it."""
    nodes, inside = [], ""
    for kind, indent, test in found:
        inside = kind or inside
        if test:
            nodes.append(f"{inside}::{test}" if indent else test)
    return nodes


def in_table(rule: str) -> list[str]:
    """Find the tests that docs/sop/aturan.md gives for a rule."""
    rows = (ROOT / "docs/sop/aturan.md").read_text("utf-8").splitlines()
    own = "\n".join(each for each in rows if each.startswith(f"| {rule} |"))
    return list(dict.fromkeys(re.findall(r"`(tests/[^`]+)`", own)))


def noticed(mutant: Mutant, tests: list[str], copy: Path) -> str | None:
    """Give the first test that fails without the rule, None when none does."""
    path = copy / mutant.path
    whole = path.read_text("utf-8") if mutant.path else ""
    if mutant.path:
        if mutant.old not in whole:
            sys.exit(f"{mutant.rule}: {mutant.path} holds no more: {mutant.old}")
        path.write_text(whole.replace(mutant.old, mutant.new), "utf-8")
    try:
        said = _run(tests, copy, mutant.without)
    finally:
        if mutant.path:
            path.write_text(whole, "utf-8")
    failed = re.search(r"^(?:FAILED|ERROR) (\S+)", said, re.MULTILINE)
    return failed.group(1) if failed else None


def _run(tests: list[str], copy: Path, without: str) -> str:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
    command += ["--reruns", "0", "--tb", "no", *tests]
    environment = os.environ | {"WITHOUT_RULE": without, "PYTHONPATH": str(copy)}
    done = subprocess.run(  # noqa: S603 - pytest, by us
        command, cwd=copy, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode not in {0, 1}:
        sys.exit(done.stdout + done.stderr)
    return done.stdout


def proven(mutants: list[Mutant], copy: Path) -> list[str]:
    """Run all, and give the rows of the table."""
    rows = []
    for mutant in mutants:
        tests = naming(mutant.rule)
        if not tests:
            sys.exit(f"{mutant.rule}: no test names it")
        by = noticed(mutant, tests, copy)
        print(f"{mutant.rule}: {mutant.says}: {by or 'NOT NOTICED'}", flush=True)  # noqa: T201
        noticer = f"`{by.partition('[')[0]}`" if by else "**tidak ada**"
        rows.append(f"{_key(mutant)} {noticer} |")
    return rows


def _key(mutant: Mutant) -> str:
    return f"| {mutant.rule} | {mutant.says} |"


def page(rows: list[str], known: str) -> str:
    """Put rows into the page: what was not run now keeps its row, what is no mutant loses it."""
    every = [*rows, *known.splitlines()]
    found = (next((e for e in every if e.startswith(_key(each))), "") for each in MUTANTS)
    return PREFACE + "".join(f"{each}\n" for each in found if each)


PREFACE = """# Bukti aturan

Setiap aturan SOP ditiadakan sekali; uji yang menyebutnya harus gagal. Ditulis oleh
`tools/prove_rules.py` (dijalankan dengan tangan); aturan yang belum ada di tabel ini belum dicoba.
Setiap tabel [alur](alur.md) ditiadakan satu per satu setiap kali uji dijalankan:
`tests/interactions/test_alur_every_table.py`.

| aturan | yang ditiadakan | uji pertama yang gagal |
| --- | --- | --- |
"""


def main() -> None:
    """Prove the rules that are named, or all, and write their rows into the page."""
    chosen = [each for each in MUTANTS if each.rule in sys.argv[1:] or not sys.argv[1:]]
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in KEPT:
            place = ROOT / name
            (shutil.copytree if place.is_dir() else shutil.copy2)(place, copy / name)
        with (copy / ROAD).open("a", encoding="utf-8") as road:
            road.write(PATCH)
        rows = proven(chosen, copy)
    (ROOT / PAGE).write_text(page(rows, (ROOT / PAGE).read_text("utf-8")), "utf-8")
    sys.exit(sum("**tidak ada**" in row for row in rows))


if __name__ == "__main__":
    main()
