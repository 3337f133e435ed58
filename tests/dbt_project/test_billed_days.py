"""What is billed and what is metered, by provider, billing account and day, and that one seller's cost counts once.

Every million tokens of model ``m`` lists at ten dollars; the gateway sees a million on each day.
"""

from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from orchestration.landing.store import Landing
from tests.dbt_project.compiled_models import build, write_run_parameters
from tests.dbt_project.warehouse_rows import charge, declared_source, moment, price, request, row

MODELS = ("int_effective_costs_split_to_usage", "int_period_costs_summed", "int_providers_seen")
MILLION = 1_000_000


def days(first: int, last: int) -> list[str]:
    return [f"2026-07-{day:02}" for day in range(first, last + 1)]


def bill(
    provider: str, billed: list[str], account: str = "acct", amount: str = "7", **given: Any
) -> list[dict[str, Any]]:
    """A charge of seven dollars a day, without a token meter."""
    return [
        charge(
            provider,
            billed_cost=amount,
            effective_cost=amount,
            list_cost=None,
            list_unit_price=None,
            usage_type="service",
            service_category="AI and Machine Learning",
            billing_account_id=account,
            charge_period_start=moment(day),
            charge_period_end=moment(day).replace(hour=23),
            **given,
        )
        for day in billed
    ]


def metered(provider: str, on: list[str], **given: Any) -> list[dict[str, Any]]:
    return [request(provider, f"{provider}-{day}", MILLION, day, **given) for day in on]


@pytest.fixture
def warehouse(tmp_path):
    """Builds the models from what a gateway and bills say as of the tenth, beside what the test landed itself."""
    landing = Landing(tmp_path / "landing")

    def build_from(
        log: list[dict[str, Any]], charges: list[dict[str, Any]], zone: str = "UTC", **landed: list[dict[str, Any]]
    ) -> duckdb.DuckDBPyConnection:
        streams = {
            ("litellm", "spend_logs"): log,
            ("focus_files", "cost_and_usage"): charges,
            ("prices", "price_book"): [price(name, "10") for name in ("aws", "azure", "google", "mistral", "openai")],
            ("registry", "sources"): [declared_source("litellm"), declared_source("focus_files")],
            **{tuple(name.split("__")): rows for name, rows in landed.items()},
        }
        for (source, stream), rows in streams.items():
            with landing.batch(source, stream) as batch:
                batch.add_rows(
                    "current", rows, first_event_at="2026-06-30T00:00:00Z", last_event_at="2026-07-10T00:00:00Z"
                )
        connection = duckdb.connect(str(tmp_path / "warehouse.duckdb"))
        connection.execute("set TimeZone = 'UTC'")
        landing.register(connection)
        write_run_parameters(connection, date(2026, 7, 10))
        connection.execute("update landing.run_parameters set reporting_time_zone = ?", [zone])
        build(connection, MODELS)
        return connection

    build_from.landing = landing
    return build_from


def costs(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str, int], Decimal]:
    """Cost by provider, basis and day of July."""
    rows = connection.execute(
        "select provider, cost_basis, day(cost_date), sum(amount) from intermediate.int_effective_costs_split_to_usage "
        "group by all"
    ).fetchall()
    return {(provider, basis, day): amount for provider, basis, day, amount in rows}


@pytest.mark.parametrize(
    ("gateway_name", "seller_on_bill", "seller"),
    [
        ("bedrock", "AWS", "aws"),
        ("bedrock_converse", "Amazon Web Services", "aws"),
        ("sagemaker_chat", "Amazon Web Services, Inc.", "aws"),
        ("vertex_ai", "Google Cloud", "google"),
        ("vertex_ai-anthropic_models", "Google", "google"),
        ("gemini", "Google Cloud Platform", "google"),
        ("azure_ai", "Microsoft", "azure"),
        ("azure", "Microsoft Azure", "azure"),
    ],
)
def test_one_seller_under_two_names_costs_what_its_bill_says(warehouse, gateway_name, seller_on_bill, seller):
    connection = warehouse(metered(gateway_name, days(1, 10)), bill(seller_on_bill, days(1, 10)))
    assert costs(connection) == {(seller, "billed", day): Decimal(7) for day in range(1, 11)}
    names = connection.execute(
        "select distinct provider, gateway_provider from intermediate.int_usage_owned"
    ).fetchall()
    assert names == [(seller, gateway_name)]


def test_usage_before_a_bill_begins_and_after_it_ends_is_metered(warehouse):
    connection = warehouse(metered("azure", days(1, 10)), bill("Microsoft", ["2026-07-04", "2026-07-07"]))
    expected = {("azure", "metered", day): Decimal(10) for day in (1, 2, 3, 8, 9, 10)}
    expected |= {("azure", "billed", day): Decimal(7) for day in (4, 7)}
    assert costs(connection) == expected, "the fifth and sixth are covered and cost nothing"
    period = connection.execute(
        "select provider, period_cost, effective_cost from intermediate.int_period_costs_summed"
    )
    assert period.fetchall() == [("azure", Decimal(74), Decimal(74))]


def test_a_bill_declared_complete_covers_the_days_after_its_last_charge(warehouse):
    sources = [declared_source("litellm"), declared_source("focus_files") | {"complete_through": date(2026, 7, 9)}]
    connection = warehouse(metered("azure", days(1, 10)), bill("Microsoft", ["2026-07-01"]), registry__sources=sources)
    assert costs(connection) == {("azure", "billed", 1): Decimal(7), ("azure", "metered", 10): Decimal(10)}


def test_a_bill_of_one_charge_for_many_days_covers_these_days_alone(warehouse):
    period = [
        one | {"charge_period_end": moment("2026-07-04").replace(hour=23)}
        for one in bill("Microsoft", ["2026-07-03"], amount="8")
    ]
    connection = warehouse(metered("azure", days(1, 6)), period)
    expected = {("azure", "metered", day): Decimal(10) for day in (1, 2, 5, 6)}
    expected |= {("azure", "billed", day): Decimal(4) for day in (3, 4)}
    assert costs(connection) == expected, "nothing says that the bill is complete for any other day"


def test_one_providers_bill_says_nothing_of_anothers_days(warehouse):
    log = metered("azure", days(1, 4)) + metered("bedrock", days(1, 4))
    connection = warehouse(log, bill("Microsoft", days(1, 4)) + bill("AWS", days(1, 2)))
    expected = {("azure", "billed", day): Decimal(7) for day in range(1, 5)}
    expected |= {("aws", "billed", day): Decimal(7) for day in (1, 2)}
    expected |= {("aws", "metered", day): Decimal(10) for day in (3, 4)}
    assert costs(connection) == expected


def test_usage_that_names_its_billing_account_follows_that_accounts_bill(warehouse):
    log = metered("bedrock", days(1, 4), organization_id="late")
    connection = warehouse(log, bill("AWS", days(1, 4), "early") + bill("AWS", days(1, 2), "late"))
    expected = {("aws", "billed", day): Decimal(14) for day in (1, 2)}
    expected |= {("aws", "billed", day): Decimal(7) for day in (3, 4)}
    expected |= {("aws", "metered", day): Decimal(10) for day in (3, 4)}
    assert costs(connection) == expected


def test_a_bill_that_meters_itself_leaves_later_days_to_the_gateway(warehouse):
    token_meter = [
        charge(
            "AWS",
            billing_account_id="a",
            charge_period_start=moment(day),
            charge_period_end=moment(day).replace(hour=12),
            service_name="Amazon Bedrock",
        )
        for day in days(1, 3)
    ]
    connection = warehouse(metered("bedrock", days(1, 5)), token_meter)
    expected = {("aws", "billed", day): Decimal(10) for day in (1, 2, 3)}
    expected |= {("aws", "metered", day): Decimal(10) for day in (4, 5)}
    assert costs(connection) == expected


def test_a_contract_makes_no_provider_billed(warehouse):
    prepaid = row(
        *("registry", "contracts"),
        contract_id="c",
        kind="prepaid",
        provider="mistral",
        amount=Decimal(100),
        currency="USD",
        valid_from=date(2026, 7, 1),
        valid_to=date(2026, 12, 31),
    )
    connection = warehouse(metered("mistral", days(1, 2)), [], registry__contracts=[prepaid])
    assert {key: amount for key, amount in costs(connection).items() if key[1] == "metered"} == {
        ("mistral", "metered", 1): Decimal(10),
        ("mistral", "metered", 2): Decimal(10),
    }
    seen = connection.execute("select provider, has_billed_cost from intermediate.int_providers_seen").fetchall()
    assert seen == [("mistral", False)]
    bases = connection.execute("select distinct cost_basis from intermediate.int_period_costs_summed").fetchall()
    assert bases == [("metered",)]


def test_metered_cost_has_one_date_the_local_day(warehouse):
    late = moment("2026-06-30").replace(hour=20)
    connection = warehouse([request("mistral", "r", MILLION, started_at=late)], [], zone="Pacific/Auckland")
    assert costs(connection) == {("mistral", "metered", 1): Decimal(10)}
    periods = connection.execute(
        "select fiscal_period, period_cost, cost_basis from intermediate.int_period_costs_summed"
    ).fetchall()
    assert periods == [("2026-07", Decimal(10), "metered")]


def test_an_api_bills_the_days_whose_costs_are_loaded_past_the_settle_lag(warehouse):
    """A charge on the second; the third is settled and empty, the fourth not yet settled, the fifth not loaded."""
    charged = row(
        *("openai", "costs"),
        start_time=moment("2026-07-02"),
        end_time=moment("2026-07-03"),
        organization_id="org",
        line_item="m, input",
        amount="7",
        currency="usd",
    )
    read_to = {"2026-07-02": "2026-07-04", "2026-07-03": "2026-07-05", "2026-07-04": "2026-07-05"}
    with warehouse.landing.batch("openai", "costs") as batch:
        for day, watermark in read_to.items():
            rows = [charged] if day == "2026-07-02" else []
            batch.add_rows(day, rows, watermark_at=f"{watermark}T00:00:00Z", window_start=f"{day}T00:00:00Z")
    api = declared_source("openai", is_file_source=False) | {"settle_lag_hours": 24}
    connection = warehouse(metered("openai", days(1, 5)), [], registry__sources=[declared_source("litellm"), api])
    expected = {("openai", "metered", day): Decimal(10) for day in (1, 4, 5)}
    assert costs(connection) == expected | {("openai", "billed", 2): Decimal(7)}


def test_a_bill_by_project_that_a_gateway_without_projects_meters_is_matched(warehouse):
    """Two projects are billed seven dollars each on the day; the gateway names keys and no project."""
    log = [request("bedrock", name, MILLION, "2026-07-01", api_key=name) for name in ("key-a", "key-b")]
    charges = bill("AWS", days(1, 1), sub_account_id="one") + bill("AWS", days(1, 1), sub_account_id="two")
    rules = [
        row("registry", "ownership_rules", rule_id=key, priority=1, api_key_id_pattern=key, initiative_id=key)
        for key in ("key-a", "key-b")
    ]
    connection = warehouse(log, charges, registry__ownership_rules=rules)
    build(connection, ["int_billed_costs_explained", "int_costs_owned"])
    explained = connection.execute(
        "select explanation, sum(billed_cost) from intermediate.int_billed_costs_explained group by 1"
    ).fetchall()
    assert explained == [("matched", Decimal(14))]
    owned = connection.execute(
        "select initiative_id, sum(amount) from intermediate.int_costs_owned group by 1 order by 1"
    ).fetchall()
    assert owned == [("key-a", Decimal(7)), ("key-b", Decimal(7))]


def test_a_cost_without_a_line_item_is_billed_and_its_meter_has_one_name(warehouse):
    charged = row(
        *("openai", "costs"),
        start_time=moment("2026-07-02"),
        end_time=moment("2026-07-03"),
        organization_id="org",
        amount="7",
        currency="usd",
    )
    with warehouse.landing.batch("openai", "costs") as batch:
        batch.add_rows(
            "2026-07-02", [charged], watermark_at="2026-07-05T00:00:00Z", window_start="2026-07-02T00:00:00Z"
        )
    connection = warehouse(metered("openai", days(2, 2)), [])
    build(connection, ["focus_cost_and_usage"])
    assert costs(connection)["openai", "billed", 2] == Decimal(7)
    found = connection.execute(
        'select "BilledCost", "SkuId", "SkuMeter", "ChargeDescription" from marts.focus_cost_and_usage'
    ).fetchall()
    assert found == [(Decimal(7), "openai/any/charge", "charge", "OpenAI API")]


def test_billed_usage_is_metered_in_the_month_of_its_bill(warehouse):
    """The last hour of June in UTC is July in Auckland, and June on the bill: ten dollars of list cost against its seven."""
    last_hour = moment("2026-06-30").replace(hour=23)
    log = [request("aws", "late", MILLION, started_at=last_hour)]
    connection = warehouse(log, bill("aws", ["2026-06-30", "2026-07-01"]), zone="Pacific/Auckland")
    query = "select fiscal_period, metered_list_cost from intermediate.int_metered_costs_summed_by_month"
    assert connection.execute(query).fetchall() == [("2026-06", 10)]


def test_a_bill_begins_with_its_own_first_charge(warehouse):
    """Azure is billed from the first, AWS from the third: what AWS served on the first two days is metered."""
    log = metered("aws", days(1, 4))
    connection = warehouse(log, bill("azure", days(1, 5)) + bill("aws", days(3, 5)))
    query = (
        "select cost_date, cost_basis, sum(amount) from intermediate.int_effective_costs_split_to_usage "
        "where provider = 'aws' group by all order by all"
    )
    assert connection.execute(query).fetchall() == [
        *((date(2026, 7, day), "metered", 10) for day in (1, 2)),
        *((date(2026, 7, day), "billed", 7) for day in (3, 4, 5)),
    ]


def test_tax_on_a_bill_is_no_cost_even_where_the_bill_calls_it_effective(warehouse):
    taxed = bill("openai", days(1, 1), amount="2", charge_category="Tax", charge_description="tax")
    connection = warehouse([], bill("openai", days(1, 1)) + taxed)
    assert costs(connection) == {("openai", "billed", 1): Decimal(7)}
