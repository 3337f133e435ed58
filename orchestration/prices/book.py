"""The price book: list prices of every model seen in usage and the days they hold, landed as ``prices/price_book``.

Source: the snapshot inside the pinned ``genai-prices`` package; nothing is fetched. Grain: provider x model as seen x
price variant x token class x context tier x validity. USD per million tokens; for ``web_search``,
``characters`` and ``seconds`` USD per million of these. ``valid_from`` (null: always) and ``valid_to`` (exclusive;
null: still) are UTC days. ``context_tier_start`` 0 is the base price; another holds for a whole request whose prompt
has more tokens than that. ``is_maker``: the provider makes the model. Which id is which model: ``resolve.py``.

Decisions where the list alone does not decide:

- **Classes.** A class without a price of its own takes that of the wider class, as the package does: a cache write of
  5 minutes or 1 hour the general cache write, that and a cache read the input. Audio and images fall back within their
  modality only, a cached one to its input; without a price there they have no row, where the package would answer with
  the text price. Output without a price has no row (embeddings): such tokens are unpriced, not free. Reasoning tokens
  are output.
- **Standard** covers requests with service tier ``standard``, ``default``, ``auto`` or none.
- **Batch.** A dated batch price counts from its date. Before it, each price that it states is half the list price of
  the time (``batch factor 0.5`` in ``price_source``); a price it does not state stays the standard one, as in the
  package. A model without any batch price is half list price at OpenAI and Anthropic, which give that discount on
  every batch; at other providers it has no batch row.
- **Priority, flex, fast.** These are multiples that nobody can infer. The list dates most of them by the day on which it
  learned them: the first dated price holds before its day too as long as the standard prices were those of that day
  (``before its first date`` in ``price_source``). Else, or without one, there is no row: unpriced, and shown as such. The
  package would answer with the standard price, which is not what such a request costs.
- **Web search** costs the same whatever the variant. Characters and seconds of audio have a standard price only.
- **Times of day.** Usage by the hour or day cannot tell off-peak tokens, so the dearest price of the day counts; the
  ``price_source`` says so.
- **Decimals.** A price finer than 6 decimals has no row; it is never rounded, and does not fall back to the price of a
  wider class. Such are results of a division (0.08333333333333334) and hourly prices that are no exact price by the
  second (1.02). They land as ``prices/refused_prices`` with the reason, which ``rejected_rows`` publishes; the usage is
  unpriced, as that of an unknown model is.
"""

from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from genai_prices.types import ModelInfo, ModelPrice, StartDateConstraint, TieredPrices, TimeOfDateConstraint

from orchestration.landing.store import Landing
from orchestration.prices.resolve import PricedModel, find_maker, find_model
from orchestration.sellers import seller_of

if TYPE_CHECKING:
    from orchestration.registry.company import Company

BATCH_FACTOR = Decimal("0.5")
BATCH_PROVIDERS = ("openai", "anthropic")

VARIANTS: dict[str, dict[str, str]] = {
    "standard": {},
    "batch": {"processing": "batch"},
    "flex": {"service_tier": "flex"},
    "priority": {"service_tier": "priority"},
    "fast": {"service_tier": "fast", "speed": "fast"},
}
"""What a request of each price variant looks like to the price list."""

CLASS_KEYS: dict[str, tuple[str, ...]] = {
    "input_uncached": ("input_mtok",),
    "cache_read": ("cache_read_mtok", "input_mtok"),
    "cache_write_5m": ("cache_write_5m_mtok", "cache_write_mtok", "input_mtok"),
    "cache_write_1h": ("cache_write_1h_mtok", "cache_write_mtok", "input_mtok"),
    "cache_write_other": ("cache_write_mtok", "input_mtok"),
    "output": ("output_mtok",),
    "audio_input": ("input_audio_mtok",),
    "audio_cache_read": ("cache_audio_read_mtok", "input_audio_mtok"),
    "audio_output": ("output_audio_mtok",),
    "image_input": ("input_image_mtok",),
    "image_cache_read": ("cache_image_read_mtok", "input_image_mtok"),
    "image_output": ("output_image_mtok",),
}
"""The price of each token class, the most specific first."""

SEARCH_KEY = "web_searches_kcount"
CHARACTERS_KEY = "input_mchars"
HOUR_KEYS = ("audio_hours", "input_audio_hours")
SECONDS_PER_HOUR = 3600

SMALLEST_PRICE = Decimal("0.000001")
"""Times a whole number of tokens it is a cost of twelve decimals, exactly; a finer price would be rounded there."""

REFUSED = "a price of more than 6 decimals would have to be rounded; usage of it is unpriced"

Instant = dict[tuple[str, int], Decimal]
Price = tuple[Decimal, str]
Inferred = dict[tuple[str, int], str]
Row = dict[str, Any]


@dataclass(frozen=True)
class _Period:
    start: date | None
    prices: dict[tuple[str, int], Price]


def build_price_book(landing: Landing, company: "Company") -> None:
    """Land the prices, and those refused, of every model seen in the landed usage and of the tiers' reference models.

    Seen is what the visible loads say of themselves (:meth:`Landing.models_of_usage`). Reference models are priced at their maker
    and at every provider seen; not at other resellers, whose prices nobody here could pay.
    """
    seen = {(seller_of(provider), model) for provider, model in landing.models_of_usage()}
    references = {tier.reference_model for tier in company.tiers.tiers}
    providers = {provider for provider, _ in seen}
    wanted = set(seen)
    for model in references:
        maker = find_maker(model)
        wanted |= {(provider, model) for provider in (providers | {maker} if maker else providers)}
    models = [list_prices(provider, model) for provider, model in sorted(wanted)]
    with landing.batch("prices", "price_book") as batch:
        batch.add_rows("current", [row for model in models for row in model.rows], origin=_package())
    with landing.batch("prices", "refused_prices") as batch:
        batch.add_rows("current", [row for model in models for row in model.refused], origin=_package())


@dataclass(frozen=True)
class ListedPrices:
    """What the list says of one model: rows of ``price_book``, and rows of ``refused_prices``."""

    rows: list[Row]
    refused: list[Row]


def list_prices(provider: str, model_id: str) -> ListedPrices:
    """The prices of one model as seen in usage, without gaps in time; none if the model has no list price."""
    listed = ListedPrices([], [])
    found = find_model(provider, model_id)
    if found is None:
        return listed
    is_maker = find_maker(model_id) == provider
    for variant in VARIANTS:
        subject = {"provider": provider, "model_id": model_id, "price_variant": variant}
        exact, inexact = zip(*(_split(period) for period in _periods(found, variant)), strict=True)
        for price, row in _rows(subject, exact):
            listed.rows.append({**row, "price_per_million": price.quantize(SMALLEST_PRICE), "is_maker": is_maker})
        for price, row in _rows(subject, inexact):
            listed.refused.append({**row, "listed_price": f"{price:f}", "reason": REFUSED})
    return listed


def _rows(subject: Row, periods: Sequence[_Period]) -> Iterator[tuple[Decimal, Row]]:
    for (token_class, tier), start, end, (price, source) in _spans(periods):
        span = {"context_tier_start": tier, "valid_from": start, "valid_to": end}
        yield price, {**subject, "token_class": token_class, **span, "price_source": source}


def _split(period: _Period) -> tuple[_Period, _Period]:
    """What the book carries exactly, and what it refuses. A class with a refused price is not carried in any context
    tier: a request of the refused tier would take the price of the tier below.
    """
    refused = {key: price for key, price in period.prices.items() if not _is_exact(price[0])}
    classes = {token_class for token_class, _ in refused}
    carried = {key: price for key, price in period.prices.items() if key[0] not in classes}
    return _Period(period.start, carried), _Period(period.start, refused)


def _is_exact(price: Decimal) -> bool:
    return price == price.quantize(SMALLEST_PRICE)


def _periods(found: PricedModel, variant: str) -> list[_Period]:
    """The prices of one variant between the days on which any price of the model changes."""
    days, times = _changes(found.model)
    periods = []
    for start in [None, *days]:
        day = start or (min(days) - timedelta(days=1) if days else date(2020, 1, 1))
        by_time = [_prices_at(found, variant, datetime.combine(day, moment, UTC)) for moment in times]
        source = _package()
        if any(other != by_time[0] for other in by_time):
            source += ", dearest time of day"
        dearest: dict[tuple[str, int], Price] = {}
        for prices, inferred in by_time:
            for key, price in prices.items():
                if key not in dearest or price > dearest[key][0]:
                    dearest[key] = (price, f"{source}, {inferred[key]}" if key in inferred else source)
        periods.append(_Period(start, dearest))
    return periods


def _changes(model: ModelInfo) -> tuple[list[date], list[time]]:
    """The days on which a price begins, and the moments of the day worth looking at (midnight and every limit)."""
    conditional = [] if isinstance(model.prices, ModelPrice) else model.prices
    constraints = [part.constraint for part in conditional]
    constraints += [part.constraint for part in model.price_variants or []]
    days = {limit.start_date for limit in constraints if isinstance(limit, StartDateConstraint)}
    times = {time(0)}
    for limit in constraints:
        if isinstance(limit, TimeOfDateConstraint):
            times |= {_utc_time(limit.start_time), _utc_time(limit.end_time)}
    return sorted(days), sorted(times)


def _utc_time(moment: time) -> time:
    if moment.tzinfo is None:
        return moment
    return datetime.combine(date(2020, 1, 2), moment).astimezone(UTC).time()


def _prices_at(found: PricedModel, variant: str, moment: datetime) -> tuple[Instant, Inferred]:
    """Price by (class, context tier) at one moment, and how those were inferred that the list does not state for then."""
    model, context = found.model, VARIANTS[variant]
    standard = model.get_prices(moment)
    searches = _search_price(standard)
    if variant == "standard":
        return _token_prices(standard) | _speech_prices(standard) | searches, {}
    matching = [
        part
        for part in (model.price_variants or [] if found.has_variants else [])
        if all(context.get(key) == value for key, value in part.when.items())
    ]
    if any(part.constraint is None or part.constraint.active(moment) for part in matching):
        return _token_prices(model.get_prices(moment, context)) | searches, {}
    if variant != "batch":
        early = _first_dated(model, matching, standard, context, moment)
        return early | searches, dict.fromkeys(early, "before its first date")
    if not (matching or found.provider_id in BATCH_PROVIDERS):
        return searches, {}
    stated = {key for part in matching for key in _stated(part.prices)} if matching else _stated(standard)
    listed, halved = _token_prices(standard), _token_prices(_halved(standard, stated))
    factor = f"batch factor {BATCH_FACTOR}"
    return halved | searches, {key: factor for key, price in halved.items() if price != listed[key]}


def _first_dated(
    model: ModelInfo, matching: Sequence[Any], standard: ModelPrice, context: dict[str, str], moment: datetime
) -> Instant:
    """The prices of the first day on which a variant has any, if that is to come and the standard prices are then the same."""
    days = [part.constraint.start_date for part in matching if isinstance(part.constraint, StartDateConstraint)]
    coming = [datetime.combine(day, moment.timetz()) for day in days if day > moment.date()]
    if not coming or _token_prices(model.get_prices(min(coming))) != _token_prices(standard):
        return {}
    return _token_prices(model.get_prices(min(coming), context))


def _stated(prices: ModelPrice) -> set[str]:
    return {key for key, price in prices.__dict__.items() if price is not None}


def _halved(standard: ModelPrice, keys: set[str]) -> ModelPrice:
    halved = copy(standard)
    for key in keys & _stated(standard):
        price = getattr(standard, key)
        if isinstance(price, TieredPrices):
            tiers = [type(tier)(tier.start, tier.price * BATCH_FACTOR) for tier in price.tiers]
            setattr(halved, key, TieredPrices(price.base * BATCH_FACTOR, tiers))
        else:
            setattr(halved, key, price * BATCH_FACTOR)
    return halved


def _token_prices(prices: ModelPrice) -> Instant:
    found: Instant = {}
    for token_class, keys in CLASS_KEYS.items():
        stated = [price for key in keys if (price := getattr(prices, key)) is not None]
        if stated:
            found |= {(token_class, start): price for start, price in _tiers(stated[0])}
    return found


def _search_price(prices: ModelPrice) -> Instant:
    price = getattr(prices, SEARCH_KEY)
    return {} if price is None else {("web_search", start): amount * 1000 for start, amount in _tiers(price)}


def _speech_prices(prices: ModelPrice) -> Instant:
    """Per million characters spoken and per million seconds heard."""
    found: Instant = {}
    characters = getattr(prices, CHARACTERS_KEY)
    if characters is not None:
        found |= {("characters", start): price for start, price in _tiers(characters)}
    hourly = next((price for key in HOUR_KEYS if (price := getattr(prices, key)) is not None), None)
    if hourly is not None:
        found |= {("seconds", start): price * 1_000_000 / SECONDS_PER_HOUR for start, price in _tiers(hourly)}
    return found


def _tiers(price: Decimal | TieredPrices) -> Iterator[tuple[int, Decimal]]:
    if isinstance(price, TieredPrices):
        yield 0, price.base
        yield from ((tier.start, tier.price) for tier in price.tiers)
    else:
        yield 0, price


def _spans(periods: Sequence[_Period]) -> Iterator[tuple[tuple[str, int], date | None, date | None, Price]]:
    """Join neighbouring periods of equal price: key, first day, day after the last, price."""
    keys: Iterable[tuple[str, int]] = dict.fromkeys(key for period in periods for key in period.prices)
    for key in keys:
        open_start: date | None = None
        current: Price | None = None
        for period in periods:
            price = period.prices.get(key)
            if price != current:
                if current is not None:
                    yield key, open_start, period.start, current
                open_start, current = period.start, price
        if current is not None:
            yield key, open_start, None, current


def _package() -> str:
    return f"genai-prices {version('genai-prices')}"
