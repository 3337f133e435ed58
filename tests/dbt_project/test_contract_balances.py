"""Balances of a provider are drawn one after the other, on its bill or on its metered cost. Real models, landed rows.

The expected draws of random companies come from a walk in whole cents, day by day and balance by balance, written here.
"""

import random
import re
from collections import defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.landing.store import Landing
from tests.dbt_project.compiled_models import build, write_run_parameters
from tests.dbt_project.warehouse_rows import charge, exchange_rate, moment, price, request, row

D = Decimal
AS_OF = date(2026, 7, 31)
Rows = list[dict[str, Any]]
Query = Callable[[str], list[tuple[Any, ...]]]


def contract(provider: str, kind: str, amount: str, contract_id: str = "", **given: Any) -> dict[str, Any]:
    standard = {"currency": "USD", "valid_from": date(2026, 7, 1)}
    terms = {"contract_id": contract_id or provider, "provider": provider, "kind": kind, "amount": D(amount)}
    return row("registry", "contracts", **{**standard, **terms, **given})


def billed(provider: str, day: int, cost: str, **given: Any) -> dict[str, Any]:
    start = date(2026, 7, day)
    standard = {
        "billed_cost": cost,
        "effective_cost": cost,
        "list_cost": cost,
        "charge_period_start": moment(start.isoformat()),
        "charge_period_end": moment((start + timedelta(days=1)).isoformat()),
    }
    return charge(provider, **{**standard, **given})


@pytest.fixture
def costs(tmp_path: Path) -> Callable[..., Query]:
    """A query on the costs of a company in USD with these contracts, bills and gateway requests (10 dollars a million)."""

    def of(contracts: Rows, charges: Rows = (), requests: Rows = (), rates: Rows = ()) -> Query:
        landing = Landing(tmp_path / "landing")
        logged = {"window_start": "2026-07-01T00:00:00Z", "window_end": "2026-08-01T00:00:00Z"}
        prices = [price(provider, "10") for provider in sorted({one["custom_llm_provider"] for one in requests})]
        streams = (
            ("registry", "contracts", contracts, {}),
            ("focus_files", "cost_and_usage", charges, {}),
            ("litellm", "spend_logs", requests, logged),
            ("prices", "price_book", prices, {}),
            ("ledgers", "exchange_rates", rates, {}),
        )
        for source, stream, rows, facts in streams:
            if rows:
                with landing.batch(source, stream) as batch:
                    batch.add_rows("current", list(rows), **facts)
        connection = duckdb.connect(str(tmp_path / "warehouse.duckdb"))
        connection.execute("set TimeZone = 'UTC'")
        landing.register(connection)
        write_run_parameters(connection, AS_OF)
        build(connection, ["int_effective_costs_split_to_usage", "fct_billed_costs"])
        connection.execute("set search_path = 'intermediate,marts'")
        return lambda sql: connection.execute(sql).fetchall()

    return of


DRAWS = "select contract_id, sum(drawn_amount) from int_contract_balances_drawn group by 1 order by 1"
TOTALS = "select provider, sum(billed_cost), sum(effective_cost) from fct_billed_costs group by 1 order by 1"
ALLOCATED = "select provider, sum(amount) from int_effective_costs_split_to_usage group by 1 order by 1"


def test_what_a_prepaid_leaves_of_a_foreign_bill_is_in_the_currency_of_the_bill(costs):
    """100 euros at 1.10 are 110 dollars, of which a balance pays 44: 66 dollars or 60 euros are left to pay."""
    query = costs(
        [contract("openai", "prepaid", "44")],
        [billed("openai", 10, "100", billing_currency="EUR")],
        rates=[exchange_rate("2026-07-10", "1.10")],
    )
    left = query(
        "select billed_cost, billed_amount, billed_currency from fct_billed_costs where source = 'focus_files'"
    )
    assert left == [(D(66), D(60), "EUR")]


def test_what_one_balance_has_drawn_is_not_there_for_the_next(costs):
    query = costs(
        [
            contract("p_credits", "credit", "100", "first"),
            contract("p_credits", "credit", "100", "second"),
            contract("p_prepaid", "prepaid", "30", "third"),
            contract("p_prepaid", "prepaid", "100", "fourth"),
        ],
        [billed(provider, day, "25") for provider in ("p_credits", "p_prepaid") for day in (1, 2)],
    )
    assert query(DRAWS) == [("first", D(50)), ("fourth", D(50))]
    assert query(TOTALS) == [("p_credits", D(0), D(0)), ("p_prepaid", D(130), D(50))]


def test_credits_come_before_prepaid_then_the_earliest_expiry_then_the_earliest_start_then_the_id(costs):
    ends = {"late": date(2026, 9, 1), "soon": date(2026, 8, 1)}
    query = costs(
        [
            contract("p", "prepaid", "1", "a_prepaid", valid_to=ends["soon"]),
            contract("p", "credit", "1", "b_open"),
            contract("p", "credit", "1", "c_late", valid_to=ends["late"]),
            contract("p", "credit", "1", "e_soon", valid_to=ends["soon"]),
            contract("p", "credit", "1", "d_soon", valid_to=ends["soon"]),
            contract("p", "credit", "1", "f_soon_earlier", valid_to=ends["soon"], valid_from=date(2026, 6, 1)),
        ],
        [billed("p", day, "1") for day in range(1, 6)],
    )
    days = query("select contract_id, cost_date from int_contract_balances_drawn order by cost_date")
    assert [name for name, _ in days] == ["f_soon_earlier", "d_soon", "e_soon", "c_late", "b_open"]
    assert query(TOTALS) == [("p", D(1), D(1))], "the prepaid dollar was bought, and ended unused on the 31st"


def test_a_renewal_under_the_same_id_is_a_balance_of_its_own(costs):
    query = costs(
        [
            contract("p", "prepaid", "15", valid_to=date(2026, 7, 3)),
            contract("p", "prepaid", "40", valid_from=date(2026, 7, 3)),
        ],
        [billed("p", day, "10") for day in range(1, 6)],
    )
    versions = query("select valid_from, sum(drawn_amount) from int_contract_balances_drawn group by 1 order by 1")
    assert versions == [(date(2026, 7, 1), D(15)), (date(2026, 7, 3), D(30))]
    assert query(TOTALS) == [("p", D(60), D(50))]
    assert query("select count(*) - count(distinct billed_cost_key) from fct_billed_costs") == [(0,)]


def test_a_provider_without_a_bill_draws_on_its_metered_cost(costs):
    """Two requests of a million tokens at ten dollars each, at three providers."""
    query = costs(
        [
            contract("p_prepaid", "prepaid", "6"),
            contract("p_credit", "credit", "6"),
            contract("p_commitment", "commitment", "15", valid_to=date(2026, 7, 10)),
            contract("p_short", "commitment", "25", valid_to=date(2026, 7, 10)),
        ],
        requests=[
            request(provider, f"{provider}{day}", 1_000_000, f"2026-07-0{day}")
            for provider in ("p_prepaid", "p_credit", "p_commitment", "p_short")
            for day in (1, 2)
        ],
    )
    assert query(ALLOCATED) == [("p_commitment", D(20)), ("p_credit", D(14)), ("p_prepaid", D(20)), ("p_short", D(25))]
    assert query(TOTALS) == [("p_credit", D(-6), D(-6)), ("p_prepaid", D(6), D(0)), ("p_short", D(5), D(5))]
    draws = query("select billed_cost, prepaid_cost from int_billed_costs_unioned where charge_category = 'draw'")
    assert draws == [(D(-6), D(6))], "the purchase billed these six"


def test_a_balance_without_a_rate_stops_with_the_name_of_its_contract(costs):
    with pytest.raises(duckdb.Error, match="contract euros needs a rate from EUR on 2026-07-01"):
        costs([contract("p", "credit", "5", "euros", currency="EUR")], [billed("p", 1, "10")])


def walk(contracts: Rows, charges: Rows) -> dict[tuple[str, date, date], int]:
    """Cents drawn by contract, version and day: each day's cents go to the first balance in order that still has some."""
    drawn: dict[tuple[str, date, date], int] = defaultdict(int)
    left = {(one["contract_id"], one["valid_from"]): int(one["amount"] * 100) for one in contracts}
    for commitments in (False, True):
        lane = [one for one in contracts if (one["kind"] == "commitment") is commitments]
        lane.sort(
            key=lambda one: (
                one["kind"] == "prepaid",
                one["valid_to"] or date.max,
                one["valid_from"],
                one["contract_id"],
            )
        )
        for day in range(1, 32):
            today = [
                [one, int(D(one["billed_cost"]) * 100)] for one in charges if one["charge_period_start"].day == day
            ]
            for balance in lane:
                on = date(2026, 7, day)
                if not balance["valid_from"] <= on < (balance["valid_to"] or date.max):
                    continue
                key = (balance["contract_id"], balance["valid_from"])
                fitting = [entry for entry in today if re.match(balance["model_pattern"] or "", entry[0]["usage_type"])]
                take = min(left[key], sum(cents for _, cents in fitting))
                left[key] -= take
                drawn[(*key, on)] += take
                for entry in fitting:
                    part = min(entry[1], take)
                    entry[1] -= part
                    take -= part
    return {key: cents for key, cents in drawn.items() if cents}


@pytest.mark.parametrize("seed", range(6))
def test_draws_follow_the_order_and_never_exceed_a_charge_or_a_balance(costs, seed):
    chance = random.Random(seed)
    contracts = []
    for number in range(chance.randint(2, 6)):
        start = date(2026, 7, chance.randint(1, 15))
        ends = [None, start + timedelta(days=chance.randint(1, 20))]
        contracts.append(
            contract(
                *("p", chance.choice(["credit", "prepaid", "commitment"])),
                f"{chance.randint(1, 3000) / 100:.2f}",
                f"c{number}",
                valid_from=start,
                valid_to=chance.choice(ends),
                model_pattern=chance.choice([None, "m[01]", "m2"]),
            )
        )
    charges = [
        billed("p", day, f"{chance.randint(1, 900) / 100:.2f}", usage_type=f"m{number}-input-tokens")
        for day in range(1, 21)
        for number in range(chance.randint(0, 4))
    ]
    query = costs(contracts, charges)
    found = query(
        "select contract_id, valid_from, cost_date, sum(drawn_amount) from int_contract_balances_drawn group by all"
    )
    assert {tuple(key): int(amount * 100) for *key, amount in found} == walk(contracts, charges)
    beyond = query(
        "select billed_cost_key from int_contract_balances_drawn "
        "inner join int_charges_reported using (billed_cost_key) "
        "where kind <> 'commitment' group by all having sum(drawn_amount) > max(billed_cost)"
    )
    assert beyond == []
    over = query(
        "select contract_id from int_contract_balances_drawn "
        "inner join int_contracts_converted using (contract_id, valid_from) "
        "group by all having sum(drawn_amount) > max(balance)"
    )
    assert over == []
