"""The demo shows what the README promises: no published table is empty, and each later plant comes out as it was planted.

Expected figures are reckoned here from the README of the demo, from the calendar and from prices written down again.
"""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import duckdb
import pytest

from orchestration.demo.catalog import AS_OF, DEVELOPERS, FIRST_DAY
from orchestration.demo.traffic import simulate
from tests.end_to_end.demo_run import Published

REPLAYED = {"gate_replay", "breaker_replay", "budget_framework_backtest"}
"""What ``tokenomics replay`` fills, which is an act of a person and no part of a run."""


@pytest.fixture(scope="module")
def published(demo_home) -> Published:
    return Published(demo_home)


def test_no_published_table_is_empty_but_those_of_replays(published):
    with duckdb.connect(str(published.folder.parent / "marts.duckdb"), read_only=True) as connection:
        names = [name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()]
        empty = {name for name in names if not connection.execute(f'select 1 from "{name}" limit 1').fetchone()}
    assert len(names) > 50
    assert empty == REPLAYED


def test_the_journal_found_after_julys_close_is_an_adjustment_in_october_and_not_in_july(published):
    """A payroll correction of 1,150.00: debit 6010 of operations, credit 2010."""
    rows = published.rows(
        "period_adjustments",
        "select closed_period, booked_period, table_name, column_name, entity, amount, reporting_currency from t "
        "order by column_name, entity",
    )
    payroll, payable, late = "department_id=operations, account_number=6010", "account_number=2010", Decimal(1150)
    assert rows == [
        ("2026-07", "2026-10", "fct_ledger_entries", column, entity, amount, "USD")
        for column, entity, amount in (
            ("credit_amount", payable, late),
            ("debit_amount", payroll, late),
            ("net_amount", payable, -late),
            ("net_amount", payroll, late),
        )
    ]
    ledger = "select count(*), count(*) filter (where journal_entry_id = 'PAY-2026-07-LATE'), sum(net_amount) from t "
    assert published.rows("fct_ledger_entries", f"{ledger} where fiscal_period = '2026-07'") == [(15, 0, Decimal(0))]


def test_the_closed_month_is_what_closing_knows_of(published):
    from orchestration.close.frozen import frozen_periods
    from orchestration.close.register import closed_periods, read_register

    home = published.folder.parents[1]
    assert [(one.period, list(one.tables)) for one in frozen_periods(home, AS_OF)] == [
        ("2026-07", ["fct_ledger_entries"])
    ]
    (decision,) = closed_periods(read_register(home)).values()
    assert decision.approver.startswith("simulated-")


def test_refused_rows_say_what_they_are_worth_where_they_say_it(published):
    rows = published.rows(
        "rejected_rows", "select file, line, column_name, value, amount, currency from t order by line"
    )
    assert rows == [
        ("ledgers/revenue_reseller.csv", 2, "revenue_date", "2026-09-31", Decimal(1250), "USD"),
        ("ledgers/revenue_reseller.csv", 3, "amount", "3l0.00", None, "USD"),
    ]


def test_claude_code_by_developer(published):
    """A session counts 60,000 uncached, 24,000 output, 900,000 read and 80,000 written tokens at 2, 10, 0.1 and 2.5 dollars
    a million; 50 sessions each in the 20 working days of October up to the as-of day.
    """
    got = published.rows(
        "claude_code_by_developer_day",
        "select actor_id, department_id, count(*), sum(sessions)::int, sum(lines_added)::int, sum(tokens)::bigint, "
        "sum(estimated_cost), max(estimate_currency) from t group by all order by 1",
    )
    working = [day for day in (date(2026, 10, 1) + timedelta(n) for n in range(28)) if day.weekday() < 5]
    sessions = [sum(1 + (day.day + 2 * number) % 4 for day in working) for number in range(3)]
    a_session = Decimal("0.12") + Decimal("0.24") + Decimal("0.09") + Decimal("0.2")
    assert got == [
        (f"{name}@meadowlark.example", "engineering", 20, n, 120 * n, 1_064_000 * n, a_session * n, "USD")
        for name, n in zip(("imani", "tomasz", "yuki"), sessions, strict=True)
    ]
    assert [row[3] for row in got] == [50, 50, 50]


def test_the_estimate_of_claude_code_is_in_no_cost(published):
    assert published.rows("fct_usage", "select count(*) from t where source = 'claude_code'") == [(0,)]
    assert published.rows("fct_billed_costs", "select count(*) from t where source = 'claude_code'") == [(0,)]


def test_the_override_in_force_is_shown_and_the_one_that_is_over_is_not(published):
    rows = published.rows(
        "guardrail_cap_overrides", 'select subject_id, "window", amount, starts_at, expires_at, approver from t'
    )
    began, ends = datetime(2026, 10, 28, 8, tzinfo=UTC), datetime(2026, 10, 31, tzinfo=UTC)
    assert rows == [(DEVELOPERS[0], "daily", Decimal(35), began, ends, "ravi@meadowlark.example")]


def test_the_journal_that_needs_an_account_for_capitalized_cost_is_left_out_and_named(published):
    """Bedrock's September: 3,000,000 and 400,000 tokens of a plain day at 3 and 15 dollars a million."""
    rows = published.rows(
        "accrual_journals_left_out", "select fiscal_period, provider, credit_role, missing_roles, amount from t"
    )
    billed = published.rows(
        "fct_billed_costs", "select sum(billed_cost) from t where provider = 'aws' and cost_date < '2026-10-01'"
    )[0][0]
    assert rows == [("2026-09", "aws", "accrued_liabilities", "capitalized", billed.quantize(Decimal("0.01")))]
    assert published.rows("accrual_journal_lines", "select count(*) from t where provider = 'aws'") == [(0,)]


def test_the_accrual_that_finance_forgot_to_reverse_is_told_with_its_amount(published):
    """Posted on 30 September; the ledger goes on after 1 October, the day of its reversal."""
    rows = published.rows(
        "accrual_journals_not_reversed", "select fiscal_period, provider, journal_id, reversal_date, amount from t"
    )
    assert rows == [("2026-09", "mistral", "TKN-ACC-mistral-2026-09", date(2026, 10, 1), Decimal("213.85"))]


def test_the_balance_paid_in_advance_is_billed_once_and_no_cost_by_itself(published):
    rows = published.rows(
        "fct_billed_costs",
        "select cost_date, charge_category, billed_cost, effective_cost from t where provider = 'mistral'",
    )
    assert rows == [(date(2026, 10, 1), "purchase", Decimal(150), Decimal(0))]


def test_what_is_left_of_the_balance_and_of_the_promise(published):
    """The balance is drawn by the gateway's provider at list price from 1 October on; OpenAI's promise by its bill since July."""
    rows = published.rows(
        "contract_balances", "select contract_id, kind, drawn_ratio, last_drawn_on, status from t order by contract_id"
    )
    billed = published.rows(
        "fct_billed_costs",
        "select sum(billed_cost) from t where provider = 'openai' and charge_category = 'usage'",
    )[0][0]
    metered = dict(
        published.rows(
            "fct_allocated_costs", "select cost_date, sum(allocated_cost) from t where provider = 'mistral' group by 1"
        )
    )
    used, day = Decimal(0), date(2026, 9, 30)
    while used < 150:
        day += timedelta(days=1)
        used += metered[day]
    assert [row[:2] + row[3:] for row in rows] == [
        ("mistral_prepaid_2026", "prepaid", day, "used_up"),
        ("openai_commitment_2026", "commitment", AS_OF, "on_track"),
    ]
    assert [row[2] for row in rows] == [1, pytest.approx(float(billed / 60000), rel=1e-9)]


def test_what_leaving_the_flagship_tier_saved_is_set_against_what_was_claimed(published):
    """Units of work scale July to the later month; the flagship part of July cost five dollars input and six output a plain
    day: 2,500,000 tokens at 2 and 600,000 at 10 dollars a million, one eleventh of 155 dollars.
    """
    rows = published.rows(
        "model_right_sizing_realised_by_initiative_month",
        "select fiscal_period, initiative_id, baseline_period, scale_basis, higher_tier_ratio, "
        "cost_at_earlier_mix - actual_cost = realised_saving, status from t order by 1",
    )
    assert [row[:6] for row in rows] == [
        (period, "reply_assistant", "2026-07", "units", 0, True) for period in ("2026-08", "2026-09", "2026-10")
    ]
    assert [row[6] for row in rows] == ["below_claim", "below_claim", "above_claim"]
    flagship = published.rows(
        "fct_usage",
        "select min(usage_date), max(usage_date) from t where initiative_id = 'reply_assistant' "
        "and model_id = 'gpt-6-sol' and project_id = 'proj_reply'",
    )
    assert flagship == [(FIRST_DAY, date(2026, 7, 31))]


def test_the_cache_regression_of_august_is_told_with_what_it_cost(published):
    """The shared keys that begin on 1 August cache less than the initiatives' own: hits fall by a fifth and a quarter."""
    rows = published.rows(
        "complacency_by_initiative_month",
        "select initiative_id, cache_hit_change_ratio, drift_cost from t where fiscal_period = '2026-08' "
        "and status = 'drifting' order by 1",
    )
    assert [row[0] for row in rows] == ["code_helper", "knowledge_search"]
    assert all(-0.3 < change < -0.2 and cost > 90 for _, change, cost in rows)


def test_the_cache_that_broke_on_a_day_is_told_with_what_it_loses_a_month(published):
    """From 5 October on a quarter of the reads of the clause review is sent anew, at a list price of 2 instead of 0.1 dollars a
    million; a month is 365.25 days over twelve.
    """
    rows = published.rows(
        "cache_losses",
        "select changed_on, initiative_id, cache_hit_ratio_before, cache_hit_ratio_after, status, lost_amount_monthly from t",
    )
    tokens = {}
    for name, first in (("before", date(2026, 9, 28)), ("after", date(2026, 10, 5))):
        used = [
            row
            for row in simulate().anthropic
            if row.api_key_id == "apikey_clauses" and first <= row.hour.date() < first + timedelta(days=7)
        ]
        reads = sum(row.cache_read for row in used)
        tokens[name] = reads, reads + sum(row.uncached + row.write_5m + row.write_1h for row in used)
    (read_before, input_before), (read_after, input_after) = tokens["before"], tokens["after"]
    assert [row[:2] + row[4:5] for row in rows] == [(date(2026, 10, 5), "clause_review", "lost")]
    assert rows[0][2:4] == pytest.approx((read_before / input_before, read_after / input_after), rel=1e-9)
    lost = input_after * read_before / input_before - read_after
    assert float(rows[0][5]) == pytest.approx(lost * 1.9e-6 * 365.25 / 84, rel=1e-6)
