"""The summary as people read it: figures worked out by hand, names and words instead of ids and codes, 80 columns, colour for
what needs a person only.
"""

import io
import json
import os
import re
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.publish.snapshot import publish
from orchestration.summary.collect import collect
from orchestration.summary.show import plain_text, write_summary
from tests.summary.full_marts import KEY, STATEMENTS
from tests.summary.small_marts import FAULTS, write_small_marts
from tests.summary.test_open_amounts import POLICY, section

TYPED = re.compile(
    r"tokenomics [a-z]+( return)? \S+|always_include_stream_usage|empty_days|ledger_\w+|posting_accounts|rejected_rows|"
    r"give \w+ an account"
)
"""What a person has to type or look up as it is written: commands with their ids, keys of files, names of tables."""


def summary(home: Path, *statements: str, as_of: date = date(2026, 10, 20)) -> dict[str, Any]:
    with duckdb.connect() as connection:
        connection.execute(POLICY)
        write_small_marts(connection, *STATEMENTS, *statements)
        publish(connection, home, run_id="5c2b65dc-51c6-4c31", as_of=as_of, company_id="acme", version="1")
    return collect(home / "published")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return summary(tmp_path_factory.mktemp("full"))


def test_spend_is_compared_with_as_many_days_and_with_the_whole_month_at_its_end(
    found: dict[str, Any], tmp_path: Path
) -> None:
    """September: 500 and 100 in its first 20 days, 1,300 in all; October so far 900."""
    assert section(found, "Spend") == [
        "Spend 2026-10 (to date, 20 of 31 days)",
        "                                 its first  2026-10",
        "  provider              2026-09    20 days  to date   change",
        "  Merge Gateway          100.00     100.00     0.00  -100.0%",
        "  OpenAI               1,200.00     500.00   900.00   +80.0%",
        "  total                1,300.00     600.00   900.00   +50.0%",
        "  of it without owner    100.00     100.00     0.00  -100.0%",
        "  change: against the same 20 days; since 2026-01-01: 2,200.00; days are missing",
        "  from a source, see below",
    ]
    whole = section(summary(tmp_path, as_of=date(2026, 10, 31)), "Spend")
    assert whole[0] == "Spend 2026-10 (whole month)"
    assert whole[4] == "  total                1,300.00   900.00   -30.8%"
    assert whole[-2:] == [
        "  change: against the whole month before; since 2026-01-01: 2,200.00; days are",
        "  missing from a source, see below",
    ]


def test_budget_stands_beside_actual_and_where_the_month_ends(found: dict[str, Any]) -> None:
    """750 of 760 allowed are 98.7 %, 900 of 760 + 200 + 120 allowed 83.3 %."""
    assert section(found, "Budget beside actual") == [
        "Budget beside actual 2026-10 (to date, 20 of 31 days)",
        "                                          allowed",
        "  budget                       budgeted    so far   spent    used  stands",
        "  Operations, core               800.00    760.00  750.00   98.7%  within budget",
        "  Operations, experimentation    200.00    200.00    0.00    0.0%  within budget",
        "  Research, core                 100.00    120.00  150.00  125.0%  over budget",
        "  total                        1,100.00  1,080.00  900.00   83.3%",
        "  used: spent of what is allowed so far; a core budget with known units of work",
        "  allows their verified cost, any other what was funded",
        "  To do: over budget: Research, core",
    ]
    assert section(found, "Month end") == [
        "Month end 2026-10",
        "  department  budgeted    likely  at least   at most",
        "  Operations  1,000.00  1,100.00  1,050.00  1,150.00",
        "  Research      100.00",
        "  total       1,100.00  1,300.00  1,250.00  1,400.00",
        "  likely: spent so far and the forecast of 11 days to come; at least four of",
        "  five months end within the bounds",
        "  To do: likely to end above what is budgeted: Operations, total",
    ]


def test_a_month_with_missing_days_has_no_upper_end_and_says_whose(tmp_path: Path) -> None:
    """Its likely end is of what is known, which may be above the budget all the same."""
    lacking = (
        "update month_end_projection set days_missing = 10, projected_high = null "
        "where entity_type = 'company' or entity_id = 'ops'"
    )
    assert section(summary(tmp_path, lacking), "Month end") == [
        "Month end 2026-10",
        "  department  budgeted    likely  at least  at most",
        "  Operations  1,000.00  1,100.00  1,050.00",
        "  Research      100.00",
        "  total       1,100.00  1,300.00  1,250.00",
        "  likely: spent so far and the forecast of 11 days to come; at least four of",
        "  five months end within the bounds; days without data, whose cost comes on top:",
        "  Operations 10 days, total 10 days",
        "  To do: likely to end above what is budgeted: Operations, total",
    ]


def test_spend_without_a_budget_is_judged_by_none(tmp_path: Path) -> None:
    """1,632.00 that nobody funded, though a run-rate of it is known, and 5 of no department: nothing allowed, nothing used."""
    found = summary(
        tmp_path,
        "insert into budget_status_by_department_month values "
        "('2026-10', 'lab', 'core', 0, 'budget', null, 1632, null, 'no_budget', 'USD')",
        "insert into fct_allocated_costs values "
        "('2026-10-05', 'openai', 'm', 'direct', 'billed', 1632, 'USD', 'lab', 'core'), "
        "('2026-10-05', 'openai', 'm', 'unallocated', 'billed', 5, 'USD', null, null)",
    )
    told = [re.split("  +", line.strip()) for line in section(found, "Budget beside actual")]
    assert ["lab, core", "1,632.00", "no budget"] in told
    assert ["no department", "5.00", "no budget"] in told
    assert ["total", "1,100.00", "1,080.00", "2,537.00"] in told
    assert section(found, "Budget beside actual")[-1] == "  To do: over budget: Research, core"
    assert [row["entity"] for row in found["budget_alerts"] if row["kind"].startswith("department")] == ["rnd"]


def test_a_margin_can_be_worked_out_again_from_what_is_shown(found: dict[str, Any]) -> None:
    """1,000.005 - 200.001 - 50.002 = 750.002."""
    assert section(found, "Gross margin") == [
        "Gross margin by product 2026-10 (to date, 20 of 31 days)",
        "                               other   gross                   month",
        "  product    revenue  AI cost   cost  profit  margin  target  before",
        "  Helpdesk  1,000.00   200.00  50.00  750.00   75.0%   80.0%   80.0%",
        "  Clauses               10.00   0.00                   70.0%",
        "  profit = revenue - AI cost - other cost of goods sold; margin = profit /",
        "  revenue; other cost of Helpdesk is estimated by the daily rate of the last",
        "  whole month, until the month has ended and is posted; posted so far: Helpdesk",
        "  60.00; revenue of Helpdesk: spread over the months, quarters or years by which",
        "  its rows are dated; the revenue file can state when each row ends; Clauses:",
        "  revenue not yet reported",
        "  To do: below target: Helpdesk",
        "  To do: report revenue of Clauses for every regular customer, 0 where there is",
        "  none; end a customer who left in customers.yaml",
    ]


def test_a_margin_of_some_days_shows_the_cost_of_these_days(tmp_path: Path) -> None:
    """Of 9 days: 89,684 - 443.18 - 20,322.58 = 68,918.24, though the month so far cost 1,244.71 and 60,967.74; the total is of
    what is shown: 90,684.01 - 643.18 - 20,372.58 = 69,668.24 (each rounded by itself). The ledger holds more revenue.
    """
    found = summary(
        tmp_path,
        "delete from gross_margin_by_product_month where product_id = 'prod_laws'",
        "insert into gross_margin_by_product_month values ('prod_laws', '2026-10', 89684, 1244.71, 60967.74, 68918.24, 0.768, "
        "0.7, false, null, 'estimated', 9, true, 89684, 443.18, 20322.58, 0, 257112, 'stated')",
    )
    lines = section(found, "Gross margin")
    terms = [re.split("  +", line.strip())[:5] for line in lines]
    assert ["Clauses", "89,684.00", "443.18", "20,322.58", "68,918.24"] in [" ".join(one).split()[:5] for one in terms]
    assert ["total", "90,684.00", "643.18", "20,372.58", "69,668.24"] in [" ".join(one).split()[:5] for one in terms]
    told = " ".join(" ".join(lines).split())
    assert "Clauses: revenue and cost of the 9 of 20 days whose revenue is known" in told
    assert (
        "To do: Clauses: 257,112.00 of revenue is posted in the ledger, 89,684.00 is reported by day: add the missing rows to "
        "ledgers/revenue*.csv"
    ) in told


def test_a_margin_of_few_days_is_not_held_against_its_target(tmp_path: Path) -> None:
    update = "update gross_margin_by_product_month set is_below_target = null, gross_margin_ratio = 0.95 "
    lines = section(summary(tmp_path, f"{update} where fiscal_period = '2026-10'"), "Gross margin")
    told = " ".join(" ".join(lines).split())
    assert (
        "To do: not known to be on target: Helpdesk, Clauses; report revenue up to the last day, 0 where there is none"
        in told
    )
    assert "below target" not in told
    without = section(
        summary(tmp_path / "without", "update gross_margin_by_product_month set is_below_target = null"), "Gross margin"
    )
    assert "not known to be on target: Helpdesk; report" in " ".join(" ".join(without).split()), "Clauses has no margin"


def test_a_margin_leaves_out_the_days_whose_cost_is_not_reported(tmp_path: Path) -> None:
    """Of 15 of 20 days: 750 - 150 - 40 = 560; revenue of the month so far is 1,000.005. The other product has no such day."""
    found = summary(
        tmp_path,
        "update gross_margin_by_product_month set compared_revenue = 750, compared_ai_cogs = 150, compared_other_cogs = 40, "
        "gross_profit = 560, days_compared = 15 where product_id = 'prod_desk' and fiscal_period = '2026-10'",
        "update gross_margin_by_product_month set revenue = 70, gross_margin_null_reason = 'cost_not_reported' "
        "where product_id = 'prod_laws'",
    )
    lines = section(found, "Gross margin")
    assert ["Helpdesk", "750.00", "150.00", "40.00", "560.00"] in [line.split()[:5] for line in lines]
    told = " ".join(" ".join(lines).split())
    assert "Helpdesk: revenue and cost of the 15 of 20 days whose revenue and AI cost are known" in told
    assert "Clauses: AI cost not yet reported" in told


def test_a_product_whose_revenue_is_only_in_the_ledger_is_in_no_total(tmp_path: Path) -> None:
    posted = "update gross_margin_by_product_month set posted_revenue = 257112 where product_id = 'prod_laws'"
    lines = section(summary(tmp_path, posted), "Gross margin")
    assert not any(line.startswith("  total") for line in lines)
    told = " ".join(" ".join(lines).split())
    assert "257,112.00 of revenue is posted in the ledger, 0.00 is reported by day" in told
    assert "for every regular customer" not in told


def test_a_product_that_waits_for_a_customers_revenue_says_how_to_go_on(tmp_path: Path) -> None:
    told = " ".join(" ".join(section(summary(tmp_path), "Gross margin")).split())
    assert (
        "report revenue of Clauses for every regular customer, 0 where there is none; end a customer who left" in told
    )


def test_other_cost_of_an_open_first_month_is_said_to_be_missing(tmp_path: Path) -> None:
    first = "update gross_margin_by_product_month set other_cogs_basis = 'none' where product_id = 'prod_desk'"
    told = " ".join(" ".join(section(summary(tmp_path, first), "Gross margin")).split())
    assert "Helpdesk: 60.00 of other cost is posted and in no margin yet: it has no whole month" in told


def test_the_month_before_is_the_calendars_not_the_one_with_figures(tmp_path: Path) -> None:
    earlier = "update gross_margin_by_product_month set fiscal_period = '2026-08' where fiscal_period = '2026-09'"
    assert [row["previous_ratio"] for row in summary(tmp_path, earlier)["margin_by_product"]] == [None, None]


def test_a_month_before_of_which_only_some_days_are_compared_says_so(tmp_path: Path) -> None:
    partial = (
        "update gross_margin_by_product_month set is_partial = true, days_compared = 10 "
        "where fiscal_period = '2026-09' and product_id = 'prod_desk'"
    )
    told = " ".join(" ".join(section(summary(tmp_path, partial), "Gross margin")).split())
    assert "Helpdesk: the month before is of the 10 days that can be compared" in told


def test_what_was_read_says_what_an_empty_load_means(found: dict[str, Any]) -> None:
    assert section(found, "What was read") == [
        "What was read",
        "                                   without",
        "  source             loads   rows     rows           known up to",
        "  FOCUS cloud bills      1      2        0",
        "  OpenAI                 2  1,234        1  2026-11-28 09:08 UTC",
        "  without rows: read whole, and nothing was there; no refused row in finance",
        "  files",
    ]


def test_days_missing_from_a_source_are_told_while_someone_can_act(found: dict[str, Any]) -> None:
    """This month and the one before: not the day of August, and not the last day, which is only not whole yet."""
    assert section(found, "Days missing")[1:3] == [
        "  source   days       since       until",
        "  LiteLLM     2  2026-10-03  2026-10-04",
    ]
    assert len(found["missing_days"]) == 1


@pytest.mark.parametrize(
    ("provider", "first", "is_told"),
    [("openai", "2026-10-05", False), ("aws", "2026-10-05", True), ("aws", "2026-10-19", False)],
    ids=["another source has its cost since", "nothing has its cost since", "the day before and the as-of day"],
)
def test_a_bill_that_ends_is_told_where_nothing_else_has_the_cost(
    tmp_path: Path, provider: str, first: str, is_told: bool
) -> None:
    days = 21 - int(first[-2:])
    late = (
        f"insert into source_day_gaps values ('focus_files', '{provider}', 'incomplete', date '{first}', date '2026-10-20', "
        f"{days})"
    )
    rows = [row for row in summary(tmp_path, late)["missing_days"] if row["status"] == "incomplete"]
    assert [(row["provider"], row["days"]) for row in rows] == ([(provider, days)] if is_told else [])
    assert all("add the newer log or bill" in row["remedy"] for row in rows)


@pytest.mark.parametrize(
    ("days", "goes_on", "told"),
    [
        (14, True, [("b", "2026-10-11", 10)]),
        (13, True, []),
        (14, False, []),
    ],
    ids=["on most days", "on few days", "the other bill has ended too"],
)
def test_one_accounts_bill_that_ends_is_told_where_that_of_another_goes_on(
    tmp_path: Path, days: int, goes_on: bool, told: list[tuple[str, str, int]]
) -> None:
    """Account b has charges on the last ``days`` days up to the 10th; the gap of the provider is known from its last day on."""
    charged = (
        "insert into fct_billed_costs select 'focus_files', 'openai', 'b', date '2026-10-10' - i::int "
        f"from range({days}) as days (i) union all select 'focus_files', 'openai', 'a', date '2026-10-01' + i::int "
        f"from range({20 if goes_on else 10}) as days (i)"
    )
    late = "insert into source_day_gaps values ('focus_files', 'openai', 'incomplete', date '2026-10-10', date '2026-10-20', 11)"
    found = summary(tmp_path, charged, late)
    rows = [row for row in found["missing_days"] if row["account_id"]]
    assert [(row["account_id"], row["first_date"], row["days"]) for row in rows] == told
    said = " ".join(" ".join(section(found, "Days missing")).split())
    assert ("FOCUS cloud bills, OpenAI, account b" in said) == bool(told)


@pytest.mark.parametrize(
    ("days", "others", "told"),
    [
        (14, 20, [(None, "2026-10-03", 2), ("b", "2026-10-11", 5)]),
        (13, 20, [(None, "2026-10-03", 2), (None, "2026-10-11", 5)]),
        (14, 0, [(None, "2026-10-03", 2), (None, "2026-10-11", 5)]),
    ],
    ids=["on most days", "on few days", "the only account"],
)
def test_days_that_one_accounts_bill_leaves_out_are_told_with_its_name(
    tmp_path: Path, days: int, others: int, told: list[tuple[str | None, str, int]]
) -> None:
    """Account b has charges on the last ``days`` days up to the 10th and again from the 16th on."""
    charged = (
        "insert into fct_billed_costs select 'focus_files', 'openai', 'b', date '2026-10-10' - i::int "
        f"from range({days}) as days (i) union all select 'focus_files', 'openai', 'b', date '2026-10-16' + i::int "
        "from range(5) as days (i) union all select 'focus_files', 'openai', 'a', date '2026-10-01' + i::int "
        f"from range({others}) as days (i)"
    )
    left_out = "insert into source_day_gaps values ('focus_files', 'openai', 'missing', date '2026-10-11', date '2026-10-15', 5)"
    found = summary(tmp_path, charged, left_out)
    rows = [row for row in found["missing_days"] if row["status"] == "missing"]
    assert [(row["account_id"], row["first_date"], row["days"]) for row in rows] == told
    said = " ".join(" ".join(section(found, "Days missing")).split())
    assert ("FOCUS cloud bills, OpenAI, account b 5 2026-10-11" in said) == (told[-1][0] == "b")


def test_what_ran_away_is_told_and_what_goes_on_first(found: dict[str, Any]) -> None:
    """This month and the one before; what ended on the last of August is of neither."""
    assert section(found, "Runaway loops") == [
        "Runaway loops and slow drips",
        "                                                 beyond",
        "  what ran away                         began the usual stands",
        "  key Unclaimed pilot:   2026-10-20 22:30 UTC      3.50 goes on, 12.25 an hour",
        "  the same request again                                more",
        "  and again",
        "  key Unclaimed pilot:   2026-09-01 00:10 UTC     40.00 over",
        "  far dearer than usual",
        "  key 310b7fe6...: each  2026-10-14 01:00 UTC     22.16 over",
        "  call longer than the",
        "  last",
        "  To do: see the guardrails page for what each did, and cap such keys under caps",
        "  in guardrails.yaml",
    ]
    assert [row["ended_at"] is None for row in found["incidents"]] == [True, False, False]


def test_of_many_that_are_over_the_dearest_are_shown_and_the_rest_summed(tmp_path: Path) -> None:
    many = (
        "insert into incidents select incidents.* replace (1.5 as incident_cost) from incidents, range(4) "
        "where ended_at > '2026-09-01'"
    )
    told = section(summary(tmp_path, many), "Runaway loops")
    assert "  and 6 more, 9.00 beyond the usual" in told


def test_reasons_are_told_in_words(found: dict[str, Any]) -> None:
    assert section(found, "Not ready yet") == [
        "Not ready yet",
        "  initiative     waits for",
        "  Lead research  guardrail: the cap is above the declared one: 90.00 a day in",
        "                 force, declared 3.00; the cap was never exercised: no refused",
        "                 request is on record",
        "                 stability: not enough evidence yet",
    ]
    assert section(found, "Run-rate")[1:5] == [
        "  run-rate of   a month  at least   at most     a year  stability",
        "  the company  1,350.00  1,300.00  1,400.00  16,200.00  not stable: growth",
        "                                                        cannot be told yet, held",
        "                                                        down by the cap",
    ]
    assert section(found, "Ready to graduate")[-1] == (
        "  To do: approve: tokenomics graduate ticket_triage --approver EMAIL"
    )


def test_a_page_that_could_not_be_written_is_told_and_only_then(found: dict[str, Any]) -> None:
    assert "could not be written" not in plain_text(found)
    assert section(found | {"pages_not_written": {"run_rate": "OSError"}}, "Pages that could not be written")[:3] == [
        "Pages that could not be written",
        "  page      why",
        "  run rate  OSError",
    ]


@pytest.mark.parametrize("faults", [(), (*FAULTS, "insert into fct_usage select * exclude (source) from fct_usage")])
def test_no_line_is_wider_than_80_columns_and_none_has_a_machine_word(tmp_path: Path, faults: tuple[str, ...]) -> None:
    told = summary(tmp_path, *faults)
    assert told["missing_tables"] == []
    text = plain_text(told)
    assert [line for line in text.splitlines() if len(line) > 80] == []
    words = TYPED.sub("", " ".join(text.split()))
    assert re.findall(r"[A-Za-z0-9]+_[A-Za-z0-9_]+", words) == []
    assert re.findall(r"[0-9a-f]{32,}", words) == []
    assert re.findall(r"\d\d:\d\d:\d\d", words) == [], "no seconds"
    for name in (f"Mistral, key {KEY[:8]}...", "OpenAI, project Sandbox, key", "Unclaimed pilot"):
        assert name in text
    assert "person@company.example" not in json.dumps(told)


def test_amounts_too_wide_for_a_table_are_told_row_by_row_and_never_cut(tmp_path: Path) -> None:
    wide = (
        "alter table gross_margin_by_product_month alter compared_revenue type decimal(38, 2); "
        "alter table gross_margin_by_product_month alter compared_ai_cogs type decimal(38, 2); "
        "alter table gross_margin_by_product_month alter gross_profit type decimal(38, 2); "
        "update gross_margin_by_product_month set compared_revenue = 123456789012345.67, compared_ai_cogs = 23456789012345.67, "
        "compared_other_cogs = 0.00, gross_profit = 100000000000000.00 where product_id = 'prod_desk' "
        "and fiscal_period = '2026-10'"
    )
    lines = section(summary(tmp_path, wide), "Gross margin")
    assert lines[1:4] == [
        "  Helpdesk",
        "    revenue 123,456,789,012,345.67; AI cost 23,456,789,012,345.67; other cost",
        "    0.00; gross profit 100,000,000,000,000.00; margin 75.0%; target 80.0%; month",
    ]
    assert all(len(line) <= 80 for line in lines)


def on_a_terminal(told: dict[str, Any], monkeypatch: pytest.MonkeyPatch, **environment: str) -> str:
    """What a terminal of 90 columns receives."""
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"TERM": "xterm-256color", "COLUMNS": "90", **environment}.items():
        monkeypatch.setenv(name, value)
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: True)
    write_summary(told, stream)
    return stream.getvalue()


def test_only_what_needs_a_person_has_a_colour(found: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    text = on_a_terminal(found, monkeypatch)
    red = {line for line in text.splitlines() if "\x1b[31m" in line}
    assert any("Research" in line and "125.0%" in line for line in red)
    assert any("To do: below target: Helpdesk" in line for line in red)
    assert not any("Operations" in line and "stable" in line for line in red)
    assert set(re.findall(r"\x1b\[([0-9;]*)m", text)) <= {"31", "1", "2", "4", "0", "1;4", "4;31"}


def test_no_colour_where_nobody_wants_one(found: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[31m" not in on_a_terminal(found, monkeypatch, NO_COLOR="1")
    piped = io.StringIO()
    write_summary(found, piped)
    assert "\x1b" not in piped.getvalue()


def test_a_pipe_receives_plain_text_though_the_terminal_has_colour(
    found: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    read, write = os.pipe()
    with os.fdopen(write, "w") as stream:
        write_summary(found, stream)
    with os.fdopen(read) as stream:
        assert stream.read() == plain_text(found) + "\n"


@pytest.mark.parametrize(
    ("months", "told"),
    [
        ([], "no budget is loaded: put a budgets file into ledgers/"),
        (["2026-09"], "no budget of 2026-10 is loaded, only of 2026-09: add 2026-10 to the budgets file in ledgers/"),
        (
            ["2026-01", "2026-02", "2026-09"],
            "no budget of 2026-10 is loaded, only of 3 months from 2026-01 to 2026-09: add",
        ),
    ],
)
def test_spend_beside_no_budget_says_of_which_months_there_are_some(
    found: dict[str, Any], months: list[str], told: str
) -> None:
    none = {"budget_amount": "0", "allowance_amount": None, "burn_ratio": None, "status": "no_budget"}
    without = found | {"budgets": [row | none for row in found["budgets"]], "budgeted_months": months}
    assert without["budgets"]
    said = " ".join(" ".join(section(without, "Budget beside actual")).split())
    assert "total 900.00" in said, "what nobody stated is no amount"
    assert told in said
    assert "no budget" not in plain_text(found)
    assert found["budgeted_months"] == ["2026-10"]


def test_other_cost_of_goods_sold_of_no_product_is_told_beside_the_margins(tmp_path: Path) -> None:
    """Hosting that names no product is in no margin, so the margins are too good; cash and a product's own cost are not."""
    lines = (
        "insert into fct_ledger_entries values "
        "('2026-10', '2026-10-05', 'other_cost_of_goods_sold', null, 1234.5), "
        "('2026-10', '2026-10-06', 'other_cost_of_goods_sold', null, -234.5), "
        "('2026-09', '2026-09-30', 'other_cost_of_goods_sold', null, 900), "
        "('2026-08', '2026-08-31', 'other_cost_of_goods_sold', null, 800), "
        "('2026-10', '2026-10-07', 'other_cost_of_goods_sold', 'prod_desk', 70), "
        "('2026-10', '2026-10-07', 'cash', null, 60)"
    )
    found = summary(tmp_path, lines)
    told = " ".join(" ".join(section(found, "Gross margin by product")).split())
    assert (
        "other cost of goods sold of no product, in no margin: 1,000.00 in 2026-10, 900.00 in 2026-09; name the product on its "
        "lines in the general ledger"
    ) in told


def test_the_json_form_keeps_what_it_promised(found: dict[str, Any]) -> None:
    promised = {
        "company_id", "as_of", "run_id", "published_at", "reporting_currency", "spend", "margin_by_product", "run_rate",
        "unpriced", "unmeasured", "unallocated", "unallocated_share", "open_amounts", "journals_left_out", "unowned_usage",
        "budget_alerts", "core_demotions", "initiatives", "rejected_rows", "ingestion", "missing_tables",
    }  # fmt: skip
    assert promised <= found.keys()
    assert found["spend"][0].keys() == {"month", "provider", "spend", "unallocated"}
    assert [row["gross_profit"] for row in found["margin_by_product"]] == ["750.002", None]
    assert {"why_not", "blocking_gates", "verified_run_rate"} <= found["initiatives"][0].keys()
    assert {row["status"] for row in found["ingestion"]} == {"loaded", "empty"}
    assert (found["periods"]["days_to_date"], found["periods"]["days"]) == (20, 31)


@pytest.mark.parametrize(("number", "is_said"), [(5, False), (6, True)], ids=["approval", "any other gate"])
def test_every_gate_but_approval_is_said_to_hold_back(number: int, is_said: bool, tmp_path: Path) -> None:
    gate = f"(date '2026-10-20', 'lead_research', {number}, 'funding', 'fail', 'ends tomorrow')"
    told = summary(tmp_path, f"insert into graduation_gates values {gate}")
    why = next(one["why_not"] for one in told["initiatives"] if one["initiative_id"] == "lead_research")
    assert ("funding: ends tomorrow" in why) == is_said
    assert ("ends tomorrow" in plain_text(told)) == is_said


def test_cost_that_changed_after_the_close_is_told_in_the_month_that_bears_it(tmp_path: Path) -> None:
    """September costs 60 more and 30 less; its ledger and what was booked in an earlier month are told elsewhere."""
    rows = (
        "('2026-09', '2026-10', 'fct_allocated_costs', 'allocated_cost', 'a', 60, 'r', 'USD'), "
        "('2026-09', '2026-10', 'fct_allocated_costs', 'allocated_cost', 'b', -30, 'r', 'USD'), "
        "('2026-09', '2026-10', 'fct_revenue', 'revenue', 'p', -300.5, 'r', 'USD'), "
        "('2026-09', '2026-10', 'fct_billed_costs', 'billed_cost', 'a', 77, 'r', 'USD'), "
        "('2026-08', '2026-10', 'fct_ledger_entries', 'net_amount', 'a', 5, 'r', 'USD'), "
        "('2026-08', '2026-09', 'fct_allocated_costs', 'allocated_cost', 'a', 5, 'r', 'USD')"
    )
    lines = section(summary(tmp_path, f"insert into period_adjustments values {rows}"), "Changed after")
    assert lines[1:3] == ["  closed month  booked in   cost  revenue", "  2026-09         2026-10  30.00  -300.50"]
    assert "book it in the open month" in " ".join(" ".join(lines).split())
    assert "Changed after" not in plain_text(summary(tmp_path / "unchanged"))


def test_who_was_approved_on_the_day_asks_for_nothing_more(tmp_path: Path) -> None:
    approval = "(date '2026-10-20', 'ticket_triage', 5, 'graduation', 'pass', 'graduated')"
    told = plain_text(summary(tmp_path, f"insert into graduation_gates values {approval}"))
    assert "approve: tokenomics graduate" not in told
    assert "none; graduated on this day: Ticket triage" in " ".join(told.split())
    assert "approve: tokenomics graduate ticket_triage" in " ".join(plain_text(summary(tmp_path / "before")).split())


def test_periods_are_those_of_the_published_calendar(tmp_path: Path) -> None:
    """A period that runs from the 5th: on the 20th of October 16 days of it have passed."""
    calendar = (
        "create or replace table dim_dates as select cast(day as date) as calendar_date, "
        "strftime(day - interval 4 day, '%Y-%m') as fiscal_period, 2026 as fiscal_year "
        "from generate_series(date '2026-01-05', date '2026-12-31', interval 1 day) as days (day)"
    )
    told = summary(tmp_path, calendar)
    periods = told["periods"]
    assert (periods["first"], periods["last"]) == ("2026-10-05", "2026-11-04")
    assert (periods["previous_first"], periods["compared_last"]) == ("2026-09-05", "2026-09-20")
    assert periods["year_first"] == "2026-01-05"
    assert {row["month"] for row in told["spend"]} == {"2026-09", "2026-10"}
