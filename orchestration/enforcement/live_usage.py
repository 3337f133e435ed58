"""The requests that the minute path has counted: one SQLite file, ``HOME/enforcement/live.sqlite``.

Grain: one row per call and UTC day, as in the warehouse: a request that is read again in an overlap, or logged twice, counts
once, with the larger of its token counts. What was read and the watermark it was read up to are one transaction, so that a
process killed at any instant has counted a read whole or not at all. Costs are whole 10^-12 US dollars; a request whose cost
nobody knows has none, and so has a malformed row until the request is read well-formed. State of other parts (loops,
gateways' own counters) stands beside it as JSON.
Failure mode: a file that is damaged raises :class:`LiveUsageDamaged`; removing it is safe, the window is read again.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any

PICO = Decimal(10) ** 12
MOST = 2**63 - 1
"""The largest cost of one request that can be kept, in 10^-12 US dollars; beyond it, nobody knows the cost."""
_COST = "coalesce(sum(cost / 1000000), 0), coalesce(sum(cost % 1000000), 0)"
"""A sum of costs in two parts, millionths of dollars and what is below, since one would overflow at nine million dollars."""
MALFORMED = -1
"""Stands for the tokens of a malformed row: fewer than any request has."""
KEY, TEAM, DEVELOPER = "key", "team", "developer"
_COLUMN = {KEY: "api_key", TEAM: "team", DEVELOPER: "actor"}
_SCHEMA = """
create table if not exists requests (
    day text not null, call text not null, started_at text not null, api_key text, actor text, team text, model text,
    tokens integer not null, prompt_tokens integer not null, cost integer, primary key (day, call)) without rowid;
create index if not exists requests_started on requests (started_at);
create index if not exists requests_of_key on requests (api_key, started_at);
create index if not exists requests_of_actor on requests (actor, started_at);
create index if not exists requests_of_team on requests (team, started_at);
create table if not exists refusals (
    request_id text primary key, started_at text not null, api_key text, team text, actor text, reason text) without rowid;
create table if not exists state (name text primary key, body text not null) without rowid;
"""


class LiveUsageDamaged(Exception):
    """The file of counted requests cannot be read."""


@dataclass(frozen=True)
class WindowUse:
    """What one subject used in one span: ``cost`` of what has a price, and how many requests had none or are malformed."""

    cost: Decimal
    requests: int
    unpriced: int


@dataclass(frozen=True)
class MinuteUse:
    """One key's minute; ``signature`` is what most calls had in common, ``repeated`` how many had it."""

    minute: datetime
    cost: Decimal
    calls: int
    unpriced: int
    prompt_tokens: int
    signature: str
    repeated: int


@dataclass(frozen=True)
class Refusal:
    """A request that the gateway refused for a budget, a rate or a block."""

    at: datetime
    request_id: str
    reason: str


class LiveUsage:
    """Use as a context manager. One writer at a time: the tick holds its lock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None)
        try:
            self._db.execute("pragma journal_mode = wal")
            self._db.executescript(_SCHEMA)
        except sqlite3.DatabaseError as error:
            raise LiveUsageDamaged(
                f"{path} cannot be read ({error}); remove that file, the next tick reads the window again"
            ) from None

    def __enter__(self) -> "LiveUsage":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

    def counted(self, source: str) -> tuple[datetime, datetime] | None:
        """From when until when the source's log is counted without a gap; None before the first read."""
        body = self.state(f"counted:{source}")
        return None if body is None else (_moment(body["since"]), _moment(body["until"]))

    def add(
        self,
        source: str,
        rows: Sequence[Mapping[str, Any]],
        costs: Sequence[Decimal | None],
        span: tuple[datetime, datetime],
        bad: Sequence[Mapping[str, Any]] = (),
    ) -> int:
        """Count the rows of the source's log and remember the ``span`` counted without a gap; answers how many are new.
        ``bad``: malformed rows, which count for whom they name, at the span's end where they name no time.
        """
        before = self._count()
        with self._transaction():
            for row in bad:
                self._add_bad_row(row, span[1])
            for row, cost in zip(rows, costs, strict=True):
                self._add_row(row, cost)
            self._put(f"counted:{source}", {"since": span[0].isoformat(), "until": span[1].isoformat()})
            return self._count() - before

    def use(self, kind: str, name: str, since: datetime, until: datetime) -> WindowUse:
        """What a key, team or developer used from ``since`` up to but not at ``until``."""
        *cost, requests, unpriced = self._db.execute(
            f"select {_COST}, count(*), count(*) filter (where cost is null) from requests "
            f"where {_COLUMN[kind]} = ? and started_at >= ? and started_at < ?",
            (name, _text(since), _text(until)),
        ).fetchone()
        return WindowUse(_summed(*cost), requests, unpriced)

    def by_key(self, kind: str, name: str, since: datetime, until: datetime) -> dict[str, WindowUse]:
        """What a key, team or developer used in the span, by key; requests without a key under an empty name."""
        found = self._db.execute(
            f"select coalesce(api_key, ''), {_COST}, count(*), count(*) filter (where cost is null) "
            f"from requests where {_COLUMN[kind]} = ? and started_at >= ? and started_at < ? group by 1 order by 1",
            (name, _text(since), _text(until)),
        ).fetchall()
        return {key: WindowUse(_summed(*cost), requests, unpriced) for key, *cost, requests, unpriced in found}

    def dearest_request(self, kind: str, name: str) -> Decimal | None:
        """The most that one counted request has cost; None without any."""
        (found,) = self._db.execute(f"select max(cost) from requests where {_COLUMN[kind]} = ?", (name,)).fetchone()
        return None if found is None else _dollars(found)

    def names(self, kind: str, since: datetime) -> list[str]:
        """Ids of the kind with requests or refusals since then, sorted."""
        column = _COLUMN[kind]
        found = self._db.execute(
            f"select {column} from requests where started_at >= ? union select {column} from refusals "
            "where started_at >= ?",
            (_text(since), _text(since)),
        ).fetchall()
        return sorted(name for (name,) in found if name is not None)

    def last_used(self, key: str, until: datetime) -> datetime | None:
        """When the key's newest request before ``until`` began."""
        (found,) = self._db.execute(
            "select max(started_at) from requests where api_key = ? and started_at < ?", (key, _text(until))
        ).fetchone()
        return None if found is None else _moment(found)

    def minutes(self, key: str, first: datetime, until: datetime) -> dict[datetime, MinuteUse]:
        """The key's minutes with traffic from ``first`` up to but not at ``until``."""
        found = self._db.execute(
            "with calls as (select substr(started_at, 1, 16) as minute, cost, prompt_tokens, "
            "coalesce(model, '') || '/' || prompt_tokens as signature from requests "
            f"where api_key = ? and started_at >= ? and started_at < ? and tokens > {MALFORMED}), "
            "repeats as (select minute, signature, count(*) as calls, row_number() over "
            "(partition by minute order by count(*) desc, signature) as place from calls group by minute, signature) "
            f"select calls.minute, {_COST}, count(*), count(*) filter (where cost is null), "
            "sum(prompt_tokens), repeats.signature, repeats.calls from calls "
            "join repeats on repeats.minute = calls.minute and repeats.place = 1 group by calls.minute",
            (key, _text(first), _text(until)),
        ).fetchall()
        uses = [
            MinuteUse(_moment(minute + ":00+00:00"), _summed(dollars, rest_of), *rest)
            for minute, dollars, rest_of, *rest in found
        ]
        return {use.minute: use for use in uses}

    def refusals(self, kind: str, name: str, since: datetime) -> list[Refusal]:
        """Requests of a key, team or developer that the gateway refused since then, by time."""
        found = self._db.execute(
            f"select started_at, request_id, reason from refusals where {_COLUMN[kind]} = ? and started_at >= ? "
            "order by started_at, request_id",
            (name, _text(since)),
        ).fetchall()
        return [Refusal(_moment(at), request, reason) for at, request, reason in found]

    def forget_before(self, moment: datetime) -> None:
        """Drop what is older than every window that can still be asked for."""
        with self._transaction():
            for table in ("requests", "refusals"):
                self._db.execute(f"delete from {table} where started_at < ?", (_text(moment),))
            for name, body in self._db.execute("select name, body from state where name like 'counted:%'").fetchall():
                span = json.loads(body)
                if _moment(span["since"]) < moment <= _moment(span["until"]):
                    self._put(name, {**span, "since": moment.isoformat()})

    def state(self, name: str) -> Any:
        """What :meth:`keep` wrote under the name; None if nothing."""
        found = self._db.execute("select body from state where name = ?", (name,)).fetchone()
        return None if found is None else json.loads(found[0])

    def states(self, beginning: str) -> dict[str, Any]:
        """All that :meth:`keep` wrote under names that begin so."""
        found = self._db.execute(
            "select name, body from state where substr(name, 1, ?) = ?", (len(beginning), beginning)
        )
        return {name: json.loads(body) for name, body in found.fetchall()}

    def keep(self, states: Mapping[str, Any]) -> None:
        """Write values that JSON can hold, all of them or none; None removes the name."""
        with self._transaction():
            for name, body in states.items():
                if body is None:
                    self._db.execute("delete from state where name = ?", (name,))
                else:
                    self._put(name, body)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._db.execute("rollback")
            raise
        self._db.execute("commit")

    def _put(self, name: str, body: Any) -> None:
        self._db.execute("insert or replace into state values (?, ?)", (name, json.dumps(body)))

    def _count(self) -> int:
        (rows,) = self._db.execute(
            "select (select count(*) from requests) + (select count(*) from refusals)"
        ).fetchone()
        return int(rows)

    def _add_row(self, row: Mapping[str, Any], cost: Decimal | None) -> None:
        started = row["started_at"].astimezone(UTC)
        owners = (row["api_key"], row["user_id"], row["team_id"])
        if row["status"] != "success":
            reason = " ".join(text for text in (row["error_type"], row["error_class"]) if text)
            if refused_for(reason):
                key, actor, team = owners
                self._db.execute(
                    "insert or ignore into refusals values (?, ?, ?, ?, ?, ?)",
                    (row["request_id"], _text(started), key, team, actor, reason),
                )
            return
        tokens = row["prompt_tokens"] + row["completion_tokens"]
        self._db.execute(
            "insert into requests values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (day, call) do update set "
            "tokens = excluded.tokens, prompt_tokens = excluded.prompt_tokens, cost = excluded.cost "
            "where excluded.tokens > requests.tokens",
            (
                started.date().isoformat(),
                row["call_id"] or row["request_id"],
                _text(started),
                *owners,
                row["model"],
                tokens,
                row["prompt_tokens"],
                None if cost is None or cost * PICO > MOST else int((cost * PICO).to_integral_value()),
            ),
        )

    def _add_bad_row(self, row: Mapping[str, Any], until: datetime) -> None:
        """As a request of which nothing but its owner is known; a failed one cost nothing and is left out."""
        if row["status"] != "success":
            return
        told = row["started_at"]
        started = _text(told if isinstance(told, datetime) and told <= until else until - timedelta(microseconds=1))
        owners = (row["api_key"], row["user_id"], row["team_id"])
        call = row["call_id"] or row["request_id"] or json.dumps(["malformed", *owners])
        self._db.execute(
            "insert or ignore into requests values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (started[:10], call, started, *owners, row["model"], MALFORMED, 0, None),
        )


REFUSED_FOR = ("budget", "ratelimit", "rate_limit", "throttl")
"""What an error's type or class says of a request refused for a limit, as gate 3 reads the log."""


def refused_for(told: str) -> bool:
    """Whether an error's type or class is that of a budget or a rate."""
    return any(word in told.lower() for word in REFUSED_FOR)


def minute_of(moment: datetime) -> datetime:
    """The minute in UTC that the moment is in."""
    return moment.astimezone(UTC).replace(second=0, microsecond=0)


def minutes_between(first: datetime, until: datetime) -> Iterator[datetime]:
    minute = minute_of(first)
    while minute < until:
        yield minute
        minute += timedelta(minutes=1)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _summed(millionths: int, rest: int) -> Decimal:
    return _dollars(millionths * 1_000_000 + rest)


def _dollars(pico: int) -> Decimal:
    return (Decimal(pico) / PICO).quantize(Decimal("1e-12"))
