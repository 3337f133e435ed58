"""The warehouse has one writer; a survivor of a killed run is waited for, anyone else is named."""

import subprocess
import sys
from pathlib import Path

import pytest

from orchestration import warehouse
from orchestration.warehouse import WarehouseBusy, connect

HOLDER = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1])
print("open", flush=True)
sys.stdin.read(1) if sys.argv[2] == "stay" else __import__("time").sleep(1)
"""


def hold(path: Path, how: str) -> "subprocess.Popen[str]":
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path), how], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "open\n"
    return holder


def test_a_survivor_is_waited_for(tmp_path: Path) -> None:
    holder = hold(tmp_path / "warehouse.duckdb", "leave")
    with connect(tmp_path / "warehouse.duckdb") as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    holder.communicate(timeout=30)


def test_who_stays_is_named_after_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warehouse, "LOCK_WAIT_SECONDS", 0.3)
    holder = hold(tmp_path / "warehouse.duckdb", "stay")
    with pytest.raises(WarehouseBusy, match="close it"), connect(tmp_path / "warehouse.duckdb"):
        pass
    holder.communicate("x", timeout=30)
