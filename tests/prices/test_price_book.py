"""The price book against figures known from elsewhere, against the package itself, and as landed."""

import ast
import csv
import json
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest
from genai_prices import Usage, calc_price
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ClauseEquals, ModelInfo, ModelPrice, TieredPrices
from genai_prices.types import Tier as ContextTier

from orchestration.landing.store import Landing
from orchestration.landing.streams import STREAMS
from orchestration.prices import book
from orchestration.prices.book import build_price_book, list_prices
from orchestration.prices.resolve import PricedModel, find_model
from orchestration.registry.tiers import ModelTiers, Tier

SHARED = Path(__file__).resolve().parents[3] / "shared"
N = 1000
LONG = 900_000
USAGES: dict[str, Any] = {
    "input_uncached": lambda n: Usage(input_tokens=n),
    "cache_read": lambda n: Usage(input_tokens=n, cache_read_tokens=n),
    "cache_write_5m": lambda n: Usage(input_tokens=n, cache_write_tokens=n, cache_write_5m_tokens=n),
    "cache_write_1h": lambda n: Usage(input_tokens=n, cache_write_tokens=n, cache_write_1h_tokens=n),
    "cache_write_other": lambda n: Usage(input_tokens=n, cache_write_tokens=n),
    "output": lambda n: Usage(input_tokens=n, output_tokens=n),
    "audio_input": lambda n: Usage(input_tokens=n, input_audio_tokens=n),
    "audio_cache_read": lambda n: Usage(
        input_tokens=n, cache_read_tokens=n, input_audio_tokens=n, cache_audio_read_tokens=n
    ),
    "audio_output": lambda n: Usage(input_tokens=n, output_tokens=n, output_audio_tokens=n),
    "image_input": lambda n: Usage(input_tokens=n, input_image_tokens=n),
    "image_cache_read": lambda n: Usage(
        input_tokens=n, cache_read_tokens=n, input_image_tokens=n, cache_image_read_tokens=n
    ),
    "image_output": lambda n: Usage(input_tokens=n, output_tokens=n, output_image_tokens=n),
    "web_search": lambda n: Usage(web_searches=n),
}


def price_rows(provider: str, model_id: str) -> list[dict[str, Any]]:
    return list_prices(provider, model_id).rows


@dataclass(frozen=True)
class Request:
    day: date
    variant: str = "standard"
    prompt: int = N


def price(rows: list[dict[str, Any]], token_class: str, request: Request) -> Decimal | None:
    """What the warehouse would join: the row in force with the highest context tier below the prompt."""
    fitting = [
        row
        for row in rows
        if row["token_class"] == token_class
        and row["price_variant"] == request.variant
        and (row["valid_from"] is None or row["valid_from"] <= request.day)
        and (row["valid_to"] is None or request.day < row["valid_to"])
        and row["context_tier_start"] < request.prompt
    ]
    tiers = [row["context_tier_start"] for row in fitting]
    assert len(tiers) == len(set(tiers)), "two prices for one request"
    return max(fitting, key=lambda row: row["context_tier_start"])["price_per_million"] if fitting else None


def asked(provider: str, model_id: str, token_class: str, request: Request) -> Decimal:
    context = {
        "batch": {"processing": "batch"},
        "priority": {"service_tier": "priority"},
        "flex": {"service_tier": "flex"},
        "fast": {"service_tier": "fast", "speed": "fast"},
        "standard": None,
    }[request.variant]
    answer = calc_price(
        USAGES[token_class](request.prompt),
        model_id,
        provider_id=provider,
        genai_request_timestamp=datetime(request.day.year, request.day.month, request.day.day, 12, tzinfo=UTC),
        price_context=context,
    )
    if token_class == "web_search":
        return answer.total_price * 1_000_000 / request.prompt
    part = answer.output_price if token_class.endswith("output") else answer.input_price
    return part * 1_000_000 / request.prompt


@pytest.mark.parametrize(
    ("provider", "model_id", "token_class", "request_", "expected"),
    [
        ("mistral", "mistral-small-latest", "input_uncached", Request(date(2026, 7, 1)), "0.15"),
        ("mistral", "mistral-small-latest", "output", Request(date(2026, 7, 1)), "0.6"),
        ("mistral", "mistral-small-latest", "cache_read", Request(date(2026, 7, 1)), "0.015"),
        ("mistral", "mistral-small-latest", "cache_write_other", Request(date(2026, 7, 1)), "0.15"),
        ("mistral", "mistral-medium-latest", "input_uncached", Request(date(2026, 6, 15)), "0.4"),
        ("mistral", "mistral-medium-latest", "input_uncached", Request(date(2026, 6, 16)), "1.5"),
        ("openai", "gpt-5.6-sol", "output", Request(date(2026, 8, 20)), "30"),
        ("openai", "gpt-5.6-sol", "output", Request(date(2026, 8, 21)), "20"),
        ("openai", "gpt-5.6-sol", "output", Request(date(2026, 8, 20), "batch"), "15"),
        ("openai", "gpt-5.6-sol", "output", Request(date(2026, 9, 1), "batch"), "10"),
        ("openai", "gpt-6-sol", "cache_write_other", Request(date(2026, 10, 15), "batch"), "1.25"),
        ("openai", "gpt-6-sol", "cache_read", Request(date(2026, 10, 15), "priority"), "0.4"),
        ("openai", "gpt-6-sol", "output", Request(date(2026, 10, 15), "flex"), "5"),
        ("openai", "gpt-6-sol", "input_uncached", Request(date(2026, 7, 1), prompt=272_000), "2"),
        ("openai", "gpt-6-sol", "input_uncached", Request(date(2026, 7, 1), prompt=272_001), "4"),
        ("openai", "gpt-6-sol", "output", Request(date(2026, 7, 1), "batch", 272_001), "7.5"),
        ("anthropic", "claude-sonnet-5-5", "cache_write_5m", Request(date(2026, 7, 1)), "2.5"),
        ("anthropic", "claude-sonnet-5-5", "cache_write_1h", Request(date(2026, 7, 1)), "4"),
        ("anthropic", "claude-sonnet-5-5", "web_search", Request(date(2026, 7, 1)), "10000"),
        ("anthropic", "claude-sonnet-5-5", "web_search", Request(date(2026, 7, 1), "priority"), "10000"),
        ("anthropic", "claude-opus-4-1", "input_uncached", Request(date(2026, 7, 1), "batch"), "7.5"),
        ("anthropic", "claude-opus-5-5", "output", Request(date(2026, 7, 1), "fast"), "40"),
        ("openai", "gpt-4.1", "cache_read", Request(date(2026, 7, 1), "batch"), "0.5"),
        ("openai", "gpt-3.5-turbo-1106", "input_uncached", Request(date(2026, 7, 1), "batch"), "1"),
    ],
)
def test_known_prices(provider: str, model_id: str, token_class: str, request_: Request, expected: str) -> None:
    assert price(price_rows(provider, model_id), token_class, request_) == Decimal(expected)


@pytest.mark.parametrize(
    ("provider", "model_id", "request_"),
    [
        ("openai", "gpt-5.6-sol", Request(date(2026, 8, 20), "priority")),
        ("openai", "gpt-4.5-preview", Request(date(2026, 11, 1), "priority")),
        ("anthropic", "claude-haiku-4-5", Request(date(2026, 11, 1), "fast")),
        ("mistral", "mistral-tiny", Request(date(2026, 11, 1), "batch")),
        ("openai", "orion-private-7b", Request(date(2026, 11, 1))),
    ],
)
def test_no_price_is_no_row(provider: str, model_id: str, request_: Request) -> None:
    assert price(price_rows(provider, model_id), "output", request_) is None


def test_embeddings_have_no_output_price() -> None:
    rows = price_rows("openai", "text-embedding-3-small")
    assert price(rows, "input_uncached", Request(date(2026, 7, 1))) == Decimal("0.02")
    assert price(rows, "output", Request(date(2026, 7, 1))) is None


@pytest.mark.parametrize("token_class", [one for one in USAGES if one.startswith(("audio", "image"))])
def test_audio_and_images_never_take_the_price_of_text(token_class: str) -> None:
    """gpt-5 lists text alone; every class of another modality, cached ones too, has no price there."""
    rows = price_rows("openai", "gpt-5")
    assert price(rows, "input_uncached", Request(date(2026, 10, 2))) == Decimal("1.25")
    assert price(rows, token_class, Request(date(2026, 10, 2))) is None


def test_cached_audio_without_a_price_takes_that_of_audio(monkeypatch: pytest.MonkeyPatch) -> None:
    found = find_model("openai", "gpt-4o-realtime-preview-2024-12-17")
    assert found is not None
    listed = copy(found.model)
    listed.prices = ModelPrice(input_mtok=Decimal(5), cache_read_mtok=Decimal(2), input_audio_mtok=Decimal(40))
    monkeypatch.setattr(book, "find_model", lambda *_: replace(found, model=listed))
    rows = price_rows("openai", "gpt-4o-realtime-preview-2024-12-17")
    request = Request(date(2026, 10, 2))
    assert price(rows, "audio_cache_read", request) == price(rows, "audio_input", request) == Decimal(40)
    assert price(rows, "audio_output", request) is None


@pytest.mark.parametrize(("variant", "expected"), [("flex", "0.625"), ("priority", "2.5")])
def test_a_variant_dated_later_holds_before_while_the_standard_price_was_the_same(variant: str, expected: str) -> None:
    """gpt-5 at 1.25 has its flex and priority prices listed from 2026-10-12 on; the row of before says so."""
    rows = price_rows("openai", "gpt-5")
    assert price(rows, "input_uncached", Request(date(2026, 10, 2), variant)) == Decimal(expected)
    before = [
        row
        for row in rows
        if row["price_variant"] == variant and row["token_class"] == "output" and row["valid_from"] is None
    ]
    assert before and all(row["price_source"].endswith(", before its first date") for row in before)


def test_own_batch_factor_is_named_only_where_it_is_used() -> None:
    sources = {
        (row["token_class"], row["valid_from"]): row["price_source"]
        for row in price_rows("openai", "gpt-4.1")
        if row["price_variant"] == "batch"
    }
    assert sources["output", None].endswith(", batch factor 0.5")
    assert "batch" not in sources["output", date(2026, 10, 14)]
    assert "batch" not in sources["cache_read", None]


def test_dearest_time_of_day_counts_and_is_named() -> None:
    rows = price_rows("deepseek", "deepseek-chat")
    assert price(rows, "output", Request(date(2025, 5, 1))) == Decimal("1.10")
    assert {row["price_source"].rpartition(", ")[2] for row in rows} == {"dearest time of day"}


def listed_models() -> Iterator[tuple[str, ModelInfo]]:
    for provider in get_snapshot().providers:
        if provider.id in ("openai", "anthropic", "mistral"):
            for model in provider.models:
                found = find_model(provider.id, model.id)
                if found is not None and found.model is model:
                    yield provider.id, model


def assert_equal_to_package(provider: str, model_id: str, request: Request) -> int:
    rows, compared = price_rows(provider, model_id), 0
    for token_class in USAGES:
        ours = price(rows, token_class, request)
        if ours is not None:
            assert ours == asked(provider, model_id, token_class, request), (provider, model_id, token_class, request)
            compared += 1
    return compared


@pytest.mark.parametrize("prompt", [N, LONG])
@pytest.mark.parametrize("day", [date(2026, 1, 5), date(2026, 11, 20)])
def test_standard_prices_equal_the_package(day: date, prompt: int) -> None:
    sample = list(listed_models())[::3]
    compared = sum(assert_equal_to_package(name, model.id, Request(day, prompt=prompt)) for name, model in sample)
    assert compared > 300


@pytest.mark.parametrize("variant", ["batch", "priority", "flex", "fast"])
def test_dated_variants_equal_the_package(variant: str) -> None:
    wanted = {"batch": {"processing": "batch"}, "fast": {"service_tier": "fast"}}.get(
        variant, {"service_tier": variant}
    )
    sample = [
        (name, model.id)
        for name, model in listed_models()
        if any(part.when == wanted and part.prices.__dict__ for part in model.price_variants or [])
    ][::4]
    compared = sum(assert_equal_to_package(name, model, Request(date(2026, 11, 20), variant)) for name, model in sample)
    assert compared > 40


def test_every_day_of_a_price_change_equals_the_package() -> None:
    for step in range(-2, 3):
        for provider, model, change in [
            ("mistral", "mistral-medium-latest", date(2026, 6, 16)),
            ("openai", "o3", date(2025, 6, 10)),
            ("openai", "gpt-5.6-sol", date(2026, 8, 21)),
        ]:
            assert assert_equal_to_package(provider, model, Request(change + timedelta(days=step))) > 3


def test_validity_has_no_gap_and_no_overlap() -> None:
    for provider, model in listed_models():
        series: dict[tuple[str, str, int], list[dict[str, Any]]] = {}
        for row in price_rows(provider, model.id):
            key = row["price_variant"], row["token_class"], row["context_tier_start"]
            series.setdefault(key, []).append(row)
        for (_, _, tier), parts in series.items():
            assert [part["valid_to"] for part in parts[:-1]] == [part["valid_from"] for part in parts[1:]]
            assert tier > 0 or parts[-1]["valid_to"] is None, "only a context tier can end"


def prices_of(prices: ModelPrice, monkeypatch: pytest.MonkeyPatch) -> Any:
    model = ModelInfo("odd", ClauseEquals("odd"), prices=prices)
    monkeypatch.setattr(book, "find_model", lambda provider, model_id: PricedModel("openai", model, True))
    return list_prices("openai", "odd")


def test_finer_than_six_decimals_is_no_row_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither rounded, nor zero, nor the price of the wider class; half of a price of six decimals has seven."""
    prices = ModelPrice(
        input_mtok=Decimal("0.123456"), cache_read_mtok=Decimal("0.1234567"), output_mtok=Decimal("0.000001")
    )
    found = prices_of(prices, monkeypatch)
    seen = {(row["price_variant"], row["token_class"]): row["price_per_million"] for row in found.rows}
    assert seen["standard", "input_uncached"] == Decimal("0.123456")
    assert seen["batch", "input_uncached"] == Decimal("0.061728")
    assert seen["standard", "output"] == Decimal("0.000001")
    refused = {(row["price_variant"], row["token_class"]): row["listed_price"] for row in found.refused}
    assert refused["standard", "cache_read"] == "0.1234567"
    assert refused["batch", "cache_read"] == "0.06172835"
    assert refused["batch", "output"] == "0.0000005"
    assert {row["reason"] for row in found.refused} == {
        "a price of more than 6 decimals would have to be rounded; usage of it is unpriced"
    }
    assert not set(seen) & set(refused)


def test_a_class_with_a_refused_context_tier_has_no_price_in_any(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise a request above the refused tier would join the price below it."""
    tiers = TieredPrices(Decimal(2), [ContextTier(200_000, Decimal("4.00000001")), ContextTier(400_000, Decimal(8))])
    found = prices_of(ModelPrice(input_mtok=tiers, output_mtok=Decimal(10)), monkeypatch)
    for prompt in (N, 200_001, 400_001):
        assert price(found.rows, "input_uncached", Request(date(2026, 10, 1), prompt=prompt)) is None
        assert price(found.rows, "output", Request(date(2026, 10, 1), prompt=prompt)) == Decimal(10)
    assert [
        (row["context_tier_start"], row["listed_price"])
        for row in found.refused
        if (row["price_variant"], row["token_class"]) == ("standard", "input_uncached")
    ] == [(200_000, "4.00000001")]


@pytest.mark.parametrize(
    ("provider", "model_id", "token_class", "day", "expected"),
    [
        ("openrouter", "google/gemini-2.5-flash", "cache_write_5m", date(2026, 10, 18), "0.3833"),
        ("openrouter", "google/gemini-2.5-flash", "cache_write_5m", date(2026, 10, 19), None),
        ("openrouter", "google/gemini-2.5-flash", "input_uncached", date(2026, 10, 19), "0.3"),
        ("huggingface_together", "meta-llama/Llama-3.3-70B-Instruct", "output", date(2026, 10, 18), "0.88"),
        ("huggingface_together", "meta-llama/Llama-3.3-70B-Instruct", "output", date(2026, 10, 19), None),
        ("openai", "gpt-live-transcribe", "seconds", date(2026, 10, 19), None),
    ],
)
def test_prices_that_the_pinned_list_divided_are_missing_from_their_day_on(
    provider: str, model_id: str, token_class: str, day: date, expected: str | None
) -> None:
    """A twelfth of a dollar, 1.0399999999999998 for 1.04, and 1.02 dollars an hour, 0.000283333... a second."""
    found = list_prices(provider, model_id)
    assert price(found.rows, token_class, Request(day)) == (Decimal(expected) if expected else None)
    refused = [
        row
        for row in found.refused
        if row["token_class"] == token_class and (row["valid_from"] is None or row["valid_from"] <= day)
    ]
    assert bool(refused) == (expected is None)


def test_the_whole_pinned_list_can_be_carried_or_is_refused() -> None:
    carried = refused = 0
    for provider in get_snapshot().providers:
        for model in provider.models:
            found = list_prices(provider.id, model.id)
            carried += len(found.rows)
            refused += len(found.refused)
            assert all(len(row["listed_price"].partition(".")[2]) > 6 for row in found.refused)
    assert carried > 100 * refused > 0


def landed(connection: duckdb.DuckDBPyConnection, landing: Landing) -> list[tuple[Any, ...]]:
    landing.register(connection)
    return connection.execute(
        "select provider, model_id, price_variant, token_class, context_tier_start, price_per_million "
        "from landing.prices__price_book order by all"
    ).fetchall()


def company_with_references(*models: str) -> Any:
    """As much of a company as the price book looks at."""
    tiers = tuple(Tier(tier=f"tier {model}", reference_model=model) for model in models)
    return SimpleNamespace(tiers=ModelTiers(tiers))


def usage(landing: Landing) -> None:
    gateway = [("mistral", "mistral-small-latest"), ("openai", "orion-7b"), ("", "x"), (None, "y")]
    for key, pairs in {
        ("openai", "usage_completions"): [(None, "gpt-6-luna"), (None, None)],
        ("openai", "usage_other"): [(None, "tts-1"), (None, "gpt-live-transcribe")],
        ("anthropic", "usage"): [(None, "claude-haiku-4-5-20251001")],
        ("openrouter", "activity"): [(None, "openai/gpt-4.1")],
        ("merge_gateway", "usage"): [("cohere", "command-r"), (None, None)],
        ("litellm", "spend_logs"): gateway,
        ("litellm", "daily_activity"): gateway[:1],
    }.items():
        columns = [name for name, _ in STREAMS[key]]
        seller = next((name for name in ("vendor", "custom_llm_provider") if name in columns), None)
        empty = dict.fromkeys(columns)
        with landing.batch(*key) as batch:
            named = [empty | {"model": model} | ({seller: provider} if seller else {}) for provider, model in pairs]
            batch.add_rows("2026-10-05", named)


SCANNED = """
    select distinct provider, model from (
        select 'openai' as provider, model from landing.openai__usage_completions
        union all select 'openai', model from landing.openai__usage_other
        union all select 'anthropic', model from landing.anthropic__usage
        union all select 'openrouter', model from landing.openrouter__activity
        union all select vendor, model from landing.merge_gateway__usage
        union all select custom_llm_provider, model from landing.litellm__spend_logs
        union all select custom_llm_provider, model from landing.litellm__daily_activity
    ) where provider <> '' and model <> ''"""


def without_models(landing: Landing) -> None:
    """As loads are that landed before models were written down."""
    for manifest in landing.root.glob("*/*/manifest.json"):
        body = json.loads(manifest.read_text())
        for part in body["partitions"].values():
            del part["current"]["models"]
        manifest.write_text(json.dumps(body))


@pytest.mark.parametrize("is_old", [False, True])
def test_the_profiles_name_the_models_that_a_scan_of_the_rows_finds(tmp_path: Path, is_old: bool) -> None:
    landing = Landing(tmp_path)
    usage(landing)
    if is_old:
        without_models(landing)
    with duckdb.connect() as connection:
        landing.register(connection)
        scanned = set(connection.execute(SCANNED).fetchall())
    assert landing.models_of_usage() == scanned and len(scanned) == 8


def test_models_of_an_as_of_run_are_those_of_the_loads_it_sees(tmp_path: Path) -> None:
    landing, key = Landing(tmp_path), ("anthropic", "usage")
    row = dict.fromkeys(name for name, _ in STREAMS[key])
    for model in ("claude-early", "claude-late"):
        with landing.batch(*key) as batch:
            batch.add_rows("2026-10-05", [row | {"model": model}])
    current = landing.manifest(*key)["2026-10-05"].current
    assert current is not None
    assert landing.models_of_usage() == {("anthropic", "claude-late")}
    then = Landing(tmp_path, known_before=current.loaded_at)
    assert then.models_of_usage() == {("anthropic", "claude-early")}


def test_landed_book(tmp_path: Path) -> None:
    landing, company = Landing(tmp_path), company_with_references("gpt-6-sol")
    with duckdb.connect() as after:
        usage(landing)
        build_price_book(landing, company)
        rows = landed(after, landing)
        build_price_book(landing, company)
        told = after.execute(
            "select distinct provider, model_id, token_class, listed_price from landing.prices__refused_prices"
        ).fetchall()
    assert told == [("openai", "gpt-live-transcribe", "seconds", "283.3333333333333333333333333")]
    models = {(row[0], row[1]) for row in rows}
    assert {
        ("openai", "gpt-6-luna"),
        ("openai", "gpt-6-sol"),
        ("anthropic", "claude-haiku-4-5-20251001"),
        ("mistral", "mistral-small-latest"),
        ("openai", "tts-1"),
        ("openrouter", "openai/gpt-4.1"),
        ("cohere", "command-r"),
    } <= models
    assert not [model for model in models if model[1] in ("orion-7b", "x", "y")]
    assert {provider for provider, model in models if model == "gpt-6-sol"} == {"openai"}, "no reseller nobody uses"
    assert ("mistral", "mistral-small-latest", "standard", "cache_read", 0, Decimal("0.015")) in rows
    assert len(landing.manifest("prices", "price_book")["current"].history) == 0, "the same prices are no new load"


def test_price_points_of_the_reference_list() -> None:
    path = SHARED / "data/genai_price_points.csv"
    if not path.exists():
        pytest.skip("no reference price list beside the project")
    classes = {"input_mtok": "input_uncached", "output_mtok": "output", "cache_read_mtok": "cache_read"}
    classes |= {"cache_write_mtok": "cache_write_other", "cache_write_1h_mtok": "cache_write_1h"}
    variants = {"{}": "standard", "": "standard", '{"processing": "batch"}': "batch"}
    variants |= {json.dumps({"service_tier": name}): name for name in ("flex", "priority", "fast")}
    compared, books = 0, {}
    for point in csv.DictReader(path.open()):
        variant = variants.get(json.dumps(json.loads(point["when"])) if point["when"] else "")
        name = classes.get(point["price_key"])
        key = point["provider"], point["model"]
        if key not in books:
            books[key] = price_rows(*key)
        rows = books[key]
        if name is None or variant is None or not rows:
            continue
        start = date.fromisoformat(point["start_date"]) if point["start_date"] else None
        day = start or date(2020, 1, 1)
        assert price(rows, name, Request(day, variant)) == Decimal(point["price_usd"]), point
        compared += 1
        for tier in filter(None, point["tiers_start_colon_price"].split()):
            limit, amount = tier.split(":")
            assert price(rows, name, Request(day, variant, int(limit) + 1)) == Decimal(amount), point
    assert compared > 700


def test_prices_planted_in_the_acceptance_kit() -> None:
    path = SHARED / "acceptance/build.py"
    if not path.exists():
        pytest.skip("no acceptance kit beside the project")
    tree = ast.parse(path.read_text())
    planted = next(
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "PRICES"
    )
    names = ["input_uncached", "output", "cache_read", "cache_write_5m", "cache_write_1h"]
    for (provider, model), periods in planted.items():
        rows = price_rows(provider, model)
        for start, *amounts in periods:
            day = max(date.fromisoformat(start), date(2026, 3, 16))
            for name, amount in zip(names, amounts, strict=True):
                assert price(rows, name, Request(day)) == Decimal(amount), (model, name)


def test_a_reseller_has_standard_prices_and_searches_only() -> None:
    rows = price_rows("azure", "gpt-6-sol")
    assert price(rows, "output", Request(date(2026, 11, 1))) == Decimal(10)
    assert {row["token_class"] for row in rows if row["price_variant"] != "standard"} == {"web_search"}


@pytest.mark.parametrize(
    ("model", "token_class", "price_per_million"),
    [
        ("tts-1", "characters", "15"),
        ("tts-1-hd", "characters", "30"),
        ("whisper-1", "seconds", "100"),
        ("gpt-transcribe", "seconds", "75"),
    ],
)
def test_speech_is_priced_by_character_and_second(model: str, token_class: str, price_per_million: str) -> None:
    """0.36 dollars an hour are 0.006 a minute and 0.0001 a second, 0.27 are 0.000075."""
    found = [row for row in price_rows("openai", model) if row["token_class"] == token_class]
    assert [(row["price_variant"], row["price_per_million"]) for row in found] == [
        ("standard", Decimal(price_per_million))
    ]
