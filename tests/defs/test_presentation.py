"""What the graph shows of rows: a preview, unless the company's policy is that people are not named."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from orchestration.defs.presentation import landed_results
from orchestration.landing.store import Landing
from orchestration.session import Session


@pytest.mark.parametrize(("people", "is_shown"), [("names", True), ("pseudonyms", False), ("departments_only", False)])
def test_rows_are_shown_only_where_people_may_be_named(people: str, is_shown: bool, tmp_path: Path) -> None:
    landing = Landing(tmp_path)
    with landing.batch("openai", "users") as batch:
        batch.add_rows("current", [{"user_id": "u1", "email": "ada@company.example", "name": "Ada", "read_at": None}])
    company: Any = SimpleNamespace(policy={"people": people})
    nothing: Any = None
    session = Session(nothing, nothing, company, landing, nothing, nothing)
    (found,) = [one for one in landed_results(session, "openai") if one.asset_key and one.asset_key.path[1] == "users"]
    assert found.metadata is not None and found.metadata["dagster/row_count"] == 1
    assert ("preview" in found.metadata, "ada@" in str(found.metadata)) == (is_shown, is_shown)
