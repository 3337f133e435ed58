"""From a provider and a model as seen in usage to the model of the pinned price list, or to nothing.

The price list matches generously (prefixes, regular expressions), which suits a library and not a ledger: a private
``claude-sonnet-4-5-experimental`` would quietly take the public model's price. Here an id counts only if it is

- the id of a model, an alias it declares, or the literal of a prefix it declares,
- one of these with the date of a snapshot behind it (``-2026-08-07``, ``-20260807``, ``@20260807``); a model listed as
  ``name-latest`` also covers ``name-20260807``,
- one of these behind ``provider/``, as gateways write it, or a fine-tuned ``ft:name-date:organization:...``,

*and* the price list itself answers with the same model. Anything else has no price: the warehouse shows it as unpriced.
"""

import re
from dataclasses import dataclass
from datetime import date

from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import (
    ClauseAnd,
    ClauseContains,
    ClauseEndsWith,
    ClauseEquals,
    ClauseOr,
    ClauseRegex,
    ClauseStartsWith,
    ModelInfo,
    Provider,
)

from orchestration.sellers import seller_of

Clause = ClauseAnd | ClauseContains | ClauseEndsWith | ClauseEquals | ClauseOr | ClauseRegex | ClauseStartsWith

_SNAPSHOT_DATE = re.compile(r"[-@](\d{4})-?(\d{2})-?(\d{2})$")


@dataclass(frozen=True)
class PricedModel:
    """A model of the price list; ``has_variants`` is False where a provider only resells another's model."""

    provider_id: str
    model: ModelInfo
    has_variants: bool


def find_maker(model_id: str) -> str | None:
    """The provider that makes the model, by the price list's own rule for bare model ids; None if it has none."""
    reference = model_id.strip().lower()
    for provider in get_snapshot().providers:
        if provider.model_match is not None and provider.model_match.is_match(reference):
            return provider.id
    return None


def is_listed(provider_name: str) -> bool:
    """Whether the price list knows the provider, as people or usage name it."""
    return _find_provider(provider_name) is not None


def find_model(provider_name: str, model_id: str) -> PricedModel | None:
    """The listed model that ``model_id`` certainly is, at the provider as usage names it; None if there is none."""
    provider = _find_provider(provider_name)
    if provider is None:
        return None
    reference = model_id.strip().lower()
    found = _find_at(provider, reference)
    prefix, slash, rest = reference.partition("/")
    if found is None and slash and seller_of(prefix) in (seller_of(provider_name), provider.id):
        found = _find_at(provider, rest)
    return found


def _find_provider(name: str) -> Provider | None:
    wanted = seller_of(name)
    providers = get_snapshot().providers
    for provider in providers:
        if provider.id == wanted:
            return provider
    for provider in providers:
        if wanted in _literals(provider.provider_match, ClauseEquals):
            return provider
    return None


def _find_at(provider: Provider, reference: str) -> PricedModel | None:
    model = provider.find_model(reference, all_providers=get_snapshot().providers)
    if model is None or not _is_certain(model, reference):
        return None
    return PricedModel(provider.id, model, any(model is own for own in provider.models))


def _is_certain(model: ModelInfo, reference: str) -> bool:
    names = {model.id.lower()} | _literals(model.match, ClauseEquals) | _literals(model.match, ClauseStartsWith)
    if reference in names:
        return True
    if reference.startswith("ft:"):
        reference = ":".join(reference.split(":")[:2])
    base = _without_date(reference)
    return base is not None and (base in names or f"{base}-latest" in names)


def _without_date(reference: str) -> str | None:
    """The id without the date of a snapshot; None if it does not end in a date that exists."""
    match = _SNAPSHOT_DATE.search(reference)
    if match is None:
        return None
    try:
        date(*(int(part) for part in match.groups()))
    except ValueError:
        return None
    return reference[: match.start()]


def _literals(clause: Clause | None, kind: type[ClauseEquals] | type[ClauseStartsWith]) -> set[str]:
    """The lower-case texts of all clauses of one kind; alternatives are opened, conjunctions are not."""
    if isinstance(clause, ClauseOr):
        return set().union(*(_literals(part, kind) for part in clause.or_))
    if isinstance(clause, ClauseEquals) and kind is ClauseEquals:
        return {clause.equals.lower()}
    if isinstance(clause, ClauseStartsWith) and kind is ClauseStartsWith:
        return {clause.starts_with.lower()}
    return set()
