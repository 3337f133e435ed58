"""The suites: which rules each landed stream must keep. A new provider adds its suite here.

Only rules whose breach means "do not build on this": a broken promise of the provider or the connector. Lists that
providers extend without notice (service tiers, cost types, models) are not checked: the unknown shows up as unpriced.
"""

from expectations.daily_reports import DAILY_REPORTS
from expectations.rules import (
    Rule,
    Suite,
    currency,
    day_is_partition,
    inside_window,
    money_text,
    not_negative,
    one_of,
    ordered,
    plausible_date,
    required,
)

OPENAI_USAGE = Suite(
    "openai",
    "usage_completions",
    ("start_time", "project_id", "api_key_id", "model"),
    (
        required("start_time", "end_time", "model", "input_tokens", "output_tokens", "num_model_requests"),
        ordered("start_time", "end_time"),
        inside_window("start_time"),
        day_is_partition("start_time"),
        not_negative("input_tokens", "output_tokens", "num_model_requests"),
        Rule(
            "parts_not_negative",
            "no part of the tokens is negative",
            "least(coalesce(r.input_uncached_tokens, 0), coalesce(r.input_cached_tokens, 0), "
            "coalesce(r.input_cache_write_tokens, 0), coalesce(r.input_audio_tokens, 0), "
            "coalesce(r.input_cached_audio_tokens, 0), coalesce(r.output_audio_tokens, 0), "
            "coalesce(r.input_image_tokens, 0), coalesce(r.input_cached_image_tokens, 0), "
            "coalesce(r.output_image_tokens, 0)) >= 0",
        ),
        Rule(
            "input_adds_up",
            "input_tokens = uncached + cached + cache write",
            "r.input_uncached_tokens is null or r.input_cached_tokens is null or r.input_tokens = "
            "r.input_uncached_tokens + r.input_cached_tokens + coalesce(r.input_cache_write_tokens, 0)",
        ),
        Rule(
            "modalities_fit",
            "audio and image tokens are part of the uncached, cached and output tokens",
            "coalesce(r.input_audio_tokens, 0) + coalesce(r.input_image_tokens, 0) "
            "<= coalesce(r.input_uncached_tokens, r.input_tokens) "
            "and coalesce(r.input_cached_audio_tokens, 0) + coalesce(r.input_cached_image_tokens, 0) "
            "<= coalesce(r.input_cached_tokens, r.input_tokens) "
            "and coalesce(r.output_audio_tokens, 0) + coalesce(r.output_image_tokens, 0) <= r.output_tokens",
        ),
    ),
)

OPENAI_COSTS = Suite(
    "openai",
    "costs",
    ("start_time", "project_id", "api_key_id", "line_item"),
    (
        required("start_time", "end_time", "amount", "currency"),
        ordered("start_time", "end_time"),
        inside_window("start_time"),
        day_is_partition("start_time"),
        money_text("amount"),
        currency("currency"),
    ),
)

ANTHROPIC_USAGE = Suite(
    "anthropic",
    "usage",
    ("starting_at", "workspace_id", "api_key_id", "model"),
    (
        required("starting_at", "ending_at", "model"),
        ordered("starting_at", "ending_at"),
        inside_window("starting_at"),
        day_is_partition("starting_at"),
        not_negative(
            "uncached_input_tokens",
            "cache_creation_5m_input_tokens",
            "cache_creation_1h_input_tokens",
            "cache_read_input_tokens",
            "output_tokens",
            "web_search_requests",
        ),
        Rule("requests_not_negative", "requests is not negative", "r.requests is null or r.requests >= 0"),
    ),
)

ANTHROPIC_COSTS = Suite(
    "anthropic",
    "costs",
    ("starting_at", "workspace_id", "api_key_id", "cost_type"),
    (
        required("starting_at", "ending_at", "amount_cents", "currency"),
        ordered("starting_at", "ending_at"),
        inside_window("starting_at"),
        day_is_partition("starting_at"),
        money_text("amount_cents"),
        money_text("list_amount_cents", optional=True),
        one_of("currency", "USD", "usd"),
    ),
)

LITELLM_LOGS = Suite(
    "litellm",
    "spend_logs",
    ("request_id", "started_at", "model"),
    (
        required("request_id", moments=("started_at",)),
        plausible_date("started_at"),
        inside_window("started_at"),
        one_of("status", "success", "failure", optional=True),
        not_negative("prompt_tokens", "completion_tokens", "cache_read_tokens", "cache_write_tokens", optional=True),
        Rule(
            "evidence_has_tokens",
            "a row with token evidence has both token counts, and a model if it succeeded with tokens",
            "not r.has_token_evidence or (r.prompt_tokens is not null and r.completion_tokens is not null and "
            "(r.status = 'failure' or r.prompt_tokens + r.completion_tokens = 0 or r.model <> ''))",
        ),
        Rule(
            "cache_fits_prompt",
            "cache reads and writes are part of the prompt tokens",
            "not r.has_token_evidence or coalesce(r.cache_read_tokens, 0) + coalesce(r.cache_write_tokens, 0) "
            "<= r.prompt_tokens",
        ),
    ),
)

FOCUS = Suite(
    "focus_files",
    "cost_and_usage",
    ("line", "charge_period_start", "sku_id"),
    (
        required("billed_cost", "effective_cost", "billing_currency", "charge_period_start", "charge_period_end"),
        money_text("billed_cost"),
        money_text("effective_cost"),
        money_text("list_cost", optional=True),
        currency("billing_currency"),
        one_of("charge_category", "Usage", "Purchase", "Tax", "Credit", "Adjustment"),
        ordered("charge_period_start", "charge_period_end"),
        plausible_date("charge_period_start"),
        Rule(
            "someone_charges",
            "a provider, publisher or invoice issuer is named",
            "coalesce(r.provider_name, r.publisher_name, r.invoice_issuer_name, '') <> ''",
        ),
    ),
)


def _ledger(stream: str, *rules: Rule) -> Suite:
    return Suite("ledgers", stream, ("file", "line"), (required("file", "line"), *rules))


def _filled(*columns: str) -> Rule:
    return Rule("filled_columns", required(*columns).says, required(*columns).holds)


LEDGERS = (
    _ledger(
        "general_ledger",
        _filled(
            "legal_entity_id", "journal_entry_id", "journal_line_number", "posting_date", "account_number", "currency"
        ),
        plausible_date("posting_date"),
        one_of("account_class", "asset", "liability", "equity", "revenue", "expense"),
        currency("currency"),
        Rule(
            "plausible_amounts",
            f"debit and credit are there and of a plausible size, at most {10**15}",
            f"abs(r.debit_amount) <= {10**15} and abs(r.credit_amount) <= {10**15}",
        ),
        Rule(
            "entries_balance",
            "the lines of an entry in one currency that is marked as balanced sum to zero",
            "not r.is_balanced_entry or (r.legal_entity_id, r.journal_entry_id) not in ("
            "select (legal_entity_id, journal_entry_id) from landing.ledgers__general_ledger where is_balanced_entry "
            "group by legal_entity_id, journal_entry_id "
            "having min(currency) = max(currency) and sum(debit_amount) <> sum(credit_amount))",
            compares_loads=True,
        ),
    ),
    _ledger(
        "revenue",
        _filled("revenue_date", "product_id", "amount", "currency"),
        plausible_date("revenue_date"),
        currency("currency"),
        Rule(
            "recognition_ends_later",
            "recognition_end_date is not before revenue_date",
            "r.recognition_end_date is null or r.recognition_end_date >= r.revenue_date",
        ),
    ),
    _ledger(
        "budgets",
        _filled("department_id", "fiscal_period", "budget_class", "amount", "currency"),
        one_of("budget_class", "core", "experimentation"),
        currency("currency"),
        Rule(
            "fiscal_period_format",
            "fiscal_period is YYYY-MM",
            "regexp_full_match(r.fiscal_period, '[0-9]{4}-(0[1-9]|1[0-2])')",
        ),
    ),
    _ledger(
        "headcount",
        _filled("month_end", "department_id", "headcount"),
        plausible_date("month_end"),
        Rule("plausible_headcount", "headcount lies between 0 and ten million", "r.headcount between 0 and 10000000"),
    ),
    _ledger(
        "labor_rates",
        _filled("labor_rate_id", "valid_from", "hourly_rate", "currency"),
        currency("currency"),
        Rule(
            "plausible_rate",
            "hourly_rate lies between 0 and a thousand million",
            "r.hourly_rate between 0 and 1e9",
        ),
    ),
    _ledger(
        "business_metrics",
        _filled("metric_date", "metric_id", "value"),
        plausible_date("metric_date"),
        Rule(
            "someone_owns_it",
            "an initiative, product or department is named",
            "coalesce(r.initiative_id, r.product_id, r.department_id, '') <> ''",
        ),
    ),
    _ledger(
        "exchange_rates",
        _filled("rate_date", "from_currency", "to_currency", "rate"),
        plausible_date("rate_date"),
        currency("from_currency"),
        currency("to_currency"),
        Rule(
            "plausible_rate",
            "rate is positive and below a thousand million, and 1 from a currency to itself",
            "r.rate > 0 and r.rate < 1e9 and (r.from_currency <> r.to_currency or r.rate = 1)",
        ),
    ),
    _ledger("people", _filled("actor_id", "department_id"), ordered("valid_from", "valid_to", optional=True)),
)

SUITES: dict[tuple[str, str], Suite] = {
    (suite.source, suite.stream): suite
    for suite in (
        *(OPENAI_USAGE, OPENAI_COSTS, ANTHROPIC_USAGE, ANTHROPIC_COSTS, LITELLM_LOGS, FOCUS),
        *DAILY_REPORTS,
        *LEDGERS,
    )
}
"""Every suite by source and stream."""
