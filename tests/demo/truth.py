"""What a correct warehouse must make of the simulated company, computed from the simulated rows and nothing else.

No code of the pipeline is used: prices are the catalog's literals, ownership is written down again here, shares are
split by an own largest remainder. Money is exact decimal in US dollars, months are ``YYYY-MM``, up to the as-of day.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from orchestration.demo.billing import BilledLine, all_lines, anthropic_classes, openai_classes
from orchestration.demo.catalog import (
    AS_OF,
    DEFAULT_CLOCK,
    FIRST_DAY,
    PER_MILLION,
    UNPRICED_FROM,
    UNPRICED_MODEL,
    WEB_SEARCH_PRICE,
    days,
    month_of,
    unit_price,
)
from orchestration.demo.finance import HOSTING_PER_DAY, POSTED_MONTHS, journals, revenue_by_product_month
from orchestration.demo.gateway_calls import PROVIDER, list_cost
from orchestration.demo.traffic import as_reported, simulate

TARGET_MARGIN = Decimal("0.70")
COGS_OF_PRODUCT = {"prod_helpdesk": "reply_assistant", "prod_clauses": "clause_review"}
"""Customer-facing core initiatives, whose cost is cost of goods sold."""

PREPAID_ON, PREPAID = date(2026, 10, 1), Decimal(150)
"""Paid in advance to the gateway's provider: billed on that day, and cost only as it is drawn."""

_SMALLEST = Decimal("0.000000001")
_OWNER_OF_KEY = {
    "key_reply": "reply_assistant",
    "key_knowledge": "knowledge_search",
    "key_code": "code_helper",
    "key_heron": "code_helper",
    "key_outreach": "outreach_drafts",
    "key_meeting_notes": "meeting_notes",
    "apikey_clauses": "clause_review",
    "apikey_summaries": "smart_summaries",
}
_SHARES: dict[str, dict[str, Decimal] | tuple[str, ...]] = {
    "key_platform_shared": {"code_helper": Decimal("0.7"), "knowledge_search": Decimal("0.3")},
    "key_index_shared": dict.fromkeys(("code_helper", "knowledge_search", "reply_assistant"), Decimal(1)),
    "key_eval_shared": ("knowledge_search", "reply_assistant"),
}
"""Shared keys: weights, or the initiatives that share in proportion to their direct cost of the day."""


@dataclass(frozen=True)
class Verdict:
    """Planted outcome of gates 1 to 4: the status of each, and the reason that each gate which does not pass states."""

    gates: dict[int, str]
    reasons: dict[int, str]

    @property
    def blocking(self) -> tuple[int, ...]:
        """The gates that do not pass; each of them is required."""
        return tuple(number for number, status in self.gates.items() if status != "pass")

    @property
    def is_ready(self) -> bool:
        """Whether nothing stands in the way of approval."""
        return not self.blocking


def _verdict(**faults: tuple[str, str]) -> Verdict:
    """``gate_<n>=(status, reason)`` for each gate that does not pass."""
    found = {int(gate.removeprefix("gate_")): fault for gate, fault in faults.items()}
    gates = {number: found[number][0] if number in found else "pass" for number in range(1, 5)}
    return Verdict(gates, {number: reason for number, (_, reason) in found.items()})


VERDICTS = {
    "ticket_triage": _verdict(),
    "lead_research": _verdict(gate_4=("fail", "growing")),
    "outreach_drafts": _verdict(gate_4=("fail", "volatile")),
    "invoice_matching": _verdict(gate_4=("fail", "cap_bound")),
    "clause_translation": _verdict(gate_4=("insufficient", "missing_days")),
    "meeting_notes": _verdict(gate_1=("fail", "costs_more_than_it_replaces"), gate_2=("deferred", "higher_tier")),
    "smart_summaries": _verdict(gate_4=("insufficient", "short_history")),
    "survey_tagging": _verdict(gate_1=("fail", "costs_more_than_it_replaces")),
    "email_sorting": _verdict(gate_2=("deferred", "higher_tier")),
    "contract_intake": _verdict(gate_3=("fail", "cap_above_declared")),
}
"""On the as-of day."""
VERDICTS_ONE_DAY_EARLIER = VERDICTS | {"ticket_triage": _verdict(gate_4=("insufficient", "short_history"))}
"""From a first run as of the day before: what flips by one day is the ticket triage, and nothing else."""
FIRST_READY = {"clause_translation": date(2026, 9, 30), "ticket_triage": AS_OF}
"""The thirtieth day of the history of each; the clause translation was ready until its missing day, and is no more."""
FLAGGED_FOR_RETURN = {"code_helper": UNPRICED_FROM}
"""Core initiatives whose unit cost stays a quarter above their first 28 days, and since when: the private model came."""


@dataclass(frozen=True)
class Margin:
    """One product and month."""

    revenue: Decimal
    ai_cogs: Decimal
    other_cogs: Decimal

    @property
    def gross_profit(self) -> Decimal:
        """Revenue less both kinds of cost of goods sold."""
        return self.revenue - self.ai_cogs - self.other_cogs

    @property
    def is_below_target(self) -> bool:
        """Whether the margin misses the company's target."""
        return self.gross_profit < TARGET_MARGIN * self.revenue


@dataclass(frozen=True)
class Allocation:
    """A part of the cost; ``owner`` is an initiative, ``department:<id>`` or ``unallocated``."""

    provider: str
    day: date
    owner: str
    method: str
    amount: Decimal


@dataclass
class Truth:
    """All expected figures, keyed as their names say."""

    tokens_by_provider_month_class: dict[tuple[str, str, str], int] = field(default_factory=lambda: defaultdict(int))
    list_cost_by_provider_month: dict[tuple[str, str], Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    unpriced_tokens_by_month: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    unpriced_billed_by_month: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    billed_by_provider_day: dict[tuple[str, date], Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    allocations: list[Allocation] = field(default_factory=list)
    margin_by_product_month: dict[tuple[str, str], Margin] = field(default_factory=dict)

    def allocated_by_owner_month(self) -> dict[tuple[str, str], Decimal]:
        """Cost per owner and month, shared parts included."""
        sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for part in self.allocations:
            sums[part.owner, month_of(part.day)] += part.amount
        return dict(sums)

    def unallocated_by_provider_month(self) -> dict[tuple[str, str], Decimal]:
        """What no rule gives to anybody."""
        sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for part in self.allocations:
            if part.owner == "unallocated":
                sums[part.provider, month_of(part.day)] += part.amount
        return dict(sums)

    def daily_cost(self, owner: str) -> dict[date, Decimal]:
        """Cost per day with cost of one owner."""
        sums: dict[date, Decimal] = defaultdict(Decimal)
        for part in self.allocations:
            if part.owner == owner:
                sums[part.day] += part.amount
        return dict(sorted(sums.items()))


@lru_cache(maxsize=4)
def expected(clock: datetime = DEFAULT_CLOCK) -> Truth:
    """The truths as the providers report them at a moment (restated days differ after ``catalog.RESTATED_AT``)."""
    truth = Truth()
    for provider, day, model, token_class, quantity in _usage(clock):
        truth.tokens_by_provider_month_class[provider, month_of(day), token_class] += quantity
        if token_class == "web_search":
            truth.list_cost_by_provider_month[provider, month_of(day)] += quantity * WEB_SEARCH_PRICE
        elif model == UNPRICED_MODEL:
            truth.unpriced_tokens_by_month[month_of(day)] += quantity
        else:
            price = unit_price(provider, model, day, token_class)
            if price is None:
                raise ValueError(f"{model} has no price in the catalog")
            truth.list_cost_by_provider_month[provider, month_of(day)] += quantity * price * PER_MILLION
    lines = [line for line in all_lines(simulate(), clock) if line.day <= AS_OF]
    for line in lines:
        truth.billed_by_provider_day[line.provider, line.day] += line.billed
        if line.model == UNPRICED_MODEL:
            truth.unpriced_billed_by_month[month_of(line.day)] += line.billed
    truth.billed_by_provider_day["mistral", PREPAID_ON] += PREPAID
    truth.allocations.extend(_allocate(lines))
    truth.margin_by_product_month.update(_margins(truth))
    return truth


def cash_and_burn() -> dict[str, tuple[Decimal, Decimal]]:
    """Cash at the end of each ended month and its fall within the month, from the posted journals."""
    moves: dict[str, Decimal] = defaultdict(Decimal)
    for entry in journals(simulate()):
        for line in entry.lines:
            if line.account == "1010":
                moves[month_of(entry.posting_date)] += line.debit - line.credit
    cash, ended = moves[month_of(FIRST_DAY - timedelta(days=1))], {}
    for month in POSTED_MONTHS:
        cash += moves[month]
        ended[month] = (cash, -moves[month])
    return ended


def _usage(clock: datetime) -> Iterator[tuple[str, date, str, str, int]]:
    """(provider, day, model, token class, quantity) of everything metered."""
    traffic = simulate()
    for row in as_reported(traffic.openai, clock):
        if row.hour.date() <= AS_OF:
            for token_class, quantity in openai_classes(row).items():
                yield "openai", row.hour.date(), row.model, token_class, quantity
    for used in as_reported(traffic.anthropic, clock):
        if used.hour.date() <= AS_OF:
            for token_class, quantity in anthropic_classes(used).items():
                yield "anthropic", used.hour.date(), used.model, token_class, quantity
            if used.web_searches:
                yield "anthropic", used.hour.date(), used.model, "web_search", used.web_searches
    for call in traffic.gateway:
        if call.is_success and call.started_at.date() <= AS_OF:
            classes = {
                "input_uncached": call.prompt - call.cached,
                "cache_read": call.cached,
                "output": call.completion,
            }
            for token_class, quantity in classes.items():
                if quantity:
                    yield PROVIDER, call.started_at.date(), call.model, token_class, quantity


def _allocate(lines: list[BilledLine]) -> list[Allocation]:
    parts = _metered()
    pots: dict[tuple[str, date, str, str], Decimal] = defaultdict(Decimal)
    for line in lines:
        if line.api_key_id in _SHARES:
            pots[line.provider, line.day, line.model or "", line.api_key_id] += line.billed
        else:
            owner = _owner(line)
            method = "unallocated" if owner == "unallocated" else "direct"
            parts.append(Allocation(line.provider, line.day, owner, method, line.billed))
    direct: dict[tuple[date, str], Decimal] = defaultdict(Decimal)
    for part in parts:
        direct[part.day, part.owner] += part.amount
    for (provider, day, _, key), amount in sorted(pots.items()):
        share = _SHARES[key]
        weights = share if isinstance(share, dict) else {owner: direct[day, owner] for owner in share}
        method = {"key_platform_shared": "fixed", "key_index_shared": "even", "key_eval_shared": "proportional"}[key]
        parts += [Allocation(provider, day, owner, method, part) for owner, part in split(amount, weights).items()]
    return parts


def _metered() -> list[Allocation]:
    """The gateway's provider has no bill: list cost stands in for it."""
    parts = []
    for call in simulate().gateway:
        day = call.started_at.date()
        if call.is_success and day <= AS_OF:
            owner = "department:engineering" if call.user_id else call.key_alias
            cost = list_cost(call.model, day, call.prompt, call.cached, call.completion)
            parts.append(Allocation(PROVIDER, day, owner, "direct", cost))
    return parts


def _owner(line: BilledLine) -> str:
    if line.provider == "aws":
        return "clause_translation"
    if line.api_key_id is None and line.project_id == "proj_knowledge":
        return "knowledge_search"
    return _OWNER_OF_KEY.get(line.api_key_id or "", "unallocated")


def split(amount: Decimal, weights: dict[str, Decimal]) -> dict[str, Decimal]:
    """Parts in units of 10^-9 that sum to the amount exactly; largest remainder, ties by name."""
    units, whole = int(amount / _SMALLEST), sum(weights.values())
    exact = {name: units * weight / whole for name, weight in weights.items()}
    parts = {name: int(value) for name, value in exact.items()}
    by_remainder = sorted(parts, key=lambda name: (parts[name] - exact[name], name))
    for name in by_remainder[: units - sum(parts.values())]:
        parts[name] += 1
    return {name: part * _SMALLEST for name, part in parts.items()}


def _margins(truth: Truth) -> dict[tuple[str, str], Margin]:
    cost, revenue = truth.allocated_by_owner_month(), revenue_by_product_month()
    length: dict[str, int] = defaultdict(int)
    for day in days(FIRST_DAY, AS_OF):
        length[month_of(day)] += 1
    return {
        (product, month): Margin(
            revenue=revenue[product, month],
            ai_cogs=cost[initiative, month],
            other_cogs=HOSTING_PER_DAY[product] * count,
        )
        for product, initiative in COGS_OF_PRODUCT.items()
        for month, count in length.items()
    }
