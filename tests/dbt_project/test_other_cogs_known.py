"""Other cost of goods sold as it was known on a day: postings, corrections, open months, exact parts. Real models."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tests.dbt_project.compiled_models import build

D = Decimal
JULY = date(2026, 7, 1)
POSTED = [("2026-07", date(2026, 7, 31), "310"), ("2026-08", date(2026, 9, 5), "620")]


def versions(home: Path, postings: list[tuple[str, date, str]], as_of: date = date(2026, 9, 30)):
    """By day: each version with the day from which it was known, and the day on which the next one was."""
    with duckdb.connect(str(home / "warehouse.duckdb")) as connection:
        connection.execute("create schema staging")
        connection.execute("create schema intermediate")
        connection.execute(f"create table staging.stg_run__parameters as select date '{as_of}' as as_of_date")
        connection.execute(
            "create table intermediate.int_ledger_entries_classified (product_id varchar, service_period varchar, "
            "fiscal_period varchar, posting_date date, account_role varchar, provider varchar, "
            "debit_amount decimal(38, 9), credit_amount decimal(38, 9))"
        )
        connection.execute("create table intermediate.int_providers_seen (provider varchar)")
        connection.execute(
            "create table intermediate.int_ai_postings_selected (provider varchar, posting_kind varchar)"
        )
        for period, posted_on, amount in postings:
            row = ["p", None, period, posted_on, "other_cost_of_goods_sold", None, D(amount), D(0)]
            connection.execute("insert into intermediate.int_ledger_entries_classified values (?,?,?,?,?,?,?,?)", row)
        build(connection, ["int_other_cogs_spread_by_day"])
        found: dict[date, list[tuple[date, date | None, Decimal]]] = {}
        for day, *version in connection.execute(
            "select cost_date, known_from, known_until, other_cogs from intermediate.int_other_cogs_known_by_day "
            "order by cost_date, known_from"
        ).fetchall():
            found.setdefault(day, []).append(tuple(version))
        return found, dict(
            connection.execute("select cost_date, other_cogs from intermediate.int_other_cogs_spread_by_day").fetchall()
        )


def known(found, day: date, on: date) -> Decimal:
    return next(
        (amount for since, until, amount in found.get(day, []) if since <= on and (not until or on < until)), D(0)
    )


@pytest.mark.parametrize(
    ("day", "known_on", "amount"),
    [
        (date(2026, 7, 15), date(2026, 7, 15), 0),  # the first month is not over
        (date(2026, 7, 15), date(2026, 7, 31), 10),
        (date(2026, 8, 15), date(2026, 8, 31), 10),  # ended but not posted: July's rate
        (date(2026, 8, 15), date(2026, 9, 4), 10),
        (date(2026, 8, 15), date(2026, 9, 5), 20),
        (date(2026, 9, 2), date(2026, 9, 4), 10),
        (date(2026, 9, 2), date(2026, 9, 5), 20),
        (date(2026, 6, 30), date(2026, 9, 5), 0),
    ],
)
def test_other_cost_is_what_was_posted_by_then(tmp_path, day, known_on, amount):
    assert known(versions(tmp_path, POSTED)[0], day, known_on) == amount


def test_a_correction_counts_from_its_posting_and_moves_the_estimates_too(tmp_path):
    found, latest = versions(tmp_path, [*POSTED, ("2026-07", date(2026, 8, 20), "-155")])
    assert known(found, date(2026, 7, 15), date(2026, 8, 19)) == 10
    assert known(found, date(2026, 7, 15), date(2026, 8, 20)) == 5
    assert known(found, date(2026, 8, 15), date(2026, 8, 19)) == 10
    assert known(found, date(2026, 8, 15), date(2026, 8, 20)) == 5
    assert latest[date(2026, 7, 15)] == 5
    assert latest[date(2026, 9, 30)] == 20


def test_what_was_posted_before_the_end_of_its_month_is_known_at_the_end(tmp_path):
    found, _ = versions(tmp_path, [("2026-07", date(2026, 7, 10), "31"), ("2026-07", date(2026, 7, 20), "31")])
    assert found[date(2026, 7, 15)] == [(date(2026, 7, 31), None, D(2))]


@pytest.mark.parametrize("amount", ["100", "-100", "0.000000005", "31.000000007"])
def test_the_parts_of_a_month_sum_to_the_amount_exactly(tmp_path, amount):
    found, latest = versions(tmp_path, [("2026-07", date(2026, 7, 31), amount)], as_of=date(2026, 7, 31))
    parts = [known(found, JULY + timedelta(days=n), date(2026, 7, 31)) for n in range(31)]
    assert parts == list(latest.values()) or sorted(parts) == sorted(latest.values())
    assert sum(parts) == D(amount)
    assert max(parts) - min(parts) <= D("0.000000001")


def test_the_account_decides_unless_the_ai_bill_may_be_in_it(tmp_path):
    """aws: models and hosting in their two accounts; azure: one account for both; hetzner: no AI at all.

    openai: seats are posted as AI cost, its usage is not, so that the bill of its usage can only be what stands here.
    """
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute("create schema staging; create schema intermediate")
        connection.execute(
            "create table intermediate.int_ledger_entries_classified as select *, 'p' as product_id, "
            "'2026-09' as fiscal_period, cast(null as varchar) as service_period, date '2026-09-30' as posting_date, "
            "0 as credit_amount from (values "
            "('aws', 'other_cost_of_goods_sold', 1200), ('aws', 'ai_cost_of_goods_sold', 60), "
            "('azure', 'other_cost_of_goods_sold', 900), ('openai', 'other_cost_of_goods_sold', 70), "
            "('hetzner', 'other_cost_of_goods_sold', 30), "
            "(null, 'other_cost_of_goods_sold', 5)) as _ (provider, account_role, debit_amount)"
        )
        connection.execute(
            "create table intermediate.int_providers_seen as select unnest(['aws', 'azure', 'openai']) as provider"
        )
        connection.execute(
            "create table intermediate.int_ai_postings_selected as select * from (values "
            "('aws', 'usage'), ('openai', 'subscription'), ('openai', 'own_journal')) as _ (provider, posting_kind)"
        )
        build(connection, ["int_other_cogs_selected"])
        found = connection.execute("select provider, amount, is_left_out from intermediate.int_other_cogs_selected")
        assert sorted(found.fetchall(), key=str) == [
            ("aws", 1200, False),
            ("azure", 900, True),
            ("hetzner", 30, False),
            ("openai", 70, True),
            (None, 5, False),
        ]
