"""Credits and refunds beside usage: which of them belong to what a month costs.

A credit that comes on at least half of the days is a discount and part of the cost. One that comes on fewer is an event
of its own: it says nothing of what the next month costs, and a run-rate without it is the higher, the careful one.
"""

from collections.abc import Sequence


def recurring_costs(costs: Sequence[int], credits: Sequence[int]) -> list[int]:
    """Daily costs, of which ``credits`` (zero or below) are part, without credits that come on fewer than half the days."""
    days_with_credit = sum(credit != 0 for credit in credits)
    if 2 * days_with_credit >= len(credits):
        return list(costs)
    return [cost - credit for cost, credit in zip(costs, credits, strict=True)]
