"""The suites of streams that a provider or gateway reports as totals of a UTC day."""

from expectations.rules import (
    MOST_UNITS,
    Rule,
    Suite,
    day_is_partition,
    inside_window,
    money_text,
    not_negative,
    one_of,
    ordered,
    required,
)

OPENAI_OTHER_USAGE = Suite(
    "openai",
    "usage_other",
    ("start_time", "usage_kind", "project_id", "api_key_id", "model", "token_class"),
    (
        required("start_time", "end_time", "usage_kind", "token_class", "quantity", "unit"),
        ordered("start_time", "end_time"),
        inside_window("start_time"),
        day_is_partition("start_time"),
        Rule(
            "plausible_quantity",
            f"quantity lies between 0 and {MOST_UNITS}",
            f"r.quantity between 0 and {MOST_UNITS}",
        ),
        not_negative("num_model_requests", optional=True),
        one_of("unit", "tokens", "images", "characters", "seconds", "bytes", "sessions", "calls", "searches"),
        Rule(
            "unit_fits_class",
            "token classes are counted in tokens, and nothing else is",
            "(r.unit = 'tokens') = (r.token_class in ('input_uncached', 'cache_read', 'cache_write_other', 'output'))",
        ),
    ),
)

CLAUDE_CODE_DAILY = Suite(
    "claude_code",
    "daily",
    ("starting_at", "actor", "terminal_type", "model"),
    (
        required("starting_at", "ending_at", "organization_id", "actor_type", "actor", "customer_type"),
        ordered("starting_at", "ending_at"),
        inside_window("starting_at"),
        day_is_partition("starting_at"),
        one_of("actor_type", "user_actor", "api_actor"),
        not_negative(
            *("input_tokens", "output_tokens", "cache_read_tokens", "cache_creation_tokens", "sessions"),
            *("lines_added", "lines_removed", "commits", "pull_requests"),
            optional=True,
        ),
        Rule(
            "activity_or_tokens",
            "a row holds either activity or the tokens and the estimate of a model",
            "(r.model is null) = (r.sessions is not null) and (r.model is null) = (r.estimated_cost_cents is null) "
            "and (r.model is null) = (r.input_tokens is null)",
        ),
        money_text("estimated_cost_cents", optional=True),
    ),
)

OPENROUTER_ACTIVITY = Suite(
    "openrouter",
    "activity",
    ("start_time", "api_key_id", "model", "endpoint_id"),
    (
        required("start_time", "end_time", "model", "usage", "byok_usage_inference", "requests"),
        ordered("start_time", "end_time"),
        inside_window("start_time"),
        day_is_partition("start_time"),
        not_negative("requests", "prompt_tokens", "completion_tokens", "reasoning_tokens"),
        Rule(
            "cache_fits_prompt",
            "cached tokens are part of the prompt tokens",
            "r.cached_tokens is null or r.cached_tokens between 0 and r.prompt_tokens",
        ),
        money_text("usage"),
        money_text("byok_usage_inference"),
    ),
)

MERGE_GATEWAY_USAGE = Suite(
    "merge_gateway",
    "usage",
    ("start_time", "project_id", "vendor", "model"),
    (
        required("start_time", "end_time", "usage_json"),
        ordered("start_time", "end_time"),
        inside_window("start_time"),
        day_is_partition("start_time"),
        not_negative("requests", "input_tokens", "cached_tokens", "output_tokens", optional=True),
        *(money_text(name, optional=True) for name in ("spend", "managed_spend", "byok_spend", "web_search_spend")),
    ),
)

LITELLM_DAILY_ACTIVITY = Suite(
    "litellm",
    "daily_activity",
    ("start_time", "model", "api_key"),
    (
        required("start_time", "end_time", "gateway_spend"),
        ordered("start_time", "end_time"),
        inside_window("start_time"),
        day_is_partition("start_time"),
        not_negative(
            *("prompt_tokens", "completion_tokens", "cache_read_tokens", "cache_write_tokens"),
            *("api_requests", "successful_requests", "failed_requests"),
        ),
        Rule(
            "cache_fits_prompt",
            "cache reads and writes are part of the prompt tokens",
            "r.cache_read_tokens + r.cache_write_tokens <= r.prompt_tokens",
        ),
        money_text("gateway_spend"),
    ),
)

LITELLM_ROLLED_UP = Suite(
    "litellm",
    "rolled_up_usage",
    ("start_time", "api_key", "model"),
    (
        required("is_duplicate", "is_measured", "is_without_gateway_cost", moments=("start_time", "end_time")),
        ordered("start_time", "end_time"),
        inside_window("start_time"),
        day_is_partition("start_time"),
        not_negative(
            *("prompt_bound", "log_rows", "distinct_requests", "request", "failed_requests", "refused_requests"),
            *("prompt_tokens", "completion_tokens", "cache_read_tokens", "cache_write_tokens", "cache_write_5m_tokens"),
            *("cache_write_1h_tokens", "audio_input_tokens", "audio_cache_read_tokens", "audio_output_tokens"),
            *("image_input_tokens", "image_cache_read_tokens", "image_output_tokens", "video_input_tokens"),
            *("web_search_requests", "other_tool_requests"),
        ),
        Rule(
            "rows_add_up",
            "every row of the log succeeded or failed, and not more requests are distinct than there are rows",
            "r.request + r.failed_requests = r.log_rows and r.distinct_requests <= r.log_rows "
            "and r.refused_requests <= r.failed_requests",
        ),
        Rule(
            "cache_fits_prompt",
            "cache reads and writes are part of the prompt tokens",
            "r.cache_read_tokens + r.cache_write_tokens <= r.prompt_tokens",
        ),
        Rule(
            "bound_fits_prompts",
            "successful requests above a prompt size have more tokens than it, as far as any were generated",
            "r.prompt_tokens = 0 or r.prompt_tokens > r.prompt_bound",
        ),
    ),
)

DAILY_REPORTS = (
    OPENAI_OTHER_USAGE,
    CLAUDE_CODE_DAILY,
    OPENROUTER_ACTIVITY,
    MERGE_GATEWAY_USAGE,
    LITELLM_DAILY_ACTIVITY,
    LITELLM_ROLLED_UP,
)
"""Every suite of this module."""
