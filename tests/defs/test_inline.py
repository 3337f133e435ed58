"""The figures beside the publication: right, short enough to be shown without a click, and never a zero for what is unknown."""

from typing import Any

import dagster as dg

from orchestration.defs.publish.inline import INLINE_CHARACTERS, shown


def summary(**changed: Any) -> dict[str, Any]:
    spend = [("2026-09", "openai", "1000.005"), ("2026-10", "openai", "2.50"), ("2026-10", "aws", "1234567.891")]
    return {
        "as_of": "2026-10-28",
        "reporting_currency": "USD",
        "spend": [{"month": month, "provider": name, "spend": text} for month, name, text in spend],
        "run_rate": [{"entity_type": "company", "run_rate_monthly": "310.10"}],
        "margin_by_product": [
            {"product_id": "desk", "revenue": "200", "ai_cogs": "50.25", "gross_margin_ratio": 0.75},
            {"product_id": "new", "revenue": "0", "ai_cogs": "1", "gross_margin_ratio": None},
        ],
        "open_amounts": [
            {
                "provider": "openai",
                "bridge_line": "untracked_traffic",
                "amount": "3.5",
                "total_amount": "7",
                "warned_months": ["2026-10"],
                "is_total_above": False,
                "remedy": "declare the source",
            },
            {
                "provider": "aws",
                "bridge_line": "residual",
                "amount": "9",
                "total_amount": "9",
                "warned_months": [],
                "is_total_above": False,
            },
        ],
        **changed,
    }


def lines(value: dg.MetadataValue) -> list[str]:
    return str(value.value).splitlines()


def test_spend_by_provider_is_the_months_side_by_side_with_their_sum() -> None:
    found = shown(summary())
    assert lines(found["spend_by_provider"]) == [
        "| provider, USD | 2026-09 | 2026-10 |",
        "| --- | --- | --- |",
        "| all | 1,000.00 | 1,234,570.39 |",
        "| aws | 0.00 | 1,234,567.89 |",
        "| openai | 1,000.00 | 2.50 |",
    ]
    assert found["spend_of_the_latest_month"] == 1234570.391
    assert found["run_rate_monthly"] == 310.1


def test_an_open_amount_has_its_remedy_and_an_unknown_margin_is_no_zero() -> None:
    found = shown(summary())
    (open_amount,) = lines(found["open_amounts"])[2:]
    assert open_amount.startswith("| openai | ") and open_amount.endswith(" | 3.50 | 7.00 | declare the source |")
    assert lines(found["margin_by_product"])[2:] == [
        "| desk | 200.00 | 50.25 | 75.0% |",
        "| new | 0.00 | 1.00 | unknown |",
    ]


def test_before_there_is_cost_nothing_is_zero() -> None:
    found = shown(summary(spend=[], run_rate=[{"entity_type": "company", "run_rate_monthly": None}], open_amounts=[]))
    assert (found["spend_by_provider"].value, found["open_amounts"].value) == ("none", "none")
    assert not {"spend_of_the_latest_month", "run_rate_monthly"} & {*found}


def test_many_rows_are_cut_where_the_ui_would_hide_the_table() -> None:
    rows = [{"month": "2026-10", "provider": f"provider {number:03}", "spend": "1"} for number in range(200)]
    table = shown(summary(spend=rows))["spend_by_provider"]
    assert 800 < len(str(table.value)) < INLINE_CHARACTERS
    kept = len(lines(table)) - 4
    assert lines(table)[-1] == f"| and {200 - kept} more |  |"
