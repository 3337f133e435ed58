"""A new home takes over what the project was parsed to, and parses itself where that is missing, torn or of other sources."""

from pathlib import Path
from typing import Any

import pytest

from orchestration.project import Home, parsed_projects
from orchestration.transform import manifest
from orchestration.transform.manifest import ensure_manifest, load_manifest
from tests.transform.conftest import SmallProject


@pytest.fixture
def parses(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The homes for which dbt parsed."""
    found: list[Path] = []
    run = manifest.run_dbt

    def counted(home: Home, *arguments: Any, **named: Any) -> Any:
        found.append(home.root)
        return run(home, *arguments, **named)

    monkeypatch.setattr(manifest, "run_dbt", counted)
    return found


def models(home: Home) -> list[str]:
    return [node.name for node in load_manifest(home).nodes.values() if node.resource_type == "model"]


def homes(tmp_path: Path) -> tuple[Home, Home]:
    return Home(tmp_path / "one"), Home(tmp_path / "two")


def test_a_second_home_does_not_parse_and_builds(small: SmallProject, parses: list[Path], tmp_path: Path) -> None:
    small.write("one.sql", "select 1 as n")
    first, second = homes(tmp_path)
    assert ensure_manifest(first).read_text() == ensure_manifest(second).read_text()
    assert parses == [first.root]
    small.home = second
    small.build()
    assert small.rows("from marts.one") == [(1,)]


def test_other_sources_are_parsed_and_take_the_place(small: SmallProject, parses: list[Path], tmp_path: Path) -> None:
    small.write("one.sql", "select 1 as n")
    first, second = homes(tmp_path)
    ensure_manifest(first)
    small.write("two.sql", "select 2 as n")
    ensure_manifest(second)
    assert parses == [first.root, second.root]
    assert sorted(models(second)) == ["one", "two"]
    assert len(list(parsed_projects().iterdir())) == 1


def test_what_is_not_whole_is_not_taken(small: SmallProject, parses: list[Path], tmp_path: Path) -> None:
    small.write("one.sql", "select 1 as n")
    first, second = homes(tmp_path)
    ensure_manifest(first)
    (kept,) = parsed_projects().iterdir()
    (kept / manifest.PARSED).unlink()
    assert models(second) == ["one"]
    assert parses == [first.root, second.root]
    assert len(list(kept.iterdir())) == 2


def test_a_keeping_that_dies_leaves_the_home_right_and_nothing_kept(
    small: SmallProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.write("one.sql", "select 1 as n")
    first, second = homes(tmp_path)

    def full_disk(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", full_disk)
        assert models(first) == ["one"]
    assert list(parsed_projects().iterdir()) == []
    assert models(second) == ["one"]
