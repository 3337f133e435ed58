"""Show a collected summary: tables on a terminal, plain lines elsewhere. Rounds for the eye; the JSON form keeps
every digit.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, TextIO


@dataclass(frozen=True)
class Section:
    """A titled table of text. ``note`` says what to do, or what an empty table means."""

    title: str
    headers: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    note: str = ""


def sections(summary: dict[str, Any]) -> list[Section]:
    """The sections of a summary from :func:`orchestration.summary.collect.collect`, in the order finance asks."""
    currency = summary["reporting_currency"] or ""
    parts = [
        _spend(summary["spend"], currency),
        _margin(summary["margin_by_product"], currency),
        _run_rate(summary["run_rate"], currency),
        _unpriced(summary["unpriced"]),
        *_unmeasured(summary["unmeasured"]),
        _unallocated(summary, currency),
        _open_amounts(summary, currency),
        *_journals_left_out(summary["journals_left_out"], currency),
        *_budget_alerts(summary["budget_alerts"], currency),
        *_core_demotions(summary["core_demotions"], currency),
        _initiatives(summary["initiatives"], currency),
        *_rejected_rows(summary["rejected_rows"]),
        _ingestion(summary["ingestion"]),
    ]
    if summary["missing_tables"]:
        parts.append(Section("Not published", (), [], ", ".join(summary["missing_tables"])))
    return parts


def heading(summary: dict[str, Any]) -> str:
    return f"{summary['company_id']}, as of {summary['as_of']} (run {summary['run_id']})"


def write_summary(summary: dict[str, Any], stream: TextIO, *, as_json: bool = False) -> None:
    """Write as JSON, as tables when ``stream`` is a terminal, as plain lines otherwise."""
    if as_json:
        print(json.dumps(summary, indent=2), file=stream)
    elif stream.isatty():
        from rich.console import Console

        write_rich(summary, Console(file=stream))
    else:
        print(plain_text(summary), file=stream)


def plain_text(summary: dict[str, Any]) -> str:
    """One line per row, columns named, nothing cut off."""
    lines = [heading(summary)]
    for section in sections(summary):
        lines += ["", section.title + (f": {section.note}" if section.note else "")]
        for row in section.rows:
            named = [f"{header} {cell}" for header, cell in zip(section.headers[1:], row[1:], strict=True) if cell]
            lines.append(f"  {row[0]}" + (f": {', '.join(named)}" if named else ""))
    return "\n".join(lines)


def write_rich(summary: dict[str, Any], console: Any) -> None:
    """Tables for a terminal; ``console`` is a ``rich.console.Console``."""
    from rich.table import Table
    from rich.text import Text

    console.print(Text(heading(summary), style="bold"))
    for section in sections(summary):
        table = Table(
            title=Text(section.title), title_justify="left", caption=section.note or None, caption_justify="left"
        )
        for number, header in enumerate(section.headers):
            table.add_column(header, justify="left" if number == 0 or header in ("why not", "remedy") else "right")
        for row in section.rows:
            table.add_row(*(Text(cell) for cell in row))
        console.print(table if section.rows else Text(f"{section.title}: {section.note or 'none'}"))


def amount(text: str | None) -> str:
    """Money for the eye: two decimals, thousands marked, no negative zero."""
    return "" if text is None else f"{Decimal(text).quantize(Decimal('0.01'), rounding=ROUND_HALF_EVEN) + 0:,}"


def percent(ratio: float | str | None) -> str:
    return "" if ratio is None else f"{float(ratio):.1%}"


def _spend(rows: list[dict[str, Any]], currency: str) -> Section:
    shown = []
    for month in sorted({row["month"] for row in rows}):
        of_month = [row for row in rows if row["month"] == month]
        spend = sum((Decimal(row["spend"]) for row in of_month), Decimal(0))
        unallocated = sum((Decimal(row["unallocated"]) for row in of_month), Decimal(0))
        share = percent(float(1 - unallocated / spend)) if spend else ""
        providers = ", ".join(f"{row['provider']} {amount(row['spend'])}" for row in of_month)
        shown.append((month, amount(str(spend)), share, amount(str(unallocated)), providers))
    headers = ("month", f"spend {currency}".strip(), "allocated", "unallocated", "by provider")
    return Section("Spend", headers, shown, "" if shown else "no cost in these two months")


def _margin(rows: list[dict[str, Any]], currency: str) -> Section:
    period = rows[0]["fiscal_period"] if rows else ""
    shown = [
        (
            row["product_id"] or "unattributed",
            amount(row["revenue"]),
            amount(row["ai_cogs"]),
            percent(row["gross_margin_ratio"]),
            percent(row["target_gross_margin_ratio"]),
            {True: "below target", False: "on target", None: ""}[row["is_below_target"]],
        )
        for row in rows
    ]
    headers = ("product", f"revenue {currency}".strip(), "AI cost", "margin", "target", "verdict")
    return Section(f"Gross margin by product {period}".strip(), headers, shown)


def _run_rate(rows: list[dict[str, Any]], currency: str) -> Section:
    shown = [
        (
            row["entity_id"],
            amount(row["run_rate_monthly"]),
            f"{amount(row['run_rate_low'])} to {amount(row['run_rate_high'])}" if row["run_rate_low"] else "",
            amount(row["run_rate_annual"]),
            row["stability_status"] or "",
        )
        for row in rows
    ]
    return Section("Run-rate", ("entity", f"a month {currency}".strip(), "interval", "a year", "stability"), shown)


def _unpriced(rows: list[dict[str, Any]]) -> Section:
    shown = [
        (f"{row['provider']} {row['model_id']}", f"{Decimal(row['tokens']):,.0f}", row["first_date"], row["remedy"])
        for row in rows
    ]
    return Section("Unpriced usage", ("model", "tokens", "since", "remedy"), shown, "" if shown else "none")


def _unmeasured(rows: list[dict[str, Any]]) -> list[Section]:
    """No section where every request was measured."""
    shown = [
        (
            f"{row['provider']} {row['model_id'] or 'without model'}",
            f"{Decimal(row['requests']):,.0f} of {Decimal(row['all_requests']):,.0f}",
            row["first_date"],
            row["last_date"],
        )
        for row in rows
    ]
    headers = ("model", "requests", "since", "until")
    return [Section("Unmeasured requests", headers, shown, rows[0]["remedy"])] if rows else []


def _unallocated(summary: dict[str, Any], currency: str) -> Section:
    costs = [
        (
            f"{row['provider']} {row['model_id'] or 'without model'}",
            amount(row["amount"]),
            f"{row['cost_basis']}, these two months",
            "",
        )
        for row in summary["unallocated"]
    ]
    usage = [
        (
            f"{row['provider']} project {row['project_id'] or 'none'} key {row['api_key_id'] or 'none'}",
            amount(row["list_cost"]),
            "list price, all days",
            row["remedy"],
        )
        for row in summary["unowned_usage"]
    ]
    rows = costs + usage
    headers = ("nobody's", f"amount {currency}".strip(), "basis", "remedy")
    above = [
        f"{row['month']} has {percent(row['ratio']) or amount(row['unallocated'])} without an owner, "
        f"above the policy's {percent(row['alarm_ratio'])}"
        for row in summary["unallocated_share"]
        if row["is_above_alarm"]
    ]
    return Section("Unallocated cost, largest first", headers, rows, "; ".join(above) or ("" if rows else "none"))


def _open_amounts(summary: dict[str, Any], currency: str) -> Section:
    """What rounds to nothing in every column is left to the JSON form, as is the remedy of what does not warn."""
    lines = summary["open_amounts"]
    columns = ("amount", "previous_amount", "total_amount")
    shown = [
        (
            f"{row['provider']} {row['bridge_line'].replace('_', ' ')}",
            *(amount(row[column]) for column in columns),
            _residual_verdict(row),
            row["remedy"] if row["warned_months"] else "",
        )
        for row in lines
        if row["warned_months"] or any(round(Decimal(row[column]), 2) for column in columns)
    ]
    months = (lines[0]["month"], lines[0]["previous_month"]) if lines else ("this month", "the month before")
    headers = ("open", f"{months[0]} {currency}".strip(), months[1], "all months", "verdict", "remedy")
    return Section("Meter, bill and ledger: what stays open", headers, shown, "" if shown else "nothing")


def _residual_verdict(row: dict[str, Any]) -> str:
    if row["alarm_ratio"] is None:
        return ""
    limit = f"{percent(row['alarm_ratio'])} of the bill"
    if row["warned_months"]:
        return f"above {limit} in {', '.join(row['warned_months'])}"
    return f"within {limit} in {row['month']} and {row['previous_month']}"


def _journals_left_out(rows: list[dict[str, Any]], currency: str) -> list[Section]:
    """No section where every journal has its accounts."""
    shown = [
        (
            f"{row['provider']} usage {row['service_period']}",
            amount(row["amount"]),
            row["missing_roles"],
            row["remedy"],
        )
        for row in rows
    ]
    headers = ("not accrued", f"amount {currency}".strip(), "roles without an account", "remedy")
    title = f"Month-end journals left out {rows[0]['fiscal_period']}" if rows else ""
    return [Section(title, headers, shown)] if rows else []


def _budget_alerts(rows: list[dict[str, Any]], currency: str) -> list[Section]:
    """No section where nothing stands."""
    shown = [(row["text"],) for row in rows]
    return [Section("Budget alerts", ("alert",), shown, f"amounts in {currency}" if currency else "")] if rows else []


def _core_demotions(rows: list[dict[str, Any]], currency: str) -> list[Section]:
    """No section where none is flagged. Unit costs are often below a cent."""
    costs = ("unit_cost", "limit_unit_cost", "verified_unit_cost")
    shown = [
        (
            row["initiative_id"],
            *(f"{Decimal(row[cost]):,.6f}" for cost in costs),
            f"{row['above_since']} ({row['days_above']} days)",
        )
        for row in rows
    ]
    headers = ("core initiative", f"unit cost {currency}".strip(), "limit", "verified", "above since")
    return [Section("Flagged for return to experimentation", headers, shown)] if rows else []


def _initiatives(rows: list[dict[str, Any]], currency: str) -> Section:
    shown = [
        (
            row["initiative_id"],
            f"since {row['first_ready_date']}" if row["is_ready"] else "no",
            amount(row["verified_run_rate"]),
            "" if row["is_ready"] else row["why_not"] or row["blocking_gates"] or "",
        )
        for row in rows
    ]
    headers = ("initiative", "ready", f"verified a month {currency}".strip(), "why not")
    return Section("Ready to graduate", headers, shown, "" if shown else "no initiative was evaluated")


def _rejected_rows(rows: list[dict[str, Any]]) -> list[Section]:
    """No section where no row was refused. Amounts are in the currency of the rows."""
    shown = [
        (
            row["file"],
            f"{row['rows']:,}",
            f"{amount(row['amount'])} {row['currency'] or ''}".strip() if row["amount"] is not None else "not known",
            f"line {row['first_line']} {row['first_reason']}",
            row["remedy"],
        )
        for row in rows
    ]
    return (
        [Section("Refused rows, counted nowhere", ("file", "rows", "amount", "first", "remedy"), shown)] if rows else []
    )


def _ingestion(rows: list[dict[str, Any]]) -> Section:
    shown = [
        (
            row["source"],
            row["status"],
            str(row["loads"]),
            f"{int(row['rows']):,}" if row["rows"] is not None else "",
            row["watermark_at"] or "",
        )
        for row in rows
    ]
    return Section("What was read", ("source", "status", "loads", "rows", "complete to"), shown)
