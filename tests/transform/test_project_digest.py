"""What makes models other models: everything that dbt reads, and nothing else."""

from pathlib import Path

import pytest

from orchestration import project


@pytest.mark.parametrize(
    ("name", "is_read"),
    [
        ("models/marts/one.sql", True),
        ("models/marts/_models.yml", True),
        ("models/overview.md", True),
        ("dbt_project.yml", True),
        ("DECISIONLOG.md", False),
        ("target/compiled/one.sql", False),
        ("logs/dbt.yml", False),
    ],
)
def test_the_digest_follows_what_dbt_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, is_read: bool
) -> None:
    monkeypatch.setattr(project, "DBT_PROJECT", tmp_path)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "other.sql").write_text("select 1")
    before, file = project.project_digest(), tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("written")
    assert (project.project_digest() != before) == is_read
