"""Lands the company folder as the ``registry/*`` streams, one partition ``current`` each.

Patterns land as anchored regular expressions (see globs.py). Ownership targets of a pool carry ``pool:<pool_id>``
as their ``rule_id``. Lists of words land comma-separated, tag patterns as a JSON object of tag name to regular
expression. Amounts without a currency of their own land with the reporting currency. A re-landing replaces
everything: the folder is the truth.
"""

import json
from collections.abc import Callable, Iterable
from datetime import UTC
from itertools import zip_longest
from typing import Any

from pydantic import BaseModel

from orchestration.landing.store import Landing
from orchestration.registry.company import Company
from orchestration.registry.globs import to_regex
from orchestration.registry.identity import Subscription
from orchestration.registry.ownership import MATCH_KEYS, OwnershipRule, Pool, Share
from orchestration.registry.sources import MODEL_SERVICES
from orchestration.sellers import counterparties_of_sellers, seller_of

Rows = list[dict[str, Any]]
ENGINEERING_FUNCTIONS = (
    "engineering",
    "software_engineering",
    "data_engineering",
    "platform_engineering",
    "machine_learning",
    "research_and_development",
)


def land_registry(company: Company, landing: Landing) -> None:
    """Land every registry stream of a company; streams whose rows did not change keep their load."""
    for stream, rows in registry_rows(company).items():
        with landing.batch("registry", stream) as batch:
            batch.add_rows("current", rows)


def registry_rows(company: Company) -> dict[str, Rows]:
    """The rows of every registry stream, by stream."""
    return {stream: rows(company) for stream, rows in _STREAM_ROWS.items()}


def _company(company: Company) -> Rows:
    config = company.config
    names = ("company_id", "name", "reporting_currency", "reporting_time_zone", "fiscal_year_start_month")
    profile = {"company_size": config.profile.company_size, "margin_profile": config.profile.margin_profile}
    return [_fields(config, *names) | profile | {"policy_version": company.policy.version}]


def _policy(company: Company) -> Rows:
    return [
        {"policy_key": key, "policy_value": value, "origin": origin} for key, value, origin in company.policy.explain()
    ]


def _sources(company: Company) -> Rows:
    return [
        _fields(source, "mode", "empty_days", "start_date", "complete_through", "lookback_days")
        | {
            "source": name,
            "is_enabled": source.enabled,
            "settle_lag_hours": company.settle_lag_hours(name),
            "is_file_source": source.is_file_source,
            "services_pattern": to_regex(source.services or MODEL_SERVICES, lower=True)
            if name == "focus_files"
            else None,
        }
        for name, source in company.sources.items()
    ]


def _metering(company: Company) -> Rows:
    return [{"provider": seller_of(provider), "source": source} for provider, source in company.metering.items()]


def _initiatives(company: Company) -> Rows:
    names = [
        "initiative_id",
        "kind",
        "stage",
        "department_id",
        "product_id",
        "customer_id",
        "owner",
        "started_on",
        "target_gross_margin_ratio",
        "unit_of_work",
        "valid_from",
        "valid_to",
    ]
    reporting = company.config.reporting_currency
    return [
        _fields(one, *names)
        | {"name": one.name or one.initiative_id, "complexity": company.complexity_of(one)}
        | _part(one.allocation, "allocation_", "amount", "daily_cap", "starts_on", "expires_on")
        | _part(one.milestone, "milestone_", "metric_id", "target", "by", "margin_floor_ratio")
        | _part(one.replaces, "", "labor_hours_per_unit", "labor_rate_id", "legacy_software_per_month")
        | _part(one.guardrail, "guardrail_", "adapter", "entity", "daily_cap")
        | {"guardrail_actions": ",".join(one.guardrail.actions) if one.guardrail else None}
        | {
            f"{part}_currency": getattr(one, part).currency or reporting if getattr(one, part) else None
            for part in ("allocation", "replaces", "guardrail")
        }
        for one in company.initiatives
    ]


def _ownership_rules(company: Company) -> Rows:
    return [_rule(rule) for rule in company.rules]


def _rule(rule: OwnershipRule) -> dict[str, Any]:
    patterns = {f"{key}_pattern": _regex(getattr(rule.match, key)) for key in MATCH_KEYS}
    if rule.match.provider is not None:
        patterns["provider_pattern"] = to_regex([seller_of(glob) for glob in rule.match.provider])
    tags = {name: to_regex(globs) for name, globs in rule.match.tags.items()}
    return (
        _fields(rule, "rule_id", "priority", "valid_from", "valid_to")
        | patterns
        | {"tag_patterns": json.dumps(tags, sort_keys=True) if tags else None}
        | _part(rule.assign, "", "initiative_id", "department_id", "product_id", "customer_id")
        | _part(rule.share, "share_", "method", "basis")
    )


def _ownership_targets(company: Company) -> Rows:
    shares: list[tuple[str, OwnershipRule | Pool, Share]] = [
        (rule.rule_id, rule, rule.share) for rule in company.rules if rule.share is not None
    ]
    shares += [(f"pool:{pool.pool_id}", pool, pool.share) for pool in company.pools if pool.share is not None]
    return [
        _fields(target, "initiative_id", "department_id", "pool_id", "weight")
        | {"rule_id": rule_id, "target_position": position}
        | _fields(holder, "valid_from", "valid_to")
        for rule_id, holder, share in shares
        for position, target in enumerate(share.targets, start=1)
    ]


def _pools(company: Company) -> Rows:
    return [
        _fields(pool, "pool_id", "valid_from", "valid_to")
        | {"pool_order": pool.order}
        | _part(pool.share, "share_", "method", "basis")
        for pool in company.pools
    ]


def _model_tiers(company: Company) -> Rows:
    names = ("tier", "reference_model", "valid_from", "valid_to")
    return [_fields(tier, *names) | {"tier_rank": company.tiers.rank(tier.tier)} for tier in company.tiers.tiers]


def _model_tier_patterns(company: Company) -> Rows:
    return _positioned(company.tiers.models.items(), "model_pattern", "tier")


def _complexity_tiers(company: Company) -> Rows:
    return [{"complexity": complexity, "tier": tier} for complexity, tier in company.tiers.complexity.items()]


def _departments(company: Company) -> Rows:
    names = ("department_id", "name", "business_unit", "function", "default_complexity", "valid_from", "valid_to")
    return _directory(company, company.departments, names)


def _products(company: Company) -> Rows:
    names = ("product_id", "name", "product_line", "business_unit", "margin_floor_ratio", "valid_from", "valid_to")
    rows = _directory(company, company.products, names)
    own = {(one.product_id, one.valid_from): one.target_gross_margin_ratio for one in company.products}
    for row in rows:
        target = own.get((row["product_id"], row["valid_from"]))
        row["target_gross_margin_ratio"] = company.product_target(row["product_id"]) if target is None else target
        if row["margin_floor_ratio"] is None:
            row["margin_floor_ratio"] = company.policy.margin_floor(row["target_gross_margin_ratio"])
    return rows


def _customers(company: Company) -> Rows:
    return _directory(company, company.customers, ("customer_id", "name", "valid_from", "valid_to"))


def _directory(company: Company, records: Iterable[BaseModel], names: tuple[str, ...]) -> Rows:
    """Declared records, then one bare row for each id that is only referred to; the id stands in for a missing name."""
    key = names[0]
    rows = [_fields(record, *names) for record in records]
    declared = {row[key] for row in rows}
    rows += [dict.fromkeys(names) | {key: value} for value in company.referenced(key) if value not in declared]
    return [row | {"name": row["name"] or row[key]} for row in rows]


def _contracts(company: Company) -> Rows:
    names = [
        "contract_id",
        "provider",
        "kind",
        "token_class",
        "discount_ratio",
        "price_per_million",
        "amount",
        "valid_from",
        "valid_to",
    ]
    reporting = company.config.reporting_currency
    return [
        _fields(one, *names)
        | {
            "provider": seller_of(one.provider),
            "model_pattern": _regex(one.models),
            "currency": one.currency or reporting,
        }
        for one in company.contracts
    ]


def _caps(company: Company) -> Rows:
    """One row per version of a cap and window; what a cap does not say is the company's."""
    config, mode = company.config, company.policy["caps_mode"]
    return [
        _fields(cap, "cap_id", "subject", "adapter", "headroom", "valid_from", "valid_to")
        | {
            "id_pattern": to_regex(cap.ids),
            "cap_window": one.window,
            "amount": one.amount,
            "reset_day": (one.reset_day or 1) if one.window == "monthly" else None,
            "time_zone": cap.time_zone or config.reporting_time_zone,
            "currency": cap.currency or config.reporting_currency,
            "mode": cap.mode or mode,
        }
        for cap in company.guardrails.caps
        for one in cap.windows
    ]


def _cap_overrides(company: Company) -> Rows:
    names = ("cap_id", "amount", "approver", "reason")
    return [
        _fields(one, *names)
        | {"subject_id": one.id, "cap_window": one.window}
        | {"starts_at": one.starts_at.astimezone(UTC), "expires_at": one.expires_at.astimezone(UTC)}
        for one in company.guardrails.overrides
    ]


def _cost_class_rules(company: Company) -> Rows:
    keys = ("kind", "stage", "department_id", "function", "cost_class", "valid_from", "valid_to")
    rows = [_fields(rule, *keys) for rule in company.config.cost_classes]
    rows += [dict.fromkeys(keys) | default for default in _default_cost_classes()]
    return [row | {"position": position} for position, row in enumerate(rows, start=1)]


def _default_cost_classes() -> Rows:
    """Experiments and engineering work are research and development, customer-facing core is cost of goods sold."""
    research = {"cost_class": "research_and_development"}
    return [
        {"stage": "experimentation"} | research,
        {"kind": "customer_facing", "cost_class": "cost_of_goods_sold"},
        *({"function": function} | research for function in ENGINEERING_FUNCTIONS),
        {"cost_class": "selling_and_administration"},
    ]


def _ledger_account_patterns(company: Company) -> Rows:
    return _positioned(company.config.ledger_accounts.items(), "account_pattern", "account_role")


def _posting_accounts(company: Company) -> Rows:
    accounts = company.config.posting_accounts.items()
    return [{"posting_role": role, "account_number": number} for role, number in accounts]


def _ledger_counterparties(company: Company) -> Rows:
    """The declared patterns, then for each seller that none of them covers the usual names, or ``<provider>*`` where the
    folder names the provider and none is usual.
    """
    declared = company.config.ledger_counterparties
    named = {"openai", "anthropic", "openrouter"} & company.sources.keys()
    named |= {seller_of(one.provider) for one in company.contracts} | {seller_of(one) for one in company.metering}
    usual = {provider: [f"{provider}*"] for provider in named} | counterparties_of_sellers()
    covered = {seller_of(one.provider) for one in declared.values()}
    entries = [(pattern, seller_of(one.provider)) for pattern, one in declared.items()]
    entries += [(name, seller) for seller in sorted(usual.keys() - covered) for name in usual[seller]]
    subscriptions = [one.subscription for one in declared.values()]
    rows = _positioned(entries, "counterparty_pattern", "provider", lower=True)
    return [row | _subscription(one) for row, one in zip_longest(rows, subscriptions)]


def _subscription(one: Subscription | None) -> dict[str, Any]:
    accounts, descriptions = (one.accounts, one.descriptions) if one is not None else (None, None)
    return {
        "subscription_account_pattern": _regex(accounts),
        "subscription_description_pattern": _regex(descriptions, lower=True),
    }


def _positioned(entries: Iterable[tuple[str, str]], pattern_name: str, name: str, *, lower: bool = False) -> Rows:
    return [
        {"position": position, pattern_name: to_regex([pattern], lower=lower), name: value}
        for position, (pattern, value) in enumerate(entries, start=1)
    ]


def _fields(record: BaseModel, *names: str) -> dict[str, Any]:
    return {name: getattr(record, name) for name in names}


def _part(part: BaseModel | None, prefix: str, *names: str) -> dict[str, Any]:
    return {f"{prefix}{name}": getattr(part, name) if part is not None else None for name in names}


def _regex(globs: tuple[str, ...] | None, *, lower: bool = False) -> str | None:
    return to_regex(globs, lower=lower) if globs is not None else None


_STREAM_ROWS: dict[str, Callable[[Company], Rows]] = {
    "company": _company,
    "policy": _policy,
    "sources": _sources,
    "metering": _metering,
    "initiatives": _initiatives,
    "ownership_rules": _ownership_rules,
    "ownership_targets": _ownership_targets,
    "pools": _pools,
    "model_tiers": _model_tiers,
    "model_tier_patterns": _model_tier_patterns,
    "complexity_tiers": _complexity_tiers,
    "departments": _departments,
    "products": _products,
    "customers": _customers,
    "contracts": _contracts,
    "caps": _caps,
    "cap_overrides": _cap_overrides,
    "cost_class_rules": _cost_class_rules,
    "ledger_account_patterns": _ledger_account_patterns,
    "posting_accounts": _posting_accounts,
    "ledger_counterparties": _ledger_counterparties,
}
