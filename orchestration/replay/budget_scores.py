"""What a replayed budget framework did per month: spend, overspend, starved days, stopped winners, forecast error.

Scoring alone looks back from the end of history: which initiatives are winners is known only then.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from orchestration.policy.evidence import rounded
from orchestration.replay.budget_past import ZERO, first_of_month
from orchestration.replay.frameworks import NO_POLICY, OPEN_POOL, DayOutcome, Grant

STOPPED_DAYS = 7


@dataclass(frozen=True)
class MonthScore:
    """One framework's month, from the days that were scored; amounts in the reporting currency.

    ``overspend``: None where the framework has no budget. ``starved_days``: initiative-days with demand above the
    remaining budget. ``stopped_winners``: initiatives granted nothing on seven days with demand in a row, the seventh
    in this month, that are winners at the end of history. ``forecast_error_ratio``: distance of what the framework
    expected from the demand, over the demand; None without an expectation or demand.
    """

    month: date
    demand: Decimal
    spend: Decimal
    overspend: Decimal | None
    starved_days: int
    stopped_winners: int
    forecast_error_ratio: Decimal | None


def score_months(
    framework: str, outcomes: Sequence[DayOutcome], winners: Collection[str], first: date, last: date
) -> list[MonthScore]:
    """Scores of the months from ``first`` to ``last``, of the days in between only; stops are counted from the start."""
    stops = stopped_on(outcomes)
    months: dict[date, list[DayOutcome]] = defaultdict(list)
    for outcome in outcomes:
        if first <= outcome.day <= last:
            months[first_of_month(outcome.day)].append(outcome)
    return [_score(framework, month, part, stops, winners) for month, part in sorted(months.items())]


def stopped_on(outcomes: Sequence[DayOutcome]) -> dict[str, date]:
    """The first day on which each stopped initiative had been granted nothing on seven days with demand in a row."""
    runs: dict[str, int] = defaultdict(int)
    found: dict[str, date] = {}
    for outcome in outcomes:
        for grant in outcome.grants:
            name = grant.demand.initiative_id
            if grant.demand.amount > 0:
                runs[name] = runs[name] + 1 if grant.granted <= 0 else 0
                if runs[name] == STOPPED_DAYS:
                    found.setdefault(name, outcome.day)
    return found


def _score(
    framework: str, month: date, outcomes: list[DayOutcome], stops: dict[str, date], winners: Collection[str]
) -> MonthScore:
    grants = [grant for outcome in outcomes for grant in outcome.grants]
    days = {outcome.day for outcome in outcomes}
    demand = sum((grant.demand.amount for grant in grants), ZERO)
    return MonthScore(
        month=month,
        demand=demand,
        spend=sum((grant.granted for grant in grants), ZERO),
        overspend=_overspend(framework, grants),
        starved_days=sum(grant.is_starved for grant in grants),
        stopped_winners=sum(name in winners and day in days for name, day in stops.items()),
        forecast_error_ratio=_error(outcomes, demand),
    )


def _overspend(framework: str, grants: list[Grant]) -> Decimal | None:
    """Spend above the budget: of the pool as a whole, of each core initiative's allowance; a pot cannot be overspent."""
    if framework == NO_POLICY:
        return None
    over: dict[str, Decimal] = defaultdict(Decimal)
    for grant in grants:
        if grant.allowance is None:
            continue
        if framework == OPEN_POOL:
            over["pool"] += grant.granted - grant.allowance
        elif grant.demand.is_core or grant.demand.is_ready:
            over[grant.demand.initiative_id] += grant.granted - grant.allowance
    return sum((max(ZERO, amount) for amount in over.values()), ZERO)


def _error(outcomes: list[DayOutcome], demand: Decimal) -> Decimal | None:
    expected = [outcome.expected for outcome in outcomes if outcome.expected is not None]
    if len(expected) < len(outcomes) or demand <= 0:
        return None
    return rounded(abs(sum(expected, ZERO) - demand) / demand)
