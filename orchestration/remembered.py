"""What the demo company's home begins with: its company folder, and a simulated past of two journals of enforcement and a closed
month.

The past is acts of people, which no run does. What a home already has is left alone.
"""

import hashlib
import json
from pathlib import Path

import pyarrow.parquet as pq

from orchestration import utc_duckdb
from orchestration.checksum import checksum
from orchestration.files import write_atomically
from orchestration.project import Home
from orchestration.quoting import literal


def renew_company(home: Home, base_url: str, program: str) -> None:
    """Write the demo company's folder; ledgers, logs and bills that this program wrote and nobody has touched since stay as they
    are. ``program`` names the program: it alone decides what is in them.
    """
    from orchestration.demo.company_folder import write_configuration, write_demo_company

    folder, record = home.demo_company, home.root / "demo_company.json"
    if record.exists() and record.read_text(encoding="utf-8") == _written(folder, program):
        write_configuration(folder, base_url)
        return
    record.unlink(missing_ok=True)
    write_demo_company(folder, base_url)
    write_atomically(record, _written(folder, program))


def _written(folder: Path, program: str) -> str:
    """The files as they stand, by size and time of the last change."""
    files = {str(path.relative_to(folder)): path.stat() for path in sorted(folder.glob("*/*"))}
    seen = {name: (stat.st_size, stat.st_mtime_ns) for name, stat in files.items()}
    return json.dumps({"program": program, "files": seen}, indent=1) + "\n"


def remember_past(home: Home) -> None:
    """Write the simulated past where the home has none."""
    from orchestration.demo.past_enforcement import past_decisions, past_receipts

    texts = {home.enforcement / "receipts" / "receipts.jsonl": past_receipts()}
    texts |= {home.enforcement / "decisions" / name: text for name, text in past_decisions().items()}
    for file, text in texts.items():
        if not file.exists():
            write_atomically(file, text)
    _close(home)


def _close(home: Home) -> None:
    """The frozen rows first and the register last, as a close writes them."""
    from orchestration.demo.past_close import PERIOD, TABLE, decision, frozen_ledger

    closed = home.root / "closed"
    register, folder = closed / "register.jsonl", closed / PERIOD / "1"
    if register.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{TABLE}.parquet"
    pq.write_table(frozen_ledger(), file, compression="zstd")
    with utc_duckdb.connect() as connection:
        rows, digest = checksum(connection, f"read_parquet({literal(file)})")
    table = {"rows": rows, "checksum": digest, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
    manifest = json.dumps({"period": PERIOD, "tables": {TABLE: table}}, indent=1) + "\n"
    write_atomically(folder / "manifest.json", manifest)
    write_atomically(register, json.dumps(decision(hashlib.sha256(manifest.encode()).hexdigest())) + "\n")
