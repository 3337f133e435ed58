"""The LiteLLM proxy's management API as the demo server speaks it: spend logs, keys, teams, health.

Writes are those that enforcement sends, as the real proxy takes them (``/key/update``, ``/team/update``, ``/key/block``,
``/key/unblock``, ``/team/block``, ``/team/unblock``): only the fields sent change, ``metadata`` is replaced whole, an unknown key
or team is 404, budgets per model are refused for want of a licence. They are kept in the demo's world. The settings that
keys and teams were created with are those that the guardrails of the company folder declare, except two: the revenue
team's cap is set per 30 days, which is less per day than its declaration allows, and the budget of ``contract_intake``
was saved without a duration, so that it never resets and may go in one day.
"""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from orchestration.demo.catalog import (
    CAP_OF_INVOICE_MATCHING,
    DEMO_KEYS,
    DEVELOPERS,
    GATEWAY_KEYS,
    token_hash,
)
from orchestration.demo.gateway_calls import TEAM_OF, GatewayCall
from orchestration.demo.gateway_files import spend_log
from orchestration.demo.wire import Fault, Query, Request, World

_CAPS: dict[str, float | None] = {
    "ticket_triage": 4.0,
    "lead_research": None,
    "outreach_drafts": 90.0,
    "invoice_matching": float(CAP_OF_INVOICE_MATCHING),
    "clause_translation": 30.0,
    "meeting_notes": 40.0,
    "smart_summaries": 30.0,
    "survey_tagging": 3.0,
    "email_sorting": 3.0,
    "contract_intake": 90.0,
    **dict.fromkeys(DEVELOPERS, 25.0),
}
_NEVER_RESET = frozenset({"contract_intake"})
_TEAM_CAPS: dict[str, tuple[float | None, str | None]] = {
    "team_service": (None, None),
    "team_growth": (None, None),
    "team_product": (None, None),
    "team_revenue": (300.0, "30d"),
    "team_engineering": (80.0, "1d"),
}
_CREATED = "2026-06-20T08:00:00+00:00"
_ALIAS_OF = {token_hash(alias): alias for alias in GATEWAY_KEYS}
_WRITABLE = frozenset({"max_budget", "budget_duration", "budget_limits", "rpm_limit", "models", "metadata", "blocked"})


def answer(world: World, request: Request) -> dict[str, Any]:
    """The body of a successful answer; raises ``Fault`` otherwise."""
    if request.path in ("/health", "/health/liveliness", "/health/readiness"):
        return {"status": "healthy", "db": "connected", "litellm_version": "1.106.2"}
    if request.headers.get("authorization") != f"Bearer {DEMO_KEYS['DEMO_LITELLM_MASTER_KEY']}":
        raise _error(401, "token_not_found_in_db", "Authentication Error, Invalid proxy server token passed.")
    if request.body is not None:
        return _written(world, request.path, request.body)
    if request.path == "/health/license":
        return {"has_license": False, "license_type": None}
    if request.path == "/key/info":
        return _key_info(world, request.query)
    if request.path == "/key/list":
        return _key_list(world, request.query)
    if request.path == "/team/info":
        return _team_info(world, request.query)
    if request.path == "/spend/logs/v2":
        return _spend_logs(world, request.query)
    raise _error(404, "not_found_error", "Not Found")


def _error(status: int, kind: str, message: str) -> Fault:
    return Fault(status, {"error": {"message": message, "type": kind, "param": None, "code": str(status)}})


def _bad(message: str) -> Fault:
    return _error(400, "bad_request_error", message)


def _written(world: World, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to a write. A change of a key's own settings moves ``settings_updated_at``, any change ``updated_at``."""
    kind, _, action = path.strip("/").partition("/")
    if kind not in ("key", "team") or action not in ("update", "block", "unblock"):
        raise _error(404, "not_found_error", "Not Found")
    name = body.get("key" if kind == "key" else "team_id")
    known = set(_ALIAS_OF) if kind == "key" else set(_TEAM_CAPS)
    if name not in known:
        raise _error(404, "not_found_error", f"{kind.capitalize()} not found in database")
    changes = {"blocked": action == "block"} if action != "update" else _changes(kind, body)
    moved = world.clock.isoformat()
    times = {"updated_at": moved, "settings_updated_at": moved} if kind == "key" else {"updated_at": moved}
    world.written.write(f"{kind}:{name}", {**changes, **times})
    if kind == "team":
        return {"team_id": name, "data": _team(world, name)}
    shown = _key(world, _ALIAS_OF[name])
    return {"key": name, **shown}


def _changes(kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
    sent = {name: value for name, value in body.items() if name not in ("key", "team_id")}
    if sent.get("model_max_budget"):
        raise _error(
            400, "bad_request_error", "Setting model_max_budget is an enterprise feature: no licence key is set"
        )
    unknown = sorted(set(sent) - (_WRITABLE | ({"aliases"} if kind == "key" else set())))
    if unknown:
        raise _bad(f"the demo's gateway does not take {', '.join(unknown)}")
    if sent.get("budget_limits"):
        sent["budget_limits"] = [{"reset_at": None, **one} for one in sent["budget_limits"]]
    return sent


def _key(world: World, alias: str) -> dict[str, Any]:
    return {**_created_key(alias), **world.written.of(f"key:{token_hash(alias)}")}


def _created_key(alias: str) -> dict[str, Any]:
    cap = _CAPS[alias]
    return {
        "token": token_hash(alias),
        "key_name": "sk-...demo",
        "key_alias": alias,
        "spend": 0.25,
        "max_budget": cap,
        "soft_budget": None,
        "budget_duration": None if cap is None or alias in _NEVER_RESET else "1d",
        "budget_reset_at": None,
        "budget_limits": None,
        "expires": None,
        "models": [],
        "aliases": {},
        "config": {},
        "user_id": alias if alias in DEVELOPERS else None,
        "team_id": TEAM_OF[alias],
        "tpm_limit": None,
        "rpm_limit": None,
        "tpd_limit": None,
        "max_parallel_requests": None,
        "metadata": {},
        "blocked": False,
        "created_at": _CREATED,
        "updated_at": _CREATED,
        "settings_updated_at": None,
    }


def _key_info(world: World, query: Query) -> dict[str, Any]:
    token = query.one("key")
    if token not in _ALIAS_OF:
        raise _error(404, "not_found_error", "Key not found in database")
    shown = _key(world, _ALIAS_OF[token])
    return {"key": token, "info": {name: value for name, value in shown.items() if name != "token"}}


def _key_list(world: World, query: Query) -> dict[str, Any]:
    page, size = query.whole("page", 1, 1, 10_000, _bad), query.whole("size", 10, 1, 100, _bad)
    aliases = sorted(GATEWAY_KEYS, key=token_hash)
    shown = aliases[(page - 1) * size : page * size]
    is_full = (query.one("return_full_object") or "false").lower() == "true"
    return {
        "keys": [_key(world, alias) if is_full else token_hash(alias) for alias in shown],
        "total_count": len(aliases),
        "current_page": page,
        "total_pages": -(-len(aliases) // size),
    }


def _team_info(world: World, query: Query) -> dict[str, Any]:
    team = query.one("team_id")
    if team not in _TEAM_CAPS:
        raise _error(404, "not_found_error", "Team not found in database")
    members = [_key(world, alias) for alias in GATEWAY_KEYS if TEAM_OF[alias] == team]
    return {"team_id": team, "team_info": _team(world, team), "keys": members, "team_memberships": []}


def _team(world: World, team: str) -> dict[str, Any]:
    cap, duration = _TEAM_CAPS[team]
    created: dict[str, Any] = {
        "team_id": team,
        "team_alias": team.removeprefix("team_"),
        "max_budget": cap,
        "budget_duration": duration,
        "budget_reset_at": None,
        "budget_limits": None,
        "blocked": False,
        "models": [],
        "spend": 1.5,
        "tpm_limit": None,
        "rpm_limit": None,
        "metadata": {},
        "created_at": _CREATED,
        "updated_at": _CREATED,
    }
    return {**created, **world.written.of(f"team:{team}")}


def _moment(query: Query, name: str, *, is_end: bool) -> datetime:
    text = query.one(name) or ""
    try:
        if len(text) == 10:
            start = datetime.fromisoformat(date.fromisoformat(text).isoformat())
            return (start + timedelta(days=1, microseconds=-1) if is_end else start).replace(tzinfo=UTC)
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        raise _bad(f"{name} must be YYYY-MM-DD or YYYY-MM-DD HH:MM:SS") from None


def _spend_logs(world: World, query: Query) -> dict[str, Any]:
    begin, end = _moment(query, "start_date", is_end=False), _moment(query, "end_date", is_end=True)
    page, size = query.whole("page", 1, 1, 100_000, _bad), query.whole("page_size", 50, 1, 1000, _bad)
    calls = [
        call
        for call in world.traffic.gateway
        if begin <= call.started_at <= end and call.started_at < world.clock and _wanted(query, call)
    ]
    if (query.one("sort_order") or "desc") == "desc":
        calls.reverse()
    shown = calls[(page - 1) * size : page * size]
    return {
        "data": [_logged(call) for call in shown],
        "total": len(calls),
        "page": page,
        "page_size": size,
        "total_pages": -(-len(calls) // size),
    }


def _wanted(query: Query, call: GatewayCall) -> bool:
    filters = {"api_key": token_hash(call.key_alias), "team_id": call.team_id, "user_id": call.user_id}
    return all(query.one(name) in (None, value) for name, value in filters.items())


def _logged(call: GatewayCall) -> dict[str, Any]:
    row = spend_log(call)
    times = {name: row[name].isoformat().replace("+00:00", "Z") for name in ("startTime", "endTime")}
    return {**row, **times, "metadata": json.loads(row["metadata"]), "request_tags": json.loads(row["request_tags"])}
