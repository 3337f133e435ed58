"""The FOCUS checks of the dbt project, each shown sound rows and rows with one defect, among them those that the
official validator lets pass: doubled or rounded costs, periods outside the billing period, unprefixed custom columns.
"""

import re
from pathlib import Path

import duckdb
import pytest
import yaml

from tests.dbt_project.compiled_models import compiled

PROJECT = Path(__file__).parents[2] / "dbt_project"
MODELS = PROJECT / "models/marts/focus/_focus__models.yml"
CUSTOM = re.compile(r"^x_[A-Z][A-Za-z0-9]{0,47}$")
SPECIFIED = {
    "BilledCost", "BillingAccountId", "BillingAccountName", "BillingAccountType", "BillingCurrency",
    "BillingPeriodEnd", "BillingPeriodStart", "ChargeCategory", "ChargeClass", "ChargeDescription",
    "ChargeFrequency", "ChargePeriodEnd", "ChargePeriodStart", "ConsumedQuantity", "ConsumedUnit", "ContractedCost",
    "EffectiveCost", "HostProviderName", "InvoiceDetailId", "InvoiceId", "InvoiceIssuerName", "ListCost",
    "ListUnitPrice", "PricingCategory", "PricingQuantity", "PricingUnit", "ServiceCategory", "ServiceName",
    "ServiceProviderName", "ServiceSubcategory", "SkuId", "SkuMeter", "SkuPriceDetails", "SkuPriceId",
    "SubAccountId", "SubAccountName", "SubAccountType", "Tags",
}  # fmt: skip
FORMER = (SPECIFIED - {"HostProviderName", "InvoiceDetailId", "ServiceProviderName"}) | {
    "ProviderName",
    "PublisherName",
    *(f"PricingCurrency{part}" for part in ("", "ContractedUnitPrice", "EffectiveCost", "ListUnitPrice")),
    *(f"CommitmentDiscount{part}" for part in ("Category", "Id", "Name", "Status", "Type", "Unit", "Quantity")),
}
SOUND = {
    "BilledCost": "0.88", "BillingAccountId": "'org'", "BillingAccountType": "'Organization'",
    "BillingCurrency": "'USD'", "BillingPeriodStart": "'2026-08-01'", "BillingPeriodEnd": "'2026-09-01'",
    "ChargeCategory": "'Usage'", "ChargeDescription": "'Output Tokens for m'", "ChargeFrequency": "'Usage-Based'",
    "ChargePeriodStart": "'2026-08-31'", "ChargePeriodEnd": "'2026-09-01'", "ConsumedQuantity": "100001",
    "ConsumedUnit": "'Tokens'", "ContractedCost": "0.88", "EffectiveCost": "0.88", "HostProviderName": "'OpenAI'",
    "InvoiceIssuerName": "'OpenAI'", "ListCost": "1.00001", "ListUnitPrice": "10", "PricingCategory": "'Standard'",
    "PricingQuantity": "0.100001", "PricingUnit": "'1000000 Tokens'", "ServiceCategory": "'AI and Machine Learning'",
    "ServiceName": "'OpenAI API'", "ServiceProviderName": "'OpenAI'", "ServiceSubcategory": "'Generative AI'",
    "SkuId": "'s'", "SkuMeter": "'Output Tokens'", "SkuPriceDetails": "'{}'", "SkuPriceId": "'s/standard'",
    "x_BilledCostKey": "'b'", "x_ListCostBasis": "'list_price'", "x_Model": "'m'", "x_ReportingBilledCost": "0.88",
    "x_ReportingCurrency": "'USD'", "x_ReportingEffectiveCost": "0.88", "x_TokenType": "'output'",
}  # fmt: skip
TABLE = "marts.focus_cost_and_usage"
DEFECTS = [
    ("focus_costs_equal_billed_costs", f'update {TABLE} set "BilledCost" = "BilledCost" * 2'),
    ("focus_costs_equal_billed_costs", f'update {TABLE} set "BilledCost" = round("BilledCost", 1)'),
    ("focus_costs_equal_billed_costs", f'update {TABLE} set "x_ReportingEffectiveCost" = 0.9'),
    ("focus_costs_equal_billed_costs", f"""update {TABLE} set "ChargeCategory" = 'Tax', "EffectiveCost" = 0"""),
    ("focus_costs_equal_billed_costs", f"delete from {TABLE}"),
    (
        "focus_costs_equal_billed_costs",
        f"insert into {TABLE} from {TABLE}; update {TABLE} set \"x_BilledCostKey\" = 'c'",
    ),
    ("focus_list_cost_is_price_times_quantity", f'update {TABLE} set "ListCost" = "ListCost" * 2'),
    ("focus_list_cost_is_price_times_quantity", f'update {TABLE} set "ListCost" = round("ListCost", 2)'),
    ("focus_list_cost_is_price_times_quantity", f'update {TABLE} set "PricingQuantity" = 100'),
    ("focus_list_cost_is_price_times_quantity", f"""update {TABLE} set "x_ListCostBasis" = 'billed'"""),
    (
        "focus_periods_nest",
        f"""update {TABLE} set "ChargePeriodStart" = '2026-06-30', "ChargePeriodEnd" = '2026-07-01'""",
    ),
    ("focus_periods_nest", f"""update {TABLE} set "ChargePeriodEnd" = '2026-08-31 23:59:59'"""),
    ("focus_periods_nest", f"""update {TABLE} set "BillingPeriodEnd" = '2026-08-31'"""),
    ("focus_nulls_follow_the_rules", f'update {TABLE} set "SkuPriceId" = null'),
    ("focus_nulls_follow_the_rules", f'update {TABLE} set "ConsumedUnit" = null'),
    ("focus_nulls_follow_the_rules", f"""update {TABLE} set "ConsumedUnit" = 'tokens'"""),
    ("focus_nulls_follow_the_rules", f"""update {TABLE} set "PricingUnit" = '1M tokens'"""),
    ("focus_nulls_follow_the_rules", f"""update {TABLE} set "SubAccountId" = ''"""),
    ("focus_nulls_follow_the_rules", f"""update {TABLE} set "SubAccountName" = 'named'"""),
    ("focus_nulls_follow_the_rules", f"""update {TABLE} set "ChargeCategory" = 'Tax'"""),
    ("focus_nulls_follow_the_rules", f"""update {TABLE} set "ChargeCategory" = 'Purchase'"""),
    ("focus_nulls_follow_the_rules", f'update {TABLE} set "InvoiceIssuerName" = null'),
    ("focus_meters_are_counted_once", f"insert into {TABLE} from {TABLE}"),
    ("focus_meters_are_counted_once", f"""update {TABLE} set "x_TokenType" = 'cache_read'"""),
    ("focus_versions_agree", f"delete from {TABLE}_v1_2"),
    ("focus_versions_agree", f'update {TABLE}_v1_2 set "ListCost" = 2'),
]


def declared_columns(model: str) -> dict[str, str]:
    models = {one["name"]: one for one in yaml.safe_load(MODELS.read_text())["models"]}
    return {column["name"]: column["data_type"] for column in models[model]["columns"]}


@pytest.fixture(scope="module")
def checks() -> dict[str, str]:
    """The compiled SQL of every FOCUS check, by name."""
    nodes = compiled().values()
    return {
        node["name"]: node["compiled_code"]
        for node in nodes
        if node["path"].startswith("focus/") and node["resource_type"] == "test"
    }


@pytest.fixture
def warehouse() -> duckdb.DuckDBPyConnection:
    """One sound charge in both versions, and the bill and the usage behind it."""
    connection = duckdb.connect()
    connection.execute("attach ':memory:' as warehouse; use warehouse; create schema marts")
    for table in ("focus_cost_and_usage", "focus_cost_and_usage_v1_2"):
        columns = declared_columns(table)
        connection.execute(
            f"create table marts.{table} ({', '.join(f'{chr(34)}{n}{chr(34)} {t}' for n, t in columns.items())})"
        )
        row = {name: value for name, value in {**SOUND, "ProviderName": "'OpenAI'"}.items() if name in columns}
        names = ", ".join(f'"{name}"' for name in row)
        connection.execute(f"insert into marts.{table} ({names}) values ({', '.join(row.values())})")
    connection.execute(
        "create table marts.fct_billed_costs as select 'b' as billed_cost_key, 0.88::decimal(38,9) as billed_amount, "
        "'USD' as billed_currency, 0.88::decimal(38,9) as billed_cost, 0.88::decimal(38,9) as effective_cost; "
        "create table marts.fct_usage as select 'm' as model_id, 'output' as token_class, "
        "date '2026-08-31' as billing_date, 100001::bigint as quantity, true as is_counted"
    )
    return connection


def test_sound_charges_pass_every_check(checks: dict[str, str], warehouse: duckdb.DuckDBPyConnection) -> None:
    assert set(checks) == {name for name, _ in DEFECTS}
    for name, sql in checks.items():
        assert warehouse.execute(sql).fetchall() == [], name


@pytest.mark.parametrize(("check", "defect"), DEFECTS)
def test_a_check_finds_its_defect(
    check: str, defect: str, checks: dict[str, str], warehouse: duckdb.DuckDBPyConnection
) -> None:
    warehouse.execute(defect)
    assert warehouse.execute(checks[check]).fetchall()


def foreign_columns(names: set[str], specified: set[str]) -> set[str]:
    """Columns that are neither the specification's own nor named as custom columns must be."""
    return {name for name in names - specified if not CUSTOM.match(name)}


def test_every_column_is_specified_or_prefixed() -> None:
    assert foreign_columns(set(declared_columns("focus_cost_and_usage")), SPECIFIED) == set()
    assert foreign_columns(set(declared_columns("focus_cost_and_usage_v1_2")), FORMER) == set()
    assert set(declared_columns("focus_cost_and_usage")) >= SPECIFIED
    assert set(declared_columns("focus_cost_and_usage_v1_2")) >= FORMER


@pytest.mark.parametrize("name", ["reporting_currency", "x_model", "X_Model", "Model", "ProviderName", "x_" + "A" * 49])
def test_an_unprefixed_custom_column_is_found(name: str) -> None:
    assert foreign_columns({*SPECIFIED, name}, SPECIFIED) == {name}


def test_specified_columns_are_those_of_the_published_list() -> None:
    reference = PROJECT.parents[1] / "shared/data/focus_1_4_cost_and_usage_columns.csv"
    if not reference.exists():
        pytest.skip("the specification's column list is not at hand")
    known = {line.split(",")[0] for line in reference.read_text().splitlines()[1:]}
    assert known >= SPECIFIED | FORMER


def test_costs_are_decimals() -> None:
    for table in ("focus_cost_and_usage", "focus_cost_and_usage_v1_2"):
        columns = declared_columns(table)
        assert all(
            kind.startswith("decimal") for name, kind in columns.items() if name.endswith(("Cost", "Price", "Quantity"))
        )
