"""The planted series of the acceptance kit, put straight into the intermediate tables, reach the planted verdicts."""

import importlib.util
import time
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal, localcontext
from pathlib import Path

import pytest

KIT = Path(__file__).parents[3] / "shared" / "acceptance" / "build.py"
pytestmark = pytest.mark.skipif(not KIT.exists(), reason="the acceptance kit is not beside this project")

TIER_OF = {"gpt-6-astra": 1, "gpt-6-luna": 3, "claude-haiku-4-5": 3, "mistral-small-latest": 3}
ALLOWED = {"basic": 3, "standard": 2, "complex": 1}


@pytest.fixture(scope="module")
def kit():
    spec = importlib.util.spec_from_file_location("acceptance_build", KIT)
    module = importlib.util.module_from_spec(spec)
    with localcontext():  # it sets the precision of its process
        spec.loader.exec_module(module)
    module.configure()
    return module


@pytest.fixture(scope="module")
def outcome(kit, new_warehouse, tmp_path_factory):
    warehouse = new_warehouse(tmp_path_factory.mktemp("acceptance"))
    truth = kit.plant(1)
    _costs(kit, truth, warehouse)
    _registry(kit, warehouse)
    _usage(kit, truth, warehouse)
    _finance(kit, truth, warehouse)
    started = time.monotonic()
    results = warehouse.evaluate(kit.AS_OF)
    return results, time.monotonic() - started, kit.expected_results(truth)


def _costs(kit, truth, warehouse):
    costs, models = defaultdict(Decimal), defaultdict(Decimal)
    for row in kit.allocated_rows(truth):
        if row["initiative"]:
            costs["initiative", row["initiative"], row["day"]] += row["money"]
            models[row["initiative"], row["day"], row["model"] or "(none)"] += row["money"]
        if row["department"]:
            costs["department", row["department"], row["day"]] += row["money"]
        costs["company", "company", row["day"]] += row["money"]
    for entity in sorted({key[:2] for key in costs}):
        first = min(key[2] for key in costs if key[:2] == entity)
        days = list(kit.days(first, kit.AS_OF))
        missing = {kit.MISSING_DAY} if entity[1] == "exp_missing" else set()
        amounts = [costs[(*entity, day)].quantize(Decimal("0.000000000001")) for day in days]
        warehouse.add_costs(entity[1], first, amounts, entity_type=entity[0], incomplete=missing)
    warehouse.tables["int_initiative_model_daily_costs"] += [(*key, amount) for key, amount in models.items()]


def _registry(kit, warehouse):
    for name, kind, stage, _, product, complexity, started, allocation, unit in kit.INITIATIVES:
        start = kit.date.fromisoformat(started)
        values = {"kind": kind, "stage": stage, "product_id": product, "complexity": complexity, "unit_of_work": unit}
        if allocation:
            cap = Decimal(allocation[1])
            values |= {
                "allocation_amount": Decimal(allocation[0]),
                "allocation_daily_cap": cap,
                "guardrail_adapter": "litellm",
            }
            values |= {"guardrail_entity": f"key:{name}", "guardrail_daily_cap": cap, "allocation_starts_on": start}
            budget = (
                None if name == "exp_declared" else "120.0" if name == "exp_growing" else str(4 if cap == 5 else cap)
            )
            duration = {"exp_growing": "30d", "exp_labor_fail": "1h"}.get(name, "1d")
            warehouse.add_reading(f"key:{name}", kit.AS_OF, budget, duration if budget else None)
            refused = 0 if name == "exp_declared" else 1
            warehouse.tables["int_guarded_entity_days"].append((name, kit.DRILL_DAY, Decimal(0), refused, 0))
        if kind == "internal_workflow" and stage == "experimentation":
            hours = Decimal("0.001" if name == "exp_labor_fail" else "0.05")
            values |= {
                "labor_hours_per_unit": hours,
                "labor_rate_id": "rate_ops",
                "legacy_software_per_month": Decimal(0),
            }
        if name in kit.TARGET:
            values["target_gross_margin_ratio"] = Decimal(kit.TARGET[name])
            warehouse.land(
                "registry", "products", product_id=product, target_gross_margin_ratio=Decimal(kit.TARGET[name])
            )
        warehouse.add_initiative(name, start, **values)
    warehouse.landed["registry", "products"] = list(
        {row["product_id"]: row for row in warehouse.landed["registry", "products"]}.values()
    )


def _usage(kit, truth, warehouse):
    complexity = {one[0]: one[5] for one in kit.INITIATIVES}
    tiers = defaultdict(lambda: [Decimal(0), Decimal(0), Decimal(0)])
    metered = defaultdict(Decimal)
    for row in kit.usage_rows(truth):
        who = kit.owner(row["provider"], row["project"], row["key"], row["actor"])
        if row["day"] > kit.AS_OF or not who or who[0][2] != "direct" or not who[0][0] or row["cost"] is None:
            continue
        sums = tiers[who[0][0], row["day"], row["provider"], row["model"]]
        sums[0] += row["cost"]
        if row["cls"] != "web_search":
            for at, token_class in ((1, row["cls"]), (2, row["cls"].replace("cache_read", "input_uncached"))):
                sums[at] += row["q"] * kit.unit_price("openai", "gpt-6-luna", row["day"], token_class) / 1000000
        if row["provider"] == "mistral":
            metered[who[0][0], row["day"]] += row["cost"]
    for (name, day, provider, model), sums in tiers.items():
        rank, allowed = TIER_OF.get(model, 2), ALLOWED[complexity[name]]
        warehouse.tables["int_initiative_tier_daily_costs"].append(
            (name, day, provider, model, "tier", rank, allowed, rank < allowed, *sums)
        )
    refused = {(name, day): requests for name, day, _, requests, _ in warehouse.tables["int_guarded_entity_days"]}
    warehouse.tables["int_guarded_entity_days"] = [
        (*key, metered.get(key, Decimal(0)), refused.get(key, 0), 0) for key in metered.keys() | refused.keys()
    ]


def _finance(kit, truth, warehouse):
    revenue = defaultdict(Decimal)
    for day, product, _, amount, currency, end in kit.revenue_lines():
        rate = kit.eur_rate(day) if currency == "EUR" else 1
        span = list(kit.days(day, end or day))
        for one in span:
            revenue[product, one] += amount * rate / len(span)
    cogs = defaultdict(Decimal)
    for row in kit.allocated_rows(truth):
        if row["initiative"] in ("assist_core", "search_core"):
            cogs["prod_assist" if row["initiative"] == "assist_core" else "prod_search", row["day"]] += row["money"]
    for product, other in kit.OTHER_COGS.items():
        warehouse.tables["int_product_daily_economics"] += [
            (product, day, revenue[product, day], cogs[product, day], other) for day in kit.days(kit.START, kit.AS_OF)
        ]
    warehouse.land(
        "ledgers",
        "labor_rates",
        labor_rate_id="rate_ops",
        valid_from=kit.date(2026, 1, 1),
        hourly_rate=Decimal(38),
        currency="USD",
    )
    warehouse.land(
        "ledgers",
        "labor_rates",
        labor_rate_id="rate_ops",
        valid_from=kit.date(2026, 9, 1),
        hourly_rate=Decimal(40),
        currency="USD",
    )
    metric_of = {one[8]: one[0] for one in kit.INITIATIVES if one[8]}
    warehouse.tables["int_initiative_daily_units"] += [
        (who, kit.date.fromisoformat(iso), Decimal(value))
        for iso, metric, value, _, who in truth.metrics
        if metric_of.get(metric) == who and iso <= kit.AS_OF.isoformat()
    ]


def test_planted_stability_verdicts(outcome, kit):
    results, _, expected = outcome
    for initiative, want in expected["stability"].items():
        row = results.run_rate(initiative, kit.AS_OF)
        reasons = set(filter(None, row["stability_reasons"].split(",")))
        assert row["stability_status"] in want["status"], (initiative, row)
        assert set(want["reasons"]) <= reasons and not reasons & set(want["not"]), (initiative, reasons)


def test_planted_gate_verdicts(outcome, kit):
    results, _, expected = outcome
    seen = {
        (row["initiative_id"], row["gate_number"]): row
        for row in results.rows("gates")
        if row["as_of_date"] == kit.AS_OF
    }
    wrong = {
        (initiative, number): (seen[initiative, int(number)]["status"], seen[initiative, int(number)]["reason"])
        for initiative, gates in expected["gates"].items()
        for number, want in gates.items()
        if seen[initiative, int(number)]["status"] not in want
    }
    assert not wrong
    assert all(row["reason"] and row["evidence_id"] and row["policy_version"] for row in seen.values())
    assert not {key[0] for key in seen} & {"assist_core", "ops_tool_a"}


def test_planted_readiness(outcome, kit):
    results, _, expected = outcome
    rows = {row["initiative_id"]: row for row in results.rows("readiness") if row["as_of_date"] == kit.AS_OF}
    ready = {name for name, row in rows.items() if row["is_ready"]}
    assert {"exp_ready"} <= ready <= {"exp_ready", "exp_milestone"}
    assert rows["exp_ready"]["first_ready_date"] == kit.AS_OF
    for initiative, gates in expected["readiness"]["not_ready"].items():
        assert set(gates) <= set(rows[initiative]["blocking_gates"].split(",")), initiative


def test_planted_run_rate_and_verified_values(outcome, kit):
    results, _, expected = outcome
    for initiative, want in expected["run_rate"].items():
        row = results.run_rate(initiative, kit.AS_OF)
        assert float(row["run_rate_monthly"]) == pytest.approx(want["monthly"], rel=1e-8)
        assert float(row["run_rate_annual"]) == pytest.approx(want["annual"], rel=1e-8)
        assert row["run_rate_low"] < row["run_rate_monthly"] < row["run_rate_high"] < 3 * row["run_rate_monthly"]
    ready = results.readiness("exp_ready", kit.AS_OF)
    assert float(ready["verified_unit_cost"]) == pytest.approx(expected["unit_cost_exp_ready"], rel=1e-6)
    growing = results.run_rate("exp_growing", kit.AS_OF)
    assert 0.2 < growing["growth_30d_low_ratio"] < growing["growth_30d_high_ratio"]
    assert 0.33 < growing["growth_30d_ratio"] < 0.96
    assert results.run_rate("exp_ready", kit.AS_OF)["variation_ratio"] < 0.10


def test_whole_company_takes_seconds(outcome):
    results, seconds, _ = outcome
    assert len(results.rows("run_rates")) > 1500
    assert seconds < 30


def test_no_experiment_was_ready_before_its_thirtieth_day(outcome, kit):
    results, _, _ = outcome
    early = [
        row
        for row in results.rows("readiness")
        if row["initiative_id"] == "exp_ready"
        and row["is_ready"]
        and row["as_of_date"] < kit.READY_START + timedelta(29)
    ]
    assert results.rows("readiness") and not early
