"""Exports of one bill that overlap: the newest counts for the days it covers, parts add up, the rest is refused by name."""

import os
from pathlib import Path

import duckdb
import pytest

from orchestration.landing.errors import SchemaDrift
from orchestration.registry.sources import SourceConfig
from tests.connectors.test_focus import CHARGE, Bills, bills  # noqa: F401

DAYS = ["2026-10-01", "2026-10-02", "2026-10-03"]


def charge(day: str, **given: str) -> dict[str, str]:
    return {
        **CHARGE,
        "ChargePeriodStart": f"{day}T00:00:00Z",
        "ChargePeriodEnd": f"{day}T23:00:00Z",
        "SkuId": "sku",
        "ChargeClass": "",
        **given,
    }


def at(path: Path, second: int) -> Path:
    os.utime(path, (1_790_000_000 + second, 1_790_000_000 + second))
    return path


def replaced(bills: Bills) -> list[tuple[str, str, str]]:  # noqa: F811
    """File, day and the file that replaces it."""
    with duckdb.connect() as connection:
        bills.landing.register(connection)
        return connection.execute(
            "select file, cast(charge_date as varchar), superseded_by from landing.focus_files__superseded_days order by all"
        ).fetchall()


def test_a_newer_export_replaces_the_days_it_covers(bills: Bills) -> None:  # noqa: F811
    at(bills.write("one.csv", *map(charge, DAYS[:2])), 1)
    at(bills.write("two.csv", *map(charge, DAYS[1:])), 2)
    bills.extract()
    assert replaced(bills) == [("focus/one.csv", DAYS[1], "focus/two.csv")]


def test_an_export_that_arrives_later_replaces_what_was_landed_before(bills: Bills) -> None:  # noqa: F811
    at(bills.write("b.csv", *map(charge, DAYS[:2])), 1)
    bills.extract()
    assert replaced(bills) == []
    at(bills.write("a.csv", *map(charge, DAYS)), 2)
    bills.extract()
    assert replaced(bills) == [("focus/b.csv", day, "focus/a.csv") for day in DAYS[:2]]
    (bills.company.folder / "focus/a.csv").unlink()
    bills.extract()
    assert replaced(bills) == []


@pytest.mark.parametrize("seconds", [(1, 1, 1), (3, 2, 1)], ids=["of equal times", "copied in another order"])
def test_the_numbers_in_names_say_which_is_newer(bills: Bills, seconds: tuple[int, ...]) -> None:  # noqa: F811
    for day, second in zip((9, 10, 11), seconds, strict=True):
        at(bills.write(f"export_2026-10-{day}.csv", *map(charge, DAYS), charge(f"2026-10-{day:02}")), second)
    bills.extract()
    assert replaced(bills) == [
        *(("focus/export_2026-10-10.csv", day, "focus/export_2026-10-11.csv") for day in DAYS),
        *(("focus/export_2026-10-9.csv", day, "focus/export_2026-10-11.csv") for day in DAYS),
    ]


@pytest.mark.parametrize(
    ("first", "second", "given_second"),
    [
        ("bill_part-0001.csv", "bill_part-0002.csv", {}),
        ("bill-00001.csv", "bill-00002.csv", {}),
        ("bedrock.csv", "sagemaker.csv", {"ServiceName": "Amazon SageMaker"}),
        ("october.csv", "corrections.csv", {"ChargeClass": "Correction"}),
        ("first.csv", "second.csv", {"BillingAccountId": "008"}),
        ("first.csv", "second.csv", {"ProviderName": "Microsoft"}),
        (
            "first.csv",
            "second.csv",
            {"ChargePeriodStart": "2026-10-09T00:00:00Z", "ChargePeriodEnd": "2026-10-09T23:00:00Z"},
        ),
    ],
)
def test_files_that_state_different_charges_add_up(bills: Bills, first: str, second: str, given_second: dict) -> None:  # noqa: F811
    at(bills.write(first, charge(DAYS[0])), 1)
    at(bills.write(second, charge(DAYS[0], **given_second)), 2)
    bills.extract()
    assert replaced(bills) == []


@pytest.mark.parametrize(
    ("second_at", "second_charges"),
    [
        (1, [charge(DAYS[0]), charge(DAYS[0], SkuId="x")]),
        (2, [charge(DAYS[0], SkuId=sku) for sku in ("sku", "x", "y")]),
    ],
    ids=["nothing tells which is newer", "the newer states too little of the older again"],
)
def test_what_cannot_be_told_apart_is_refused_by_the_names_of_both_and_lands_nothing(
    bills: Bills,  # noqa: F811
    second_at: int,
    second_charges: list,
) -> None:
    at(bills.write("mine.csv", *(charge(DAYS[0], SkuId=sku) for sku in ("sku", "p", "q", "r"))), 1)
    at(bills.write("yours.csv", *second_charges), second_at)
    with pytest.raises(SchemaDrift, match=r"focus/mine\.csv and focus/yours\.csv"):
        bills.extract()
    assert bills.rows("line") == []


def test_a_copy_of_a_file_counts_once(bills: Bills) -> None:  # noqa: F811
    at(bills.write("bill.csv", charge(DAYS[0])), 1)
    at(bills.write("copy of bill.csv", charge(DAYS[0])), 1)
    bills.extract()
    assert replaced(bills) == [("focus/bill.csv", DAYS[0], "focus/copy of bill.csv")]


@pytest.mark.parametrize(("start_date", "is_refused"), [("2026-10-01", True), ("2026-10-02", False)])
def test_a_provider_that_its_own_source_bills_too_is_refused(bills: Bills, start_date: str, is_refused: bool) -> None:  # noqa: F811
    api = SourceConfig.model_validate({"name": "openai", "start_date": start_date})
    bills.company.sources["openai"] = api
    bills.write("openai.csv", charge(DAYS[0], ProviderName="OpenAI"))
    if is_refused:
        with pytest.raises(SchemaDrift, match=r"focus/openai\.csv bills openai up to 2026-10-01, and source openai"):
            bills.extract()
    else:
        bills.extract()


def test_replaced_days_may_vanish_with_the_files_that_replaced_them(bills: Bills) -> None:  # noqa: F811
    skus = [charge(f"2026-{month:02}-{day:02}") for month in range(1, 7) for day in range(1, 29)]
    at(bills.write("one.csv", *skus), 1)
    newer = at(bills.write("two.csv", *skus), 2)
    bills.extract()
    assert len(replaced(bills)) == 168
    newer.unlink()
    bills.write("three.csv", *(charge(f"2026-{month:02}-{day:02}") for month in range(7, 13) for day in range(1, 29)))
    bills.extract()
    assert replaced(bills) == []


def test_of_daily_exports_of_the_month_so_far_the_newest_of_each_month_counts(bills: Bills) -> None:  # noqa: F811
    for month in (10, 11):
        for day in range(1, 16):
            charges = [charge(f"2026-{month}-{earlier:02}") for earlier in range(1, day + 1)]
            bills.write(f"export_2026-{month}-{day:02}.csv", *charges)
    bills.extract()
    found = {(file, by) for file, _, by in replaced(bills)}
    assert found == {
        (f"focus/export_2026-{month}-{day:02}.csv", f"focus/export_2026-{month}-15.csv")
        for month in (10, 11)
        for day in range(1, 15)
    }
