"""Every landed stream and its columns: the promise between connectors, which write them, and dbt staging, which reads them.

Only what stands here is landed, so that no prompt, header or key ever is. Money is text as the provider wrote it, or exact
decimal where it comes from our own files; never floating point. Every stream also carries ``partition`` and ``load_id``.
"""

import pyarrow as pa

TEXT, WHOLE, FLAG, DAY = pa.string(), pa.int64(), pa.bool_(), pa.date32()
MOMENT = pa.timestamp("us", tz="UTC")
MONEY = pa.decimal128(38, 9)
COST = pa.decimal128(38, 12)


def _columns(kind: pa.DataType, names: str) -> list[tuple[str, pa.DataType]]:
    return [(name, kind) for name in names.split()]


_DIRECTORY = [("read_at", MOMENT)]
_VALIDITY = _columns(DAY, "valid_from valid_to")
_POSTINGS = [
    *_columns(TEXT, "movement_id posting_number"),
    ("posted_at", MOMENT),
    ("effective_on", DAY),
    *_columns(TEXT, "kind account initiative_id department_id fiscal_period"),
    ("amount", MONEY),
    *_columns(TEXT, "approver evidence_id policy_version"),
]

_REJECTED = [
    *_columns(TEXT, "source file"),
    ("line", WHOLE),
    *_columns(TEXT, "column_name value reason"),
    ("amount", MONEY),
    ("currency", TEXT),
]

STREAMS: dict[tuple[str, str], list[tuple[str, pa.DataType]]] = {
    ("openai", "usage_completions"): [
        *_columns(MOMENT, "start_time end_time"),
        *_columns(TEXT, "project_id user_id api_key_id model"),
        ("batch", FLAG),
        ("service_tier", TEXT),
        *_columns(
            WHOLE,
            "input_tokens input_uncached_tokens input_cached_tokens input_cache_write_tokens output_tokens "
            "input_audio_tokens input_cached_audio_tokens output_audio_tokens input_image_tokens input_cached_image_tokens "
            "output_image_tokens num_model_requests",
        ),
    ],
    ("openai", "usage_other"): [
        *_columns(MOMENT, "start_time end_time"),
        *_columns(TEXT, "usage_kind project_id user_id api_key_id model token_class"),
        ("quantity", WHOLE),
        ("unit", TEXT),
        ("num_model_requests", WHOLE),
    ],
    ("openai", "costs"): [
        *_columns(MOMENT, "start_time end_time"),
        *_columns(TEXT, "organization_id project_id api_key_id line_item amount currency quantity quantity_unit"),
    ],
    ("openai", "projects"): [*_columns(TEXT, "project_id name status"), ("created_at", MOMENT), *_DIRECTORY],
    ("openai", "users"): [*_columns(TEXT, "user_id name email"), *_DIRECTORY],
    ("openai", "api_keys"): [
        *_columns(TEXT, "api_key_id project_id name owner_id"),
        ("created_at", MOMENT),
        *_DIRECTORY,
    ],
    ("anthropic", "usage"): [
        *_columns(MOMENT, "starting_at ending_at"),
        *_columns(TEXT, "organization_id workspace_id api_key_id model service_tier context_window"),
        *_columns(
            WHOLE,
            "uncached_input_tokens cache_creation_5m_input_tokens cache_creation_1h_input_tokens cache_read_input_tokens "
            "output_tokens web_search_requests requests",
        ),
    ],
    ("anthropic", "costs"): [
        *_columns(MOMENT, "starting_at ending_at"),
        *_columns(
            TEXT,
            "organization_id workspace_id api_key_id model service_tier context_window cost_type token_type "
            "amount_cents list_amount_cents currency",
        ),
    ],
    ("anthropic", "workspaces"): [*_columns(TEXT, "workspace_id name"), ("created_at", MOMENT), *_DIRECTORY],
    ("anthropic", "api_keys"): [
        *_columns(TEXT, "api_key_id workspace_id name status"),
        ("created_at", MOMENT),
        *_DIRECTORY,
    ],
    ("anthropic", "users"): [*_columns(TEXT, "user_id name email"), *_DIRECTORY],
    ("claude_code", "daily"): [
        *_columns(MOMENT, "starting_at ending_at"),
        *_columns(TEXT, "organization_id actor_type actor terminal_type customer_type subscription_type model"),
        *_columns(WHOLE, "input_tokens output_tokens cache_read_tokens cache_creation_tokens"),
        *_columns(TEXT, "estimated_cost_cents currency"),
        *_columns(WHOLE, "sessions lines_added lines_removed commits pull_requests"),
    ],
    ("openrouter", "activity"): [
        *_columns(MOMENT, "start_time end_time"),
        *_columns(
            TEXT, "workspace_id api_key_id model model_permaslug endpoint_id provider_name usage byok_usage_inference"
        ),
        *_columns(WHOLE, "requests prompt_tokens completion_tokens reasoning_tokens cached_tokens"),
    ],
    ("openrouter", "api_keys"): [*_columns(TEXT, "api_key_id name"), *_DIRECTORY],
    ("merge_gateway", "usage"): [
        *_columns(MOMENT, "start_time end_time"),
        *_columns(TEXT, "project_id api_key_id vendor model"),
        *_columns(WHOLE, "requests input_tokens cached_tokens output_tokens"),
        *_columns(TEXT, "spend managed_spend byok_spend web_search_spend usage_json"),
    ],
    ("litellm", "daily_activity"): [
        *_columns(MOMENT, "start_time end_time"),
        *_columns(TEXT, "model api_key key_alias team_id custom_llm_provider gateway_spend"),
        *_columns(
            WHOLE,
            "prompt_tokens completion_tokens cache_read_tokens cache_write_tokens api_requests successful_requests "
            "failed_requests",
        ),
    ],
    ("litellm", "spend_logs"): [
        ("request_id", TEXT),
        ("started_at", MOMENT),
        *_columns(
            TEXT, "api_key key_alias model model_group custom_llm_provider user_id team_id organization_id end_user_id"
        ),
        *_columns(TEXT, "status error_type error_class request_tags"),
        *_columns(WHOLE, "prompt_tokens completion_tokens cache_read_tokens cache_write_tokens"),
        ("has_token_evidence", FLAG),
        ("gateway_spend", pa.float64()),
        ("call_type", TEXT),
        *_columns(FLAG, "is_cache_hit is_served"),
        *_columns(TEXT, "call_id service_tier"),
        *_columns(
            WHOLE,
            "cache_write_5m_tokens cache_write_1h_tokens audio_input_tokens audio_cache_read_tokens audio_output_tokens "
            "image_input_tokens image_cache_read_tokens image_output_tokens video_input_tokens web_search_requests "
            "other_tool_requests",
        ),
    ],
    ("litellm", "rolled_up_usage"): [
        *_columns(MOMENT, "start_time end_time"),
        *_columns(TEXT, "custom_llm_provider organization_id api_key key_alias user_id team_id model request_tags"),
        ("service_tier", TEXT),
        ("prompt_bound", WHOLE),
        *_columns(FLAG, "is_duplicate is_measured is_without_gateway_cost"),
        *_columns(WHOLE, "log_rows distinct_requests request failed_requests refused_requests"),
        *_columns(
            WHOLE,
            "prompt_tokens completion_tokens cache_read_tokens cache_write_tokens cache_write_5m_tokens "
            "cache_write_1h_tokens audio_input_tokens audio_cache_read_tokens audio_output_tokens image_input_tokens "
            "image_cache_read_tokens image_output_tokens video_input_tokens web_search_requests other_tool_requests",
        ),
        ("dearest_request", pa.float64()),
        ("gateway_cost", MONEY),
    ],
    ("litellm", "rejected_rows"): [
        *_columns(TEXT, "source file"),
        ("line", WHOLE),
        *_columns(TEXT, "column_name value reason"),
        ("amount", MONEY),
        ("currency", TEXT),
    ],
    ("litellm", "guardrail_settings"): [
        ("read_at", MOMENT),
        ("as_of_date", DAY),
        *_columns(TEXT, "entity max_budget budget_duration currency"),
        *_columns(WHOLE, "rpm_limit tpm_limit"),
        *_columns(FLAG, "is_found is_blocked"),
        ("model_aliases", TEXT),
        ("settings_updated_at", MOMENT),
        ("budget_limits", TEXT),
    ],
    ("focus_files", "cost_and_usage"): [
        *_columns(
            TEXT,
            "billed_cost effective_cost list_cost contracted_cost billing_currency billing_account_id sub_account_id "
            "charge_category charge_class charge_description consumed_quantity consumed_unit pricing_quantity pricing_unit "
            "list_unit_price contracted_unit_price provider_name publisher_name invoice_issuer_name service_name "
            "service_category sku_id resource_id region_id tags usage_type operation sku_meter focus_version",
        ),
        *_columns(MOMENT, "charge_period_start charge_period_end billing_period_start billing_period_end"),
        ("line", WHOLE),
    ],
    ("focus_files", "superseded_days"): [
        *_columns(TEXT, "file provider_name billing_account_id"),
        ("charge_date", DAY),
        ("superseded_by", TEXT),
    ],
    ("focus_files", "rejected_rows"): _REJECTED,
    ("ledgers", "general_ledger"): [
        *_columns(TEXT, "file"),
        ("line", WHOLE),
        *_columns(TEXT, "legal_entity_id journal_entry_id journal_line_number"),
        ("posting_date", DAY),
        *_columns(TEXT, "account_number account_name account_class account_type"),
        *_columns(MONEY, "debit_amount credit_amount"),
        *_columns(
            TEXT,
            "currency department_id product_id customer_id counterparty_name source_document_type description fiscal_period "
            "service_period posting_status",
        ),
        ("is_reversal", FLAG),
        ("exchange_rate", MONEY),
        ("is_balanced_entry", FLAG),
    ],
    ("ledgers", "revenue"): [
        ("file", TEXT),
        ("line", WHOLE),
        ("revenue_date", DAY),
        ("recognition_end_date", DAY),
        *_columns(TEXT, "product_id customer_id initiative_id invoice_id line_id"),
        ("amount", MONEY),
        ("currency", TEXT),
    ],
    ("ledgers", "budgets"): [
        ("file", TEXT),
        ("line", WHOLE),
        *_columns(TEXT, "department_id fiscal_period budget_class initiative_id"),
        ("amount", MONEY),
        ("currency", TEXT),
    ],
    ("ledgers", "headcount"): [
        ("file", TEXT),
        ("line", WHOLE),
        ("month_end", DAY),
        *_columns(TEXT, "department_id function"),
        ("headcount", MONEY),
    ],
    ("ledgers", "labor_rates"): [
        ("file", TEXT),
        ("line", WHOLE),
        ("labor_rate_id", TEXT),
        ("valid_from", DAY),
        ("hourly_rate", MONEY),
        ("currency", TEXT),
    ],
    ("ledgers", "business_metrics"): [
        ("file", TEXT),
        ("line", WHOLE),
        ("metric_date", DAY),
        ("metric_id", TEXT),
        ("value", MONEY),
        *_columns(TEXT, "initiative_id product_id department_id"),
    ],
    ("ledgers", "exchange_rates"): [
        ("file", TEXT),
        ("line", WHOLE),
        ("rate_date", DAY),
        *_columns(TEXT, "from_currency to_currency"),
        ("rate", pa.decimal128(38, 12)),
    ],
    ("ledgers", "people"): [
        ("file", TEXT),
        ("line", WHOLE),
        *_columns(TEXT, "actor_id department_id function email"),
        *_VALIDITY,
    ],
    ("ledgers", "rejected_rows"): _REJECTED,
    ("registry", "company"): [
        *_columns(TEXT, "company_id name reporting_currency reporting_time_zone"),
        ("fiscal_year_start_month", WHOLE),
        *_columns(TEXT, "company_size margin_profile policy_version"),
    ],
    ("registry", "policy"): _columns(TEXT, "policy_key policy_value origin"),
    ("registry", "sources"): [
        *_columns(TEXT, "source mode empty_days"),
        ("is_enabled", FLAG),
        *_columns(DAY, "start_date complete_through"),
        *_columns(WHOLE, "lookback_days settle_lag_hours"),
        ("is_file_source", FLAG),
        ("services_pattern", TEXT),
    ],
    ("registry", "metering"): _columns(TEXT, "provider source"),
    ("registry", "initiatives"): [
        *_columns(TEXT, "initiative_id name kind stage department_id product_id customer_id owner complexity"),
        ("started_on", DAY),
        *_columns(MONEY, "allocation_amount allocation_daily_cap"),
        ("allocation_currency", TEXT),
        *_columns(DAY, "allocation_starts_on allocation_expires_on"),
        ("target_gross_margin_ratio", MONEY),
        ("milestone_metric_id", TEXT),
        ("milestone_target", MONEY),
        ("milestone_by", DAY),
        ("milestone_margin_floor_ratio", MONEY),
        ("unit_of_work", TEXT),
        ("labor_hours_per_unit", MONEY),
        ("labor_rate_id", TEXT),
        ("legacy_software_per_month", MONEY),
        ("replaces_currency", TEXT),
        *_columns(TEXT, "guardrail_adapter guardrail_entity"),
        ("guardrail_daily_cap", MONEY),
        ("guardrail_currency", TEXT),
        ("guardrail_actions", TEXT),
        *_VALIDITY,
    ],
    ("registry", "drills"): [
        *_columns(TEXT, "drill_id adapter entity"),
        ("drill_date", DAY),
        *_columns(MOMENT, "started_at ended_at"),
    ],
    ("registry", "ownership_rules"): [
        ("rule_id", TEXT),
        ("priority", WHOLE),
        *_columns(
            TEXT,
            "source_pattern provider_pattern account_id_pattern project_id_pattern api_key_id_pattern actor_id_pattern "
            "team_id_pattern model_pattern tag_patterns initiative_id department_id product_id customer_id "
            "share_method share_basis",
        ),
        *_VALIDITY,
    ],
    ("registry", "ownership_targets"): [
        ("rule_id", TEXT),
        ("target_position", WHOLE),
        *_columns(TEXT, "initiative_id department_id pool_id"),
        ("weight", MONEY),
        *_VALIDITY,
    ],
    ("registry", "pools"): [
        ("pool_id", TEXT),
        ("pool_order", WHOLE),
        *_columns(TEXT, "share_method share_basis"),
        *_VALIDITY,
    ],
    ("registry", "model_tiers"): [("tier", TEXT), ("tier_rank", WHOLE), ("reference_model", TEXT), *_VALIDITY],
    ("registry", "model_tier_patterns"): [("position", WHOLE), ("model_pattern", TEXT), ("tier", TEXT)],
    ("registry", "complexity_tiers"): _columns(TEXT, "complexity tier"),
    ("registry", "departments"): [
        *_columns(TEXT, "department_id name business_unit function default_complexity"),
        *_VALIDITY,
    ],
    ("registry", "products"): [
        *_columns(TEXT, "product_id name product_line business_unit"),
        *_columns(MONEY, "target_gross_margin_ratio margin_floor_ratio"),
        *_VALIDITY,
    ],
    ("registry", "customers"): [*_columns(TEXT, "customer_id name"), *_VALIDITY],
    ("registry", "contracts"): [
        *_columns(TEXT, "contract_id provider kind model_pattern token_class"),
        *_columns(MONEY, "discount_ratio price_per_million amount"),
        ("currency", TEXT),
        *_VALIDITY,
    ],
    ("registry", "caps"): [
        *_columns(TEXT, "cap_id subject id_pattern adapter cap_window"),
        ("amount", MONEY),
        ("reset_day", WHOLE),
        *_columns(TEXT, "time_zone currency mode"),
        ("headroom", MONEY),
        *_VALIDITY,
    ],
    ("registry", "cap_overrides"): [
        *_columns(TEXT, "cap_id subject_id cap_window"),
        ("amount", MONEY),
        *_columns(MOMENT, "starts_at expires_at"),
        *_columns(TEXT, "approver reason"),
    ],
    ("registry", "cost_class_rules"): [
        ("position", WHOLE),
        *_columns(TEXT, "kind stage department_id function cost_class"),
        *_VALIDITY,
    ],
    ("registry", "ledger_account_patterns"): [("position", WHOLE), ("account_pattern", TEXT), ("account_role", TEXT)],
    ("registry", "posting_accounts"): _columns(TEXT, "posting_role account_number"),
    ("registry", "ledger_counterparties"): [
        ("position", WHOLE),
        *_columns(TEXT, "counterparty_pattern provider subscription_account_pattern subscription_description_pattern"),
    ],
    ("prices", "price_book"): [
        *_columns(TEXT, "provider model_id price_variant token_class"),
        ("context_tier_start", WHOLE),
        *_VALIDITY,
        ("price_per_million", pa.decimal128(18, 6)),
        ("price_source", TEXT),
        ("is_maker", FLAG),
    ],
    ("prices", "refused_prices"): [
        *_columns(TEXT, "provider model_id price_variant token_class"),
        ("context_tier_start", WHOLE),
        *_VALIDITY,
        *_columns(TEXT, "listed_price price_source reason"),
    ],
    ("statistics", "run_rates"): [
        *_columns(TEXT, "entity_type entity_id"),
        ("as_of_date", DAY),
        *_columns(MONEY, "run_rate_monthly run_rate_low run_rate_high run_rate_annual"),
        ("days_observed", WHOLE),
        *_columns(pa.float64(), "variation_ratio growth_30d_ratio growth_30d_low_ratio growth_30d_high_ratio"),
        *_columns(TEXT, "stability_status stability_reasons"),
        ("observation_start_date", DAY),
        ("observation_end_date", DAY),
        ("window_days", WHOLE),
    ],
    ("statistics", "gates"): [
        ("initiative_id", TEXT),
        ("as_of_date", DAY),
        ("gate_number", WHOLE),
        *_columns(TEXT, "gate_name status"),
        *_columns(pa.decimal128(38, 9), "metric_value threshold_value"),
        *_columns(TEXT, "unit reason evidence_id policy_version"),
    ],
    ("statistics", "readiness"): [
        ("initiative_id", TEXT),
        ("as_of_date", DAY),
        ("is_ready", FLAG),
        ("first_ready_date", DAY),
        ("blocking_gates", TEXT),
        *_columns(MONEY, "verified_run_rate verified_run_rate_low verified_run_rate_high verified_unit_cost"),
    ],
    ("statistics", "forecasts"): [
        *_columns(TEXT, "entity_type entity_id"),
        *_columns(DAY, "as_of_date forecast_date"),
        *_columns(MONEY, "forecast forecast_low forecast_high"),
        ("method", TEXT),
    ],
    ("statistics", "forecast_horizons"): [
        *_columns(TEXT, "entity_type entity_id"),
        ("as_of_date", DAY),
        ("horizon_days", WHOLE),
        *_columns(MONEY, "forecast forecast_low forecast_high"),
        ("method", TEXT),
        *_columns(pa.float64(), "error_ratio coverage_ratio"),
        ("windows", WHOLE),
        ("own_forecast", MONEY),
        *_columns(TEXT, "part_of_entity_type part_of_entity_id"),
    ],
    ("statistics", "variance_components"): [
        *_columns(TEXT, "initiative_id fiscal_period comparison component"),
        ("amount", MONEY),
    ],
    ("statistics", "decoupling"): [
        ("quarter_start_date", DAY),
        ("periods", WHOLE),
        *_columns(
            pa.float64(),
            "ai_cost_change_ratio headcount_change_ratio elasticity elasticity_low elasticity_high",
        ),
        ("status", TEXT),
    ],
    ("budget", "movements"): _POSTINGS,
    ("budget", "scheduled_movements"): _POSTINGS,
    ("budget", "graduations"): [
        *_columns(TEXT, "movement_id initiative_id department_id"),
        ("effective_on", DAY),
        *_columns(MONEY, "verified_run_rate verified_run_rate_low verified_run_rate_high verified_unit_cost"),
        *_columns(TEXT, "approver evidence_id policy_version"),
    ],
    ("guardrails", "decisions"): [
        ("decided_at", MOMENT),
        *_columns(TEXT, "policy entity from_state to_state reason evidence_id policy_version"),
    ],
    ("guardrails", "receipts"): [
        *_columns(TEXT, "action_id run_id"),
        *_columns(MOMENT, "planned_at applied_at verified_at"),
        *_columns(TEXT, "adapter entity action before after outcome note policy policy_version reason evidence_id"),
    ],
    ("guardrails", "incidents"): [
        *_columns(MOMENT, "started_at detected_at ended_at"),
        *_columns(TEXT, "adapter entity api_key_id kind"),
        *_columns(COST, "incident_cost cost_per_hour"),
        ("is_repeat", FLAG),
        *_columns(TEXT, "reason evidence_id policy_version"),
    ],
    ("replay", "gates"): [
        ("initiative_id", TEXT),
        ("replay_date", DAY),
        *_columns(TEXT, "status reasons"),
        *_columns(FLAG, "is_ready is_trip is_false_trip"),
        ("saved_amount", COST),
        *_columns(TEXT, "blocking_gates gate_1_status gate_2_status gate_3_status gate_4_status gate_5_status"),
        ("policy_version", TEXT),
    ],
    ("replay", "breakers"): [
        ("product_id", TEXT),
        ("replay_date", DAY),
        *_columns(TEXT, "status from_state reasons"),
        *_columns(FLAG, "is_trip is_false_trip is_alert"),
        ("saved_amount", COST),
        ("margin_date", DAY),
        *_columns(MONEY, "gross_margin_ratio margin_floor_ratio"),
        *_columns(TEXT, "evidence_id policy_version"),
        *_columns(TEXT, "policy entity cap_window"),
        ("trip_at", MOMENT),
        ("minutes_to_trip", MONEY),
        *_columns(COST, "overshoot_amount revenue_touched"),
    ],
    ("replay", "budgets"): [
        *_columns(TEXT, "framework fiscal_period"),
        *_columns(COST, "demand spend overspend"),
        *_columns(WHOLE, "starved_days stopped_winners"),
        ("forecast_error_ratio", MONEY),
        ("scored_on", DAY),
        ("policy_version", TEXT),
    ],
}


def stream_schema(source: str, stream: str) -> pa.Schema:
    """The Arrow schema of a landed stream, with ``partition`` and ``load_id`` at its end."""
    return pa.schema([*STREAMS[source, stream], ("partition", TEXT), ("load_id", TEXT)])
