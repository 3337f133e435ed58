"""A publication written by hand: its as-of day and whatever statements fill it. And what was sent of it."""

import json
from pathlib import Path
from typing import Any

import duckdb

INITIATIVES = (
    "create table dim_initiatives as from (values ('exp', 'then@x.example', false), ('exp', 'now@x.example', true)) "
    "as initiatives (initiative_id, owner, is_current)"
)


def write_publication(home: Path, as_of: str, *statements: str) -> None:
    """Replaces what was published before."""
    folder = home / "published"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "marts.duckdb").unlink(missing_ok=True)
    (folder / "manifest.json").write_text(json.dumps({"as_of": as_of}))
    with duckdb.connect(str(folder / "marts.duckdb")) as connection:
        for statement in statements:
            connection.execute(statement)


def sent(home: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in (home / "alerts").glob("*.jsonl") for line in path.read_text().splitlines()]
