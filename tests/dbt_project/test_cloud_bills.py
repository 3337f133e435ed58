"""What of a cloud's bill is AI cost, on which days, and at which list price."""

from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.landing.store import Landing
from orchestration.registry.globs import to_regex
from orchestration.registry.sources import MODEL_SERVICES
from tests.dbt_project.compiled_models import build, compiled_sql, write_run_parameters
from tests.dbt_project.warehouse_rows import charge, declared_source, exchange_rate, moment, row

MODELS = ("int_cloud_charges_spread_by_day", "int_cloud_usage_split_by_class", "ingestion_outcomes")


def plain(description: str | None, **given: Any) -> dict[str, Any]:
    """Ten dollars for something that is not metered in tokens."""
    return charge(
        "Amazon Web Services",
        **{
            "usage_type": None,
            "charge_description": description,
            "list_cost": None,
            "list_unit_price": None,
            "billing_account_id": "a",
            "line": 1,
            **given,
        },
    )


@pytest.fixture
def warehouse(tmp_path):
    def build_from(
        charges: list[dict[str, Any]], superseded: list[dict[str, Any]] = (), rates: list[dict[str, Any]] = ()
    ) -> duckdb.DuckDBPyConnection:
        landing = Landing(tmp_path / "landing")
        pattern = to_regex([glob.lower() for glob in MODEL_SERVICES])
        sources = [declared_source("focus_files") | {"services_pattern": pattern}]
        for (source, stream), rows in {
            ("focus_files", "cost_and_usage"): charges,
            ("focus_files", "superseded_days"): superseded,
            ("registry", "sources"): sources,
            ("ledgers", "exchange_rates"): rates,
        }.items():
            with landing.batch(source, stream) as batch:
                batch.add_rows("current", list(rows))
        connection = duckdb.connect(str(tmp_path / "warehouse.duckdb"))
        connection.execute("set TimeZone = 'UTC'")
        landing.register(connection)
        write_run_parameters(connection, date(2026, 7, 31))
        build(connection, MODELS)
        return connection

    return build_from


@pytest.mark.parametrize(
    ("given_charge", "is_ai"),
    [
        (plain("usage", service_name="Some Service", service_category="AI and Machine Learning"), True),
        (plain("usage", service_name="Amazon Bedrock"), True),
        (plain("usage", service_name="Azure OpenAI Service"), True),
        (plain("usage", service_name="Vertex AI"), True),
        (plain("usage", service_name="Marketplace", publisher_name="Anthropic"), True),
        (plain("usage", service_name="Marketplace", publisher_name="Anthropology Books"), False),
        (plain("usage", service_name="LLM API", provider_name="OpenAI"), True),
        (plain(None, service_name="Unheard Of", sku_meter="Model X Input Tokens"), True),
        (plain("m7i.large", service_name="Amazon Elastic Compute Cloud", service_category="Compute"), False),
        (plain("storage", service_name="Amazon Simple Storage Service", service_category="Storage"), False),
        (plain("Claude on demand"), True),
        (plain("EC2 m7i.large"), False),
        (plain("something"), True),
    ],
)
def test_only_charges_of_ai_services_count_and_the_rest_is_told(warehouse, given_charge, is_ai):
    connection = warehouse([given_charge])
    counted = connection.execute(
        "select coalesce(sum(billed_amount), 0) from intermediate.int_cloud_charges_spread_by_day"
    )
    assert counted.fetchone() == (Decimal(10 if is_ai else 0),)
    left_out = connection.execute(
        "select left_out_rows, left_out_amount from marts.ingestion_outcomes where stream = 'cost_and_usage'"
    ).fetchall()
    assert left_out == [(0, Decimal(0)) if is_ai else (1, Decimal(10))]


def test_a_charge_of_many_days_is_spread_over_them_and_tokens_stay_whole(warehouse):
    month = {"charge_period_start": moment("2026-07-01"), "charge_period_end": moment("2026-08-01")}
    connection = warehouse([charge("AWS", **month, billed_cost="310", consumed_quantity="32", consumed_unit="tokens")])
    days = connection.execute(
        "select min(cost_date), max(cost_date), count(*), min(billed_amount), max(billed_amount) "
        "from intermediate.int_cloud_charges_spread_by_day"
    ).fetchone()
    assert days == (date(2026, 7, 1), date(2026, 7, 31), 31, Decimal(10), Decimal(10))
    quantities = connection.execute(
        "select quantity from intermediate.int_cloud_usage_split_by_class order by billing_date"
    )
    assert [quantity for (quantity,) in quantities.fetchall()] == [2] + [1] * 30


def test_of_a_charge_that_goes_on_only_the_days_up_to_the_as_of_day_count(warehouse):
    """Two hundred for the twenty days from 22 July to 10 August: ten days of July are over."""
    month = {"charge_period_start": moment("2026-07-22"), "charge_period_end": moment("2026-08-11")}
    connection = warehouse([charge("AWS", **month, billed_cost="200", effective_cost="200")])
    build(connection, ["int_charges_reported"])
    found = connection.execute(
        "select min(cost_date), max(cost_date), sum(billed_cost), sum(effective_cost) from intermediate.int_charges_reported"
    ).fetchall()
    assert found == [(date(2026, 7, 22), date(2026, 7, 31), Decimal(100), Decimal(100))]


def test_an_hour_and_a_day_stay_on_their_day(warehouse):
    hour = {"charge_period_start": moment("2026-07-02T23:00"), "charge_period_end": moment("2026-07-03T00:00")}
    day = {"charge_period_start": moment("2026-07-03"), "charge_period_end": moment("2026-07-04")}
    connection = warehouse([charge("AWS", **hour), charge("AWS", **day, line=2)])
    rows = connection.execute(
        "select cost_date, count(*) from intermediate.int_cloud_charges_spread_by_day group by 1 order by 1"
    )
    assert rows.fetchall() == [(date(2026, 7, 2), 1), (date(2026, 7, 3), 1)]


def test_a_day_that_begins_at_another_zones_midnight_is_one_day(warehouse):
    """A day of Oslo and an hour across midnight are charges of the UTC day they begin on; 26 hours are spread."""
    local = {"charge_period_start": moment("2026-07-30T22:00"), "charge_period_end": moment("2026-07-31T22:00")}
    hour = {"charge_period_start": moment("2026-07-30T23:30"), "charge_period_end": moment("2026-07-31T00:30")}
    longer = {"charge_period_start": moment("2026-07-28T22:00"), "charge_period_end": moment("2026-07-30T00:00")}
    connection = warehouse([charge("AWS", **period, line=line) for line, period in enumerate((local, hour, longer), 1)])
    rows = connection.execute(
        "select line, cost_date, billed_amount, proves_day from intermediate.int_cloud_charges_spread_by_day order by all"
    )
    assert rows.fetchall() == [
        (1, date(2026, 7, 30), Decimal(10), True),
        (2, date(2026, 7, 30), Decimal(10), True),
        (3, date(2026, 7, 28), Decimal(5), False),
        (3, date(2026, 7, 29), Decimal(5), False),
    ]


def test_a_list_price_of_zero_on_a_charge_that_costs_is_unknown(warehouse):
    free = {"billed_cost": "0", "effective_cost": "0"}
    connection = warehouse(
        [charge("AWS", list_cost="0", list_unit_price="0"), charge("AWS", line=2, **free, list_unit_price="0")]
    )
    rows = connection.execute(
        "select list_amount, list_unit_price from intermediate.int_cloud_charges_spread_by_day order by billed_amount"
    )
    assert rows.fetchall() == [(Decimal(10), Decimal(0)), (None, None)]


def test_a_list_price_of_zero_on_usage_that_a_commitment_pays_is_unknown(warehouse):
    """Nothing is billed for it, as its commitment is, and yet it costs 10."""
    paid = {"billed_cost": "0", "effective_cost": "10", "list_cost": "0", "list_unit_price": "0"}
    connection = warehouse([charge("AWS", **paid)])
    stated = connection.execute(
        "select billed_amount, effective_amount, list_amount, list_unit_price "
        "from intermediate.int_cloud_charges_spread_by_day"
    )
    assert stated.fetchall() == [(Decimal(0), Decimal(10), None, None)]
    prices = connection.execute("select stated_unit_price from intermediate.int_cloud_usage_split_by_class")
    assert prices.fetchall() == [(None,)]


def test_a_list_price_by_the_token_in_another_currency_keeps_its_digits(warehouse):
    """0.000000075 euros a token are 0.075 a million, at 1.0937 dollars 0.0820275; rounded to six digits at the end alone."""
    connection = warehouse(
        [charge("AWS", billing_currency="EUR", list_unit_price="0.000000075", consumed_unit="Tokens")],
        rates=[exchange_rate("2026-07-10", "1.0937")],
    )
    prices = connection.execute("select stated_unit_price from intermediate.int_cloud_usage_split_by_class")
    assert prices.fetchall() == [(Decimal("0.082028"),)]


def test_a_day_that_a_newer_export_replaces_counts_nothing(warehouse):
    replaced = row(
        *("focus_files", "superseded_days"),
        file="current",
        provider_name="AWS",
        billing_account_id="a",
        charge_date=date(2026, 7, 10),
        superseded_by="newer",
    )
    connection = warehouse(
        [
            charge("AWS", billing_account_id="a"),
            charge("AWS", billing_account_id="b"),
            charge("Microsoft", billing_account_id="a"),
        ],
        [replaced],
    )
    rows = connection.execute(
        "select provider, account_id from intermediate.int_cloud_charges_spread_by_day order by all"
    )
    assert rows.fetchall() == [("aws", "b"), ("azure", "a")]


@settings(max_examples=40, deadline=None)
@given(
    nano=st.integers(-(10**15), 10**15),
    days=st.integers(2, 400),
)
def test_days_of_a_charge_sum_to_it_and_differ_by_one_unit(nano, days):
    sql = compiled_sql("int_cloud_charges_spread_by_day")
    part = sql.split("as timestamp) as usage_start_at,")[1].split("as billed_amount")[0]
    amount = Decimal(nano).scaleb(-9)
    with duckdb.connect() as connection:
        parts = connection.execute(
            f"select {part} from (select ?::decimal(38, 9) as billed_amount, ?::bigint as period_days, "
            "unnest(generate_series(1, ?)) as day_number)",
            [amount, days, days],
        ).fetchall()
    values = [value for (value,) in parts]
    assert sum(values) == amount
    assert max(values) - min(values) <= Decimal("0.000000001")
