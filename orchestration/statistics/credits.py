"""Credits and refunds beside usage: which of them belong to what a month costs.

Credits that come on at least half of the days are a discount and part of the cost. Those that come on fewer, and one among
a discount that takes more than three times its usual share of a day's usage, are events of their own: they say nothing of
what the next month costs, and a run-rate without them is the higher, the careful one.
"""

from collections.abc import Sequence
from fractions import Fraction
from statistics import median

EVENT_OVER_USUAL = 3


def recurring_costs(costs: Sequence[int], credits: Sequence[int]) -> list[int]:
    """Daily costs, of which ``credits`` (zero or below) are part, without credits that are events of their own."""
    days = list(zip(costs, credits, strict=True))
    days_with_credit = sum(credit != 0 for credit in credits)
    shares = [Fraction(-credit, cost - credit) for cost, credit in days if credit != 0 and cost != credit]
    is_discounted = 2 * days_with_credit >= len(days) and shares
    most = EVENT_OVER_USUAL * median(shares) if is_discounted else Fraction(0)
    return [cost if -credit <= most * (cost - credit) else cost - credit for cost, credit in days]
