"""Contracts: what was committed, prepaid or credited, what is left of it, and what will expire unused, when."""

from datetime import date

from dashboard.charts import Drawer
from dashboard.figures import Block, Column, Figure, Note, Page, Section, Table
from dashboard.publication import Publication, Row
from dashboard.scale import MONTH, RECENT, with_others
from orchestration.glossary import in_words

BALANCES = """
select
    contract_id, kind, provider, model_pattern, starts_on, ends_on, balance_amount, drawn_amount, remaining_amount,
    drawn_ratio, last_drawn_on, runs_out_on, unused_amount, status
from contract_balances
order by status = 'will_be_left' desc, ends_on nulls last, contract_id, starts_on
"""

CHARGES = f"""
select
    days.fiscal_period as period, charges.provider, charges.charge_category, charges.line_item,
    sum(charges.billed_cost) as billed_cost, sum(charges.effective_cost) as effective_cost
from fct_billed_costs as charges
inner join dim_dates as days on charges.cost_date = days.calendar_date
where charges.charge_category <> 'usage' and charges.cost_date <= cast(? as date) and days.fiscal_period in {RECENT}
group by all order by period desc, abs(sum(charges.billed_cost)) desc, charges.provider, charges.line_item
"""

DISCOUNTS = f"""
select fiscal_period as period, provider, amount from reconciliation_by_provider_month
where bridge_line = 'discount' and amount <> 0 and fiscal_period in {RECENT}
order by period desc, provider
"""

MOST = 50
VERDICTS = {
    "will_be_left": "watch",
    "ended_unused": "bad",
    "on_track": "good",
    "open_ended": "good",
    "used_up": "good",
}
UNUSED = {
    "prepaid": "paid and lost unless it is used by then: move work to this provider, or ask for an extension before it ends",
    "commitment": "billed although it is not used: move work to this provider, or negotiate the rest into the next term",
    "credit": "given and lost unless it is used by then: move work to this provider first",
}
UNTOLD = (
    "No commitment, prepaid balance or credit is declared, so nothing is known to expire. Bills show a purchase, not its terms: "
    "state each in contracts.yaml with its kind, amount and last day."
)


def contracts(publication: Publication, drawer: Drawer) -> Page:
    as_of = publication.provenance.as_of
    balances = publication.rows("contract_balances", BALANCES)
    for row in balances:
        row["kind_said"] = in_words(row["kind"])
        row["standing"] = in_words(row["status"])
        row["verdict"] = VERDICTS.get(row["status"], "unknown")
    unused = [row for row in balances if row["status"] == "will_be_left"]
    for row in unused:
        row["remedy"] = UNUSED[row["kind"]]
        row["days_left"] = (row["ends_on"] - as_of).days
    return Page(
        "contracts",
        "Contracts",
        "What was promised to providers or paid ahead, how much of it is used, and what expires unused.",
        (
            Section("What expires unused", _expiring(balances, unused, as_of)),
            Section("Balances", (_balances(balances),)),
            Section("Charges beside usage", (_charges(publication), _discounts(publication))),
        ),
    )


def _expiring(balances: list[Row], unused: list[Row], as_of: date) -> tuple[Block, ...]:
    if not balances:
        return (Note(UNTOLD),)
    running = [row for row in balances if row["status"] not in ("used_up", "ended_unused")]
    unknown = [row["contract_id"] for row in balances if row["status"] == "too_young"]
    in_time = "every balance is used up in time" if running else "every balance is used up or over"
    first = min(unused, key=lambda row: row["ends_on"]) if unused else None
    return (
        Figure(
            "Will expire unused",
            sum((row["unused_amount"] for row in unused), 0 * balances[0]["balance_amount"]),
            "money",
            "What will be left of every balance on its last day if its use goes on at the pace of the last 28 days.",
            "contract_balances",
            rows="unused",
            total="unused_amount",
            verdict="watch" if unused else "unknown" if unknown else "good" if running else "none",
            says=f"the first, {first['contract_id']}, on {first['ends_on']}"
            if first
            else f"too young to tell: {', '.join(unknown)}"
            if unknown
            else in_time,
        ),
        Figure(
            "Ended unused so far",
            sum(
                (row["unused_amount"] for row in balances if row["status"] == "ended_unused"),
                0 * balances[0]["balance_amount"],
            ),
            "money",
            "What was left of balances whose last day is over.",
            "contract_balances",
        ),
        Table(
            "unused",
            "What will be left, the first to expire first",
            "contract_balances",
            (
                Column("ends_on", "Last day", "date"),
                Column("days_left", "In", "days"),
                Column("contract_id", "Contract"),
                Column("provider", "Provider"),
                Column("kind_said", "Kind"),
                Column("remaining_amount", "Left today", "money", True),
                Column("unused_amount", "Left on the last day", "money", True),
                Column("remedy", "What that means"),
            ),
            unused,
            "Nothing is expected to expire unused.",
            "At the pace of the last 28 days.",
        ),
    )


def _balances(rows: list[Row]) -> Table:
    return Table(
        "balances",
        "Commitments, prepaid balances and credits",
        "contract_balances",
        (
            Column("contract_id", "Contract"),
            Column("provider", "Provider"),
            Column("kind_said", "Kind"),
            Column("starts_on", "From", "date"),
            Column("ends_on", "To", "date"),
            Column("balance_amount", "Amount", "money", True),
            Column("drawn_amount", "Used", "money", True),
            Column("drawn_ratio", "Part", "ratio"),
            Column("remaining_amount", "Left", "money", True),
            Column("runs_out_on", "Used up on", "date"),
            Column("unused_amount", "Unused at the end", "money"),
            Column("standing", "Standing"),
        ),
        rows,
        "Nothing is declared in contracts.yaml.",
        verdict="verdict",
    )


def _charges(publication: Publication) -> Table:
    rows = publication.rows("fct_billed_costs dim_dates", CHARGES, [publication.provenance.as_of] * 2)
    for row in rows:
        row["category"] = in_words(row["charge_category"])
    return Table(
        "charges",
        "Purchases, credits, taxes and adjustments as billed",
        "fct_billed_costs",
        (
            MONTH,
            Column("provider", "Provider"),
            Column("category", "Kind"),
            Column("line_item", "Line of the bill"),
            Column("billed_cost", "Billed", "money", True),
            Column("effective_cost", "Cost of the month", "money", True),
        ),
        with_others(rows, MOST, "line_item", ("billed_cost", "effective_cost")),
        "Bills hold usage alone: no purchase, credit, tax or adjustment.",
        "What is paid ahead is billed once, and cost of the months that use it.",
        filters={"period": "period"},
    )


def _discounts(publication: Publication) -> Table:
    rows = publication.rows("reconciliation_by_provider_month dim_dates", DISCOUNTS, [publication.provenance.as_of])
    return Table(
        "discounts",
        "What negotiated prices took off list prices",
        "reconciliation_by_provider_month",
        (MONTH, Column("provider", "Provider"), Column("amount", "Discount", "money", True)),
        rows,
        "No provider bills below list price.",
        "Of the bridge from list cost to bill; below zero is less to pay.",
        filters={"period": "period"},
        is_folded=len(rows) > 12,
    )
