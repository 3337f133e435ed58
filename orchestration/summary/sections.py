"""What a summary says, section by section, in the order in which finance asks: amounts rounded for the eye, codes and ids in
words, and what to do below each table that asks for something. Draws nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from orchestration.files import counted
from orchestration.glossary import in_words, reason_in_words

Row = dict[str, Any]
TEXT = ("why", "because", "verdict", "alert", "what", "stability", "first", "roles without an account", "waits for")
"""Columns of words: set to the left, and wrapped. The first column of a table always is one."""


@dataclass(frozen=True)
class Section:
    """A titled table of text. ``note`` says what the columns mean, or what an empty table means; ``todo``: what a person is
    to do, one sentence each; ``urgent``: positions of the rows that need a person.
    """

    title: str
    headers: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    note: str = ""
    todo: Sequence[str] = ()
    urgent: frozenset[int] = frozenset()


def sections(summary: Row) -> list[Section]:
    """The sections of a summary from :func:`orchestration.summary.collect.collect`."""
    parts = [
        _spend(summary),
        _budgets(summary),
        _margin(summary),
        _run_rate(summary["run_rate"]),
        *_budget_alerts(summary["budget_alerts"]),
        *_core_demotions(summary["core_demotions"]),
        *_initiatives(summary["initiatives"]),
        *_unpriced(summary["unpriced"]),
        *_unmeasured(summary["unmeasured"]),
        _unallocated(summary),
        _open_amounts(summary),
        *_journals_left_out(summary["journals_left_out"]),
        *_rejected_rows(summary["rejected_rows"]),
        _reads(summary["reads"]),
    ]
    if summary["missing_tables"]:
        parts.append(Section("Not published", (), [], ", ".join(summary["missing_tables"])))
    return parts


def heading(summary: Row) -> str:
    """Whose figures, of which day, in which currency, from which run."""
    currency = f", amounts in {summary['reporting_currency']}" if summary["reporting_currency"] else ""
    simulated = " (simulated company)" if summary["is_simulated"] else ""
    published = f"{summary['published_at'][:16].replace('T', ' ')} UTC"
    whose = f"{summary['company_id']}{simulated}, as of {summary['as_of']}{currency}"
    return f"{whose}\nrun {summary['run_id']}, published {published}"


def amount(text: str | Decimal | None) -> str:
    """Money for the eye: two decimals, thousands marked, no negative zero; nothing where it is not known."""
    return "" if text is None else f"{Decimal(text).quantize(Decimal('0.01'), rounding=ROUND_HALF_EVEN) + 0:,}"


def percent(ratio: float | str | None) -> str:
    return "" if ratio is None else f"{float(ratio):.1%}"


def _period(periods: Row) -> str:
    """The period of the as-of day, and how much of it has passed."""
    days = "whole month" if periods["is_whole"] else f"to date, {periods['days_to_date']} of {periods['days']} days"
    return f"{periods['fiscal_period']} ({days})"


def _sum(rows: Iterable[Row], column: str) -> Decimal:
    return sum((Decimal(row[column]) for row in rows if row[column] is not None), Decimal(0))


def _change(now: Decimal, before: Decimal) -> str:
    return "new" if not before and now else "" if not before else f"{float(now / before - 1):+.1%}"


def _spend(summary: Row) -> Section:
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


def _budgets(summary: Row) -> Section:
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
    note = "no budget is loaded: put a budgets file into ledgers/" if not shown else ""
    if shown and company:
        days = counted(company["days_left"], "day")
        note = f"month end: spent so far and the forecast of {days} to come; at least four of five months end within the bounds"
    headers = ("department", "budget", "spent", "used", "month end\nlikely", "at least", "at most")
    urgent = frozenset(at for at, row in enumerate(shown) if row[0] in {*over, *will_be})
    return Section(f"Budget beside actual {_period(periods)}", headers, shown, note, todo, urgent)


def _margin(summary: Row) -> Section:
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
    title = f"Gross margin by product {_period(periods) if period == periods['fiscal_period'] else period}".strip()
    headers = ("product", "revenue", "AI cost", "other\ncost", "gross\nprofit", "margin", "target", "month\nbefore")
    return Section(
        title,
        headers,
        shown,
        "; ".join(notes) if shown else "no product has revenue or cost of goods sold",
        [f"below target: {', '.join(below)}"] if below else [],
        frozenset(at for at, row in enumerate(rows) if row["is_below_target"]),
    )


def _margin_row(name: str, row: Row) -> tuple[str, ...]:
    terms = (amount(row[term]) for term in ("revenue", "ai_cogs", "other_cogs", "gross_profit"))
    ratios = (percent(row[ratio]) for ratio in ("gross_margin_ratio", "target_gross_margin_ratio", "previous_ratio"))
    return (name, *terms, *ratios)


def _run_rate(rows: list[Row]) -> Section:
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


def _budget_alerts(rows: list[Row]) -> list[Section]:
    """No section where nothing stands."""
    everything = frozenset(range(len(rows)))
    return [Section("Budget alerts", ("alert",), [(row["text"],) for row in rows], urgent=everything)] if rows else []


def _core_demotions(rows: list[Row]) -> list[Section]:
    """No section where none is flagged. Unit costs are often below a cent."""
    costs = ("unit_cost", "limit_unit_cost", "verified_unit_cost")
    shown = [
        (
            row["name"] or row["initiative_id"],
            *(f"{Decimal(row[cost]):,.6f}" for cost in costs),
            f"{row['above_since']}\n({row['days_above']} days)",
        )
        for row in rows
    ]
    headers = ("core initiative", "cost per\nunit", "limit", "verified", "above since")
    todo = list(dict.fromkeys(row["remedy"] for row in rows))
    everything = frozenset(range(len(shown)))
    return [Section("Flagged for return to experimentation", headers, shown, "", todo, everything)] if rows else []


def _initiatives(rows: list[Row]) -> list[Section]:
    ready = [
        (row["name"] or row["initiative_id"], row["first_ready_date"] or "", amount(row["verified_run_rate"]))
        for row in rows
        if row["is_ready"]
    ]
    waiting = [
        (row["name"] or row["initiative_id"], "\n".join(_gate(gate) for gate in row["gates_in_the_way"]) or "nothing")
        for row in rows
        if not row["is_ready"]
    ]
    none = "no initiative was evaluated" if not rows else "none"
    todo = [f"approve: tokenomics graduate {row['initiative_id']} --approver EMAIL" for row in rows if row["is_ready"]]
    headers = ("initiative", "ready since", "verified\na month")
    parts = [Section("Ready to graduate", headers, ready, "" if ready else none, todo, frozenset(range(len(ready))))]
    return parts + ([Section("Not ready yet", ("initiative", "waits for"), waiting)] if waiting else [])


def _gate(gate: Row) -> str:
    name = in_words(gate["gate_name"], "gate_name")
    return f"{name}: {reason_in_words(gate['reason']) or in_words(gate['status'], 'status')}"


def _unpriced(rows: list[Row]) -> list[Section]:
    """No section where everything has a price."""
    shown = [
        (
            f"{in_words(row['provider'], 'provider')} {row['model_id']}",
            f"{Decimal(row['tokens']):,.0f}",
            row["first_date"],
            row["last_date"],
        )
        for row in rows
    ]
    return _asking("Usage without a price", ("model", "tokens", "since", "until"), shown, rows)


def _unmeasured(rows: list[Row]) -> list[Section]:
    """No section where every request was measured."""
    shown = [
        (
            f"{in_words(row['provider'], 'provider')} {row['model_id'] or 'without model'}",
            f"{Decimal(row['requests']):,.0f} of {Decimal(row['all_requests']):,.0f}",
            row["first_date"],
            row["last_date"],
        )
        for row in rows
    ]
    return _asking("Unmeasured requests", ("model", "requests", "since", "until"), shown, rows)


def _asking(title: str, headers: tuple[str, ...], shown: Sequence[tuple[str, ...]], rows: list[Row]) -> list[Section]:
    """A section of which every row needs a person, with each remedy once; none without rows."""
    todo = list(dict.fromkeys(row["remedy"] for row in rows))
    return [Section(title, headers, shown, "", todo, frozenset(range(len(shown))))] if rows else []


def _unallocated(summary: Row) -> Section:
    costs = [
        (
            f"{in_words(row['provider'], 'provider')} {row['model_id'] or 'without model'}",
            amount(row["amount"]),
            f"{in_words(row['cost_basis'], 'cost_basis')}, these two months",
        )
        for row in summary["unallocated"]
    ]
    usage = [
        (_place(row), amount(row["list_cost"]), f"list price of all days, the last {row['last_date']}")
        for row in summary["unowned_usage"]
    ]
    rows = costs + usage
    todo = list(dict.fromkeys(row["remedy"] for row in (*summary["unallocated"], *summary["unowned_usage"])))
    if usage:
        todo.append("the ids to match stand in tokenomics status --json under unowned usage")
    return Section(
        "Cost without an owner, largest first",
        ("cost or usage", "amount", "what"),
        rows,
        "" if rows else "none",
        todo,
        frozenset(range(len(rows))),
    )


def _place(row: Row) -> str:
    """Project and key by the names that people gave them; an id that is a hash is cut short."""
    project = row["project_name"] or row["project_id"]
    key = row["key_name"] or short(row["api_key_id"])
    parts = [
        in_words(row["provider"], "provider"),
        f"project {project}" if project else "",
        f"key {key}" if key else "",
    ]
    return ", ".join(filter(None, parts)) if project or key else f"{parts[0]}, no project and no key"


def short(key: str | None) -> str:
    """The first characters of a key's hash, which tell keys apart; an id that people gave stays whole."""
    return "" if key is None else key if len(key) < 32 else f"{key[:8]}..."


def _open_amounts(summary: Row) -> Section:
    """What rounds to nothing in every column is left to the JSON form."""
    columns = ("amount", "previous_amount", "total_amount")
    lines = [
        row
        for row in summary["open_amounts"]
        if row["warned_months"] or any(round(Decimal(row[column]), 2) for column in columns)
    ]
    shown = [(f"{_line(row)}", *(amount(row[column]) for column in columns), _verdict(row)) for row in lines]
    months = (lines[0]["month"], lines[0]["previous_month"]) if lines else ("this month", "the month before")
    headers = ("open", *months, "all months", "verdict")
    asking: dict[str, list[str]] = {}
    for row in lines:
        if row["warned_months"]:
            asking.setdefault(f"{in_words(row['bridge_line'], 'bridge_line')}: {row['remedy']}", []).append(
                in_words(row["provider"], "provider")
            )
    todo = [f"{', '.join(providers)}, {remedy}" for remedy, providers in asking.items()]
    urgent = frozenset(at for at, row in enumerate(lines) if row["warned_months"])
    title = "Meter, bill and ledger: what stays open"
    return Section(title, headers, shown, "" if shown else "nothing", todo, urgent)


def _line(row: Row) -> str:
    return f"{in_words(row['provider'], 'provider')}: {in_words(row['bridge_line'], 'bridge_line')}"


def _verdict(row: Row) -> str:
    if row["alarm_ratio"] is None:
        return "see below" if row["warned_months"] else "nothing to do"
    limit = f"{percent(row['alarm_ratio'])} of the bill"
    if row["warned_months"]:
        return f"above {limit} in {', '.join(row['warned_months'])}"
    return f"within {limit} in {row['month']} and {row['previous_month']}"


def _journals_left_out(rows: list[Row]) -> list[Section]:
    """No section where every journal has its accounts."""
    shown = [
        (
            f"{in_words(row['provider'], 'provider')} usage {row['service_period']}",
            amount(row["amount"]),
            in_words(row["missing_roles"]),
        )
        for row in rows
    ]
    title = f"Month-end journals left out {rows[0]['fiscal_period']}" if rows else ""
    return _asking(title, ("not accrued", "amount", "roles without an account"), shown, rows)


def _rejected_rows(rows: list[Row]) -> list[Section]:
    """No section where no row was refused. Amounts are in the currency of the rows."""
    shown = [
        (
            row["file"],
            f"{row['rows']:,}",
            f"{amount(row['amount'])} {row['currency'] or ''}".strip() if row["amount"] is not None else "not known",
            f"line {row['first_line']}: {row['first_reason']}",
        )
        for row in rows
    ]
    return _asking("Refused rows, counted nowhere", ("file", "rows", "amount", "first"), shown, rows)


def _reads(rows: list[Row]) -> Section:
    of_data = [row for row in rows if not row["is_of_refused_rows"]]
    shown = [
        (
            in_words(row["source"], "source"),
            f"{row['reads']:,}",
            f"{int(row['rows'] or 0):,}",
            f"{row['empty_reads']:,}",
            f"{row['watermark_at'][:16].replace('T', ' ')} UTC" if row["watermark_at"] else "",
        )
        for row in of_data
    ]
    clean = [
        in_words(row["source"], "source") for row in rows if row["is_of_refused_rows"] and not int(row["rows"] or 0)
    ]
    notes = ["without rows: read whole, and nothing was there"] if any(row["empty_reads"] for row in of_data) else []
    notes += [f"no refused row in {', '.join(clean)}"] if clean else []
    return Section(
        "What was read",
        ("source", "loads", "rows", "without\nrows", "known up to"),
        shown,
        "; ".join(notes) if shown else "nothing",
    )
