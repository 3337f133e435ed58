"""LiteLLM's fields of a key or team as the port's values, and back. Pure.

A limit of one window may stand in ``max_budget`` with ``budget_duration``, in ``budget_limits``, or in both; a write changes it
wherever it stands and adds new windows to ``budget_limits`` only. Windows of other durations than the port knows are kept.
Failure modes: a missing or malformed field is SchemaDrift; a stamp that is not of our making is no stamp.
"""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from orchestration.connectors.payload import Record
from orchestration.connectors.providers.litellm.client import SOURCE
from orchestration.enforcement.port import FieldName, Limit, LimitWindow, Observation, Stamp, Unsupported
from orchestration.enforcement.values import from_plain, limits, normal, to_plain

STAMP = "tokenomics"
WINDOWS: dict[str, LimitWindow] = {
    "1d": "daily",
    "24h": "daily",
    "7d": "weekly",
    "1w": "weekly",
    "30d": "monthly",
    "1mo": "monthly",
}
"""Durations that the proxy resets on the calendar: midnight, Monday, the first of the month."""
DURATIONS: dict[LimitWindow, str] = {"daily": "1d", "weekly": "7d", "monthly": "1mo"}
ALL_MODELS = frozenset({"all-team-models", "all-proxy-models"})
RAW_FIELDS: dict[FieldName, tuple[str, ...]] = {
    "limits": ("max_budget", "budget_duration", "budget_limits"),
    "requests_per_minute": ("rpm_limit",),
    "allowed_models": ("models",),
    "aliases": ("aliases",),
    "is_blocked": ("blocked",),
}


def raw_settings(found: Record) -> dict[str, Any]:
    """The settings as the proxy wrote them. Amounts of windows without the reset time, which the proxy sets itself."""
    windows = [
        {"budget_duration": one.text("budget_duration"), "max_budget": Decimal(one.money("max_budget"))}
        for one in (found.parts("budget_limits") if found.fields().get("budget_limits") else [])
    ]
    aliases = found.fields().get("aliases")
    return {
        "max_budget": None if found.value("max_budget") is None else Decimal(found.money("max_budget")),
        "budget_duration": found.nullable_text("budget_duration"),
        "budget_limits": windows,
        "rpm_limit": found.nullable_whole("rpm_limit"),
        "models": list(found.fields().get("models") or []),
        "aliases": dict(aliases) if isinstance(aliases, dict) else {},
        "blocked": bool(found.nullable_flag("blocked")),
    }


def values_of(raw: Mapping[str, Any], entity: str) -> dict[FieldName, Any]:
    several = [
        Limit(WINDOWS[one["budget_duration"]], one["max_budget"])
        for one in raw["budget_limits"]
        if one["budget_duration"] in WINDOWS
    ]
    base = _base_window(raw)
    if base is not None:
        several.append(Limit(base, raw["max_budget"]))
    models = raw["models"]
    values: dict[FieldName, Any] = {
        "limits": limits(several),
        "requests_per_minute": raw["rpm_limit"],
        "allowed_models": None if not models or ALL_MODELS & set(models) else tuple(sorted(models)),
        "is_blocked": raw["blocked"],
    }
    return values if entity.startswith("team:") else {**values, "aliases": raw["aliases"]}


def _base_window(raw: Mapping[str, Any]) -> LimitWindow | None:
    """The window of ``max_budget``: ``total`` without a duration; None without a limit or for a duration of another kind."""
    if raw["max_budget"] is None:
        return None
    return "total" if raw["budget_duration"] is None else WINDOWS.get(raw["budget_duration"])


def spend_in_window(found: Record) -> dict[LimitWindow, Decimal]:
    """The proxy's counters: of each window, and the key's own ``spend``, which ``budget_duration`` resets."""
    own = found.nullable_text("budget_duration")
    window = "total" if own is None else WINDOWS.get(own)
    spend: dict[LimitWindow, Decimal] = {}
    if window is not None and found.fields().get("spend") is not None:
        spend[window] = Decimal(found.money("spend"))
    for duration in found.fields().get("budget_limits_usage") or {}:
        if duration in WINDOWS:
            spend[WINDOWS[duration]] = Decimal(found.part("budget_limits_usage").part(duration).money("current_spend"))
    return spend


def request_for(field: FieldName, value: Any, before: Observation) -> dict[str, Any]:
    """The fields to send. What stood before us goes back exactly as the proxy wrote it."""
    prior = before.raw["before"].get(field)
    if prior is not None and before.stamp and normal(field, before.stamp.before.get(field)) == normal(field, value):
        return _restored(field, prior, before)
    if field == "limits":
        return _limits_request(value, before)
    if field == "requests_per_minute":
        return {"rpm_limit": value}
    if field == "allowed_models":
        return {"models": [] if value is None else list(value)}
    return {"aliases": dict(value)} if field == "aliases" else {"blocked": value}


def _restored(field: FieldName, prior: Mapping[str, Any], before: Observation) -> dict[str, Any]:
    body = {name: prior[name] for name in RAW_FIELDS[field]}
    if field == "limits":
        body["budget_limits"] = _windows(body["budget_limits"], before.entity)
        if body["budget_duration"] == before.raw["budget_duration"]:
            del body["budget_duration"]
    return body


def _limits_request(value: tuple[Limit, ...], before: Observation) -> dict[str, Any]:
    raw, wanted = before.raw, {one.window: one.amount for one in value}
    base = _base_window(raw)
    if base is None and raw["max_budget"] is None and "total" in wanted and raw["budget_duration"] is None:
        base = "total"
    if "total" in wanted and base != "total":
        text = "a limit in total beside one by budget_duration"
        raise Unsupported(f"{SOURCE}: {before.entity} cannot hold {text}; take the duration away there first")
    known = {one["budget_duration"] for one in raw["budget_limits"]}
    windows = [one for one in raw["budget_limits"] if one["budget_duration"] not in WINDOWS]
    for window, amount in sorted(wanted.items()):
        written = sorted(duration for duration in known if WINDOWS.get(duration) == window)
        if not written and window != base:
            written = [DURATIONS[window]]
        windows += [{"budget_duration": duration, "max_budget": amount} for duration in written]
    body: dict[str, Any] = {"budget_limits": _windows(windows, before.entity)} if windows or known else {}
    if base is not None:
        body["max_budget"] = wanted.get(base)
    return body


def _windows(windows: list[Any], entity: str) -> Any:
    """A key's windows are cleared by an empty list, a team's by null."""
    return windows or ([] if entity.startswith("key:") else None)


def metadata_of(found: Record) -> Mapping[str, Any]:
    metadata = found.fields().get("metadata")
    return metadata if isinstance(metadata, dict) else {}


def read_stamp(found: Record) -> tuple[Stamp | None, dict[FieldName, Any]]:
    """The stamp and the raw settings it keeps; one that is not of our making is none."""
    plain: Any = metadata_of(found).get(STAMP)
    try:
        stamp = Stamp(plain["policy"], plain["policy_version"], from_plain(plain["before"]), from_plain(plain["after"]))
        raw = {field: _exact(json.loads(text, parse_float=Decimal)) for field, text in plain["raw"].items()}
    except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError):
        return None, {}
    return stamp, raw


def plain_stamp(stamp: Stamp, before: Observation) -> dict[str, Any]:
    """The stamp as metadata. ``raw`` keeps, as text, what the proxy wrote for a field when it was taken over."""
    kept = before.raw["before"]
    known = before.stamp.before if before.stamp else {}
    raw = {}
    for field, value in stamp.before.items():
        is_known = field in kept and field in known and known[field] == value
        prior = kept[field] if is_known else {name: before.raw[name] for name in RAW_FIELDS[field]}
        raw[field] = json.dumps(prior, default=str, sort_keys=True)
    return {
        "policy": stamp.policy,
        "policy_version": stamp.policy_version,
        "before": to_plain(stamp.before),
        "after": to_plain(stamp.after),
        "raw": raw,
    }


def _exact(raw: dict[str, Any]) -> dict[str, Any]:
    """Amounts kept as text are decimals again."""
    if "max_budget" in raw:
        raw["max_budget"] = None if raw["max_budget"] is None else Decimal(raw["max_budget"])
        for one in raw["budget_limits"]:
            one["max_budget"] = Decimal(one["max_budget"])
    return raw
