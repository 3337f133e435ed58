"""The demo company's folder in a home: written once, written again when anything of it changed, whole after a kill."""

import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from orchestration import remembered
from orchestration.project import Home
from orchestration.remembered import renew_company

LEDGER = Path("ledgers") / "revenue.csv"


def contents(home: Home) -> dict[str, bytes]:
    files = sorted(path for path in home.demo_company.rglob("*") if path.is_file())
    return {str(path.relative_to(home.demo_company)): path.read_bytes() for path in files}


def times(home: Home) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in home.demo_company.glob("*/*")}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("demo"))
    renew_company(home, "http://127.0.0.1:1", "this")
    return home


def test_what_stands_is_left_alone_and_the_address_follows(written: Home) -> None:
    before = times(written)
    renew_company(written, "http://127.0.0.1:2", "this")
    assert times(written) == before
    sources = (written.demo_company / "sources.yaml").read_text(encoding="utf-8")
    assert "http://127.0.0.1:2/" in sources and "127.0.0.1:1/" not in sources


def append(file: Path) -> None:
    with file.open("a", encoding="utf-8") as text:
        text.write("2026-10-01,,p,c,1.00,USD\n")


@pytest.mark.parametrize("touch", [append, Path.unlink], ids=["edited", "deleted"])
def test_what_was_touched_is_written_again(written: Home, touch) -> None:
    renew_company(written, "http://127.0.0.1:1", "this")
    before = contents(written)
    touch(written.demo_company / LEDGER)
    assert contents(written) != before
    renew_company(written, "http://127.0.0.1:1", "this")
    assert contents(written) == before


def test_another_program_writes_its_own(written: Home) -> None:
    renew_company(written, "http://127.0.0.1:1", "this")
    before, seen = contents(written), times(written)
    renew_company(written, "http://127.0.0.1:1", "other")
    assert contents(written) == before
    assert all(times(written)[name] > time for name, time in seen.items())


def die_writing_the_record(home: Home) -> None:
    def die(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    remembered.write_atomically = die
    renew_company(home, "http://127.0.0.1:1", "this")


def test_a_kill_before_the_record_is_healed_by_writing(tmp_path: Path, written: Home) -> None:
    home = Home(tmp_path)
    process = multiprocessing.get_context("fork").Process(target=die_writing_the_record, args=(home,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    (home.demo_company / LEDGER).write_text("half", encoding="utf-8")
    renew_company(home, "http://127.0.0.1:1", "this")
    renew_company(written, "http://127.0.0.1:1", "this")
    assert contents(home) == contents(written)
