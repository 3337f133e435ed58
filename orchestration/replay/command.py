"""``tokenomics replay``: replays history in one process, lands the result, builds its table and publishes again.

A replay reads what the last run built, up to its as-of day. If the build or a data test fails, what is published
stands.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from importlib.metadata import version
from typing import Any, Generic, TextIO, TypeVar
from uuid import uuid4

import duckdb

from orchestration.knowledge import is_unfinished
from orchestration.landing.store import Landing
from orchestration.lock import home_lock
from orchestration.project import Home
from orchestration.publish.layout import read_layouts
from orchestration.publish.snapshot import publish
from orchestration.registry.policy import EffectivePolicy
from orchestration.replay.breakers import BreakerReplay, replay_breakers
from orchestration.replay.budgets import FrameworkMonth, replay_budgets
from orchestration.replay.caps import replay_caps
from orchestration.replay.gates import GateReplay, replay_gates
from orchestration.session import open_session
from orchestration.settings import RunSettings, redact
from orchestration.transform.invoke import DbtStopped, failure_lines, invoke
from orchestration.transform.manifest import ensure_manifest
from orchestration.warehouse import connect

PARTITION = "current"
Row = TypeVar("Row")


class ReplayFailed(Exception):
    """There is nothing to replay, the days make no sense, or dbt refused the result; the message says which."""


def replay_once(settings: RunSettings, kind: str, first: date | None, last: date | None, stream: TextIO) -> None:
    """Replay ``kind`` (gates, breakers, budgets) from ``first`` to ``last``, both inclusive, and publish its table.

    Default: all days that the last run counted. Tells ``stream`` what is done. Raises :class:`ReplayFailed`.
    """
    home = Home(settings.home)
    if not home.warehouse.exists():
        raise ReplayFailed(f"{home.root} holds no warehouse; run: tokenomics run")
    with home_lock(home.lock):
        if is_unfinished(home):
            raise ReplayFailed("the last run was not published, so its tables may be half built; run: tokenomics run")
        with connect(home.warehouse, read_only=True) as connection:
            built = _built(connection)
        first, last = first or built.first_day, last or built.as_of
        _check(first, last, built.as_of)
        _replay(replace(settings, as_of=built.as_of), home, built, kind, first, last, stream)


def _replay(
    settings: RunSettings, home: Home, built: "_Built", kind: str, first: date, last: date, stream: TextIO
) -> None:
    with open_session(settings) as session:
        began = time.monotonic()
        with connect(home.warehouse) as connection:
            session.landing.register(connection)
            print(f"replay {kind}: {first} to {last}", file=stream, flush=True)
            rows = KINDS[kind].replay(connection, session.company.policy, first, last)
            _land(session.landing, kind, rows)
            session.landing.register(connection)
        print(f"judged: finished in {time.monotonic() - began:.1f} s", file=stream, flush=True)
        began = time.monotonic()
        _build(home, kind)
        print(f"build and data tests: finished in {time.monotonic() - began:.1f} s", file=stream, flush=True)
        with connect(home.warehouse) as connection:
            publish(
                connection,
                home.root,
                run_id=f"replay-{kind}-{uuid4().hex[:12]}",
                as_of=built.as_of,
                company_id=session.company.config.company_id,
                version=version("tokenomics"),
                policy_version=built.policy_version,
                known_before=session.landing.known_before,
                layouts=read_layouts(ensure_manifest(home)),
            )
        print(f"published {KINDS[kind].table}: {len(rows)} rows", file=stream, flush=True)
        for line in KINDS[kind].report(rows):
            print(line, file=stream)


@dataclass(frozen=True)
class _Built:
    """The last run: its as-of day and policy, and the first day with a cost or a product's margin."""

    as_of: date
    policy_version: str
    first_day: date


def _built(connection: duckdb.DuckDBPyConnection) -> _Built:
    try:
        found = connection.execute(
            "select as_of_date, policy_version, least("
            "(select min(cost_date) from intermediate.int_cost_object_daily_costs), "
            "(select min(margin_date) from intermediate.int_product_daily_economics)) "
            "from intermediate.int_evaluation_calendar"
        ).fetchone()
    except duckdb.CatalogException as error:
        raise ReplayFailed("the last run did not build the tables that a replay reads; run: tokenomics run") from error
    if found is None or found[2] is None:
        raise ReplayFailed("the last run found no cost and no revenue, so there is no history to replay")
    return _Built(*found)


def _check(first: date, last: date, as_of: date) -> None:
    if last > as_of:
        raise ReplayFailed(
            f"--to {last} is after {as_of}, the last day that was run; run: tokenomics run --as-of {last}"
        )
    if first > last:
        raise ReplayFailed(f"--from {first} is after --to {last}")


def _land(landing: Landing, kind: str, rows: Sequence[object]) -> None:
    with landing.batch("replay", kind) as batch:
        batch.add_rows(PARTITION, [vars(row) for row in rows])


def _build(home: Home, kind: str) -> None:
    """Build and test the models below the landed stream."""
    selected = ["--select", f"source:landing.replay__{kind}+", "--exclude-resource-type", "unit_test"]
    try:
        lines = failure_lines(invoke(home, ["build", *selected]))
    except DbtStopped as error:
        lines = [str(error)]
    if lines:
        told = redact("\n".join(lines))
        raise ReplayFailed(f"nothing was published; dbt refused the replayed rows:\n{told}")


def _gates_report(rows: list[GateReplay]) -> list[str]:
    trips = [f"{row.initiative_id} became ready on {row.replay_date}" for row in rows if row.is_trip]
    return trips or ["no experiment became ready in these days"]


def _replay_breakers_and_caps(
    connection: duckdb.DuckDBPyConnection, policy: EffectivePolicy, first: date, last: date
) -> list[BreakerReplay]:
    return replay_breakers(connection, policy, first, last) + replay_caps(connection, policy, first, last)


def _breakers_report(rows: list[BreakerReplay]) -> list[str]:
    lines = []
    for policy, name in (("margin_breaker", "margin breaker"), ("cap", "caps")):
        part = [row for row in rows if row.policy == policy]
        trips = [row for row in part if row.is_trip]
        false = sum(row.is_false_trip is True for row in trips)
        saved = sum(row.saved_amount for row in part)
        lines.append(f"{name}: {len(trips)} trips, {false} of them false, {saved:.2f} saved")
    return lines


def _budgets_report(rows: list[FrameworkMonth]) -> list[str]:
    lines = []
    for framework in dict.fromkeys(row.framework for row in rows):
        part = [row for row in rows if row.framework == framework]
        over = [row.overspend for row in part if row.overspend is not None]
        lines.append(
            f"{framework}: spend {sum(row.spend for row in part):.2f}, "
            f"overspend {f'{sum(over):.2f}' if over else 'none defined'}, "
            f"starved days {sum(row.starved_days for row in part)}, "
            f"stopped winners {sum(row.stopped_winners for row in part)}"
        )
    return lines


@dataclass(frozen=True)
class _Kind(Generic[Row]):
    """One kind of replay: its rows, the table they are published in, and what to tell of them."""

    table: str
    replay: Callable[[duckdb.DuckDBPyConnection, EffectivePolicy, date, date], list[Row]]
    report: Callable[[list[Row]], list[str]]


KINDS: dict[str, _Kind[Any]] = {
    "gates": _Kind("gate_replay", replay_gates, _gates_report),
    "breakers": _Kind("breaker_replay", _replay_breakers_and_caps, _breakers_report),
    "budgets": _Kind("budget_framework_backtest", replay_budgets, _budgets_report),
}
