"""Which ids count as a listed model, and which near misses do not."""

import pytest

from orchestration.prices.resolve import find_maker, find_model


@pytest.mark.parametrize(
    ("provider", "model_id", "listed"),
    [
        ("openai", "gpt-6-sol", "gpt-6-sol"),
        ("openai", "GPT-6-Sol", "gpt-6-sol"),
        ("openai", "gpt-6-sol-2026-08-07", "gpt-6-sol"),
        ("openai", "gpt-5.2-20251211", "gpt-5.2"),
        ("openai", "gpt-5.6", "gpt-5.6-sol"),
        ("openai", "gpt-4o-2024-05-13", "gpt-4o-2024-05-13"),
        ("openai", "openai/gpt-6-sol", "gpt-6-sol"),
        ("openai", "ft:gpt-4o-2024-08-06:acme::abc123", "ft:gpt-4o"),
        ("anthropic", "claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("anthropic", "claude-3-5-haiku-20241022", "claude-3-5-haiku-latest"),
        ("anthropic", "claude-sonnet-4-20250514", "claude-sonnet-4-0"),
        ("mistral", "mistral-small-latest", "mistral-small-latest"),
        ("vertex_ai", "claude-sonnet-4@20250514", "claude-4-sonnet"),
        ("azure", "azure/gpt-6-sol", "gpt-6-sol"),
        ("gemini", "gemini-2.5-flash", "gemini-2.5-flash"),
    ],
)
def test_certain_ids(provider: str, model_id: str, listed: str) -> None:
    found = find_model(provider, model_id)
    assert found is not None
    assert found.model.id == listed


@pytest.mark.parametrize(
    ("provider", "model_id"),
    [
        ("anthropic", "claude-sonnet-4-5-experimental"),
        ("anthropic", "claude-sonnet-4-5-20250929-internal"),
        ("anthropic", "claude-sonnet-4-55"),
        ("anthropic", "claude-sonnet-4-5-20251345"),
        ("openai", "gpt-5-nano-turbo"),
        ("openai", "gpt-6-sol-private"),
        ("openai", "mistral/gpt-6-sol"),
        ("openai", "orion-private-7b"),
        ("custom_openai", "gpt-6-sol"),
        ("nobody", "gpt-6-sol"),
        ("mistral", "gpt-6-sol"),
        ("openai", ""),
    ],
)
def test_near_misses_have_no_price(provider: str, model_id: str) -> None:
    assert find_model(provider, model_id) is None


def test_a_reseller_has_no_variants_of_its_own() -> None:
    own, resold = find_model("openai", "gpt-6-sol"), find_model("azure", "gpt-6-sol")
    assert own is not None
    assert resold is not None
    assert (own.provider_id, own.has_variants) == ("openai", True)
    assert (resold.provider_id, resold.has_variants) == ("azure", False)


@pytest.mark.parametrize(
    ("model_id", "maker"),
    [
        ("gpt-6-sol", "openai"),
        ("claude-haiku-4-5", "anthropic"),
        ("mistral-small-latest", "mistral"),
        ("orion-7b", None),
    ],
)
def test_maker(model_id: str, maker: str | None) -> None:
    assert find_maker(model_id) == maker
