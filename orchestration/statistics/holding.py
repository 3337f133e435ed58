"""When what is ready stays so although gate 4 wavers: the rule that the gates apply and that is measured on whole series."""

from collections.abc import Sequence

HELD_DAYS, MAX_UNSTABLE_DAYS = 5, 2


def keeps_ready(is_stable: Sequence[bool]) -> bool:
    """Whether what is ready stays so: gate 4 was not stable on at most 2 of the last 5 days. ``is_stable``: the days since
    it became ready, the last one last.
    """
    return sum(not stable for stable in is_stable[-HELD_DAYS:]) <= MAX_UNSTABLE_DAYS
