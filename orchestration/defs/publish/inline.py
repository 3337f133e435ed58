"""The figures that the graph shows beside the publication without a click: small tables, and numbers it plots over runs.

The UI shows a table of up to a thousand characters where it stands, and draws a line of every number. A plotted number is a
double; every digit stands in the tables.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import dagster as dg

from orchestration.glossary import in_words

INLINE_CHARACTERS = 1000
"""The UI hides a Markdown text of this length or more behind a button."""


def shown(summary: dict[str, Any]) -> dict[str, Any]:
    """Metadata from the summary of what is published: spend by provider, run-rate, margins, open amounts."""
    spend, months = summary["spend"], sorted({row["month"] for row in summary["spend"]})
    company = [row for row in summary["run_rate"] if row["entity_type"] == "company"]
    warned = [row for row in summary["open_amounts"] if row["warned_months"] or row["is_total_above"]]
    facts: dict[str, Any] = {
        "as_of": summary["as_of"],
        "spend_by_provider": _spend(spend, months, summary["reporting_currency"]),
        "margin_by_product": _table(
            ["product", "revenue", "AI cost", "gross margin"],
            (
                [
                    row["product_id"],
                    _amount(row["revenue"]),
                    _amount(row["ai_cogs"]),
                    _percent(row["gross_margin_ratio"]),
                ]
                for row in summary["margin_by_product"]
            ),
        ),
        "open_amounts": _table(
            ["provider", "what", "this month", "all months", "what to do"],
            (
                [
                    row["provider"],
                    in_words(row["bridge_line"]),
                    _amount(row["amount"]),
                    _amount(row["total_amount"]),
                    row["remedy"],
                ]
                for row in warned
            ),
        ),
    }
    if months:
        latest = [Decimal(row["spend"]) for row in spend if row["month"] == months[-1]]
        facts["spend_of_the_latest_month"] = float(sum(latest, Decimal()))
    for row in company:
        if row["run_rate_monthly"] is not None:
            facts["run_rate_monthly"] = float(row["run_rate_monthly"])
    return facts


def _spend(rows: Sequence[dict[str, Any]], months: Sequence[str], currency: str) -> dg.MetadataValue:
    """A provider without a row in a month has no cost in it."""
    of = {(row["provider"], row["month"]): Decimal(row["spend"]) for row in rows}
    providers = sorted(
        {provider for provider, _ in of}, key=lambda name: -max(of.get((name, m), Decimal()) for m in months)
    )
    lines = [[provider, *(_amount(of.get((provider, month), Decimal())) for month in months)] for provider in providers]
    totals = [_amount(sum((of.get((name, month), Decimal()) for name in providers), Decimal())) for month in months]
    return _table([f"provider, {currency}", *months], [["all", *totals], *lines] if lines else [])


def _table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> dg.MetadataValue:
    """The rows from the first on for which there is room, and how many there is none for."""
    lines = [_line(names), _line(["---"] * len(names))]
    left = list(rows)
    if not left:
        return dg.MetadataValue.text("none")
    while left and sum(len(line) + 1 for line in lines) + len(_line(left[0])) < INLINE_CHARACTERS - 40:
        lines.append(_line(left.pop(0)))
    if left:
        lines.append(_line([f"and {len(left)} more", *[""] * (len(names) - 1)]))
    return dg.MetadataValue.md("\n".join(lines))


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', ' ') for cell in cells)} |"


def _amount(value: Decimal | str | None) -> str:
    return "unknown" if value is None else f"{Decimal(value):,.2f}"


def _percent(ratio: float | str | None) -> str:
    return "unknown" if ratio is None else f"{float(ratio):.1%}"
