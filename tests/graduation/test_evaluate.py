"""The evaluation over a hand-built warehouse: what is landed for each as-of day, and why."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import duckdb
import numpy as np
import pytest

from orchestration.graduation.gates.result import GATE_NAMES
from orchestration.run_rate.series import BrokenInput
from tests.graduation.conftest import default_policy

START = date(2026, 9, 1)


def day(position):
    return START + timedelta(days=position)


def noon(position):
    return datetime.combine(day(position), time(12), UTC)


def steady(days, level=10.0, seed=1):
    noise = np.random.default_rng(seed).normal(1, 0.03, days)
    return [round(level * float(factor), 6) for factor in noise]


def guarded(warehouse, name="exp_a", days=30, costs=None, cap="20", **values):
    """An internal experiment that passes every gate once its history is long enough."""
    caps = {"allocation_daily_cap": Decimal(cap), "guardrail_daily_cap": Decimal(cap)} if cap else {}
    defaults = {
        "allocation_amount": Decimal(10000),
        "guardrail_entity": f"key:{name}",
        "guardrail_adapter": "litellm",
        "legacy_software_per_month": Decimal(2000),
        **caps,
    }
    warehouse.add_initiative(name, START, **{**defaults, **values})
    amounts = steady(days) if costs is None else costs
    warehouse.add_costs(name, START, amounts)
    for position, amount in enumerate(amounts):
        warehouse.tables["int_guarded_entity_days"].append((name, day(position), Decimal(str(amount)), 0, 0))
        warehouse.tables["int_initiative_tier_daily_costs"].append(
            (name, day(position), "p", "small", "economy", 3, 3, False, Decimal(str(amount)), Decimal(1), Decimal(1))
        )
        warehouse.add_reading(f"key:{name}", day(position), "20")
    warehouse.tables["int_guarded_entity_days"].append((name, day(-5), Decimal(0), 1, 0))


def test_ready_on_the_thirtieth_day_and_not_before(warehouse):
    guarded(warehouse, days=33)
    warehouse.tables["int_initiative_daily_units"] += [("exp_a", day(n), Decimal(4)) for n in range(33)]
    results = warehouse.evaluate(day(32))
    rows = sorted(results.rows("readiness"), key=lambda row: row["as_of_date"])
    assert [row["as_of_date"] for row in rows] == [day(n) for n in range(33)]
    assert [row["is_ready"] for row in rows] == [False] * 29 + [True] * 4
    assert {row["first_ready_date"] for row in rows[29:]} == {day(29)}
    assert all(row["verified_run_rate"] is None and row["blocking_gates"] for row in rows[:29])
    last = rows[-1]
    assert last["blocking_gates"] == ""
    assert last["verified_run_rate"] == results.run_rate("exp_a", day(32))["run_rate_monthly"]
    assert last["verified_run_rate_low"] < last["verified_run_rate"] < last["verified_run_rate_high"]
    cost = sum(Decimal(str(amount)) for amount in steady(33))
    assert last["verified_unit_cost"] == pytest.approx(cost / (4 * 33), abs=Decimal("0.000000001"))


def test_every_gate_every_day_each_with_evidence_and_the_policy_version(warehouse):
    guarded(warehouse, days=31)
    rows = warehouse.evaluate(day(30)).rows("gates")
    assert len(rows) == 31 * len(GATE_NAMES)
    assert {row["gate_name"] for row in rows} == set(GATE_NAMES.values())
    assert all(row["reason"] and row["evidence_id"] and row["unit"] for row in rows)
    assert {row["policy_version"] for row in rows} == {"policy-under-test"}


def test_the_same_evaluation_on_a_past_day_gives_the_same_rows(warehouse, new_warehouse, tmp_path):
    guarded(warehouse, days=36)
    earlier = new_warehouse(tmp_path / "earlier")
    guarded(earlier, days=36)
    cut = day(31)
    earlier.tables["int_cost_object_daily_costs"] = [
        row for row in earlier.tables["int_cost_object_daily_costs"] if row[2] <= cut
    ]
    ids = ("partition", "load_id")

    def until_cut(results, stream):
        rows = [row for row in results.rows(stream) if row["as_of_date"] <= cut]
        return sorted(str({key: row[key] for key in row if key not in ids}) for row in rows)

    late, then = warehouse.evaluate(day(35)), earlier.evaluate(cut)
    for stream in ("run_rates", "gates", "readiness"):
        assert until_cut(late, stream) == until_cut(then, stream)


def test_an_earlier_as_of_day_replaces_the_statistics_of_a_later_one(warehouse):
    guarded(warehouse, days=200)
    assert len(warehouse.evaluate(day(199)).rows("gates")) == 200 * len(GATE_NAMES)
    warehouse.tables["int_cost_object_daily_costs"] = warehouse.tables["int_cost_object_daily_costs"][:10]
    assert len(warehouse.evaluate(day(9)).rows("gates")) == 10 * len(GATE_NAMES)


def test_run_rate_is_exact_and_counts_its_days(warehouse):
    costs = ["0.000000000001"] * 27 + ["27.999999999973"]
    warehouse.add_initiative("exp_a", START)
    warehouse.add_costs("exp_a", START, costs)
    warehouse.add_costs("dept_a", START, ["1"] * 28, entity_type="department")
    warehouse.add_costs("company", START, ["2"] * 28, entity_type="company")
    results = warehouse.evaluate(day(27))
    row = results.run_rate("exp_a", day(27))
    assert row["run_rate_monthly"] == Decimal("30.4375")  # a mean of exactly one a day
    assert (row["run_rate_annual"], row["days_observed"]) == (Decimal("365.25"), 28)
    assert results.run_rate("dept_a", day(27))["run_rate_annual"] == Decimal("365.25")
    assert results.run_rate("company", day(27))["run_rate_annual"] == Decimal("730.5")
    sixth = results.run_rate("exp_a", day(5))
    assert (sixth["run_rate_monthly"], sixth["days_observed"]) == (None, 6)


def test_days_before_the_first_cost_are_no_history(warehouse):
    warehouse.add_initiative("exp_a", START)
    warehouse.add_costs("exp_a", START, ["0"] * 10 + ["5"] * 29)
    row = warehouse.evaluate(day(38)).run_rate("exp_a", day(38))
    assert row["stability_reasons"] == "short_history"
    assert row["run_rate_annual"] == Decimal("1826.25")


@pytest.mark.parametrize(("missing", "reasons"), [(20, "missing_days"), (9, "")])
def test_a_missing_day_breaks_only_the_needed_window(warehouse, missing, reasons):
    warehouse.add_initiative("exp_a", START)
    warehouse.add_costs("exp_a", START, steady(40), incomplete={day(missing)})
    row = warehouse.evaluate(day(39)).run_rate("exp_a", day(39))
    assert row["stability_reasons"] == reasons
    assert row["stability_status"] == ("insufficient" if reasons else "stable")


@pytest.mark.parametrize("incomplete", [{31}, set()], ids=["the next day", "a week late"])
def test_whenever_the_run_is_made_each_day_knows_what_had_settled_on_it(new_warehouse, tmp_path, incomplete):
    warehouse = new_warehouse(tmp_path)
    guarded(warehouse, days=0)
    warehouse.add_costs("exp_a", START, steady(32), incomplete={day(n) for n in incomplete}, settle_days=1)
    results = warehouse.evaluate(day(31), default_policy(required_gates=(4,)))
    assert results.run_rate("exp_a", day(29))["stability_reasons"] == "short_history"
    assert results.run_rate("exp_a", day(30))["stability_status"] == "stable"
    assert results.run_rate("exp_a", day(31))["observation_end_date"] == day(30)
    assert results.readiness("exp_a", day(31))["first_ready_date"] == day(30)


def test_cost_on_the_guarded_key_at_the_lower_cap_is_cap_bound(warehouse):
    guarded(warehouse, days=31, guardrail_daily_cap=Decimal(15))
    warehouse.tables["int_guarded_entity_days"] = [
        (name, at, Decimal(15) if at == day(20) else amount, refused, drills)
        for name, at, amount, refused, drills in warehouse.tables["int_guarded_entity_days"]
    ]
    assert warehouse.evaluate(day(30)).run_rate("exp_a", day(30))["stability_reasons"] == "cap_bound"


def test_cost_just_under_the_cap_is_not_cap_bound_but_a_refusal_is(warehouse):
    guarded(warehouse, "exp_under", days=31)
    guarded(warehouse, "exp_refused", days=31)
    planted = {("exp_under", day(20)): (Decimal("19.99"), 0, 0), ("exp_refused", day(20)): (Decimal(10), 2, 0)}
    warehouse.tables["int_guarded_entity_days"] = [
        (name, at, *planted.get((name, at), values))
        for name, at, *values in warehouse.tables["int_guarded_entity_days"]
    ]
    results = warehouse.evaluate(day(30))
    assert results.run_rate("exp_under", day(30))["stability_status"] == "stable"
    assert results.run_rate("exp_refused", day(30))["stability_reasons"] == "cap_bound"


def test_a_recorded_drill_is_a_drill_and_binds_no_cap(warehouse):
    guarded(warehouse, "exp_drilled", days=31)
    warehouse.tables["int_guarded_entity_days"] = [
        (name, at, amount, 0, int(at == day(20)))
        for name, at, amount, _, _ in warehouse.tables["int_guarded_entity_days"]
    ]
    results = warehouse.evaluate(day(30))
    assert results.run_rate("exp_drilled", day(30))["stability_status"] == "stable"
    assert results.gate("exp_drilled", 3, day(30))["status"] == "pass"


def test_spending_the_allocation_exactly_is_allowed_and_more_is_not(warehouse):
    for name, amount in (("exp_exact", "300"), ("exp_over", "299.99")):
        warehouse.add_initiative(name, START, allocation_amount=Decimal(amount))
        warehouse.add_costs(name, START, ["10"] * 30)
    results = warehouse.evaluate(day(29))
    assert results.run_rate("exp_exact", day(29))["stability_reasons"] == ""
    assert results.run_rate("exp_over", day(29))["stability_reasons"] == "over_allocation"


def test_an_adjusted_allocation_counts_and_is_a_change_of_configuration(warehouse):
    warehouse.add_initiative("exp_a", START, allocation_amount=Decimal(350))
    warehouse.add_costs("exp_a", START, ["10"] * 40)
    warehouse.land(
        "budget",
        "movements",
        initiative_id="exp_a",
        account="allocation:exp_a",
        kind="adjust",
        amount=Decimal(100),
        effective_on=day(33),
    )
    results = warehouse.evaluate(day(39))
    assert results.run_rate("exp_a", day(32))["stability_status"] == "stable"
    assert results.run_rate("exp_a", day(39))["stability_reasons"] == "short_history,configuration_changed"


def test_a_changed_cap_in_the_registry_starts_the_history_anew(warehouse):
    common = {"allocation_amount": Decimal(10000)}
    warehouse.add_initiative("exp_a", START, valid_to=day(20), allocation_daily_cap=Decimal(20), **common)
    warehouse.add_initiative("exp_a", START, valid_from=day(20), allocation_daily_cap=Decimal(30), **common)
    warehouse.add_costs("exp_a", START, steady(50))
    results = warehouse.evaluate(day(49))
    assert results.run_rate("exp_a", day(48))["stability_reasons"] == "short_history,configuration_changed"
    last = results.run_rate("exp_a", day(49))
    assert (last["stability_status"], last["observation_start_date"]) == ("stable", day(20))


def test_a_renewed_allocation_begins_unspent(warehouse):
    """10 a day of 250 to day 19, then of 150 for another 15 days: 200 and 150 spent, and on day 35 10 too much. What was added
    to the first allocation is none of the second.
    """
    first = {"allocation_starts_on": START, "allocation_expires_on": day(19), "allocation_amount": Decimal(250)}
    second = {"allocation_starts_on": day(20), "allocation_expires_on": day(60), "allocation_amount": Decimal(150)}
    warehouse.add_initiative("exp_a", START, valid_to=day(20), **first)
    warehouse.add_initiative("exp_a", START, valid_from=day(20), **second)
    warehouse.add_costs("exp_a", START, ["10"] * 37)
    warehouse.land(
        *("budget", "movements"),
        initiative_id="exp_a",
        account="allocation:exp_a",
        kind="adjust",
        amount=Decimal(1000),
        effective_on=day(10),
    )
    results = warehouse.evaluate(day(36))
    reasons = {n: results.run_rate("exp_a", day(n))["stability_reasons"].split(",") for n in (19, 20, 34, 35, 36)}
    assert [n for n in reasons if "over_allocation" in reasons[n]] == [35, 36]


@pytest.mark.parametrize(("share", "reasons"), [(0.09, ""), (0.15, "configuration_changed")])
def test_a_new_model_over_a_tenth_of_cost_is_a_change(warehouse, share, reasons):
    warehouse.add_initiative("exp_a", START)
    warehouse.add_costs("exp_a", START, ["10"] * 40)
    for n in range(40):
        part = Decimal(str(round(10 * share, 2))) if n >= 25 else Decimal(0)
        rows = [("exp_a", day(n), "old", Decimal(10) - part)]
        warehouse.tables["int_initiative_model_daily_costs"] += [*rows, ("exp_a", day(n), "new", part)]
    assert warehouse.evaluate(day(39)).run_rate("exp_a", day(39))["stability_reasons"] == reasons


def test_a_read_back_without_cap_inside_the_window_fails_stability_and_gate_three(warehouse):
    guarded(warehouse, days=31)
    for row in warehouse.landed["litellm", "guardrail_settings"]:
        if row["as_of_date"] == day(30):
            row["max_budget"] = None
    results = warehouse.evaluate(day(30))
    assert results.run_rate("exp_a", day(30))["stability_reasons"] == "cap_not_in_force"
    gate = results.gate("exp_a", 3, day(30))
    assert (gate["status"], gate["reason"]) == (
        "fail",
        "cap_not_in_force: the gateway shows no budget and no request limit",
    )
    assert results.gate("exp_a", 3, day(29))["status"] == "pass"


def test_without_a_read_back_a_declaration_fails(warehouse):
    guarded(warehouse, days=30)
    warehouse.landed["litellm", "guardrail_settings"] = []
    gate = warehouse.evaluate(day(29)).gate("exp_a", 3, day(29))
    assert gate["status"] == "fail"
    assert gate["reason"].startswith("not_read_back")


def test_a_later_read_back_speaks_for_the_days_since_the_gateway_last_changed_the_settings(warehouse):
    guarded(warehouse, days=32)
    warehouse.landed["litellm", "guardrail_settings"] = []
    warehouse.add_reading("key:exp_a", day(31), "12", updated_at=noon(10))
    results = warehouse.evaluate(day(31))
    assert results.gate("exp_a", 3, day(9))["reason"].startswith("not_read_back")
    assert {results.gate("exp_a", 3, day(n))["status"] for n in (10, 30, 31)} == {"pass"}


def test_an_own_read_back_stands_before_a_later_one_for_as_long_as_it_is_fresh(warehouse):
    """Read on day 29 at a cap of 20, at most a day old; read again on day 33, said to stand at 99 since before day 0."""
    guarded(warehouse, days=34)
    settings = warehouse.landed["litellm", "guardrail_settings"]
    warehouse.landed["litellm", "guardrail_settings"] = [row for row in settings if row["as_of_date"] == day(29)]
    warehouse.add_reading("key:exp_a", day(33), "99", updated_at=noon(-9))
    results = warehouse.evaluate(day(33))
    assert [results.gate("exp_a", 3, day(n))["status"] for n in (28, 29, 30)] == ["fail", "pass", "pass"]
    assert results.gate("exp_a", 3, day(28))["reason"].startswith("not_read_back")
    for n in (31, 32, 33):
        assert results.gate("exp_a", 3, day(n))["reason"].startswith("cap_above_declared"), n


def test_a_read_back_two_days_old_is_stale(warehouse):
    guarded(warehouse, days=32)
    settings = warehouse.landed["litellm", "guardrail_settings"]
    warehouse.landed["litellm", "guardrail_settings"] = [row for row in settings if row["as_of_date"] <= day(29)]
    results = warehouse.evaluate(day(31))
    assert results.gate("exp_a", 3, day(30))["status"] == "pass"
    assert results.gate("exp_a", 3, day(31))["reason"].startswith("stale_read_back: 48.0 hours")


def test_an_approval_passes_gate_five_and_ends_the_evaluation(warehouse):
    guarded(warehouse, days=33)
    warehouse.land(
        "budget", "movements", initiative_id="exp_a", kind="graduate", effective_on=day(31), amount=Decimal(1)
    )
    results = warehouse.evaluate(day(32))
    assert results.gate("exp_a", 5, day(30))["status"] == "insufficient"
    assert results.gate("exp_a", 5, day(31))["status"] == "pass"
    assert {row["as_of_date"] for row in results.rows("gates")} == {day(n) for n in range(32)}


def test_an_experiment_that_was_returned_is_judged_anew_until_it_graduates_again(warehouse):
    """Graduated on day 31, core by the registry from day 35, an experiment again from day 38, graduated on day 41."""
    guarded(warehouse, days=45)
    [first] = warehouse.landed["registry", "initiatives"]
    warehouse.landed["registry", "initiatives"] = [
        first | {"valid_to": day(35)},
        first | {"stage": "core", "valid_from": day(35), "valid_to": day(38)},
        first | {"valid_from": day(38)},
    ]
    for booked in (31, 41):
        warehouse.land(
            *("budget", "movements"),
            initiative_id="exp_a",
            kind="graduate",
            effective_on=day(booked),
            amount=Decimal(1),
        )
    results = warehouse.evaluate(day(44))
    assert {row["as_of_date"] for row in results.rows("gates")} == {day(n) for n in [*range(32), *range(38, 42)]}
    assert [results.gate("exp_a", 5, day(n))["status"] for n in (31, 38, 41)] == ["pass", "insufficient", "pass"]
    assert results.readiness("exp_a", day(31))["first_ready_date"] == day(29)
    assert results.readiness("exp_a", day(38))["first_ready_date"] == day(38), "its first life is over"


def product(warehouse, days, revenue="100", other="10", ai="20"):
    warehouse.land("registry", "products", product_id="prod", target_gross_margin_ratio=Decimal("0.5"))
    warehouse.tables["int_product_daily_economics"] += [
        ("prod", day(n), Decimal(revenue) if revenue else None, Decimal(ai), Decimal(other)) for n in range(days)
    ]


def test_the_second_initiative_of_a_product_bears_the_first_ones_cost(warehouse):
    # each costs about 12 a day of a revenue of 100: 10 + 20 + 12 leaves 58 %, a second 12 leaves 46 %, under 50 %
    for name in ("exp_b", "exp_c"):
        guarded(warehouse, name, costs=steady(30, 12.0), kind="customer_facing", product_id="prod")
    product(warehouse, 30)
    results = warehouse.evaluate(day(29))
    first, second = results.gate("exp_b", 1, day(29)), results.gate("exp_c", 1, day(29))
    assert (first["status"], second["status"]) == ("pass", "fail")
    assert "exp_b" in second["reason"]
    assert [results.readiness(name, day(29))["is_ready"] for name in ("exp_b", "exp_c")] == [True, False]


def test_who_was_ready_first_keeps_its_place_whatever_its_name(warehouse):
    guarded(warehouse, "exp_z", costs=steady(35, 12.0), kind="customer_facing", product_id="prod")
    late = {"kind": "customer_facing", "product_id": "prod"}
    guarded(warehouse, "exp_a", costs=[0, 0, 0, *steady(32, 12.0, seed=2)], **late)
    product(warehouse, 35)
    results = warehouse.evaluate(day(34))
    assert results.readiness("exp_z", day(34))["first_ready_date"] == day(29)
    assert results.readiness("exp_z", day(34))["is_ready"]
    assert not results.readiness("exp_a", day(34))["is_ready"]


def graduated_sibling(warehouse, days, verified="400", core_cost="13"):
    """Siblings ``exp_a``, graduated on day 31 at an upper run-rate of ``verified`` a month, and ``exp_b``: each costs about 12
    a day, as core ``exp_a`` costs ``core_cost``. Revenue is 100, other cost 10, other AI cost 20 a day.
    """
    for name in ("exp_a", "exp_b"):
        guarded(warehouse, name, costs=steady(days, 12.0), kind="customer_facing", product_id="prod")
    product(warehouse, 32)
    warehouse.tables["int_product_daily_economics"] += [
        ("prod", day(n), Decimal(100), Decimal(20) + Decimal(core_cost), Decimal(10)) for n in range(32, days)
    ]
    warehouse.tables["int_graduated_core_costs_by_day"] += [
        ("prod", "exp_a", day(n), Decimal(core_cost)) for n in range(32, days)
    ]
    for stream, values in (("movements", {"kind": "graduate", "amount": Decimal(1)}), ("graduations", {})):
        if stream == "graduations":
            values = {"verified_run_rate_high": None if verified is None else Decimal(verified)}
        warehouse.land("budget", stream, initiative_id="exp_a", effective_on=day(31), **values)


def test_a_graduated_sibling_stands_at_its_verified_run_rate_until_28_core_days_exist(warehouse):
    """The day before, the day and the day after the graduation say the same of the sibling; from the 28th core day on it
    stands at what it really costs, 13 a day.
    """
    graduated_sibling(warehouse, 62)
    results = warehouse.evaluate(day(61))
    gates = {n: results.gate("exp_b", 1, day(n)) for n in (30, 31, 32, 33, 58, 59)}
    assert {gate["status"] for gate in gates.values()} == {"fail"}
    per_month = Decimal("365.25") / 12
    for n in (32, 33, 58, 59):
        own = results.run_rate("exp_b", day(n))["run_rate_high"]
        sibling = Decimal(400) if n < 59 else 13 * per_month
        margin = (70 * per_month - sibling - own) / (100 * per_month)
        assert gates[n]["metric_value"] == pytest.approx(margin, abs=Decimal("0.000000002")), n
    for n in (30, 31):
        high = results.run_rate("exp_a", day(n))["run_rate_high"]
        own = results.run_rate("exp_b", day(n))["run_rate_high"]
        margin = (70 * per_month - high - own) / (100 * per_month)
        assert gates[n]["metric_value"] == pytest.approx(margin, abs=Decimal("0.000000002")), n
    assert "exp_a 400.00" in gates[58]["reason"]
    assert "exp_a" not in gates[59]["reason"]


def test_a_graduation_without_a_verified_run_rate_leaves_the_sibling_undecided(warehouse):
    graduated_sibling(warehouse, 62, verified=None)
    results = warehouse.evaluate(day(61))
    undecided = results.gate("exp_b", 1, day(40))
    assert (undecided["status"], undecided["metric_value"]) == ("insufficient", None)
    assert undecided["reason"].startswith("no_verified_run_rate: of exp_a")
    assert results.gate("exp_b", 1, day(59))["status"] == "fail"


def test_units_that_are_reported_late_are_not_units_that_were_not_done(warehouse):
    """10 a day for 40 days and 100 units a day, of which the last ten days are not reported yet: 0.10 a unit, not 0.15."""
    guarded(warehouse, costs=[10.0, 10.0] * 20, unit_of_work="tickets")
    warehouse.tables["int_initiative_daily_units"] += [("exp_a", day(n), Decimal(100)) for n in range(30)]
    results = warehouse.evaluate(day(39))
    assert results.readiness("exp_a", day(39))["verified_unit_cost"] == Decimal("0.1")
    assert results.readiness("exp_a", day(29))["verified_unit_cost"] == Decimal("0.1")


def test_units_told_by_the_month_are_set_against_days_of_ended_months(warehouse):
    """6,000 units told for September, whose 30 days cost 300; the 80 of October, of which nothing is told, are left out."""
    guarded(warehouse, costs=[10.0, 10.0] * 19, unit_of_work="tickets")
    warehouse.tables["int_initiative_daily_units"] += [("exp_a", date(2026, 9, 30), Decimal(6000))]
    results = warehouse.evaluate(day(37))
    assert results.readiness("exp_a", day(37))["verified_unit_cost"] == Decimal("0.05")


def test_units_of_two_kinds_are_never_added(warehouse):
    """Tickets to day 19, a thousand pages a day from day 20 on: the pages of days 20 to 39 cost 200 over 20,000."""
    guarded(warehouse, costs=[10.0, 10.0] * 20, unit_of_work="tickets")
    [row] = warehouse.landed["registry", "initiatives"]
    pages = row | {"valid_from": day(20), "unit_of_work": "pages"}
    warehouse.landed["registry", "initiatives"] = [row | {"valid_to": day(20)}, pages]
    warehouse.tables["int_initiative_daily_units"] += [
        ("exp_a", day(n), Decimal(1 if n < 20 else 1000)) for n in range(40)
    ]
    results = warehouse.evaluate(day(39))
    assert results.readiness("exp_a", day(39))["verified_unit_cost"] == Decimal("0.01")


def test_labour_counts_the_days_whose_units_are_known(warehouse):
    """2 units a day known to day 19 of 30, which is every weekday: 2 x 0.5 h x 60 = 60 a day. From the day on which only six
    weekdays of the last 28 are known, nothing is claimed.
    """
    claim = {"legacy_software_per_month": None, "labor_hours_per_unit": Decimal("0.5"), "labor_rate_id": "r"}
    guarded(warehouse, days=46, unit_of_work="tickets", **claim)
    warehouse.tables["int_initiative_daily_units"] += [("exp_a", day(n), Decimal(2)) for n in range(20)]
    warehouse.land(
        *("ledgers", "labor_rates"), labor_rate_id="r", valid_from=day(-90), hourly_rate=Decimal(60), currency="USD"
    )
    results = warehouse.evaluate(day(45))
    assert results.gate("exp_a", 1, day(29))["metric_value"] == Decimal("1826.25")
    assert results.gate("exp_a", 1, day(40))["metric_value"] == Decimal("1826.25")
    unknown = results.gate("exp_a", 1, day(41))
    assert (unknown["status"], unknown["metric_value"]) == ("insufficient", None)
    assert "no tickets reported" in unknown["reason"]


def test_unknown_other_cost_makes_the_return_undecided(warehouse):
    """The ledger is kept from day 2 on, and September's other cost of 300, 10 a day, is posted on its last day, day 29."""
    guarded(warehouse, costs=steady(30, 12.0), kind="customer_facing", product_id="prod")
    product(warehouse, 30, other="10")
    entry = ("2026-09", day(29), "other_cost_of_goods_sold", None, Decimal(300), Decimal(0))
    warehouse.tables["int_ledger_entries_classified"] += [
        (None, "2026-09", "2026-09", day(2), "other", None, Decimal(5), Decimal(5)),
        ("prod", "2026-09", *entry),
    ]
    results = warehouse.evaluate(day(29))
    unknown = results.gate("exp_a", 1, day(28))
    assert (unknown["status"], unknown["metric_value"]) == ("insufficient", None)
    assert unknown["reason"].startswith("no_cost_of_goods_sold")
    assert results.gate("exp_a", 1, day(29))["status"] == "pass"


def test_the_higher_target_of_product_and_initiative_counts(warehouse):
    guarded(
        warehouse,
        costs=steady(30, 12.0),
        kind="customer_facing",
        product_id="prod",
        target_gross_margin_ratio=Decimal("0.7"),
    )
    product(warehouse, 30)
    gate = warehouse.evaluate(day(29)).gate("exp_a", 1, day(29))
    assert (gate["status"], gate["threshold_value"]) == ("fail", Decimal("0.7"))


def test_unreported_revenue_is_not_zero_revenue(warehouse):
    guarded(warehouse, costs=steady(30, 12.0), kind="customer_facing", product_id="prod")
    product(warehouse, 30, revenue=None)
    gate = warehouse.evaluate(day(29)).gate("exp_a", 1, day(29))
    assert (gate["status"], gate["metric_value"]) == ("insufficient", None)


def test_labour_is_converted_at_the_latest_rate_in_force(warehouse):
    claim = {"legacy_software_per_month": None, "labor_hours_per_unit": Decimal("0.5"), "labor_rate_id": "r"}
    guarded(warehouse, unit_of_work="tickets", **claim)
    warehouse.tables["int_initiative_daily_units"] += [("exp_a", day(n), Decimal(2)) for n in range(30)]
    warehouse.land(
        "ledgers", "labor_rates", labor_rate_id="r", valid_from=day(-90), hourly_rate=Decimal(1), currency="EUR"
    )
    warehouse.land(
        "ledgers", "labor_rates", labor_rate_id="r", valid_from=day(-9), hourly_rate=Decimal(50), currency="EUR"
    )
    warehouse.land(
        "ledgers", "exchange_rates", rate_date=day(25), from_currency="EUR", to_currency="USD", rate=Decimal("1.2")
    )
    results = warehouse.evaluate(day(29))
    # 2 units x 0.5 h x 50 x 1.2 = 60 a day = 1826.25 a month
    assert results.gate("exp_a", 1, day(29))["metric_value"] == Decimal("1826.25")
    assert results.gate("exp_a", 1, day(24))["status"] == "insufficient"


def test_replaced_software_in_yen_does_not_pass_for_dollars(warehouse):
    # about 306 USD a month against 2,000 JPY, which are 13 USD
    guarded(warehouse, legacy_software_per_month=Decimal(2000), replaces_currency="JPY")
    warehouse.land(
        "ledgers", "exchange_rates", rate_date=day(20), from_currency="JPY", to_currency="USD", rate=Decimal("0.0065")
    )
    results = warehouse.evaluate(day(29))
    converted, unknown = results.gate("exp_a", 1, day(27)), results.gate("exp_a", 1, day(28))
    assert (converted["status"], converted["metric_value"]) == ("fail", Decimal(13))
    assert (unknown["status"], unknown["metric_value"]) == ("insufficient", None)
    assert unknown["reason"].startswith("no_exchange_rate: the replaced legacy software is in JPY")


def test_a_cap_declared_in_another_currency_is_compared_in_the_reporting_one(warehouse):
    euro = {"guardrail_currency": "EUR", "allocation_daily_cap": None}
    guarded(warehouse, cap="20", **euro)
    for position, rate in ((0, "1.1"), (7, "1.05"), (14, "0.9")):
        warehouse.land(
            *("ledgers", "exchange_rates"),
            rate_date=day(position),
            from_currency="EUR",
            to_currency="USD",
            rate=Decimal(rate),
        )
    results = warehouse.evaluate(day(29))
    gates = {n: results.gate("exp_a", 3, day(n)) for n in (1, 13, 14, 22)}
    assert {n: (gate["status"], gate["threshold_value"]) for n, gate in gates.items()} == {
        1: ("pass", Decimal(22)),
        13: ("pass", Decimal(21)),
        14: ("fail", Decimal(18)),
        22: ("insufficient", None),
    }
    assert gates[22]["reason"].startswith("no_exchange_rate: the declared daily cap is in EUR")


def test_a_worded_duration_is_read_and_an_unreadable_one_is_insufficient(warehouse):
    guarded(warehouse)
    for row in warehouse.landed["litellm", "guardrail_settings"]:
        row["budget_duration"] = "fortnight" if row["as_of_date"] == day(20) else "daily"
    results = warehouse.evaluate(day(29))
    assert results.gate("exp_a", 3, day(19))["status"] == "pass"
    unread = results.gate("exp_a", 3, day(20))
    assert unread["status"] == "insufficient"
    assert unread["reason"] == "unreadable_duration: 'fortnight' is no budget duration"


def test_usage_without_a_price_proves_no_stability(warehouse):
    """On day 20 of 30 a part of the usage has no price, so that its cost at constant price is not known."""
    guarded(warehouse)
    costs = warehouse.tables["int_cost_object_daily_costs"]
    warehouse.tables["int_cost_object_daily_costs"] = [
        (*row[:5], None if row[2] == day(20) else row[5], *row[6:]) for row in costs
    ]
    gate = warehouse.evaluate(day(29)).gate("exp_a", 4, day(29))
    assert gate["status"] == "insufficient"
    assert gate["reason"].startswith("no_evidence")


def test_untiered_usage_is_insufficient(warehouse):
    guarded(warehouse)
    warehouse.tables["int_initiative_tier_daily_costs"].append(
        ("exp_a", day(28), "p", "orion", None, None, 3, None, Decimal(1), None, None)
    )
    gate = warehouse.evaluate(day(29)).gate("exp_a", 2, day(29))
    assert (gate["status"], gate["reason"]) == ("insufficient", "untiered_model: orion has no tier")


def test_an_experiment_without_any_cost_has_gates_that_say_so(warehouse):
    warehouse.add_initiative("exp_idle", START)
    warehouse.add_initiative("core_a", START, stage="core")
    warehouse.add_costs("core_a", START, ["1"] * 10)
    results = warehouse.evaluate(day(9))
    statuses = {number: results.gate("exp_idle", number, day(9))["status"] for number in range(1, 6)}
    assert statuses == {1: "insufficient", 2: "insufficient", 3: "fail", 4: "insufficient", 5: "insufficient"}
    assert {row["initiative_id"] for row in results.rows("gates")} == {"exp_idle"}


def shared_alone(warehouse, name, days=40):
    """All of its cost is a share that follows others' cost, so that nothing of it is judged."""
    guarded(warehouse, name, days=days)
    costs = warehouse.tables["int_cost_object_daily_costs"]
    zero = Decimal(0)
    for n, row in enumerate(costs):
        if row[1] == name:
            costs[n] = (*row[:4], zero, zero, *row[6:])


def test_cost_that_only_follows_others_cost_is_no_evidence_and_never_ready(warehouse):
    shared_alone(warehouse, "exp_a")
    results = warehouse.evaluate(day(39))
    row, gate = results.run_rate("exp_a", day(39)), results.gate("exp_a", 4, day(39))
    assert (row["stability_status"], row["stability_reasons"]) == ("insufficient", "no_evidence")
    assert (gate["status"], gate["metric_value"]) == ("insufficient", None)
    assert gate["reason"].startswith("no_evidence; ")
    assert not any(row["is_ready"] or row["first_ready_date"] for row in results.rows("readiness"))


def test_flat_usage_with_one_credit_is_stable_at_what_its_usage_costs(warehouse):
    """100 a day for 40 days, on one day a credit of 2,000 beside it: 100 x 365.25 / 12 = 3,043.75 a month."""
    costs = [100] * 40
    costs[20] = -1900
    guarded(warehouse, cap="9999", costs=costs, legacy_software_per_month=Decimal(9000))
    warehouse.tables["int_cost_object_daily_costs"].clear()
    warehouse.add_costs("exp_a", START, costs, credits={20: "-2000"})
    row = warehouse.evaluate(day(39)).run_rate("exp_a", day(39))
    assert (row["stability_status"], row["run_rate_monthly"]) == ("stable", Decimal("3043.75"))
    assert row["growth_30d_ratio"] == 0


def test_a_negative_day_of_which_nothing_more_is_known_is_a_day_without_usage(warehouse):
    """Net amounts alone: 27 days of 100 and one of nothing in 28 days, never 869 a month as the net amounts say."""
    costs = [100] * 40
    costs[20] = -1900
    warehouse.add_initiative("exp_a", START)
    warehouse.add_costs("exp_a", START, costs)
    row = warehouse.evaluate(day(39)).run_rate("exp_a", day(39))
    expected = Decimal(2700) / 28 * Decimal("365.25") / 12
    assert row["run_rate_monthly"] == pytest.approx(expected, abs=Decimal("1e-9"))
    assert row["variation_ratio"] > 0.1


def test_a_daily_discount_is_part_of_the_run_rate(warehouse):
    warehouse.add_initiative("exp_a", START)
    warehouse.add_costs("exp_a", START, [80] * 30, credits=dict.fromkeys(range(30), "-20"))
    assert warehouse.evaluate(day(29)).run_rate("exp_a", day(29))["run_rate_annual"] == Decimal(80) * Decimal("365.25")


@pytest.mark.parametrize("first", ["-5000", "-1"], ids=["larger than the cost so far", "all negative"])
def test_a_credit_beyond_all_cost_and_cost_that_is_all_negative_are_never_ready(warehouse, first):
    usage = [10] * 40 if first == "-5000" else [-1] * 40
    costs = [Decimal(first), *usage[1:]]
    guarded(warehouse, costs=costs)
    results = warehouse.evaluate(day(39))
    rows = [row for row in results.rows("run_rates") if row["as_of_date"] == day(39)]
    if first == "-1":
        assert [row["stability_reasons"] for row in rows] == ["no_evidence"]
        assert not any(row["is_ready"] for row in results.rows("readiness"))
    else:
        # the credit is no usage: ten a day from the second day on is what is judged
        assert results.readiness("exp_a", day(28))["is_ready"] is False
        stable = [row for row in results.rows("run_rates") if row["stability_status"] == "stable"]
        assert all(row["variation_ratio"] is not None and row["run_rate_monthly"] is not None for row in stable)


def test_a_passing_gate_has_its_numbers(warehouse):
    shared_alone(warehouse, "exp_a")
    guarded(warehouse, "exp_b", days=40)
    results = warehouse.evaluate(day(39))
    passing = [row for row in results.rows("gates") if row["status"] == "pass"]
    assert {row["gate_number"] for row in passing} == {1, 2, 3, 4}
    assert all(None not in (row["metric_value"], row["threshold_value"], row["evidence_id"]) for row in passing)
    for row in passing:
        if row["gate_number"] == 4:
            rate = results.run_rate(row["initiative_id"], row["as_of_date"])
            assert rate["variation_ratio"] is not None and rate["run_rate_monthly"] is not None


def test_a_gap_in_a_series_is_an_error_not_a_zero(warehouse):
    warehouse.add_initiative("exp_a", START)
    warehouse.add_costs("exp_a", START, ["1"] * 10)
    del warehouse.tables["int_cost_object_daily_costs"][4]
    with pytest.raises(BrokenInput, match="exp_a"):
        warehouse.evaluate(day(9))


def test_a_null_cost_is_an_error(warehouse):
    warehouse.add_initiative("exp_a", START)
    warehouse.add_costs("exp_a", START, ["1"] * 3)
    row = warehouse.tables["int_cost_object_daily_costs"][1]
    warehouse.tables["int_cost_object_daily_costs"][1] = (*row[:3], None, *row[4:])
    with pytest.raises(BrokenInput, match="null"):
        warehouse.evaluate(day(2))


def test_a_warehouse_without_its_tables_is_an_error(warehouse):
    connection, _ = warehouse.connect()
    connection.execute("drop table intermediate.int_product_daily_economics")
    from orchestration.graduation.inputs import read_inputs

    with pytest.raises(duckdb.CatalogException):
        read_inputs(connection, day(0))
