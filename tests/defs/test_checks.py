"""Every dbt test has a sentence; one that has none is an error of the project and not an empty line in the UI."""

from typing import Any

import pytest

from orchestration.defs.transform.checks import UndescribedTest, sentence


def generic(name: str, **given: Any) -> dict[str, Any]:
    return {"name": name, "test_metadata": {"name": name, "kwargs": given}}


@pytest.mark.parametrize(
    ("test", "said"),
    [
        (generic("one_row_per", columns=["provider"]), "One row for each provider."),
        (
            generic(
                "one_row_per",
                columns=["cap_id", '"window"', "day"],
                never_null=["mode"],
                accepted_values={"mode": ["hard", "alert"], "is_balanced": [True]},
            ),
            "One row for each cap_id, window and day; mode never empty; mode is hard or alert if filled; "
            "is_balanced is true if filled.",
        ),
        (
            generic("periods_follow_each_other", key="product_id"),
            "Of one product_id, every period ends after it begins, and before the next one begins or when it does.",
        ),
        (generic("shares_sum_to_one", key="usage_key", share="ratio"), "The ratios of each usage_key sum to one."),
        (
            generic("relationships", column_name="usage_key", to="ref('fct_usage')", field="usage_key"),
            "Every usage_key stands in fct_usage.",
        ),
        ({"raw_code": "\n{# To the cent,\n   both ways. #}\nselect 1"}, "To the cent, both ways."),
    ],
)
def test_a_test_says_what_must_hold(test: dict[str, Any], said: str) -> None:
    assert sentence(test) == said


@pytest.mark.parametrize(
    "test", [generic("never_seen", key="a"), {"raw_code": "select 1 {# late #}", "original_file_path": "tests/a.sql"}]
)
def test_a_test_without_a_sentence_says_where_to_write_one(test: dict[str, Any]) -> None:
    with pytest.raises(UndescribedTest, match=r"open it with a comment|describe tests never_seen in orchestration"):
        sentence(test)
