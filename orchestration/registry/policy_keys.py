"""Every policy key: its kind of value, each profile's default, and the defaults that are the same in all."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter

from orchestration.people import NAMES
from orchestration.registry.fields import Complexity, Money, PositiveMoney, Ratio, read_decimal
from orchestration.registry.sources import SourceName

FITTED = "fitted"
_BELOW_TARGET = re.compile(r"target\s*-\s*(\S+)")
_Count = Annotated[int, Field(ge=1)]
_Whole = Annotated[int, Field(ge=0)]
_GateNumber = Annotated[int, Field(ge=1, le=5)]


@dataclass(frozen=True)
class MarginFloor:
    """A floor for the gross margin ratio: so much below the product's target, or a ratio of its own."""

    below_target: Decimal | None = None
    ratio: Decimal | None = None

    def for_target(self, target: Decimal | None) -> Decimal | None:
        if self.below_target is None:
            return self.ratio
        return None if target is None else target - self.below_target

    def __str__(self) -> str:
        return f"{self.ratio:f}" if self.below_target is None else f"target - {self.below_target:f}"


def _read_floor(value: Any) -> MarginFloor:
    if isinstance(value, str) and (below := _BELOW_TARGET.fullmatch(value.strip())):
        gap = read_decimal(below[1])
        if not 0 <= gap <= 1:
            raise ValueError("is more than 1 below the target; write a ratio like target - 0.10")
        return MarginFloor(below_target=gap)
    try:
        ratio = read_decimal(value)
    except ValueError:
        raise ValueError("is neither a ratio like 0.40 nor a distance like 'target - 0.10'") from None
    if not -10 <= ratio <= 1:
        raise ValueError("is no margin ratio; write it as a fraction like 0.40")
    return MarginFloor(ratio=ratio)


def _read_lags(value: Any) -> Any:
    """``48`` for every source, or a map of ``api``, ``files`` and source names to hours."""
    return value if isinstance(value, dict) else {"api": value, "files": value}


def _known_lag_keys(value: dict[str, int]) -> dict[str, int]:
    known = {"api", "files", *get_args(SourceName)}
    unknown = sorted(set(value) - known)
    if unknown:
        raise ValueError(f"unknown key '{unknown[0]}'; allowed are {', '.join(sorted(known))}")
    return value


def _gate_numbers(value: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(value)) != len(value) or not value:
        raise ValueError("must list gate numbers, each once")
    return tuple(sorted(value))


def _read_fitted(value: Any) -> Any:
    return FITTED if value == FITTED else read_decimal(value)


_KIND_OF: dict[str, Any] = {
    "caps_mode": Literal["hard", "alert"],
    "breaker_mode": Literal["automatic", "alert", "alert_unless_milestone_lapsed"],
    "margin_floor_ratio": Annotated[MarginFloor, BeforeValidator(_read_floor)],
    "target_gross_margin_ratio": Ratio,
    "allocation_level": Literal["developer", "product_and_business_unit"],
    "unallocated_alarm_ratio": Ratio,
    "required_gates": Annotated[tuple[_GateNumber, ...], AfterValidator(_gate_numbers)],
    "stability_window_days": Annotated[int, Field(ge=14)],
    "stability_window_max_days": Annotated[int, Field(ge=14)],
    "stability_max_variation": PositiveMoney,
    "stability_growth_margin": PositiveMoney,
    "stability_max_tail_days": _Whole,
    "settle_lag_hours": Annotated[dict[str, _Whole], BeforeValidator(_read_lags), AfterValidator(_known_lag_keys)],
    "audit_max_higher_tier_ratio": Ratio,
    "guardrail_max_age_hours": _Count,
    "guardrail_drill_max_age_days": _Count,
    "graduation_grace_days": _Whole,
    "demotion_unit_cost_ratio": Annotated[PositiveMoney, Field(ge=1)],
    "demotion_days": _Count,
    "breaker_breaches": _Count,
    "breaker_reset_margin": Money,
    "breaker_dwell_minutes": _Whole,
    "breaker_cooldown_minutes": _Whole,
    "revenue_max_age_days": _Count,
    "residual_alarm_ratio": Ratio,
    "default_complexity": Complexity,
    "variable_output_ratio": Annotated[Literal["fitted"] | Decimal, BeforeValidator(_read_fitted)],
    "people": Literal["names", "pseudonyms", "departments_only"],
}
KINDS: dict[str, TypeAdapter[Any]] = {key: TypeAdapter(kind) for key, kind in _KIND_OF.items()}

FIXED: Mapping[str, Any] = {
    "target_gross_margin_ratio": None,
    "required_gates": (1, 2, 3, 4),
    "stability_window_days": 30,
    "stability_window_max_days": 60,
    "stability_max_variation": Decimal("0.25"),
    "stability_growth_margin": Decimal("0.20"),
    "stability_max_tail_days": 5,
    "settle_lag_hours": {"api": 24, "files": 0},
    "audit_max_higher_tier_ratio": Decimal("0.05"),
    "guardrail_max_age_hours": 24,
    "guardrail_drill_max_age_days": 90,
    "graduation_grace_days": 30,
    "demotion_unit_cost_ratio": Decimal("1.25"),
    "demotion_days": 14,
    "breaker_breaches": 2,
    "breaker_reset_margin": Decimal("0.05"),
    "breaker_dwell_minutes": 30,
    "breaker_cooldown_minutes": 60,
    "revenue_max_age_days": 45,
    "residual_alarm_ratio": Decimal("0.005"),
    "default_complexity": "standard",
    "variable_output_ratio": FITTED,
    "people": NAMES,
}


def profile_defaults(company_size: str, margin_profile: str) -> dict[str, Any]:
    """The defaults that hang on company size (startup, enterprise) and margin profile (thin, healthy)."""
    is_startup, is_thin = company_size == "startup", margin_profile == "thin"
    unallocated = "0.10" if is_startup else "0.02" if is_thin else "0.05"
    return {
        "caps_mode": "hard" if is_startup else "alert",
        "breaker_mode": "automatic" if is_startup or is_thin else "alert_unless_milestone_lapsed",
        "margin_floor_ratio": MarginFloor(below_target=Decimal("0.02" if is_thin else "0.10")),
        "allocation_level": "developer" if is_startup else "product_and_business_unit",
        "unallocated_alarm_ratio": Decimal(unallocated),
    }
