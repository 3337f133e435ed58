"""Settings and stamps as JSON: in the policy file and in what a webhook sends and is answered. Amounts are decimal text.

A field that stands at its default is left out, so that settings put back are the text that stood before. Failure mode:
JSON of another shape raises ``ValueError`` that names the field.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, get_args

from orchestration.enforcement.port import FIELDS, FieldName, Limit, LimitWindow, Stamp
from orchestration.enforcement.values import LOOSEST, to_plain


def without_defaults(values: Mapping[FieldName, Any]) -> dict[FieldName, Any]:
    return {field: value for field, value in values.items() if value != LOOSEST[field]}


def read_settings(body: Any) -> dict[FieldName, Any]:
    """The fields of a JSON object; one that is no field is ``ValueError``."""
    if not isinstance(body, dict):
        raise ValueError("settings are not an object")
    unknown = sorted(set(body) - set(FIELDS))
    if unknown:
        raise ValueError(f"{unknown[0]} is no setting")
    return {field: _read_field(field, body[field]) for field in FIELDS if field in body}


def stamp_json(stamp: Stamp | None) -> dict[str, Any] | None:
    if stamp is None:
        return None
    return {
        "policy": stamp.policy,
        "policy_version": stamp.policy_version,
        "before": to_plain(stamp.before),
        "after": to_plain(stamp.after),
    }


def read_stamp(body: Any) -> Stamp | None:
    if body is None:
        return None
    return Stamp(body["policy"], body["policy_version"], read_settings(body["before"]), read_settings(body["after"]))


def _read_field(field: FieldName, value: Any) -> Any:
    if field == "limits":
        return tuple(sorted(_read_limit(one) for one in value))
    if field == "allowed_models":
        kind: tuple[type, ...] = (list, type(None))
    elif field == "aliases":
        kind = (dict,)
    elif field == "is_blocked":
        kind = (bool,)
    else:
        kind = (int, type(None))
    if not isinstance(value, kind) or (field == "requests_per_minute" and isinstance(value, bool)):
        raise ValueError(f"{field} is not of its kind: {value}")
    return tuple(value) if isinstance(value, list) else value


def _read_limit(body: Any) -> Limit:
    try:
        window, amount = body["window"], Decimal(body["amount"])
    except (TypeError, KeyError, InvalidOperation):
        raise ValueError(f"limits holds no window and amount in text: {body}") from None
    if window not in get_args(LimitWindow) or not isinstance(body["amount"], str) or not amount.is_finite():
        raise ValueError(f"limits holds no known window or no amount in text: {body}")
    return Limit(window, amount)
