"""The decomposition of a cost difference: exact to the minor unit, free of order, right where a cause is planted."""

import math
import random
from decimal import ROUND_HALF_EVEN, Decimal

import pytest

from orchestration.statistics.variance import COMPONENTS, ModelUse, PeriodCost, log_mean, round_to_sum
from orchestration.statistics.variance import decompose as decompose_to

CENT = Decimal("0.01")


def decompose(before: PeriodCost, after: PeriodCost) -> dict[str, Decimal]:
    return decompose_to(before, after, Decimal("0.01"))


def period(total: str, units: float | None, **models: tuple[float, float]) -> PeriodCost:
    return PeriodCost(Decimal(total), units, {name: ModelUse(*use) for name, use in models.items()})


def only(**parts: str) -> dict[str, Decimal]:
    return {name: Decimal(parts[name]) if name in parts else Decimal("0.00") for name in COMPONENTS}


def random_period(rng: random.Random) -> PeriodCost:
    models = {}
    for model in rng.sample("abcdefgh", rng.randint(0, 6)):
        tokens = rng.choice([0.0, rng.uniform(1, 1e9)])
        models[model] = ModelUse(
            tokens, rng.choice([0.0, -1.0, rng.lognormvariate(3, 2)]) if rng.random() < 0.3 else tokens * 1e-6
        )
    total = Decimal(rng.randint(-(10**14), 10**16)).scaleb(-12)
    return PeriodCost(total, rng.choice([None, 0.0, rng.uniform(1, 1e6)]), models)


def test_a_thousand_panels_sum_to_the_cent_in_any_order() -> None:
    rng = random.Random(20260101)
    for _ in range(1000):
        before, after = random_period(rng), random_period(rng)
        parts = decompose(before, after)
        difference = (after.total - before.total).quantize(CENT, ROUND_HALF_EVEN)
        assert sum(parts.values()) == difference
        assert all(amount == amount.quantize(CENT) for amount in parts.values())
        shuffled = [
            PeriodCost(side.total, side.units, dict(rng.sample(sorted(side.models.items()), len(side.models))))
            for side in (before, after)
        ]
        assert decompose(shuffled[0], shuffled[1]) == parts


def test_a_thousand_panels_of_unequal_days_sum_to_the_cent() -> None:
    rng = random.Random(20261128)
    for _ in range(1000):
        before, after = random_period(rng), random_period(rng)
        days = Decimal(rng.randint(-(10**15), 10**15)).scaleb(-12)
        parts = decompose_to(before, after, CENT, days)
        assert set(parts) == set(COMPONENTS)
        assert sum(parts.values()) == (after.total - before.total + days).quantize(CENT, ROUND_HALF_EVEN)
        assert abs(parts["days"] - days) <= CENT


def test_work_of_two_kinds_is_not_compared() -> None:
    tickets = PeriodCost(Decimal(10), 10, {"a": ModelUse(10, 10)}, "tickets")
    pages = PeriodCost(Decimal(12), 900, {"a": ModelUse(12, 12)}, "pages")
    assert decompose(tickets, pages) == only(other="2.00")


def test_renamed_models_give_the_same_parts() -> None:
    before = period("30", 10, a=(100.0, 10.0), b=(900.0, 20.0))
    after = period("35", 11, a=(500.0, 25.0), b=(450.0, 10.0))
    renamed = [
        PeriodCost(side.total, side.units, {"z" + name: use for name, use in reversed(side.models.items())})
        for side in (before, after)
    ]
    assert decompose(*renamed) == decompose(before, after)


def test_more_units_are_volume_alone() -> None:
    assert decompose(period("10", 100, a=(1000, 10)), period("15", 150, a=(1500, 15))) == only(volume="5.00")


def test_more_tokens_per_unit_are_intensity_alone() -> None:
    assert decompose(period("10", 100, a=(1000, 10)), period("15", 100, a=(1500, 15))) == only(intensity="5.00")


def test_a_dearer_token_is_price_alone() -> None:
    assert decompose(period("10", 100, a=(1000, 10)), period("15", 100, a=(1000, 15))) == only(price="5.00")


def test_a_shift_to_the_dearer_model_is_mix_alone() -> None:
    before = period("11", 100, cheap=(1000, 1), dear=(1000, 10))
    after = period("15.5", 100, cheap=(500, 0.5), dear=(1500, 15))
    assert decompose(before, after) == only(mix="4.50")


def test_two_causes_split_by_the_logarithmic_mean() -> None:
    """One model, units x 2 and price x 1.5: ln 2 and ln 1.5 share the difference of 20 in proportion."""
    parts = decompose(period("10", 10, a=(100, 10)), period("30", 20, a=(200, 30)))
    assert parts["volume"] == Decimal(str(round(20 * math.log(2) / math.log(3), 2)))
    assert parts["price"] == Decimal(str(round(20 * math.log(1.5) / math.log(3), 2)))


def test_models_used_in_one_period_only_enter_and_exit() -> None:
    parts = decompose(period("9", 5, old=(10, 4), kept=(10, 5)), period("8", 5, new=(10, 3), kept=(10, 5)))
    assert parts == only(entry="3.00", exit="-4.00")


@pytest.mark.parametrize("units", [(None, 5.0), (5.0, None), (0.0, 5.0), (5.0, 0.0)])
def test_without_units_on_both_sides_nothing_is_attributed(units: tuple[float | None, float | None]) -> None:
    parts = decompose(period("10", units[0], a=(10, 10)), period("12", units[1], a=(15, 12)))
    assert parts == only(other="2.00")


def test_lines_without_tokens_are_other() -> None:
    assert decompose(period("12", 5, a=(10, 10)), period("17.25", 5, a=(10, 10))) == only(other="5.25")


def test_tokens_that_were_free_before_are_price() -> None:
    assert decompose(period("0", 5, a=(10, 0)), period("4", 5, a=(10, 4))) == only(price="4.00")


def test_a_month_of_credits_does_not_break_the_logarithm() -> None:
    parts = decompose(period("10", 5, a=(10, 10)), period("-3", 5, a=(10, -3)))
    assert parts == only(price="-13.00")


def test_log_mean_is_symmetric_and_lies_between() -> None:
    assert log_mean(1.0, math.e) == pytest.approx(math.e - 1)
    assert log_mean(3.0, 7.0) == log_mean(7.0, 3.0)
    assert log_mean(5.0, 5.0) == 5.0
    assert log_mean(1.0, 1.0 + 1e-9) == pytest.approx(1.0)


def test_thirds_of_a_cent_round_to_the_sum_by_remainder_then_name() -> None:
    thirds = {name: Decimal(1) / 3 for name in ("b", "a", "c")}
    assert round_to_sum(thirds, Decimal(1)) == {"a": 1, "b": 0, "c": 0}
    assert round_to_sum({"a": Decimal("-0.4"), "b": Decimal("0.4")}, Decimal(1)) == {"a": 0, "b": 0}


@pytest.mark.parametrize(("unit", "volume"), [("1", "3"), ("0.001", "3.333")])
def test_components_are_whole_minor_units_of_the_currency(unit, volume):
    parts = decompose_to(period("10", 3, a=(3, 10)), period("13.3333", 4, a=(4, 13.3333)), Decimal(unit))
    assert parts["volume"] == Decimal(volume)
    assert all(amount % Decimal(unit) == 0 for amount in parts.values())
