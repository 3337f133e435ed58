"""A bill that a gateway's usage shares out: each side has keys and projects of its own, and the owner of the usage is the
owner of its cost.

OpenAI bills 12 dollars for model ``m`` to its own key of project ``gateway``, and 5 for embeddings, which never passed the
gateway, to project ``past``. Through the gateway team one used three million tokens of ``m`` and team two one million: 9 and 3
dollars.
"""

from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from orchestration.landing.store import Landing
from tests.dbt_project.compiled_models import build, write_run_parameters
from tests.dbt_project.warehouse_rows import declared_source, moment, price, request, row

DAY = "2026-07-02"
MILLION = 1_000_000
LOG = [
    request("openai", "r1", 3 * MILLION, DAY, api_key="hash-1", team_id="one"),
    request("openai", "r2", MILLION, DAY, api_key="hash-2", team_id="two"),
]


def charged(amount: str, line_item: str, project: str, key: str | None = None) -> dict[str, Any]:
    return row(
        *("openai", "costs"),
        start_time=moment(DAY),
        end_time=moment("2026-07-03"),
        organization_id="org",
        project_id=project,
        api_key_id=key,
        line_item=line_item,
        amount=amount,
        currency="usd",
    )


def rule(initiative: str, priority: int = 1, **patterns: str) -> dict[str, Any]:
    given = {f"{name}_pattern": pattern for name, pattern in patterns.items()}
    return row("registry", "ownership_rules", rule_id=initiative, priority=priority, initiative_id=initiative, **given)


TEAMS = [rule(team, 100, source="litellm", team_id=team) for team in ("one", "two")]


@pytest.fixture
def owners(tmp_path):
    """Cost and list cost of usage by initiative."""

    def found(
        rules: list[dict[str, Any]],
        costs: list[dict[str, Any]] = (),
        log: list[dict[str, Any]] = LOG,
        **registry: list[dict[str, Any]],
    ) -> tuple[dict[str | None, Decimal], dict[str | None, Decimal], duckdb.DuckDBPyConnection]:
        landing = Landing(tmp_path / "landing")
        billed = [charged("12", "m, input", "gateway", "key_gw"), charged("5", "embeddings, input", "past"), *costs]
        streams = {
            ("litellm", "spend_logs"): log,
            ("prices", "price_book"): [price("openai", "10")],
            ("registry", "sources"): [declared_source("litellm"), declared_source("openai", is_file_source=False)],
            ("registry", "metering"): [row("registry", "metering", provider="openai", source="litellm")],
            ("registry", "ownership_rules"): rules,
            **{("registry", name): rows for name, rows in registry.items()},
        }
        for (source, stream), rows in streams.items():
            with landing.batch(source, stream) as batch:
                batch.add_rows("current", rows)
        with landing.batch("openai", "costs") as batch:
            batch.add_rows(DAY, billed, watermark_at="2026-07-05T00:00:00Z", window_start=f"{DAY}T00:00:00Z")
        connection = duckdb.connect(str(tmp_path / "warehouse.duckdb"))
        connection.execute("set TimeZone = 'UTC'")
        landing.register(connection)
        write_run_parameters(connection, date(2026, 7, 10))
        build(connection, ["int_costs_allocated", "int_billed_costs_explained", "int_usage_owned", "int_charges_owned"])
        cost, usage = (
            dict(
                connection.execute(
                    f"select initiative_id, sum({amount}) from intermediate.{table} group by 1"
                ).fetchall()
            )
            for amount, table in (("allocated_cost", "int_costs_allocated"), ("list_cost", "int_usage_owned"))
        )
        return cost, usage, connection

    return found


def test_a_bill_by_the_providers_key_reaches_the_teams_that_the_gateway_saw(owners):
    cost, usage, connection = owners([*TEAMS, rule("embeddings", 90, source="openai", project_id="past")])
    assert cost == {"one": Decimal(9), "two": Decimal(3), "embeddings": Decimal(5)}
    assert usage == {"one": Decimal(30), "two": Decimal(10)}
    explained = connection.execute("select explanation, billed_cost from intermediate.int_billed_costs_explained")
    assert sorted(explained.fetchall()) == [("matched", Decimal(12)), ("untracked_traffic", Decimal(5))]
    described = connection.execute("select initiative_id from intermediate.int_charges_owned order by 1")
    assert described.fetchall() == [("embeddings",), (None,)], "of the charge that two teams share FOCUS names no owner"


def test_what_nobody_saw_and_no_rule_names_is_nobodys(owners):
    cost, _, _ = owners(TEAMS)
    assert cost == {"one": Decimal(9), "two": Decimal(3), None: Decimal(5)}


@pytest.mark.parametrize(
    ("priority", "expected"),
    [(90, {"one": 9, "two": 3}), (200, {"project": 12})],
    ids=["the team's rule comes first", "the project's rule comes first"],
)
def test_a_cost_goes_by_the_names_of_its_charge_and_of_its_usage_and_the_first_rule_decides(owners, priority, expected):
    rules = [*TEAMS, rule("project", priority, source="openai", project_id="gateway"), rule("past", project_id="past")]
    cost, _, _ = owners(rules)
    assert cost == {**{name: Decimal(amount) for name, amount in expected.items()}, "past": Decimal(5)}


def test_usage_that_no_rule_names_costs_whom_the_charge_belongs_to(owners):
    cost, usage, _ = owners([TEAMS[0], rule("key", 1, api_key_id="key_gw"), rule("past", project_id="past")])
    assert cost == {"one": Decimal(9), "key": Decimal(3), "past": Decimal(5)}
    assert usage == {"one": Decimal(30), None: Decimal(10)}


def test_a_negotiated_price_clears_usage_without_a_list_price_and_shares_its_bill(owners):
    """A million tokens in at 2 dollars and a million out at 8 cost 2 and 8; tokens alone would halve the 20 of the bill."""
    log = [
        request("openai", "r1", MILLION, DAY, api_key="hash-1", team_id="one", model="new"),
        request("openai", "r2", 0, DAY, api_key="hash-2", team_id="two", model="new", completion_tokens=MILLION),
    ]
    terms = [
        row(
            *("registry", "contracts"),
            contract_id=token_class,
            kind="price",
            provider="openai",
            model_pattern="^new$",
            token_class=token_class,
            price_per_million=Decimal(amount),
            currency="USD",
        )
        for token_class, amount in (("input_uncached", "2"), ("output", "8"))
    ]
    cost, usage, connection = owners(TEAMS, [charged("20", "new, input", "gateway", "key_gw")], log, contracts=terms)
    assert {name: cost[name] for name in ("one", "two")} == {"one": Decimal(4), "two": Decimal(16)}
    assert usage == {"one": Decimal(2), "two": Decimal(8)}
    statuses = connection.execute("select distinct pricing_status from intermediate.int_usage_owned")
    assert statuses.fetchall() == [("priced",)]
    explained = "select explanation from intermediate.int_billed_costs_explained where billed_cost = 20"
    assert connection.execute(explained).fetchall() == [("matched",)]
