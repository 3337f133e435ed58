"""What a cap asks for: the limits to be written ahead to the gateway, whether to refuse now and until when, whom to tell.

A pure decision on the cost known in each window of one capped entity; amounts are US dollars, as gateways keep budgets. Cost
is what the company's own prices make of the usage; the gateway's own counter is a witness that can only make a limit stricter.

A window is reached when its cost is at the cap less the headroom (in alert mode: at the cap). A hard cap then refuses until the
reset instant of that window in the cap's zone, not earlier, also where the cost is restated or the cap's amount raised; only
an override in force, approved by somebody, lifts it before. Data that is stale, missing, from the future or from before the
window began holds what stands: nothing is lifted, no limit is raised, and somebody is told. Cost that is known to have passed
the cap refuses also when it is old, for cost of a window only grows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext

from orchestration.policy.cap_windows import CapWindow, window_at
from orchestration.policy.evidence import evidence_id, figure
from orchestration.policy.shared_limits import KeySpend, shared_limits

WITHIN, WARNED, REACHED, UNKNOWN = "within", "warned", "reached", "unknown"
HARD, ALERT = "hard", "alert"
_NOTHING = Decimal(0)


@dataclass(frozen=True)
class ApprovedOverride:
    """Another amount from ``starts_at`` until ``expires_at``, exclusive."""

    amount: Decimal
    starts_at: datetime
    expires_at: datetime
    approver: str


@dataclass(frozen=True)
class KeyCost:
    """What one key has cost in the window that contains now; None where not known.

    ``uncounted``: what the gateway's own counter was last seen to lack of it, as after a midnight of the gateway's that is
    not one of the cap's zone; ``observed``: the limit that the gateway was last seen to hold, which matters while a lower
    one is not in force yet; ``share``: its part of the entity's cost of the last
    days, by which what is left is handed out beside an even part; ``is_limited``: whether it is the entity's alone, so that
    a limit may be written for it; else its cost counts and nothing holds it.
    """

    key: str
    cost: Decimal | None
    uncounted: Decimal = _NOTHING
    observed: Decimal | None = None
    share: Decimal = _NOTHING
    is_limited: bool = True


@dataclass(frozen=True)
class CapLine:
    """One window of a cap. ``amount``: None where no rate turns it into dollars; ``keys``: every key of the entity, also one
    that is gone and has cost in the window; ``known_at``: up to when all cost is in; ``unpriced``: requests of unknown cost,
    which the costs lack.
    """

    window: str
    amount: Decimal | None
    keys: tuple[KeyCost, ...]
    known_at: datetime | None
    reset_day: int = 1
    overrides: tuple[ApprovedOverride, ...] = ()
    unpriced: int = 0


@dataclass(frozen=True)
class CapFacts:
    """One capped entity and its windows.

    ``headroom``: what is left free below the cap, None for the cost of requests in flight; ``worst_request``: the most that
    one request has cost, None where not known; ``max_age``: how old the cost may be.
    """

    cap_id: str
    entity: str
    zone: str
    mode: str
    lines: tuple[CapLine, ...]
    max_age: timedelta
    headroom: Decimal | None = None
    requests_in_flight: int = 1
    worst_request: Decimal | None = None
    warn_ratio: Decimal = Decimal("0.8")

    @property
    def overshoot_bound(self) -> Decimal | None:
        """Most that requests in flight may cost beyond the limits written: requests in flight x the worst request."""
        return None if self.worst_request is None else self.requests_in_flight * self.worst_request

    @property
    def kept_free(self) -> Decimal:
        """What is left free below a hard cap."""
        if self.mode != HARD:
            return _NOTHING
        return self.headroom if self.headroom is not None else self.overshoot_bound or _NOTHING


@dataclass(frozen=True)
class LineState:
    """How one window stood after the last decision. ``refused_until``: its reset instant, None where it refuses nothing;
    ``limits``: what was last decided for each key.
    """

    window: str
    status: str
    refused_until: datetime | None = None
    limits: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class CapState:
    """How a cap stood after the last decision; empty before the first."""

    lines: tuple[LineState, ...] = ()

    def line(self, window: str) -> LineState:
        return next((one for one in self.lines if one.window == window), LineState(window, UNKNOWN))


@dataclass(frozen=True)
class LineDecision:
    """One window. ``amount``: the cap in force with its ``approver`` where it is an override's; ``cost``: None where some of
    it is not known; ``limits``: what to write for each key, in the gateway's own count.
    """

    window: str
    status: str
    span: CapWindow
    amount: Decimal | None
    approver: str | None
    cost: Decimal | None
    is_fresh: bool
    refused_until: datetime | None
    limits: Mapping[str, Decimal]
    reason: str


@dataclass(frozen=True)
class CapDecision:
    """What follows for the entity. ``refuse_until``: the last reset instant that is waited for, None where nothing is
    refused; ``overshoot_bound``: see :class:`CapFacts`, None where the worst request is not known.
    """

    cap_id: str
    entity: str
    before: CapState
    after: CapState
    lines: tuple[LineDecision, ...]
    refuse_until: datetime | None
    overshoot_bound: Decimal | None
    evidence_id: str

    @property
    def refuse(self) -> bool:
        return self.refuse_until is not None

    @property
    def reason(self) -> str:
        return "; ".join(line.reason for line in self.lines)


@dataclass(frozen=True)
class _Evidence:
    state: CapState
    facts: CapFacts
    now: datetime


def decide_cap(state: CapState, facts: CapFacts, now: datetime) -> CapDecision:
    """The cap at ``now``. Raises ValueError for a time without a zone; never reads a clock itself."""
    if now.utcoffset() is None:
        raise ValueError(f"{now} has no time zone")
    now = now.astimezone(UTC)
    with localcontext() as context:
        context.prec = 60
        decided = [_decide_line(state.line(line.window), line, facts, now) for line in facts.lines]
    lines, after = tuple(line for line, _ in decided), tuple(one for _, one in decided)
    seen = {line.window for line in lines}
    # a window of which nothing is said any more refuses until its reset instant, as it said it would
    absent = [one for one in state.lines if one.window not in seen and one.refused_until and now < one.refused_until]
    waited = [one.refused_until for one in (*after, *absent) if one.refused_until is not None]
    return CapDecision(
        cap_id=facts.cap_id,
        entity=facts.entity,
        before=state,
        after=CapState((*after, *absent)),
        lines=lines,
        refuse_until=max(waited) if waited and facts.mode == HARD else None,
        overshoot_bound=facts.overshoot_bound,
        evidence_id=evidence_id(_Evidence(state, facts, now)),
    )


def _decide_line(before: LineState, line: CapLine, facts: CapFacts, now: datetime) -> tuple[LineDecision, LineState]:
    span = window_at(line.window, now, facts.zone, line.reset_day)
    amount, approver = _in_force(line, now)
    gap = _gap(line, span, facts.max_age, now)
    known = _cost_known(line, span, now)
    is_spent = amount is not None and known is not None and known >= max(amount - facts.kept_free, _NOTHING)
    refused_until, held = _refusal(before, span, is_spent, gap is None and amount is not None, approver, now)
    status = _status(amount, known, is_spent or refused_until is not None, gap, facts.warn_ratio)
    limits = _limits(before, line, amount, facts, gap is None)
    decision = LineDecision(
        window=line.window,
        status=status,
        span=span,
        amount=amount,
        approver=approver,
        cost=known if gap is None else None,
        is_fresh=gap is None,
        refused_until=refused_until,
        limits=_as_counted(limits, line, facts),
        reason=_reason(line, amount, approver, known, gap, held or _waiting(refused_until), facts),
    )
    return decision, LineState(line.window, status, refused_until, limits)


def _in_force(line: CapLine, now: datetime) -> tuple[Decimal | None, str | None]:
    """The amount at ``now``, and who approved it where it is not the cap's own."""
    for one in line.overrides:
        if one.starts_at <= now < one.expires_at:
            return one.amount, one.approver
    return line.amount, None


def _gap(line: CapLine, span: CapWindow, max_age: timedelta, now: datetime) -> str | None:
    """Why the cost cannot be used to lift or raise anything; None if it can."""
    if line.known_at is None or not line.keys or any(one.cost is None for one in line.keys):
        return "cost not known"
    if line.known_at > now:
        return f"cost known only as of {line.known_at}, which is after now"
    if line.known_at < span.start:
        return f"no cost known since the window began at {span.start}"
    if line.unpriced:
        return requests_not_known(line.unpriced)
    if now - line.known_at > max_age:
        return f"cost known only as of {line.known_at}, more than {max_age} ago"
    return None


def requests_not_known(count: int) -> str:
    """In words, that nobody knows what so many requests cost."""
    if count == 1:
        return "1 request has no price or is malformed in the log"
    return f"{count} requests have no price or are malformed in the log"


def _cost_known(line: CapLine, span: CapWindow, now: datetime) -> Decimal | None:
    """The cost that the window has at least; None where nothing is known of it."""
    if line.known_at is None or not span.start <= line.known_at <= now:
        return None
    costs = [one.cost for one in line.keys if one.cost is not None]
    return sum(costs, _NOTHING) if costs else None


def _refusal(
    before: LineState, span: CapWindow, is_spent: bool, is_usable: bool, approver: str | None, now: datetime
) -> tuple[datetime | None, str | None]:
    """Until when the window refuses, and what it refuses for where it is not its cost."""
    if is_spent:
        return max(span.end, before.refused_until or span.end), None
    if before.refused_until is None:
        return None, None
    is_over = now >= before.refused_until
    if is_usable and (is_over or approver is not None):
        return None, None
    held = "reset, but nothing fresh is known of the new window; refusal held" if is_over else None
    return before.refused_until, held or f"refused until the reset at {before.refused_until}"


def _waiting(refused_until: datetime | None) -> str | None:
    return None if refused_until is None else f"refused until the reset at {refused_until}"


def _status(
    amount: Decimal | None, known: Decimal | None, is_reached: bool, gap: str | None, warn_ratio: Decimal
) -> str:
    if is_reached:
        return REACHED
    if gap is not None or amount is None or known is None:
        return UNKNOWN
    return WARNED if known >= warn_ratio * amount else WITHIN


def _limits(
    before: LineState, line: CapLine, amount: Decimal | None, facts: CapFacts, is_fresh: bool
) -> Mapping[str, Decimal]:
    """The limit of each key by the company's own count. Without an amount, what stands."""
    if facts.mode != HARD:
        return {}
    if amount is None:
        return before.limits
    limited = [one for one in line.keys if one.is_limited]
    beside = sum((one.cost or _NOTHING for one in line.keys if not one.is_limited), _NOTHING)
    capacity = max(amount - facts.kept_free - beside, _NOTHING)
    if len(line.keys) == len(limited) == 1:
        (only,) = limited
        standing = before.limits.get(only.key)
        return {only.key: capacity if is_fresh or standing is None else min(capacity, standing)}
    # half of what is left goes by trailing share and half evenly: a key that was idle must be able to begin
    whole = sum((one.share for one in limited), _NOTHING)
    spends = [
        KeySpend(one.key, one.cost, _standing(before, one, facts), one.share * len(limited) + whole) for one in limited
    ]
    limits = shared_limits(capacity, spends, may_raise=is_fresh)
    if is_fresh:
        return limits
    # what the gateway was seen to hold may be more than was decided since: that is no reason to decide more
    return {key: min(limit, before.limits.get(key, limit)) for key, limit in limits.items()}


def _standing(before: LineState, one: KeyCost, facts: CapFacts) -> Decimal | None:
    """The most that the key may spend by what was decided for it and by what the gateway still holds; None for no limit."""
    seen = None if one.observed is None else one.observed + _uncounted(one, facts)
    standing = [limit for limit in (before.limits.get(one.key), seen) if limit is not None]
    return max(standing, default=None)


def _uncounted(one: KeyCost, facts: CapFacts) -> Decimal:
    """What the gateway's counter lacks, where that is more than requests in flight explain."""
    return one.uncounted if one.uncounted > facts.kept_free else _NOTHING


def _as_counted(limits: Mapping[str, Decimal], line: CapLine, facts: CapFacts) -> Mapping[str, Decimal]:
    """The limits as the gateway must hold them to refuse at the same cost; never above the company's own."""
    lacking = {one.key: _uncounted(one, facts) for one in line.keys}
    return {key: max(limit - lacking.get(key, _NOTHING), _NOTHING) for key, limit in limits.items()}


def _reason(
    line: CapLine,
    amount: Decimal | None,
    approver: str | None,
    known: Decimal | None,
    gap: str | None,
    waiting: str | None,
    facts: CapFacts,
) -> str:
    if amount is None:
        cap = f"{line.window} cap not known in US dollars"
    else:
        by = f", approved by {approver}" if approver else ""
        less = f" less {figure(facts.kept_free)} of headroom" if facts.kept_free else ""
        cap = f"{line.window} cap of {figure(amount)} USD{by}{less}"
    spent = "no cost known" if known is None else f"{figure(known)} USD spent"
    return ": ".join([cap, ", ".join(part for part in (spent, gap, waiting) if part)])
