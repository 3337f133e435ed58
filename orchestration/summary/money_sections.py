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
        if any(row["last_date"] >= periods["first"] for row in summary["missing_days"]):
            note += "; days are missing from a source, see below"
        todo = [
            f"{row['month']} has {percent(row['ratio']) or amount(row['unallocated'])} without an owner, above the policy's "
            f"{percent(row['alarm_ratio'])}: {OWNERLESS}"
            for row in summary["unallocated_share"]
            if row["is_above_alarm"]
        ]
    return Section(f"Spend {_period(periods)}", headers, shown, note, todo, frozenset({len(shown) - 1} if todo else ()))


OWNERLESS = "see Cost without an owner"


def budgets(summary: Row) -> Section:
    """Spend of each budget beside what it allows, judged as published; spend that no budget allows is judged by none."""
    rows = summary["budgets"]
    shown = [_budget_row(_budget_name(row), row, in_words(row["status"], "status")) for row in rows]
    unbudgeted = [row for row in rows if row["allowance_amount"] is None]
    if len(rows) > 1:
        total: Row = {name: str(_sum(rows, name)) for name in ("budget_amount", "allowance_amount", "spent_amount")}
        allowed, is_known = Decimal(total["allowance_amount"]), not unbudgeted
        used = float(Decimal(total["spent_amount"]) / allowed) if is_known and allowed else None
        if len(unbudgeted) == len(rows):
            total["allowance_amount"] = None
        shown.append(_budget_row("total", total | {"burn_ratio": used}, ""))
    over = [at for at, row in enumerate(rows) if row["status"] == "over_budget"]
    todo = [f"over budget: {', '.join(_budget_name(rows[at]) for at in over)}"] if over else []
    notes = ["used: spent of what is allowed so far"] if len(unbudgeted) < len(rows) else []
    if any(row["budget_basis"] == "flexible" for row in rows):
        notes.append("a core budget with known units of work allows their verified cost, any other what was funded")
    if len(unbudgeted) == len(rows):
        notes.append(_no_budget(summary))
    headers = ("budget", "budgeted", "allowed\nso far", "spent", "used", "stands")
    title = f"Budget beside actual {_period(summary['periods'])}"
    return Section(title, headers, shown, "; ".join(notes), todo, frozenset(over))


def _no_budget(summary: Row) -> str:
    months = summary["budgeted_months"]
    if not months:
        return "no budget is loaded: put a budgets file into ledgers/"
    known = months[0] if len(months) == 1 else f"{len(months)} months from {months[0]} to {months[-1]}"
    month = summary["periods"]["fiscal_period"]
    return f"no budget of {month} is loaded, only of {known}: add {month} to the budgets file in ledgers/"


def _budget_name(row: Row) -> str:
    name = row["name"] or row["department_id"] or "no department"
    return f"{name}, {in_words(row['budget_class'], 'budget_class')}" if row["budget_class"] else name


def _budget_row(name: str, row: Row, stands: str) -> tuple[str, ...]:
    budgeted = Decimal(row["budget_amount"] or 0)
    money = (amount(budgeted) if budgeted else "", amount(row["allowance_amount"]), amount(row["spent_amount"]))
    return (name, *money, percent(row["burn_ratio"]), stands)


ENDS = ("projected_amount", "projected_low", "projected_high")


def month_end(summary: Row) -> list[Section]:
    """Where each department's month is likely to end, beside all that was funded for it, so that the rows add up to the
    total. No section without a forecast.
    """
    if not summary["projection"]:
        return []
    funded: dict[str | None, Decimal] = {}
    for row in summary["budgets"]:
        funded[row["department_id"]] = funded.get(row["department_id"], Decimal(0)) + Decimal(row["budget_amount"] or 0)
    names = {row["department_id"]: row["name"] for row in summary["budgets"]}
    projected = [row for row in summary["projection"] if row["entity_type"] == "department"]
    silent = [one for one, budget in funded.items() if budget and one not in {row["entity_id"] for row in projected}]
    unknown: Row = dict.fromkeys(ENDS) | {"entity_type": "department", "days_missing": 0}
    rows = projected + [unknown | {"entity_id": one} for one in silent]
    rows += [row for row in summary["projection"] if row["entity_type"] == "company"]
    shown, above, lacking = [], [], []
    for row in rows:
        is_company = row["entity_type"] == "company"
        name = "total" if is_company else names.get(row["entity_id"]) or row["entity_id"] or "no department"
        budget = sum(funded.values(), Decimal(0)) if is_company else funded.get(row["entity_id"], Decimal(0))
        above += [name] if budget and Decimal(row["projected_amount"] or 0) > budget else []
        ends = (amount(row[column]) for column in ENDS)
        shown.append((name, amount(budget) if budget else "", *ends))
        lacking += [f"{name} {counted(row['days_missing'], 'day')}"] if row["days_missing"] else []
    days = counted(summary["projection"][0]["days_left"], "day")
    note = (
        f"likely: spent so far and the forecast of {days} to come; at least four of five months end within the bounds"
    )
    if lacking:
        note += f"; days without data, whose cost comes on top: {', '.join(lacking)}"
    todo = [f"likely to end above what is budgeted: {', '.join(above)}"] if above else []
    headers = ("department", "budgeted", "likely", "at least", "at most")
    urgent = frozenset(at for at, row in enumerate(shown) if row[0] in above)
    return [Section(f"Month end {summary['periods']['fiscal_period']}", headers, shown, note, todo, urgent)]


def margin(summary: Row) -> Section:
    """Every term is of the days compared, so that profit can be worked out again; where no profit is known, cost is the
    month's."""
    rows, periods = summary["margin_by_product"], summary["periods"]
    period = rows[0]["fiscal_period"] if rows else ""
    is_now = period == periods["fiscal_period"]
    shown = [_margin_row(_product(row), row) for row in rows]
    known = [row for row in rows if row["gross_profit"] is not None]
    if len(known) > 1:
        columns = ("compared_revenue", "compared_ai_cogs", "compared_other_cogs", "gross_profit")
        total: Row = {name: str(_sum(known, name)) for name in columns}
        revenue = Decimal(total["compared_revenue"])
        ratio = float(Decimal(total["gross_profit"]) / revenue) if revenue > 0 else None
        total |= {"gross_margin_ratio": ratio, "target_gross_margin_ratio": None, "previous_ratio": None}
        shown.append(_margin_row("total" if len(known) == len(rows) else "total of the known", total))
    notes = ["profit = revenue - AI cost - other cost of goods sold; margin = profit / revenue"] if shown else []
    notes += _other_cost_notes(rows)
    if inferred := [_product(row) for row in rows if row["revenue_basis"] == "inferred"]:
        notes.append(f"revenue of {', '.join(inferred)}: {in_words('inferred', 'revenue_basis')}")
    days = counted(periods["days_to_date"], "day")
    for row in rows:
        if row["gross_margin_null_reason"]:
            notes.append(f"{_product(row)}: {in_words(row['gross_margin_null_reason'])}")
        elif row["is_partial"] and row["days_compared"] != periods["days_to_date"]:
            of_days = f"{row['days_compared']} of {days}" if is_now else counted(row["days_compared"], "day")
            notes.append(f"{_product(row)}: revenue and cost of the {of_days} whose {compared_by(row)} known")
        if row["previous_ratio"] is not None and row["previous_is_partial"]:
            of_days = counted(row["previous_days_compared"], "day")
            notes.append(f"{_product(row)}: the month before is of the {of_days} that can be compared")
    below = [row["name"] or row["product_id"] for row in rows if row["is_below_target"]]
    todo = [f"below target: {', '.join(below)}"] if below else []
    if early := [_product(row) for row in rows if is_early(row)]:
        todo.append(
            f"not known to be on target: {', '.join(early)}; report revenue up to the last day, 0 where there is none, since the "
            "cost of all days would miss it"
        )
    remedies = {_product(row): _revenue_remedy(row, periods["days_to_date"] if is_now else None) for row in rows}
    todo += filter(None, remedies.values())
    not_reported = [_product(row) for row in rows if row["gross_margin_null_reason"] == "revenue_not_reported"]
    if silent := [product for product in not_reported if not remedies[product]]:
        todo.append(
            f"report revenue of {', '.join(silent)} for every regular customer, 0 where there is none; end a customer who "
            "left in customers.yaml"
        )
    todo += [
        f"{_product(row)}: {amount(row['posted_other_cogs'])} of other cost is posted and in no margin yet: it has no whole "
        "month to take a daily rate from"
        for row in rows
        if row["other_cogs_basis"] == "none" and Decimal(row["posted_other_cogs"])
    ]
    if left_out := [
        f"{amount(row['amount'])} in {row['fiscal_period']}" for row in summary["other_cogs_without_product"]
    ]:
        todo.append(
            f"other cost of goods sold of no product, in no margin: {', '.join(left_out)}; name the product on its lines in the "
            "general ledger"
        )
    title = f"Gross margin by product {_period(periods) if is_now else period}".strip()
    headers = ("product", "revenue", "AI cost", "other\ncost", "gross\nprofit", "margin", "target", "month\nbefore")
    return Section(
        title,
        headers,
        shown,
        "; ".join(notes) if shown else "no product has revenue or cost of goods sold",
        todo,
        frozenset(at for at, row in enumerate(rows) if row["is_below_target"]),
    )


def compared_by(row: Row) -> str:
    """What is known of the days compared: revenue, or AI cost too where revenue of other days is known."""
    return "revenue is" if row["compared_revenue"] == row["revenue"] else "revenue and AI cost are"


def _product(row: Row) -> str:
    return str(row["name"] or row["product_id"] or "no product")


def _other_cost_notes(rows: list[Row]) -> list[str]:
    """That other cost is estimated, and what of it is posted so far."""
    estimated = [row for row in rows if row["other_cogs_basis"] == "estimated"]
    if not estimated:
        return []
    which = "" if len(estimated) == len(rows) else f" of {', '.join(_product(row) for row in estimated)}"
    posted = [
        f"{_product(row)} {amount(row['posted_other_cogs'])}" for row in estimated if Decimal(row["posted_other_cogs"])
    ]
    so_far = f"posted so far: {', '.join(posted)}" if posted else "nothing is posted so far"
    return [f"other cost{which} is {in_words('estimated', 'other_cogs_basis')}; {so_far}"]


def is_early(row: Row) -> bool:
    """There is a margin, and yet it does not say whether the target is met."""
    has_both = row["gross_margin_ratio"] is not None and row["target_gross_margin_ratio"] is not None
    return has_both and row["is_below_target"] is None


def _revenue_remedy(row: Row, days: int | None) -> str:
    """What to do where the ledger holds more revenue of a product than is reported of it; nothing where it does not."""
    posted, reported = Decimal(row["posted_revenue"]), Decimal(row["revenue"] or 0)
    is_short = row["revenue"] is None or (row["is_partial"] and (days is None or row["days_compared"] < days))
    if not is_short or posted <= reported:
        return ""
    return (
        f"{_product(row)}: {amount(posted)} of revenue is posted in the ledger, {amount(reported)} is reported by day: add the "
        "missing rows to ledgers/revenue*.csv"
    )


def _margin_row(name: str, row: Row) -> tuple[str, ...]:
    of_days = "" if row["gross_profit"] is None else "compared_"
    terms = (amount(row[f"{of_days}{term}"]) for term in ("revenue", "ai_cogs", "other_cogs"))
    ratios = (percent(row[ratio]) for ratio in ("gross_margin_ratio", "target_gross_margin_ratio", "previous_ratio"))
    return (name, *terms, amount(row["gross_profit"]), *ratios)


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
