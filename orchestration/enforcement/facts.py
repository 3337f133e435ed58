"""What the last run published that the minute path judges by: caps in US dollars, what complete days cost, what each hour of a
key usually costs, the state of breakers. Reads ``HOME/published`` only, never the warehouse.

Failure mode: nothing published, or a table that an older version did not publish, leaves its part empty, and ``missing`` says
so: no cap is then known, which is told and never taken for none.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from orchestration import utc_duckdb
from orchestration.people import NAMES
from orchestration.policy.breaker_action import Milestone
from orchestration.policy.loop_detector import NO_BASELINE, HourBaseline
from orchestration.prices.calls import MILLIONTH, CallPrices
from orchestration.project import Home
from orchestration.publish.private_facts import facts_file
from orchestration.published import read_manifest
from orchestration.quoting import literal
from orchestration.statistics.hourly_baseline import hourly_baselines

HISTORY = timedelta(days=28)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class PublishedCap:
    """One amount of one cap for one capped id, or for the ids that match ``id_pattern`` and nobody had seen at the last run.

    ``entity``: what an initiative's guardrail names at the gateway, None elsewhere; ``usd``: None where no rate is known;
    ``holds_from`` inclusive and ``holds_until`` exclusive are days of its zone.
    """

    adapter: str
    entity: str | None
    cap_id: str
    subject: str
    subject_id: str | None
    id_pattern: str | None
    window: str
    time_zone: str
    reset_day: int
    usd: Decimal | None
    headroom_usd: Decimal | None
    mode: str
    holds_from: date
    holds_until: date


@dataclass(frozen=True)
class DayCost:
    """What one key cost on one reporting day in US dollars at contracted price, for one person and team."""

    day: date
    key: str
    actor: str | None
    team: str | None
    usd: Decimal
    unpriced: int


@dataclass(frozen=True)
class ProductDay:
    """One product's day in US dollars; None: not known, or no rate."""

    day: date
    revenue: Decimal | None
    other_cogs: Decimal | None
    ai_cogs: Decimal | None


@dataclass(frozen=True)
class BreakerState:
    """The margin breaker of a product after its last change."""

    product_id: str
    state: str
    before: str
    since: datetime
    reason: str
    evidence_id: str
    policy_version: str


@dataclass(frozen=True)
class Facts:
    """``days``: cost of the reporting days before ``as_of``, which no longer move much; what is newer is counted live.

    ``keys_of_developer``, ``keys_of_initiative`` and ``keys_of_product``: keys that only the one used in the last 28 days.
    ``product_floors``: margin floors that products state themselves. ``absent``: tables that were not published, of which
    nothing is known. ``override_usd``: what overrides of caps are in US dollars, by cap, capped id, window and begin, None where
    no rate is known.
    """

    run_id: str | None
    as_of: date | None
    caps: tuple[PublishedCap, ...] = ()
    override_usd: Mapping[tuple[str, str, str, datetime], Decimal | None] = field(default_factory=dict)
    days: tuple[DayCost, ...] = ()
    baselines: "Baselines | None" = None
    breakers: tuple[BreakerState, ...] = ()
    milestones: tuple[tuple[str, Milestone], ...] = ()
    keys_of_developer: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    keys_of_initiative: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    keys_of_product: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    product_days: Mapping[str, tuple[ProductDay, ...]] = field(default_factory=dict)
    product_floors: Mapping[str, Decimal] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)
    daily_burn_usd: Decimal | None = None
    missing: tuple[str, ...] = ()
    absent: frozenset[str] = frozenset()


class Baselines:
    """What each key usually costs at each hour, in US dollars, from the published usage by hour."""

    def __init__(self, hourly: Mapping[str, Mapping[datetime, float]], until: datetime) -> None:
        """``hourly``: cost by key and hour (UTC); ``until``: the end of what is published."""
        self._until = until.replace(hour=0, minute=0, second=0, microsecond=0)
        self._of: dict[str, Any] = {}
        for key, hours in hourly.items():
            first = min(hours).replace(hour=0)
            days = max(0, (self._until - first).days)
            values = np.zeros((days, 24))
            for hour, cost in hours.items():
                if hour < self._until:
                    values[(hour - first).days, hour.hour] += cost
            if days:
                self._of[key] = (first.date(), hourly_baselines(values))

    def __call__(self, key: str, moment: datetime) -> HourBaseline:
        """The baseline of the key's hour by what is published: on later days that of the newest day of the same weekday."""
        found = self._of.get(key)
        if found is None:
            return NO_BASELINE
        first, baselines = found
        last = len(baselines.days_known) - 1
        day = (moment.astimezone(UTC).date() - first).days
        while day > last and day >= 7:
            day -= 7
        return HourBaseline(**baselines.at(max(0, min(day, last)), moment.astimezone(UTC).hour))


def read_facts(home: Home, prices: CallPrices) -> Facts:
    """The facts of the publication in ``home``."""
    folder = home.published.resolve()
    manifest = read_manifest(folder)
    if manifest is None:
        return Facts(None, None, missing=("nothing is published yet; run tokenomics run first",))
    as_of = date.fromisoformat(manifest["as_of"])
    with utc_duckdb.connect() as connection:
        missing = _show(connection, folder, home, manifest)
        found = _Reader(connection, folder, as_of, manifest["run_id"], prices).read()
    return replace(found, missing=(*missing, *found.missing))


def _show(connection: duckdb.DuckDBPyConnection, folder: Path, home: Home, manifest: dict[str, Any]) -> list[str]:
    """Show the published tables as views, and those with people by the home's own file where the publication hides them;
    answers what is missing.
    """
    sources, missing = {"published": folder / "marts.duckdb"}, []
    if manifest.get("people", NAMES) != NAMES:
        private = facts_file(home.root, manifest["run_id"])
        if private.exists():
            sources["private"] = private
        else:
            missing.append(f"{private} is gone, so that no cap of a person is known; run tokenomics run once")
    for name, file in sources.items():
        connection.execute(f"attach {literal(file)} as {name} (read_only)")
        tables = connection.execute("select table_name from duckdb_tables() where database_name = ?", [name]).fetchall()
        for (table,) in tables:
            connection.execute(f'create or replace view "{table}" as from {name}.main."{table}"')
    return missing


class _Reader:
    def __init__(
        self, connection: duckdb.DuckDBPyConnection, folder: Path, as_of: date, run_id: str, prices: CallPrices
    ) -> None:
        self.connection, self.folder, self.as_of, self.run_id, self.prices = connection, folder, as_of, run_id, prices
        self.missing: list[str] = []
        self.absent: set[str] = set()
        names = connection.execute("select table_name from information_schema.tables").fetchall()
        self.tables = {name for (name,) in names}

    def read(self) -> Facts:
        return Facts(
            run_id=self.run_id,
            as_of=self.as_of,
            caps=self._caps(),
            override_usd=self._override_usd(),
            days=self._days(),
            baselines=self._baselines(),
            breakers=self._breakers(),
            milestones=self._milestones(),
            keys_of_developer=self._keys_of("actor_id"),
            keys_of_initiative=self._keys_of("initiative_id"),
            keys_of_product=self._keys_of("product_id"),
            product_days=self._product_days(),
            product_floors=self._product_floors(),
            owners=self._owners(),
            daily_burn_usd=self._daily_burn(),
            missing=tuple(self.missing),
            absent=frozenset(self.absent),
        )

    def _rows(self, table: str, query: str) -> list[dict[str, Any]]:
        if table not in self.tables:
            self.absent.add(table)
            self.missing.append(f"{table} is not published; run tokenomics run once with this version")
            return []
        found = self.connection.execute(query, {"as_of": self.as_of} if "$as_of" in query else {})
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def _caps(self) -> tuple[PublishedCap, ...]:
        rows = self._rows("guardrail_caps", "select * from guardrail_caps")
        names = [one for one in PublishedCap.__dataclass_fields__ if one not in ("usd", "reset_day")]
        return tuple(
            PublishedCap(**{name: row[name] for name in names}, usd=row["amount_usd"], reset_day=row["reset_day"] or 1)
            for row in rows
        )

    def _override_usd(self) -> dict[tuple[str, str, str, datetime], Decimal | None]:
        rows = self._rows("guardrail_cap_overrides", "select * from guardrail_cap_overrides")
        return {(row["cap_id"], row["subject_id"], row["window"], row["starts_at"]): row["amount_usd"] for row in rows}

    def _days(self) -> tuple[DayCost, ...]:
        found: dict[tuple[date, str, str | None, str | None], tuple[Decimal, int]] = {}
        for row in self._rows("fct_usage", _DAYS):
            at = (row["usage_date"], row["api_key_id"], row["actor_id"], row["team_id"])
            usd, unpriced = found.get(at, (Decimal(0), 0))
            price = self.prices.contracted(
                row["provider"], row["model_id"] or "", row["billing_date"], row["token_class"], row["price"]
            )
            if price is None:
                found[at] = (usd, unpriced + 1)
            else:
                found[at] = (usd + row["quantity"] * price * MILLIONTH, unpriced)
        return tuple(DayCost(*at, usd, unpriced) for at, (usd, unpriced) in sorted(found.items(), key=str))

    def _breakers(self) -> tuple[BreakerState, ...]:
        rows = self._rows("guardrail_decisions", _BREAKERS)
        return tuple(BreakerState(**row) for row in rows)

    def _milestones(self) -> tuple[tuple[str, Milestone], ...]:
        rows = self._rows("milestone_tolerance", _MILESTONES)
        return tuple((row.pop("product_id"), Milestone(**row)) for row in rows)

    def _product_days(self) -> dict[str, tuple[ProductDay, ...]]:
        found: dict[str, list[ProductDay]] = defaultdict(list)
        for row in self._rows("guardrail_product_days", _PRODUCT_DAYS):
            found[row.pop("product_id")].append(ProductDay(**row))
        return {product: tuple(days) for product, days in found.items()}

    def _product_floors(self) -> dict[str, Decimal]:
        rows = self._rows("dim_products", _FLOORS)
        return {row["product_id"]: row["floor"] for row in rows}

    def _daily_burn(self) -> Decimal | None:
        """What a day costs the company beyond what it earns, in US dollars; None where that is not known or no burn."""
        rows = self._rows("runway_by_month", _BURN)
        return rows[0]["daily_burn_usd"] if rows else None

    def _keys_of(self, owner: str) -> dict[str, tuple[str, ...]]:
        found: dict[str, list[str]] = defaultdict(list)
        for row in self._rows("fct_usage", _KEYS.format(owner=owner, join=_PRODUCTS if owner == "product_id" else "")):
            found[row["owner"]].append(row["api_key_id"])
        return {name: tuple(keys) for name, keys in found.items()}

    def _owners(self) -> dict[str, str]:
        rows = self._rows("dim_initiatives", "select initiative_id, owner from dim_initiatives where is_current")
        return {row["initiative_id"]: row["owner"] for row in rows if row["owner"]}

    def _baselines(self) -> Baselines | None:
        files = sorted((self.folder / "parquet" / "fct_usage_by_hour").glob("*.parquet"))
        if not files or "fct_usage" not in self.tables:
            self.missing.append("fct_usage_by_hour is not published, so that no key has a usual hour")
            return None
        since = self.as_of - HISTORY
        rows = self.connection.execute(_HOURS, {"files": [str(file) for file in files], "since": since}).fetchall()
        hourly: dict[str, dict[datetime, float]] = defaultdict(dict)
        for key, hour, cost in rows:
            hourly[key][hour] = float(cost)
        return Baselines(hourly, datetime.combine(self.as_of + DAY, time()))


_DAYS = """
select
    usage_date, billing_date, api_key_id, actor_id, team_id, provider, model_id, token_class,
    case when list_price_currency = 'USD' then list_unit_price_per_million end as price,
    sum(quantity) as quantity
from fct_usage
where source = 'litellm' and api_key_id is not null and token_class <> 'request' and quantity <> 0
    and usage_date < $as_of and usage_date >= $as_of - 40
group by all"""
_BREAKERS = """
select
    entity as product_id, to_state as state, from_state as before, decided_at as since, reason, evidence_id,
    policy_version
from guardrail_decisions
where policy = 'margin_breaker'
qualify row_number() over (partition by entity order by decided_at desc, to_state) = 1
order by entity"""
_MILESTONES = """
select
    initiatives.product_id, milestones.initiative_id, milestones.by_date as by, milestones.tolerance_status as status,
    cast(milestones.margin_floor_ratio as decimal(10, 9)) as floor_ratio
from milestone_tolerance as milestones
inner join dim_initiatives as initiatives
    on milestones.initiative_id = initiatives.initiative_id and initiatives.is_current
where initiatives.product_id is not null and milestones.margin_floor_ratio is not null
order by milestones.initiative_id"""
_PRODUCT_DAYS = """
select product_id, margin_date as day, revenue_usd as revenue, other_cogs_usd as other_cogs, ai_cogs_usd as ai_cogs
from guardrail_product_days order by product_id, margin_date"""
_FLOORS = """
select product_id, cast(margin_floor_ratio as decimal(10, 9)) as floor
from dim_products where is_current and margin_floor_ratio is not null"""
_BURN = """
select daily_burn_usd from runway_by_month
where fiscal_period <= strftime(cast($as_of as date), '%Y-%m') order by fiscal_period desc limit 1"""
_PRODUCTS = """inner join (select initiative_id, product_id from dim_initiatives where is_current and product_id is not null)
    using (initiative_id)"""
_KEYS = """
select api_key_id, max({owner}) as owner
from fct_usage {join}
where source = 'litellm' and api_key_id is not null and usage_date > $as_of - 28
group by api_key_id
having count(distinct {owner}) = 1 and count({owner}) = count(*)
order by api_key_id"""
_HOURS = """
with prices as (
    select
        provider, model_id, service_tier, token_class,
        max_by(list_unit_price_per_million, usage_date) as price
    from fct_usage
    where source = 'litellm' and list_unit_price_per_million is not null and list_price_currency = 'USD'
    group by all
)
select
    hours.api_key_id, date_trunc('hour', hours.usage_start_at) as hour_start,
    sum(hours.quantity * prices.price) / 1000000 as cost
from read_parquet($files) as hours
inner join prices
    on hours.provider = prices.provider
    and hours.model_id is not distinct from prices.model_id
    and hours.service_tier is not distinct from prices.service_tier
    and hours.token_class = prices.token_class
where hours.source = 'litellm' and hours.api_key_id is not null and hours.usage_date >= $since
group by all"""
