"""What stays open is in the summary, exact as JSON and readable as text, with what to do about it."""

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.publish.snapshot import publish
from orchestration.summary.collect import NotPublished, collect
from orchestration.summary.open_amounts import PRICE_REMEDY
from orchestration.summary.show import plain_text
from tests.summary.small_marts import FAULTS, LINE, write_small_marts

POLICY = (
    "create schema staging; create table staging.stg_registry__policy as from (values "
    "('residual_alarm_ratio', '0.005'), ('unallocated_alarm_ratio', '0.10'), ('demotion_days', '14')"
    ") as policy (policy_key, policy_value)"
)


def summary(home: Path, *faults: str, policy: str = POLICY) -> dict[str, Any]:
    with duckdb.connect() as connection:
        if policy:
            connection.execute(policy)
        write_small_marts(connection, *faults)
        publish(connection, home, run_id="one", as_of=date(2026, 10, 20), company_id="acme", version="1")
    return collect(home / "published")


def section(found: dict[str, Any], title: str) -> list[str]:
    """The lines of a section of the plain text, its title first."""
    return next(part.splitlines() for part in plain_text(found).split("\n\n") if part.startswith(title))


def test_clean_marts_leave_nothing_open(tmp_path: Path) -> None:
    found = summary(tmp_path)
    assert found["open_amounts"] == found["unpriced"] == []
    assert [(row["month"], row["ratio"], row["is_above_alarm"]) for row in found["unallocated_share"]] == [
        ("2026-09", "0.100000", False),
        ("2026-10", "0.000000", False),
    ]
    assert section(found, "Meter, bill and ledger") == ["Meter, bill and ledger: what stays open: nothing"]
    assert section(found, "Cost without an owner") == [
        "Cost without an owner, largest first",
        "  cost or usage  amount  what",
        "  OpenAI m       100.00  as billed, these two months",
        "  To do: add a rule to ownership.yaml that matches this project or key",
    ]


def test_each_open_amount_is_exact_as_json(tmp_path: Path) -> None:
    found = summary(tmp_path, *FAULTS, LINE.format(amount=40, period="2026-08", line="untracked_traffic"))
    lines = {row["bridge_line"]: row for row in found["open_amounts"]}
    untracked = lines["untracked_traffic"]
    assert {name: untracked[name] for name in ("amount", "previous_amount", "total_amount")} == {
        "amount": "3.000000000001",
        "previous_amount": "0",
        "total_amount": "43.000000000001",
    }
    assert lines["duplicates"]["previous_amount"] == "-2.000000000000"
    assert (lines["residual"]["alarm_ratio"], lines["residual"]["warned_months"]) == ("0.005", ["2026-10"])
    assert all(row["remedy"] for row in lines.values())
    october = found["unallocated_share"][1]
    assert (october["unallocated"], october["spend"]) == ("112.000000000001", "1112.000000000001")
    assert (october["ratio"], october["alarm_ratio"], october["is_above_alarm"]) == ("0.100719", "0.10", True)
    assert {row["cost_basis"] for row in found["unallocated"]} == {"billed", "metered"}


def test_each_open_amount_is_readable(tmp_path: Path) -> None:
    found = summary(tmp_path, *FAULTS, LINE.format(amount="0.001", period="2026-10", line="metering_residual"))
    assert section(found, "Meter, bill and ledger") == [
        "Meter, bill and ledger: what stays open",
        "  open                     2026-10 2026-09 all months verdict",
        "  OpenAI: billed usage        3.00    0.00       3.00 see below",
        "  that no meter saw",
        "  OpenAI: requests            0.00   -2.00      -2.00 see below",
        "  received twice, counted",
        "  once",
        "  OpenAI: other cost of       7.00    0.00       7.00 see below",
        "  goods sold without a",
        "  product",
        "  OpenAI: not explained      -5.00    0.00      -5.00 above 0.5% of the bill in",
        "  between bill and ledger                             2026-10",
        "  To do: OpenAI, billed usage that no meter saw: declare the source that meters",
        "  it in sources.yaml, or accept it as cost without usage",
        "  To do: OpenAI, requests received twice, counted once: already removed, no cost",
        "  is doubled; stop exporting the same requests twice",
        "  To do: OpenAI, other cost of goods sold without a product: post the provider's",
        "  AI bill to an account of an AI role in ledger_accounts of company.yaml: with",
        "  none there, other cost of goods sold may hold it and would count twice",
        "  To do: OpenAI, not explained between bill and ledger: check this provider's",
        "  postings: ledger_counterparties and ledger accounts in company.yaml, an",
        "  invoice posted twice or an accrual of your own that was not reversed, a",
        "  posting without a bill, or a bill whose currency is not the one it names",
    ]
    costs = section(found, "Cost without an owner")
    assert [line.partition("  as ")[2] for line in costs if "  as " in line] == [
        "metered; there is no bill, these two months",
        "billed, these two months",
    ]
    assert section(found, "Spend")[-2:] == [
        "  To do: 2026-10 has 10.1% without an owner, above the policy's 10.0%: see Cost",
        "  without an owner",
    ]
    assert section(found, "Usage without a price")[1:3] == [
        "  model     tokens       since       until",
        "  OpenAI x       5  2026-09-07  2026-09-07",
    ]


@pytest.mark.parametrize("policy", ["", POLICY.replace("_alarm_ratio", "_other")])
def test_a_publication_without_ratios_shows_amounts_and_judges_none(tmp_path: Path, policy: str) -> None:
    found = summary(tmp_path, *FAULTS, policy=policy)
    lines = {row["bridge_line"]: row["warned_months"] for row in found["open_amounts"]}
    cogs = {"other_cogs_left_out": ["2026-10"]}
    assert lines == {"untracked_traffic": ["2026-10"], "duplicates": ["2026-09"], "residual": []} | cogs
    assert {row["is_above_alarm"] for row in found["unallocated_share"]} == {None}


def test_a_residual_of_older_months_is_judged_by_what_all_months_come_to(tmp_path: Path) -> None:
    """Half a percent of three bills of 1,000 is 15. September and October have no residual."""
    found = summary(tmp_path, LINE.format(amount=40, period="2026-08", line="residual"))
    assert section(found, "Meter, bill and ledger")[2:] == [
        "  OpenAI: not explained        0.00    0.00      40.00 above 0.5% of the bill in",
        "  between bill and ledger                              all months",
        "  To do: OpenAI, not explained between bill and ledger: check this provider's",
        "  postings: ledger_counterparties and ledger accounts in company.yaml, an",
        "  invoice posted twice or an accrual of your own that was not reversed, a",
        "  posting without a bill, or a bill whose currency is not the one it names",
    ]
    found = summary(tmp_path / "less", LINE.format(amount=15, period="2026-08", line="residual"))
    assert section(found, "Meter, bill and ledger")[2:] == [
        "  OpenAI: not explained          0.00    0.00      15.00 within 0.5% of the bill",
        "  between bill and ledger",
    ]


def test_an_unpublished_bridge_is_named_missing(tmp_path: Path) -> None:
    found = summary(tmp_path, "drop table reconciliation_by_provider_month")
    assert found["open_amounts"] == []
    assert "reconciliation_by_provider_month" in found["missing_tables"]


def test_requests_without_a_token_count_have_their_own_lines_and_a_remedy(tmp_path: Path) -> None:
    requests = (
        "insert into fct_usage values "
        "('2026-10-06', 'openai', 'm', 'request', 'requests', 368, 'unmeasured', true, 0, 'chat', null, "
        "'p', 'k', 'u4', 'r', null, null), "
        "('2026-10-06', 'openai', 'm', 'request', 'requests', 122, 'priced', true, 0, 'chat', null, "
        "'p', 'k', 'u5', 'r', null, null), "
        "('2026-10-06', 'openai', 'm', 'request', 'requests', 9, 'unmeasured', false, 0, 'chat', null, "
        "'p', 'k', 'u6', 'r', null, null)"
    )
    found = summary(tmp_path, requests)
    assert [(row["requests"], row["all_requests"]) for row in found["unmeasured"]] == [("368", "500")]
    assert section(found, "Unmeasured requests") == [
        "Unmeasured requests",
        "  model       requests       since       until",
        "  OpenAI m  368 of 500  2026-10-06  2026-10-06",
        "  To do: the gateway logged no tokens for them, so they have no cost here; let",
        "  it log the usage of streamed answers (LiteLLM: always_include_stream_usage:",
        "  true), then load its log again",
    ]


def test_usage_whose_price_has_no_exchange_rate_asks_for_the_rate(tmp_path: Path) -> None:
    """A model that also has tokens without a price asks for the price first."""
    usage = ", ".join(
        f"('2026-10-06', 'openai', '{model}', '{kind}', 'tokens', 9, 'unpriced', true, null, null, null, null, 'k', '{kind}', "
        f"'r', {price})"
        for model, kind, price in (
            ("quoted", "output", "10, 'USD'"),
            ("partly", "output", "10, 'USD'"),
            ("partly", "input_uncached", "null, null"),
        )
    )
    found = summary(tmp_path, f"insert into fct_usage values {usage}")
    remedies = {row["model_id"]: row["remedy"] for row in found["unpriced"]}
    assert remedies["partly"] == PRICE_REMEDY
    assert remedies["quoted"].startswith("its price is in USD, and no exchange rate is known on these days")


def test_usage_without_an_owner_that_a_gateway_saw_with_one_may_be_counted_there(tmp_path: Path) -> None:
    """Rules own what the gateway saw of OpenAI, and nothing else saw Mistral."""
    unowned = ", ".join(
        f"('2026-10-05', '{provider}', 'm', 'output', 'tokens', 10, 'priced', true, 3, null, null, 'p', 'k', 'u7', "
        "null, null, null)"
        for provider in ("openai", "mistral")
    )
    found = summary(tmp_path, f"insert into fct_usage values {unowned}")
    remedies = {row["provider"]: row["remedy"] for row in found["unowned_usage"]}
    assert remedies == {
        "openai": "rules own what LiteLLM saw of OpenAI: let its usage count (metering: {openai: litellm} in sources.yaml), "
        "or add a rule to ownership.yaml that matches this project or key",
        "mistral": "add a rule to ownership.yaml that matches this project or key",
    }


def test_usage_that_a_rule_gives_to_a_product_or_shares_out_asks_for_no_rule(tmp_path: Path) -> None:
    """Of three keys without initiative and department, one is in no rule: 4 of 7 at list price."""
    usage = ", ".join(
        f"('2026-10-06', 'openai', 'm', 'output', 'tokens', 9, 'priced', true, {cost}, null, null, null, '{key}', "
        f"'{key}', {rule}, null, null)"
        for key, cost, rule in (("products", 1, "'of_product'"), ("shared", 2, "'of_pool'"), ("nobodys", 4, "null"))
    )
    found = summary(tmp_path, f"insert into fct_usage values {usage}")
    assert [(row["api_key_id"], row["list_cost"]) for row in found["unowned_usage"]] == [("nobodys", "4.000000000000")]


def test_no_section_of_unmeasured_requests_where_all_are_measured(tmp_path: Path) -> None:
    assert "Unmeasured" not in plain_text(summary(tmp_path))


def test_a_journal_without_its_account_is_named_with_the_role_and_the_file(tmp_path: Path) -> None:
    found = summary(tmp_path, "accruals_have_accounts")
    assert section(found, "Month-end journals left out") == [
        "Month-end journals left out 2026-09",
        "  not accrued           amount  roles without an account",
        "  OpenAI usage 2026-08   50.00  selling and administration",
        "  To do: give selling_and_administration an account under posting_accounts in",
        "  company.yaml",
    ]
    assert "Month-end journals" not in plain_text(summary(tmp_path / "clean"))


def test_tables_of_another_version_are_told_with_the_remedy(tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute(POLICY)
        write_small_marts(connection)
        connection.execute("alter table fct_allocated_costs drop column allocation_method")
        publish(connection, tmp_path, run_id="one", as_of=date(2026, 10, 20), company_id="acme", version="1")
    with pytest.raises(NotPublished, match=r"another version of tokenomics.*run: tokenomics run"):
        collect(tmp_path / "published")


REFUSED = (
    "create table rejected_rows (source varchar, file varchar, line bigint, column_name varchar, value varchar, "
    "reason varchar, amount decimal(38, 9), currency varchar); insert into rejected_rows values "
    "('ledgers', 'ledgers/revenue.csv', 7, 'product_id', null, 'is empty', 1264.56, 'USD'), "
    "('ledgers', 'ledgers/revenue.csv', 7, 'revenue_date', 'x', 'is no date', 1264.56, 'USD'), "
    "('ledgers', 'ledgers/revenue.csv', 9, 'product_id', null, 'is empty', 150, 'USD'), "
    "('litellm', 'logs/a.jsonl', 3, 'prompt_tokens', '-1', 'is negative', null, null), "
    "('prices', 'list 1', null, 'output', '0.01', 'too fine', null, null)"
)


def test_what_refused_rows_are_worth_is_in_the_summary(tmp_path: Path) -> None:
    """A row with two faults is worth its 1,264.56 once; a row without an amount is not worth zero."""
    found = summary(tmp_path, REFUSED)
    told = {row["file"]: (row["rows"], row["amount"], row["currency"]) for row in found["rejected_rows"]}
    assert told == {"ledgers/revenue.csv": (2, "1414.560000000", "USD"), "logs/a.jsonl": (1, None, None)}
    title, _, *lines = section(found, "Refused rows")
    assert title == "Refused rows, counted nowhere"
    assert [" ".join(line.split()) for line in lines][:2] == [
        "ledgers/revenue.csv 2 1,414.56 USD line 7: is empty",
        "logs/a.jsonl 1 not known line 3: is negative",
    ]
    assert lines[2] == "  To do: correct the rows in the file; each stands in rejected_rows with its"


def test_an_accrual_that_was_not_reversed_is_named_with_its_amount_and_what_to_post(tmp_path: Path) -> None:
    assert "not reversed" not in plain_text(summary(tmp_path / "clean"))
    found = summary(tmp_path / "standing", FAULTS["accruals_are_reversed"])
    (row,) = found["accruals_not_reversed"]
    assert (row["journal_id"], row["amount"], row["fiscal_period"]) == (
        "TKN-ACC-mistral-2026-09",
        "300.000000000",
        "2026-09",
    )
    assert section(found, "Accruals not reversed") == [
        "Accruals not reversed in the ledger",
        "  journal                  amount  reversal due         found",
        "  TKN-ACC-mistral-2026-09  300.00    2026-10-01  not reversed",
        "  To do: post the reversal, dated the day it was due or in the first open month",
        "  after it; of an accrual that was posted twice, reverse the second copy: until",
        "  then the books hold this amount beside the invoice",
    ]
