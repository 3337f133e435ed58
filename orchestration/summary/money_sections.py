"""The first sections of the summary: spend, budget beside actual, gross margin, run-rate."""

from collections.abc import Iterable
from decimal import Decimal

from orchestration.files import counted
from orchestration.glossary import in_words
from orchestration.summary.section import Row, Section, amount, percent


def _period(periods: Row) -> str:
    """The period of the as-of day, and how much of it has passed."""
    days = "whole month" if periods["is_whole"] else f"to date, {periods['days_to_date']} of {periods['days']} days"
    return f"{periods['fiscal_period']} ({days})"


def _sum(rows: Iterable[Row], column: str) -> Decimal:
    return sum((Decimal(row[column]) for row in rows if row[column] is not None), Decimal(0))


def _change(now: Decimal, before: Decimal) -> str:
    return "new" if not before and now else "" if not before else f"{float(now / before - 1):+.1%}"


def spend(summary: Row) -> Section:
    periods, rows = summary["periods"], summary["spend_by_provider"]
    whole = periods["is_whole"]
    of_unowned = ("previous_unallocated", "compared_unallocated", "unallocated")
    of_all = ("previous_spend", "compared_spend", "spend")

    def line(name: str, some: list[Row], columns: tuple[str, ...]) -> tuple[str, ...]:
        before, compared, now = (_sum(some, column) for column in columns)
        money = (amount(before), amount(now)) if whole else (amount(before), amount(compared), amount(now))
        return (name, *money, _change(now, compared))

    shown = [line(in_words(row["provider"], "provider"), [row], of_all) for row in rows]
    if rows:
        shown.append(line("total", rows, of_all))
        if _sum(rows, "unallocated") or _sum(rows, "previous_unallocated"):
            shown.append(line("of it without owner", rows, of_unowned))
    days = periods["compared_days"]
    headers = (
        ("provider", periods["previous_period"], periods["fiscal_period"], "change")
        if whole
        else (
            "provider",
            periods["previous_period"],
            f"its first\n{days} days",
            f"{periods['fiscal_period']}\nto date",
            "change",
        )
    )
    note = "" if shown else "no cost in this month and the one before"
    todo = []
    if shown:
        note = "change: against the whole month before" if whole else f"change: against the same {days} days"
        if summary["spend_year_to_date"] is not None:
            note += f"; since {periods['year_first']}: {amount(summary['spend_year_to_date'])}"
        todo = [
            f"{row['month']} has {percent(row['ratio']) or amount(row['unallocated'])} without an owner, above the policy's "
            f"{percent(row['alarm_ratio'])}: {OWNERLESS}"
            for row in summary["unallocated_share"]
            if row["is_above_alarm"]
        ]
    return Section(f"Spend {_period(periods)}", headers, shown, note, todo, frozenset({len(shown) - 1} if todo else ()))


OWNERLESS = "see Cost without an owner"


def budgets(summary: Row) -> Section:
    periods, rows = summary["periods"], summary["budgets"]
    projected = {(row["entity_type"], row["entity_id"]): row for row in summary["projection"]}
    company = next((row for row in summary["projection"] if row["entity_type"] == "company"), None)
    shown, over, will_be = [], [], []
    total: Row = {"name": "total", "budget_amount": str(_sum(rows, "budget_amount")), "spent_amount": None}
    total["spent_amount"] = str(_sum(rows, "spent_amount"))
    for row in [*rows, *([total] if len(rows) > 1 else [])]:
        end = company if row is total else projected.get(("department", row["department_id"]))
        name = row["name"] or ("no department" if row.get("department_id") is None else row["department_id"])
        budget = Decimal(row["budget_amount"]) if row["budget_amount"] is not None else Decimal(0)
        spent, likely = Decimal(row["spent_amount"]), Decimal(end["projected_amount"] or 0) if end else Decimal(0)
        over += [name] if budget and spent > budget else []
        will_be += [name] if budget and spent <= budget < likely else []
        shown.append(
            (
                name,
                amount(budget) if budget else "",
                amount(spent),
                percent(float(spent / budget)) if budget else "",
                amount(end["projected_amount"]) if end else "",
                amount(end["projected_low"]) if end else "",
                amount(end["projected_high"]) if end else "",
            )
        )
    todo = [f"over budget: {', '.join(over)}"] if over else []
    todo += [f"likely over budget at month end: {', '.join(will_be)}"] if will_be else []
    month = " for this month" if shown else ""
    notes = (
        [f"no budget is loaded{month}: put a budgets file into ledgers/"] if not any(row[1] for row in shown) else []
    )
    if shown and company:
        days = counted(company["days_left"], "day")
        notes.append(
            f"month end: spent so far and the forecast of {days} to come; at least four of five months end within the bounds"
        )
    headers = ("department", "budget", "spent", "used", "month end\nlikely", "at least", "at most")
    urgent = frozenset(at for at, row in enumerate(shown) if row[0] in {*over, *will_be})
    return Section(f"Budget beside actual {_period(periods)}", headers, shown, "; ".join(notes), todo, urgent)


def margin(summary: Row) -> Section:
    rows, periods = summary["margin_by_product"], summary["periods"]
    period = rows[0]["fiscal_period"] if rows else ""
    shown = [_margin_row(row["name"] or row["product_id"] or "no product", row) for row in rows]
    known = [row for row in rows if row["gross_profit"] is not None and row["revenue"] is not None]
    if len(known) > 1:
        total: Row = {name: str(_sum(known, name)) for name in ("revenue", "ai_cogs", "other_cogs", "gross_profit")}
        revenue = Decimal(total["revenue"])
        ratio = float(Decimal(total["gross_profit"]) / revenue) if revenue > 0 else None
        total |= {"gross_margin_ratio": ratio, "target_gross_margin_ratio": None, "previous_ratio": None}
        shown.append(_margin_row("total" if len(known) == len(rows) else "total of the known", total))
    notes = ["profit = revenue - AI cost - other cost of goods sold; margin = profit / revenue"] if shown else []
    if any(row["other_cogs_basis"] == "estimated" for row in rows):
        notes.append("other cost is estimated where it is not yet posted")
    for row in rows:
        name = row["name"] or row["product_id"] or "no product"
        if row["gross_margin_null_reason"]:
            notes.append(f"{name}: {in_words(row['gross_margin_null_reason'])}")
        elif row["is_partial"] and row["days_compared"] != periods["days_to_date"]:
            notes.append(f"{name}: the {counted(row['days_compared'], 'day')} whose revenue is known")
    below = [row["name"] or row["product_id"] for row in rows if row["is_below_target"]]
    todo = [f"below target: {', '.join(below)}"] if below else []
    if left_out := [
        f"{amount(row['amount'])} in {row['fiscal_period']}" for row in summary["other_cogs_without_product"]
    ]:
        todo.append(
            f"other cost of goods sold of no product, in no margin: {', '.join(left_out)}; name the product on its lines in the "
            "general ledger"
        )
    title = f"Gross margin by product {_period(periods) if period == periods['fiscal_period'] else period}".strip()
    headers = ("product", "revenue", "AI cost", "other\ncost", "gross\nprofit", "margin", "target", "month\nbefore")
    return Section(
        title,
        headers,
        shown,
        "; ".join(notes) if shown else "no product has revenue or cost of goods sold",
        todo,
        frozenset(at for at, row in enumerate(rows) if row["is_below_target"]),
    )


def _margin_row(name: str, row: Row) -> tuple[str, ...]:
    terms = (amount(row[term]) for term in ("revenue", "ai_cogs", "other_cogs", "gross_profit"))
    ratios = (percent(row[ratio]) for ratio in ("gross_margin_ratio", "target_gross_margin_ratio", "previous_ratio"))
    return (name, *terms, *ratios)


def run_rate(rows: list[Row]) -> Section:
    shown = [
        (
            row["name"] or row["entity_id"] or "no department",
            amount(row["run_rate_monthly"]),
            amount(row["run_rate_low"]),
            amount(row["run_rate_high"]),
            amount(row["run_rate_annual"]),
            ": ".join(
                filter(
                    None,
                    (
                        in_words(row["stability_status"], "stability_status"),
                        in_words(row["stability_reasons"], "stability_reasons"),
                    ),
                )
            ),
        )
        for row in rows
    ]
    headers = ("run-rate of", "a month", "at least", "at most", "a year", "stability")
    return Section("Run-rate", headers, shown, "" if shown else "fewer than eight complete days of cost")
