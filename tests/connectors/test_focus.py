"""FOCUS bills: every version, exact text, and every check against bad data."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.connectors.providers.focus.columns import focus_version
from orchestration.connectors.providers.focus.extract import extract
from orchestration.landing.errors import MalformedMoney, PermanentFailure, SchemaDrift
from orchestration.landing.store import Landing
from orchestration.registry.sources import SourceConfig

CHARGE = {
    "BilledCost": "0.30",
    "EffectiveCost": "0.250",
    "BillingCurrency": "USD",
    "BillingAccountId": "007",
    "BillingPeriodStart": "2026-10-01T00:00:00Z",
    "BillingPeriodEnd": "2026-11-01T00:00:00Z",
    "ChargePeriodStart": "2026-10-05T00:00:00Z",
    "ChargePeriodEnd": "2026-10-06T00:00:00Z",
    "ChargeCategory": "Usage",
    "ServiceName": "Amazon Bedrock",
    "ProviderName": "AWS",
}


@dataclass
class Company:
    """The part of a company that the connector reads."""

    folder: Path
    sources: dict[str, SourceConfig]


@dataclass
class Bills:
    """A company folder with bills below ``focus/`` and its landing area."""

    company: Company
    landing: Landing

    def write(self, name: str, *charges: dict[str, str]) -> Path:
        path = self.company.folder / "focus" / name
        lines = [",".join(charges[0])]
        lines += [",".join('"' + value.replace('"', '""') + '"' for value in charge.values()) for charge in charges]
        path.write_text("\n".join(lines) + "\n")
        return path

    def extract(self) -> tuple[int, int]:
        """Files and rows."""
        (outcome,) = extract(self.company, self.landing, date(2026, 10, 31), None)
        return outcome.partitions, outcome.rows

    def rows(self, columns: str) -> list[tuple[Any, ...]]:
        with duckdb.connect() as connection:
            connection.execute("set TimeZone = 'UTC'")
            self.landing.register(connection)
            return connection.execute(
                f"select {columns} from landing.focus_files__cost_and_usage order by partition, line"
            ).fetchall()


@pytest.fixture
def bills(tmp_path: Path) -> Bills:
    (tmp_path / "company" / "focus").mkdir(parents=True)
    source = SourceConfig.model_validate({"name": "focus_files", "path": "focus/*"})
    return Bills(Company(tmp_path / "company", {"focus_files": source}), Landing(tmp_path / "landing"))


def test_a_charge_lands_as_written(bills: Bills) -> None:
    usage = {
        "x_UsageType": "USE1-Claude4.6Sonnet-input-tokens",
        "ConsumedQuantity": "3199.529",
        "ConsumedUnit": "1K tokens",
    }
    bills.write("bedrock.csv", {**CHARGE, **usage, "Tags": '{"team": "a,b"}', "x_Other": "left out"})
    assert bills.extract() == (1, 1)
    assert bills.rows(
        "billed_cost, effective_cost, billing_account_id, usage_type, consumed_quantity, consumed_unit, tags"
    ) == [("0.30", "0.250", "007", "USE1-Claude4.6Sonnet-input-tokens", "3199.529", "1K tokens", '{"team": "a,b"}')]
    assert bills.rows("line, provider_name, focus_version, list_cost, sku_meter") == [(2, "AWS", "1.0", None, None)]
    load = bills.landing.manifest("focus_files", "cost_and_usage")["focus/bedrock.csv"].current
    assert load is not None and load.origin == "focus/bedrock.csv"
    assert load.first_event_at == load.last_event_at == "2026-10-05T00:00:00.000000Z"


@pytest.mark.parametrize(
    "written", ["2026-10-05T22:00:00Z", "2026-10-05 22:00:00", "2026-10-06T00:00:00+02:00", "2026-10-05T22:00:00.000Z"]
)
def test_charge_periods_are_utc(bills: Bills, written: str) -> None:
    bills.write("bill.csv", {**CHARGE, "ChargePeriodStart": written})
    bills.extract()
    assert bills.rows("charge_period_start at time zone 'UTC'") == [(datetime(2026, 10, 5, 22),)]


@pytest.mark.parametrize(
    ("extra", "dropped", "version"),
    [
        ([], [], "1.0"),
        (["SkuMeter"], [], "1.1"),
        (["SkuMeter", "InvoiceId"], [], "1.2"),
        (["SkuMeter", "InvoiceId", "ServiceProviderName"], [], "1.3"),
        (["ServiceProviderName", "InvoiceDetailId"], [], "1.4"),
        (["ServiceProviderName", "SkuMeter"], ["ProviderName"], "1.4"),
    ],
)
def test_the_version_is_told_by_the_columns(extra: list[str], dropped: list[str], version: str) -> None:
    assert focus_version((set(CHARGE) | set(extra)) - set(dropped)) == version


def test_a_1_4_bill_names_its_provider_in_the_new_column(bills: Bills) -> None:
    charge = {key: value for key, value in CHARGE.items() if key != "ProviderName"}
    bills.write(
        "bill.csv", {**charge, "ServiceProviderName": "Microsoft", "SkuMeter": "NULL", "x_SkuMeterName": "gpt Inp"}
    )
    bills.extract()
    assert bills.rows("provider_name, focus_version, sku_meter") == [("Microsoft", "1.4", "gpt Inp")]


def test_parquet_keeps_decimals_maps_and_times(bills: Bills) -> None:
    start = datetime(2026, 10, 5, 22, tzinfo=UTC)
    columns: dict[str, Any] = {name: [value] for name, value in CHARGE.items()}
    columns["BilledCost"] = pa.array([Decimal("0.300000000001")], pa.decimal128(38, 12))
    columns["EffectiveCost"] = pa.array([8e-07], pa.float64())
    columns["ChargePeriodStart"] = pa.array([start], pa.timestamp("ms", "UTC"))
    columns["Tags"] = pa.array([[("team", "a")]], pa.map_(pa.string(), pa.string()))
    pq.write_table(pa.table(columns), bills.company.folder / "focus" / "bill.parquet")
    bills.extract()
    exact, moment = "cast(effective_cost as decimal(38, 18))", "charge_period_start at time zone 'UTC'"
    assert bills.rows(f"billed_cost, {exact}, tags, line, {moment}") == [
        ("0.300000000001", Decimal("0.0000008"), '{"team":"a"}', 1, datetime(2026, 10, 5, 22))
    ]


def test_an_unchanged_bill_is_no_new_load_and_a_vanished_one_is_withdrawn(bills: Bills) -> None:
    bills.write("a.csv", CHARGE)
    other = {**CHARGE, "BillingAccountId": "008"}
    gone = bills.write("b.csv", other, other)
    assert bills.extract() == (2, 3)
    first = bills.landing.manifest("focus_files", "cost_and_usage")
    assert bills.extract() == (2, 3)
    assert bills.landing.manifest("focus_files", "cost_and_usage") == first
    gone.unlink()
    assert bills.extract() == (1, 1)
    assert bills.rows("partition") == [("focus/a.csv",)]


def test_a_restated_bill_replaces_its_own_rows(bills: Bills) -> None:
    bills.write("a.csv", CHARGE)
    bills.extract()
    bills.write("a.csv", {**CHARGE, "BilledCost": "0.31"})
    bills.extract()
    assert bills.rows("billed_cost") == [("0.31",)]


@pytest.mark.parametrize("column", sorted(CHARGE))
def test_a_required_column_that_is_absent_or_empty_is_named(bills: Bills, column: str) -> None:
    bills.write("a.csv", {key: value for key, value in CHARGE.items() if key != column})
    with pytest.raises(SchemaDrift, match=rf"focus_files: focus/a\.csv:1: the required columns {column} are missing"):
        bills.extract()
    if column == "ServiceName":
        return
    for blank in ("", "NULL"):
        bills.write("a.csv", {**CHARGE, column: blank})
        remedy = "; FOCUS gives every charge one" if column in ("BilledCost", "EffectiveCost") else ""
        with pytest.raises(SchemaDrift, match=rf"focus/a\.csv:2: {column} is empty{remedy}"):
            bills.extract()


def test_a_charge_without_a_service_name_is_a_charge(bills: Bills) -> None:
    bills.write("a.csv", CHARGE, {**CHARGE, "ServiceName": ""})
    assert bills.extract() == (1, 2)


@pytest.mark.parametrize(
    "written",
    [
        "2026-10-05T00:00Z",
        "2026-10-05T00Z",
        "2026-10-05",
        "20261005T000000Z",
        "20261005",
        "2026-10-05 00:00:00 UTC",
        "2026-10-05T02:00+0200",
        "2026-10-04T19:30:00,000-04:30",
        "2026-10-05t00:00:00z",
    ],
)
def test_every_iso_8601_form_of_a_time_is_read(bills: Bills, written: str) -> None:
    bills.write("a.csv", {**CHARGE, "ChargePeriodStart": written})
    bills.extract()
    assert bills.rows("charge_period_start at time zone 'UTC'") == [(datetime(2026, 10, 5),)]


@pytest.mark.parametrize(
    ("written", "landed"),
    [
        ('[{"key": "team", "value": "a"}, {"key": "b:c", "value": 7}]', '{"team":"a","b:c":"7"}'),
        ('[{"Key": "team", "Value": "a"}]', '{"team":"a"}'),
        ("[]", "{}"),
        ('{"team": "a"}', '{"team": "a"}'),
    ],
)
def test_tags_as_a_list_of_pairs_are_an_object(bills: Bills, written: str, landed: str) -> None:
    bills.write("a.csv", {**CHARGE, "Tags": written})
    bills.extract()
    assert bills.rows("tags") == [(landed,)]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("ChargePeriodStart", "soon"),
        ("ChargePeriodStart", "1926-10-05T00:00:00Z"),
        ("ChargePeriodEnd", "2026-09-06T00:00:00Z"),
        ("ChargePeriodEnd", "2026-10-05T00:00:00Z"),
        ("ChargeCategory", "Usages"),
        ("BillingCurrency", "USX"),
        ("Tags", '[{"key":"a"},{"key":"a"}]'),
    ],
)
def test_one_bad_charge_is_quarantined_with_its_amount(bills: Bills, column: str, value: str) -> None:
    bills.write("a.csv", {**CHARGE, "Tags": ""}, {**CHARGE, "Tags": "", "BilledCost": "12.5", column: value})
    assert bills.extract() == (1, 1)

    def rejected() -> list[tuple[Any, ...]]:
        with duckdb.connect() as connection:
            bills.landing.register(connection)
            query = "select file, line, column_name, value, amount from landing.focus_files__rejected_rows"
            return connection.execute(query).fetchall()

    assert rejected() == [("focus/a.csv", 3, column, value, Decimal("12.5"))]
    bills.extract()
    assert len(rejected()) == 1, "a file that did not change keeps its refused charges"
    bills.write("a.csv", CHARGE)
    bills.extract()
    assert rejected() == []


def test_more_than_a_tenth_of_bad_charges_stops_the_bill(bills: Bills) -> None:
    bad = {**CHARGE, "ChargePeriodStart": "soon"}
    bills.write("a.csv", *[CHARGE] * 18, bad, bad)
    assert bills.extract() == (1, 18)
    bills.write("a.csv", *[CHARGE] * 17, bad, bad, bad)
    with pytest.raises(
        SchemaDrift, match=r"focus/a\.csv:19: ChargePeriodStart 'soon' .*3 of 20 charges .* more than 10%"
    ):
        bills.extract()


def test_a_bill_that_a_spreadsheet_saved_is_read(bills: Bills) -> None:
    columns = {**CHARGE, "BilledCost": "1.234,50", "EffectiveCost": "0,25"}
    header, row = ";".join(columns).lower(), ";".join(columns.values())
    (bills.company.folder / "focus" / "a.csv").write_text(f"{header}\n{row}\n")
    bills.extract()
    assert bills.rows("billed_cost, effective_cost, provider_name") == [("1234.50", "0.25", "AWS")]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        *(("BilledCost", value) for value in ("12.3.4", "1O0.00", "1,00.00", "NaN", "$1")),
        *((column, "12.3.4") for column in ("EffectiveCost", "ListCost", "ContractedCost", "ListUnitPrice")),
    ],
)
def test_malformed_money_names_file_line_and_value(bills: Bills, column: str, value: str) -> None:
    bills.write("a.csv", {**CHARGE, column: "1E-7"}, {**CHARGE, column: value})
    with pytest.raises(MalformedMoney) as caught:
        bills.extract()
    assert str(caught.value) == f"focus_files: focus/a.csv:3: {column} '{value}' is not a decimal number"


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("ConsumedQuantity", "many", "ConsumedQuantity 'many' is not a decimal number"),
        ("ChargePeriodStart", "yesterday", "ChargePeriodStart 'yesterday' is not a date and time"),
        ("BillingPeriodEnd", "2026-13-01", "BillingPeriodEnd '2026-13-01' is not a date and time"),
        ("ChargePeriodEnd", "2026-10-04", "ChargePeriodEnd '2026-10-04' is not after ChargePeriodStart"),
        ("ChargeCategory", "use", "ChargeCategory 'use' is none of Usage, Purchase, Tax, Credit, Adjustment"),
        ("BillingCurrency", "Tokens", "BillingCurrency 'Tokens' is no ISO 4217 currency"),
        ("Tags", "team=a", "Tags 'team=a' is not a JSON object"),
        ("Tags", "[1]", r"Tags '\[1\]' is not a JSON object"),
    ],
)
def test_a_bad_cell_stops_the_read_and_leaves_the_landing(bills: Bills, column: str, value: str, message: str) -> None:
    bills.write("a.csv", CHARGE)
    bills.extract()
    bills.write("a.csv", {**CHARGE, "BilledCost": "9"})
    bills.write("b.csv", {**CHARGE, column: value})
    with pytest.raises(SchemaDrift, match=rf"focus/b\.csv:2: {message}"):
        bills.extract()
    assert bills.rows("partition, billed_cost") == [("focus/a.csv", "0.30")]


def test_a_path_that_names_no_file_is_a_failure_and_no_empty_bill(bills: Bills) -> None:
    with pytest.raises(PermanentFailure, match=r"no file matches path focus/\*"):
        bills.extract()
    (bills.company.folder / "focus" / "bill.xlsx").write_text("x")
    with pytest.raises(SchemaDrift, match=r"focus/bill\.xlsx: bills are read as \.csv or \.parquet only"):
        bills.extract()
