"""Holds the policy file at a LiteLLM proxy: caps, blocks, allowed models, aliases and requests per minute, on each request.

Copy this one file beside the proxy; it needs nothing but the standard library. Beside it, ``tokenomics_hook.py``::

    from policy_reader import PolicyReader, litellm_hook

    hook = litellm_hook(PolicyReader("/srv/tokenomics/enforcement/policy.json", "/var/lib/spend.sqlite", on_expired="hold"))

and in the proxy's configuration, in the same folder, ``litellm_settings: {callbacks: tokenomics_hook.hook}``. The proxy needs
that folder in its ``PYTHONPATH``.

The file is read again when it was replaced, so that a change holds from the next request on. What was spent and asked is
counted here, in a small database that the workers of one machine share and that survives restarts, by entity and UTC day;
so caps hold while everything else is down. Costs are those the proxy computes and come after the answer: a cap is passed by
at most what the requests in flight cost. Windows begin at midnight UTC, weeks on Monday.

``on_expired`` says what follows when the file is older than it allows, missing or broken: ``deny`` refuses every request,
``hold`` goes on with the last policy read (and refuses where none ever was), ``allow`` lets every request through.
"""

import asyncio
import json
import logging
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from pathlib import Path
from typing import Any, Literal

OnExpired = Literal["deny", "hold", "allow"]
NANODOLLARS = Decimal(10) ** 9
LOCK_SECONDS = 5.0

_log = logging.getLogger(__name__)


class Denied(Exception):
    """A request that the policy refuses. LiteLLM answers with ``status_code``, ``type`` and ``message``."""

    def __init__(self, status_code: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status_code, self.type, self.message, self.param = status_code, kind, message, None


def _utc_now() -> datetime:
    return datetime.now(UTC)


class PolicyReader:
    """The policy file at ``policy``, with what was spent kept at ``counters``. ``now`` is a seam for tests."""

    def __init__(
        self,
        policy: str | Path,
        counters: str | Path,
        *,
        on_expired: OnExpired,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        if on_expired not in ("deny", "hold", "allow"):
            raise ValueError(f"on_expired is none of deny, hold and allow: {on_expired}")
        self._policy, self._counters, self._on_expired, self._now = Path(policy), Path(counters), on_expired, now
        self._read: tuple[int, int] | None = None
        self._last: dict[str, Any] | None = None
        with self._database() as database:
            database.execute(
                "CREATE TABLE IF NOT EXISTS spend"
                " (entity TEXT, day TEXT, nanodollars INTEGER NOT NULL, PRIMARY KEY (entity, day)) WITHOUT ROWID"
            )
            database.execute(
                "CREATE TABLE IF NOT EXISTS requests"
                " (entity TEXT, minute TEXT, asked INTEGER NOT NULL, PRIMARY KEY (entity, minute)) WITHOUT ROWID"
            )

    def admit(self, entities: Sequence[str], model: str | None) -> str | None:
        """The model that serves a request of these entities (key, team, ...), or :class:`Denied`.

        ``model`` is None for a request that names none: a list of allowed models refuses it.
        """
        now = self._now()
        policy = self._in_force(now)
        rules = {entity: policy[entity] for entity in entities if entity in policy}
        served = model
        for entity, rule in rules.items():
            if rule.get("is_blocked"):
                raise Denied(403, "blocked_by_policy", f"{entity} is blocked by policy")
            if served is not None:
                served = rule.get("aliases", {}).get(served, served)
        for entity, rule in rules.items():
            allowed = rule.get("allowed_models")
            if allowed is not None and served not in allowed:
                raise Denied(
                    403,
                    "model_not_allowed",
                    f"{entity} may not use {served or 'a request without a model'}; allowed are {', '.join(allowed)}",
                )
        with self._database() as database:
            for entity, rule in rules.items():
                self._check_limits(database, entity, rule.get("limits", ()), now)
            self._count_request(database, rules, now)
        return served

    def record(self, entities: Sequence[str], cost: Decimal) -> None:
        """Add what a request cost, in US dollars, to each of its entities."""
        nanodollars = int((cost * NANODOLLARS).to_integral_value(ROUND_CEILING))
        day = self._now().date().isoformat()
        with self._database() as database:
            database.executemany(
                "INSERT INTO spend VALUES (?, ?, ?)"
                " ON CONFLICT DO UPDATE SET nanodollars = nanodollars + excluded.nanodollars",
                [(entity, day, nanodollars) for entity in entities],
            )

    def spent(self, entity: str, window: str) -> Decimal:
        """US dollars that the entity spent in the window that now is."""
        with self._database() as database:
            return _spent(database, entity, window, self._now())

    def _in_force(self, now: datetime) -> dict[str, Any]:
        try:
            policy = self._newest()
            is_valid = datetime.fromisoformat(policy["expires_at"]) > now
        except (OSError, ValueError, KeyError, TypeError, AttributeError, ArithmeticError):
            _log.exception("the policy file %s cannot be read", self._policy)
            is_valid = False
        if not is_valid and self._on_expired == "allow":
            return {}
        if self._last is None or (not is_valid and self._on_expired == "deny"):
            raise Denied(
                503, "policy_expired", "the spending policy is expired or cannot be read; no request is let through"
            )
        entities: dict[str, Any] = self._last["entities"]
        return entities

    def _newest(self) -> dict[str, Any]:
        """The policy, parsed again only when the file was replaced."""
        state = self._policy.stat()
        seen = (state.st_ino, state.st_mtime_ns)
        if self._last is None or seen != self._read:
            policy = json.loads(self._policy.read_text())
            for rule in policy["entities"].values():
                for limit in rule.get("limits", ()):
                    Decimal(limit["amount"])
                    _first_day(limit["window"], date.min)
            self._read, self._last = seen, policy
        return self._last

    def _check_limits(
        self, database: sqlite3.Connection, entity: str, limits: Sequence[dict[str, str]], now: datetime
    ) -> None:
        for limit in limits:
            amount, window = Decimal(limit["amount"]), limit["window"]
            spent = _spent(database, entity, window, now)
            if spent >= amount:
                raise Denied(
                    429,
                    "budget_exceeded",
                    f"{entity} has spent {spent:f} of {amount:f} US dollars ({window}); the window begins at midnight UTC",
                )

    def _count_request(self, database: sqlite3.Connection, rules: dict[str, Any], now: datetime) -> None:
        minute = now.strftime("%Y-%m-%dT%H:%M")
        capped = {
            entity: rule["requests_per_minute"] for entity, rule in rules.items() if rule.get("requests_per_minute")
        }
        if not capped:
            return
        database.execute("DELETE FROM requests WHERE minute <> ?", (minute,))
        for entity, most in capped.items():
            row = database.execute("SELECT asked FROM requests WHERE entity = ?", (entity,)).fetchone()
            if row is not None and row[0] >= most:
                raise Denied(429, "throttling_error", f"{entity} may ask {most} times a minute")
        database.executemany(
            "INSERT INTO requests VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET asked = asked + 1",
            [(entity, minute) for entity in capped],
        )

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        """One transaction that no other worker's comes between; a refusal leaves nothing counted."""
        database = sqlite3.connect(self._counters, timeout=LOCK_SECONDS, isolation_level=None)
        try:
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
            except BaseException:
                database.execute("ROLLBACK")
                raise
            database.execute("COMMIT")
        finally:
            database.close()


def _first_day(window: str, today: date) -> date:
    if window == "daily":
        return today
    if window == "weekly":
        return today - timedelta(days=min(today.weekday(), (today - date.min).days))
    if window == "monthly":
        return today.replace(day=1)
    if window == "total":
        return date.min
    raise ValueError(f"{window} is no window")


def _spent(database: sqlite3.Connection, entity: str, window: str, now: datetime) -> Decimal:
    first = _first_day(window, now.astimezone(UTC).date()).isoformat()
    query = "SELECT coalesce(sum(nanodollars), 0) FROM spend WHERE entity = ? AND day >= ?"
    return Decimal(database.execute(query, (entity, first)).fetchone()[0]) / NANODOLLARS


def litellm_hook(reader: PolicyReader) -> Any:
    """A callback of a LiteLLM proxy that asks ``reader`` before each request and tells it each cost."""
    from litellm.integrations.custom_logger import CustomLogger

    class PolicyHook(CustomLogger):
        async def async_pre_call_hook(self, user_api_key_dict: Any, cache: Any, data: dict, call_type: str) -> dict:
            entities = _entities(
                key=user_api_key_dict.token or user_api_key_dict.api_key,
                team=user_api_key_dict.team_id,
                project=getattr(user_api_key_dict, "project_id", None),
                user=user_api_key_dict.user_id,
            )
            served = await asyncio.to_thread(reader.admit, entities, data.get("model"))
            return data if served is None else {**data, "model": served}

        async def async_log_success_event(
            self, kwargs: dict, response_obj: Any, start_time: Any, end_time: Any
        ) -> None:
            told = kwargs.get("standard_logging_object") or {}
            names = told.get("metadata") or {}
            entities = _entities(
                key=names.get("user_api_key_hash"),
                team=names.get("user_api_key_team_id"),
                project=names.get("user_api_key_project_id"),
                user=names.get("user_api_key_user_id"),
            )
            cost = kwargs.get("response_cost")
            if cost is None:
                _log.warning("a request of %s has no cost and counts towards no cap", ", ".join(entities))
                return
            await asyncio.to_thread(reader.record, entities, _without_noise(cost))

    return PolicyHook()


def _without_noise(cost: float) -> Decimal:
    """The amount that a binary float stands for: 0.027000000000000003 is 0.027."""
    return Decimal(format(cost, ".15g"))


def _entities(**named: str | None) -> list[str]:
    return [f"{kind}:{name}" for kind, name in named.items() if name]
