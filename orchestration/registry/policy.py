"""The effective policy: profile defaults, the defaults of every profile, and the overrides in company.yaml.

Each value knows where it came from. ``version`` is a short hash of all effective values, stored with every result,
so that a number can be traced to the rules in force. Money and ratios are exact decimals.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from orchestration.registry.documents import Document
from orchestration.registry.policy_keys import FIXED, KINDS, MarginFloor, profile_defaults
from orchestration.registry.wording import describe, nearest


@dataclass(frozen=True)
class PolicyValue:
    value: Any
    origin: str


class EffectivePolicy(Mapping[str, Any]):
    """Policy values by key. ``origin`` is "profile startup/healthy", "default" or "company.yaml:14"."""

    def __init__(self, values: Mapping[str, PolicyValue]) -> None:
        self._values = dict(sorted(values.items()))
        text = json.dumps([(key, _canonical(one.value)) for key, one in self._values.items()])
        self.version: str = hashlib.sha256(text.encode()).hexdigest()[:12]

    def __getitem__(self, key: str) -> Any:
        return self._values[key].value

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def origin(self, key: str) -> str:
        return self._values[key].origin

    def explain(self) -> list[tuple[str, str, str]]:
        """Every key with its value as text and where the value came from, in order of key."""
        return [(key, policy_text(one.value), one.origin) for key, one in self._values.items()]

    def margin_floor(self, target: Decimal | None) -> Decimal | None:
        """The margin floor of a product with this target; None where the floor hangs on a target that is not set."""
        floor: MarginFloor = self["margin_floor_ratio"]
        return floor.for_target(target)

    def settle_lag_hours(self, source: str, is_file_source: bool) -> int:
        """Hours after a day's end until a source's figures for it no longer move."""
        lags: dict[str, int] = self["settle_lag_hours"]
        return lags.get(source, lags["files" if is_file_source else "api"])


def policy_text(value: Any) -> str:
    """A policy value as it is printed and landed: decimals plain, lists and maps as JSON, nothing set as ``none``."""
    if value is None:
        return "none"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, tuple | dict):
        return json.dumps(value, sort_keys=True)
    return str(value)


def _canonical(value: Any) -> str:
    """The same text for equal values: 0.2 and 0.20 are one policy."""
    return policy_text(value.normalize() if isinstance(value, Decimal) else value)


def effective_policy(
    company_size: str,
    margin_profile: str,
    overrides: Mapping[str, Any],
    document: Document,
    report: Callable[[Any, str], None],
) -> EffectivePolicy:
    """The policy of a profile with the overrides of company.yaml; ``report(path, message)`` takes each fault."""
    origin = f"profile {company_size}/{margin_profile}"
    values = {key: PolicyValue(value, origin) for key, value in profile_defaults(company_size, margin_profile).items()}
    values |= {key: PolicyValue(value, "default") for key, value in FIXED.items()}
    for key, written in overrides.items():
        path = ("policy", key)
        if written is None:  # an empty value is already a fault of the document
            continue
        if key not in KINDS:
            report(path, f"unknown policy key '{key}'; {nearest(key, KINDS)}")
            continue
        try:
            value = KINDS[key].validate_python(written)
        except ValidationError as error:
            for one in error.errors(include_url=False):
                if one["input"] is None:
                    continue
                report((*path, *one["loc"]), describe(one, (*path, *one["loc"])))
            continue
        if key == "settle_lag_hours":
            value = {**FIXED[key], **value}
        values[key] = PolicyValue(value, f"{document.file}:{document.line(path)}")
    _check_windows(values, report)
    return EffectivePolicy(values)


def _check_windows(values: Mapping[str, PolicyValue], report: Callable[[Any, str], None]) -> None:
    shortest, longest = values["stability_window_days"], values["stability_window_max_days"]
    if shortest.value > longest.value:
        key = "stability_window_days" if shortest.origin != "default" else "stability_window_max_days"
        message = (
            f"stability_window_days {shortest.value} is over stability_window_max_days {longest.value}; "
            "raise the one or lower the other"
        )
        report(("policy", key), message)
    elif 2 * longest.value < 3 * shortest.value:
        key = "stability_window_max_days" if longest.origin != "default" else "stability_window_days"
        message = (
            f"stability_window_max_days {longest.value} is under one and a half times stability_window_days "
            f"{shortest.value}: later days would look at no more than the first one did, and looking again finds luck; "
            f"write at least {-(-3 * shortest.value // 2)}"
        )
        report(("policy", key), message)


def explain_policy(policy: EffectivePolicy) -> str:
    """A table of key, value and origin, one line per key, headed by the policy version."""
    rows = policy.explain()
    key_width = max(len(key) for key, _, _ in rows)
    value_width = max(len(value) for _, value, _ in rows)
    lines = [f"{key:<{key_width}}  {value:<{value_width}}  {origin}" for key, value, origin in rows]
    return "\n".join([f"policy version {policy.version}", *lines])
