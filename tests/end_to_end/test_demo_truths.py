"""The demo company from the sources to the published tables, compared with the truths that were planted in it.

One real run of the command line with its own demo server, a second one after a restatement, and one in a home of its
own as of the day before. Every expected figure is from ``tests.demo.truth``, which knows the simulated rows and
none of the pipeline's code.
"""

import shutil
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest

from orchestration.demo.catalog import (
    AS_OF,
    DEMO_KEYS,
    FIRST_DAY,
    RESTATED_AT,
    RUNAWAY_DAY,
    UNPRICED_MODEL,
    moment,
    unit_price,
)
from orchestration.demo.company_folder import write_demo_company
from orchestration.demo.server import serving
from orchestration.demo.traffic import simulate
from orchestration.demo.wire import World, seconds
from tests.demo.truth import (
    FIRST_READY,
    FLAGGED_FOR_RETURN,
    VERDICTS,
    VERDICTS_ONE_DAY_EARLIER,
    Verdict,
    cash_and_burn,
    expected,
)
from tests.end_to_end.demo_run import Published, publish_tables
from tests.end_to_end.grains import assert_grains

SHARED_SPLIT_TOLERANCE = Decimal("0.000001")
"""Shares are split per day in units of 10^-9; which part gets the last unit may differ within a month."""


@pytest.fixture(scope="module")
def published(demo_home) -> Published:
    return Published(demo_home)


@pytest.fixture(scope="module")
def restated(published, tmp_path_factory) -> tuple[Published, World]:
    """The same home a few days later: the providers report three days of October differently now."""
    folder, world = tmp_path_factory.mktemp("restated"), World(clock=RESTATED_AT)
    shutil.copytree(published.folder.parents[1], folder / "home", symlinks=True)
    with serving(world=world) as base_url:
        write_demo_company(folder / "company", base_url)
        arguments = ("--company", str(folder / "company"), "--as-of", AS_OF.isoformat())
        return publish_tables(folder / "home", *arguments, **DEMO_KEYS), world


@pytest.fixture(scope="module")
def one_day_earlier(demo_day_before) -> Published:
    return Published(demo_day_before)


def assert_close(got: dict, want: dict, tolerance: Decimal = Decimal(0)) -> None:
    """Equal keys, and values within the tolerance; keys whose wanted value is zero may be absent."""
    wrong = {
        key: (got.get(key), want.get(key))
        for key in got.keys() | want.keys()
        if abs((got.get(key) or Decimal(0)) - (want.get(key) or Decimal(0))) > tolerance
    }
    assert not wrong, dict(sorted(wrong.items(), key=str)[:5])


def test_tokens_by_provider_month_and_class(published):
    got = published.sums(
        "fct_usage",
        "select provider, strftime(usage_date, '%Y-%m'), token_class, sum(quantity)::decimal(38, 0) from t "
        "where is_counted and token_class <> 'request' and provider in ('openai', 'anthropic', 'mistral') group by all",
    )
    want = {key: Decimal(tokens) for key, tokens in expected().tokens_by_provider_month_class.items()}
    assert_close(got, want)


def test_the_hours_of_a_day_sum_to_its_usage(published):
    sums = (
        "select source, usage_date, billing_date, provider, gateway_provider, api_key_id, model_id, service_tier, "
        "token_class, unit, sum(quantity)::bigint, sum(requests)::bigint, min(usage_start_at) from t "
        "where source in ('openai', 'anthropic', 'litellm') and service_tier not like '%_calls' group by all"
    )
    days = published.rows("fct_usage", sums)
    assert sorted(map(str, published.rows("fct_usage_by_hour", sums))) == sorted(map(str, days))
    assert {row[4] for row in days if row[0] == "litellm"} == {row[3] for row in days if row[0] == "litellm"}
    assert {row[4] for row in days if row[0] != "litellm"} == {None}


def test_list_cost_is_exact_and_the_unpriced_model_has_none(published):
    got = published.sums(
        "fct_usage",
        "select provider, strftime(usage_date, '%Y-%m'), sum(list_cost) from t "
        "where is_counted and provider in ('openai', 'anthropic', 'mistral') group by all",
    )
    assert_close(got, dict(expected().list_cost_by_provider_month))
    unpriced = published.rows(
        "fct_usage",
        "select strftime(usage_date, '%Y-%m'), sum(quantity)::bigint, count(list_cost), min(pricing_status), "
        f"max(pricing_status) from t where model_id = '{UNPRICED_MODEL}' and token_class <> 'request' group by all",
    )
    assert {row[0]: row[1] for row in unpriced} == dict(expected().unpriced_tokens_by_month)
    assert {row[2:] for row in unpriced} == {(0, "unpriced", "unpriced")}


def test_the_planted_runaway_loop_is_the_only_incident_with_its_cost_and_days_of_runway(published):
    """Five hundred successful calls from one o'clock on, one every six seconds, at the prices of the catalog; the key is
    not used at night otherwise. The daily burn is that of July to September.
    """
    loop = [
        call
        for call in simulate().gateway
        if call.key_alias == "dev-tomasz" and call.started_at.date() == RUNAWAY_DAY and call.started_at.hour == 1
    ]
    prices = {name: unit_price("mistral", loop[0].model, RUNAWAY_DAY, name) for name in ("input_uncached", "output")}
    cost = sum(
        (call.prompt * prices["input_uncached"] + call.completion * prices["output"]) / 1_000_000 for call in loop
    )
    burn = [burn for _, burn in cash_and_burn().values()][-3:]
    (row,) = published.rows(
        "incidents",
        "select kind, started_at, detected_at, ended_at, incident_cost, runway_days_lost, actor_id, department_id, "
        "is_repeat, reporting_currency from t",
    )
    began = moment(RUNAWAY_DAY, 1)
    assert row[:2] == ("growing_context", began)
    assert began < row[2] <= began + timedelta(minutes=10)
    assert row[3] == began + timedelta(minutes=50)
    assert row[4] == cost
    assert row[5] == pytest.approx(float(cost) / (float(sum(burn)) / 3 * 12 / 365), rel=1e-9)
    assert row[6:] == ("dev-tomasz", "engineering", False, "USD")


def test_the_price_cut_of_august_leaves_earlier_days_alone(published):
    prices = published.rows(
        "fct_usage",
        "select distinct usage_date < date '2026-08-21', list_unit_price_per_million::decimal(18, 6) from t "
        "where model_id = 'gpt-5.6-sol' and token_class = 'output' order by 1",
    )
    assert prices == [(False, Decimal(20)), (True, Decimal(30))]


def test_billed_cost_by_provider_and_day(published):
    got = published.sums("fct_billed_costs", "select provider, cost_date, sum(billed_cost) from t group by all")
    assert_close(got, dict(expected().billed_by_provider_day))


def test_unpriced_usage_is_billed_to_its_owner_and_stands_in_the_bridge(published):
    got = published.sums(
        "reconciliation_by_provider_month",
        "select fiscal_period, sum(amount) from t where provider = 'openai' and bridge_line = 'unpriced_usage' "
        "group by all",
    )
    assert_close(got, {(month,): amount for month, amount in expected().unpriced_billed_by_month.items()})


def test_allocated_cost_by_owner_and_month(published):
    got = published.sums(
        "fct_allocated_costs",
        "select coalesce(initiative_id, case when allocation_method = 'unallocated' then 'unallocated' "
        "else 'department:' || department_id end), strftime(cost_date, '%Y-%m'), sum(allocated_cost) from t "
        "group by all",
    )
    assert_close(got, expected().allocated_by_owner_month(), SHARED_SPLIT_TOLERANCE)


def test_allocated_equals_billed_or_metered_to_the_last_billionth(published):
    got = published.sums("fct_allocated_costs", "select provider, cost_date, sum(allocated_cost) from t group by all")
    want: dict[tuple, Decimal] = defaultdict(Decimal)
    for part in expected().allocations:
        want[part.provider, part.day] += part.amount
    assert_close(got, want)
    bases = published.rows("fct_allocated_costs", "select distinct provider, cost_basis from t order by all")
    assert ("mistral", "metered") in bases
    assert ("openai", "billed") in bases
    assert not [row for row in bases if row[0] != "mistral" and row[1] == "metered"]


def test_unallocated_cost_is_visible(published):
    got = published.sums(
        "fct_allocated_costs",
        "select provider, strftime(cost_date, '%Y-%m'), sum(allocated_cost) from t "
        "where allocation_method = 'unallocated' group by all",
    )
    assert_close(got, expected().unallocated_by_provider_month())


def test_shared_keys_are_split_by_every_method(published):
    got = published.sums(
        "fct_allocated_costs",
        "select allocation_method, sum(allocated_cost) from t where allocation_method in "
        "('fixed', 'even', 'proportional') group by all",
    )
    want: dict[tuple, Decimal] = defaultdict(Decimal)
    for part in expected().allocations:
        if part.method in ("fixed", "even", "proportional"):
            want[(part.method,)] += part.amount
    assert_close(got, want)


def test_margins_by_product_and_month(published):
    rows = published.rows(
        "gross_margin_by_product_month",
        "select product_id, fiscal_period, revenue, ai_cogs, other_cogs, gross_profit, gross_margin_ratio, "
        "is_below_target from t where product_id like 'prod_%'",
    )
    margins = {row[:2]: row[2:] for row in rows}
    assert margins.keys() == expected().margin_by_product_month.keys()
    for key, want in expected().margin_by_product_month.items():
        revenue, ai_cogs, other_cogs, gross_profit, ratio, is_below_target = margins[key]
        assert abs(revenue - want.revenue) <= SHARED_SPLIT_TOLERANCE, key
        assert abs(ai_cogs - want.ai_cogs) <= SHARED_SPLIT_TOLERANCE, key
        assert abs(other_cogs - want.other_cogs) <= SHARED_SPLIT_TOLERANCE, key
        assert abs(gross_profit - want.gross_profit) <= SHARED_SPLIT_TOLERANCE, key
        assert float(ratio) == pytest.approx(float(want.gross_profit / want.revenue), abs=1e-9), key
        assert is_below_target == want.is_below_target, key


def test_cash_burn_and_runway_by_ended_month(published):
    rows = published.rows("runway_by_month", "select fiscal_period, cash, net_burn, runway_months from t")
    want = cash_and_burn()
    assert {row[0]: row[1:3] for row in rows if row[0] in want} == want
    mean_burn = sum(burn for _, burn in want.values()) / 3
    runway = next(row[3] for row in rows if row[0] == "2026-09")
    assert float(runway) == pytest.approx(float(want["2026-09"][0] / mean_burn), rel=1e-9)


def test_both_legs_of_the_bridge_sum_exactly(published):
    lines = published.rows(
        "reconciliation_by_provider_month",
        "select provider, fiscal_period, bridge_line, case when not is_total then leg end, amount from t "
        "where provider <> 'unmatched'",
    )
    bridges: dict[tuple, dict[str, Decimal]] = defaultdict(dict)
    legs: dict[tuple, Decimal] = defaultdict(Decimal)
    for provider, period, line, leg, amount in lines:
        bridges[provider, period][line] = amount
        legs[provider, period, leg] += amount
    assert {("openai", "2026-09"), ("anthropic", "2026-09"), ("aws", "2026-09")} <= bridges.keys()
    for key, bridge in bridges.items():
        assert bridge["metered_list_cost"] + legs[*key, 1] == bridge["billed_cost"]
        assert bridge["billed_cost"] + legs[*key, 2] == bridge["ledger_posting"]
        assert abs(bridge["residual"]) <= Decimal("0.005") * abs(bridge["billed_cost"])


def assert_verdict(published: Published, initiative: str, verdict: Verdict) -> None:
    """The status of gates 1 to 4, the stated reason of each that does not pass, and the gates that block."""
    latest = f"initiative_id = '{initiative}' and as_of_date = (select max(as_of_date) from t)"
    rows = published.rows("graduation_gates", f"select gate_number, status, reason from t where {latest}")
    statuses = {number: status for number, status, _ in rows if number in verdict.gates}
    assert statuses == verdict.gates
    stated = {number: reason for number, _, reason in rows}
    assert {number: reason for number, reason in verdict.reasons.items() if reason not in stated[number]} == {}
    blocking = published.rows("graduation_readiness", f"select is_ready, blocking_gates from t where {latest}")
    assert blocking == [(verdict.is_ready, ",".join(map(str, verdict.blocking)))]


@pytest.mark.parametrize("initiative", sorted(VERDICTS))
def test_verdict_of_the_four_gates(published, initiative):
    assert_verdict(published, initiative, VERDICTS[initiative])


@pytest.mark.parametrize("initiative", sorted(VERDICTS_ONE_DAY_EARLIER))
def test_verdict_one_day_earlier(one_day_earlier, initiative):
    assert_verdict(one_day_earlier, initiative, VERDICTS_ONE_DAY_EARLIER[initiative])


def test_exactly_one_gate_of_one_experiment_flips_on_the_as_of_day(published, one_day_earlier):
    sql = "select initiative_id, gate_number, status from t where as_of_date = (select max(as_of_date) from t)"
    before = set(one_day_earlier.rows("graduation_gates", f"{sql} and gate_number <= 4"))
    after = set(published.rows("graduation_gates", f"{sql} and gate_number <= 4"))
    assert before - after == {("ticket_triage", 4, "insufficient")}
    assert after - before == {("ticket_triage", 4, "pass")}


def test_experiments_are_ready_since_their_thirtieth_day_and_one_on_the_as_of_day(published, one_day_earlier):
    sql = "select distinct initiative_id, first_ready_date from t where is_ready order by all"
    assert published.rows("graduation_readiness", sql) == list(FIRST_READY.items())
    assert one_day_earlier.rows("graduation_readiness", sql) == [("clause_translation", date(2026, 9, 30))]
    today = "select initiative_id from t where is_ready and as_of_date = (select max(as_of_date) from t)"
    assert published.rows("graduation_readiness", today) == [("ticket_triage",)]
    assert one_day_earlier.rows("graduation_readiness", today) == []
    for home, day in ((published, AS_OF), (one_day_earlier, AS_OF - timedelta(days=1))):
        assert home.rows("graduation_readiness", "select max(as_of_date) from t") == [(day,)]


def test_the_core_initiative_that_grew_dearer_is_flagged_for_return(published):
    rows = published.rows(
        "core_demotions_by_initiative", "select initiative_id, above_since from t where is_flagged_for_return"
    )
    assert rows == list(FLAGGED_FOR_RETURN.items())


def test_nothing_is_published_outside_the_history(published):
    for table, column in (
        ("fct_usage", "usage_date"),
        ("fct_billed_costs", "cost_date"),
        ("fct_revenue", "revenue_date"),
    ):
        assert published.rows(table, f"select min({column}), max({column}) from t") == [(FIRST_DAY, AS_OF)], table


def test_no_model_repeats_its_grain(published, restated):
    for home in (published, restated[0]):
        assert_grains(home.folder.parents[1])


def test_gateway_rows_count_once_and_failed_calls_are_free(published):
    requests, failed_cost = published.rows(
        "fct_usage",
        "select sum(requests)::bigint, sum(list_cost) from t where source = 'litellm' and token_class = 'request'",
    )[0]
    calls = [call for call in simulate().gateway if call.started_at.date() <= AS_OF]
    assert requests in (len(calls), sum(call.is_success for call in calls))
    assert failed_cost in (None, 0)


def test_no_published_file_holds_a_key(published):
    for path in published.folder.parent.rglob("*"):
        if path.is_file():
            raw = path.read_bytes()
            assert not any(value.encode() in raw for value in DEMO_KEYS.values()), path.name


def test_restated_days_are_replaced_and_not_added(restated):
    published, _ = restated
    got = published.sums("fct_billed_costs", "select provider, cost_date, sum(billed_cost) from t group by all")
    assert got != dict(expected().billed_by_provider_day)
    assert_close(got, dict(expected(RESTATED_AT).billed_by_provider_day))
    tokens = published.sums(
        "fct_usage",
        "select strftime(usage_date, '%Y-%m'), token_class, sum(quantity)::decimal(38, 0) from t "
        "where is_counted and token_class <> 'request' and provider = 'openai' group by all",
    )
    want = {
        key[1:]: Decimal(n)
        for key, n in expected(RESTATED_AT).tokens_by_provider_month_class.items()
        if key[0] == "openai"
    }
    assert_close(tokens, want)


def test_a_second_run_reads_the_look_back_only(restated):
    _, world = restated
    asked = [parse_qs(urlsplit(target).query) for target in world.requests if "/organization/" in target]
    starts = [int(query["start_time"][0]) for query in asked if "start_time" in query]
    assert min(starts) >= seconds(moment(AS_OF - timedelta(days=22)))
