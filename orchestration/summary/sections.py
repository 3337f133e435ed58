"""What a summary says, section by section, in the order in which finance asks: amounts rounded for the eye, codes and ids in
words, and what to do below each table that asks for something. Draws nothing.
"""

from collections.abc import Sequence
from decimal import Decimal
from textwrap import fill

from orchestration.glossary import in_words, reason_in_words, source_in_words
from orchestration.summary.money_sections import budgets, margin, month_end, run_rate, spend
from orchestration.summary.section import Row, Section, amount, percent

INCIDENTS_SHOWN = 5


def sections(summary: Row) -> list[Section]:
    """The sections of a summary from :func:`orchestration.summary.collect.collect`."""
    parts = [
        spend(summary),
        budgets(summary),
        *month_end(summary),
        margin(summary),
        run_rate(summary["run_rate"]),
        *_budget_alerts(summary["budget_alerts"]),
        *_core_demotions(summary["core_demotions"]),
        *_initiatives(summary["initiatives"]),
        *_unpriced(summary["unpriced"]),
        *_unmeasured(summary["unmeasured"]),
        _unallocated(summary),
        _open_amounts(summary),
        *_journals_left_out(summary["journals_left_out"]),
        *_accruals_not_reversed(summary["accruals_not_reversed"]),
        *_changed_after_close(summary["changed_after_close"]),
        *_incidents(summary["incidents"]),
        *_missing_days(summary["missing_days"]),
        *_rejected_rows(summary["rejected_rows"]),
        *_pages_not_written(summary["pages_not_written"]),
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
    whose = f"{summary['company_name']}{simulated}, as of {summary['as_of']}{currency}"
    return f"{fill(whose, 80)}\nrun {summary['run_id']}, published {published}"


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
    """Who was approved on the as-of day asks for nothing more, and is said to be."""
    asking = [row for row in rows if row["is_ready"] and not row["is_approved"]]
    approved = [row["name"] or row["initiative_id"] for row in rows if row["is_ready"] and row["is_approved"]]
    ready = [
        (row["name"] or row["initiative_id"], row["first_ready_date"] or "", amount(row["verified_run_rate"]))
        for row in asking
    ]
    waiting = [
        (row["name"] or row["initiative_id"], "\n".join(_gate(gate) for gate in row["gates_in_the_way"]) or "nothing")
        for row in rows
        if not row["is_ready"]
    ]
    notes = [] if ready else ["none" if rows else "no initiative was evaluated"]
    notes += [f"graduated on this day: {', '.join(approved)}"] if approved else []
    todo = [f"approve: tokenomics graduate {row['initiative_id']} --approver EMAIL" for row in asking]
    headers = ("initiative", "ready since", "verified\na month")
    parts = [Section("Ready to graduate", headers, ready, "; ".join(notes), todo, frozenset(range(len(ready))))]
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
        if _asks(row) or any(round(Decimal(row[column]), 2) for column in columns)
    ]
    shown = [(f"{_line(row)}", *(amount(row[column]) for column in columns), _verdict(row)) for row in lines]
    months = (lines[0]["month"], lines[0]["previous_month"]) if lines else ("this month", "the month before")
    headers = ("open", *months, "all months", "verdict")
    asking: dict[str, list[str]] = {}
    for row in lines:
        if _asks(row):
            asking.setdefault(f"{in_words(row['bridge_line'], 'bridge_line')}: {row['remedy']}", []).append(
                in_words(row["provider"], "provider")
            )
    todo = [f"{', '.join(providers)}, {remedy}" for remedy, providers in asking.items()]
    urgent = frozenset(at for at, row in enumerate(lines) if _asks(row))
    title = "Meter, bill and ledger: what stays open"
    return Section(title, headers, shown, "" if shown else "nothing", todo, urgent)


def _line(row: Row) -> str:
    return f"{in_words(row['provider'], 'provider')}: {in_words(row['bridge_line'], 'bridge_line')}"


def _asks(row: Row) -> bool:
    return bool(row["warned_months"]) or row["is_total_above"]


def _verdict(row: Row) -> str:
    """Of each amount beside it: those of the two months, and what all months come to."""
    if row["alarm_ratio"] is None:
        return "see below" if row["warned_months"] else "nothing to do"
    above = [*row["warned_months"], *(["all months"] if row["is_total_above"] else [])]
    return f"{'above' if above else 'within'} {percent(row['alarm_ratio'])} of the bill" + (
        f" in {' and '.join(above)}" if above else ""
    )


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


def _accruals_not_reversed(rows: list[Row]) -> list[Section]:
    """No section where every accrual that came back through the ledger was reversed when it was due, and only once."""
    shown = [(row["journal_id"], amount(row["amount"]), row["reversal_date"], in_words(row["finding"])) for row in rows]
    return _asking("Accruals not reversed in the ledger", ("journal", "amount", "reversal due", "found"), shown, rows)


def _changed_after_close(rows: list[Row]) -> list[Section]:
    """No section where cost and revenue of the closed months are what they were when they were closed."""
    shown = [
        (row["closed_period"], row["booked_period"], *(amount(row[name]) for name in ("cost", "revenue")))
        for row in rows
    ]
    return _asking("Changed after the close", ("closed month", "booked in", "cost", "revenue"), shown, rows)


def _missing_days(rows: list[Row]) -> list[Section]:
    """No section where every source gave every day of this month and the one before."""
    shown = [
        (
            source_in_words(row),
            f"{row['days']:,}",
            row["first_date"],
            row["last_date"],
        )
        for row in rows
    ]
    return _asking("Days missing from a source", ("source", "days", "since", "until"), shown, rows)


def _incidents(rows: list[Row]) -> list[Section]:
    """No section where nothing ran away in this month and the one before. What goes on stands first and is all shown."""
    goes_on = [row for row in rows if row["ended_at"] is None]
    listed = rows[: max(INCIDENTS_SHOWN, len(goes_on))]
    shown = [
        (
            f"key {row['key_name'] or short(row['api_key_id'])}: {in_words(row['kind'], 'kind')}",
            f"{row['started_at'][:16].replace('T', ' ')} UTC",
            amount(row["incident_cost"]),
            f"goes on, {amount(row['cost_per_hour'])} an hour more" if row["ended_at"] is None else "over",
        )
        for row in listed
    ]
    rest = [Decimal(row["incident_cost"]) for row in rows[len(listed) :]]
    note = f"and {len(rest):,} more, {amount(sum(rest, Decimal(0)))} beyond the usual" if rest else ""
    headers = ("what ran away", "began", "beyond\nthe usual", "stands")
    todo = [rows[0]["remedy"]] if rows else []
    title = "Runaway loops and slow drips"
    return [Section(title, headers, shown, note, todo, frozenset(range(len(goes_on))))] if rows else []


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


def _pages_not_written(faults: dict[str, str]) -> list[Section]:
    """No section where every page was written. The tables are published all the same."""
    shown = [(in_words(name), fault) for name, fault in sorted(faults.items())]
    todo = ["the tables are published whole; report it with the run above and the company's version of tokenomics"]
    return [Section("Pages that could not be written", ("page", "why"), shown, todo=todo)] if shown else []


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
