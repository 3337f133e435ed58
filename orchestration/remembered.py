"""The simulated past that the demo company's home begins with: two journals of enforcement, and a closed month.

They are acts of people, which no run does. What a home already has is left alone.
"""

import hashlib
import json

import pyarrow.parquet as pq

from orchestration import utc_duckdb
from orchestration.checksum import checksum
from orchestration.files import write_atomically
from orchestration.project import Home
from orchestration.quoting import literal


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
