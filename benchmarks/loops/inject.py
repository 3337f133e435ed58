"""Loops put into a key's traffic: what they are, and the minutes and hours they add."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from benchmarks.loops.trace import DAYS, Key, moment, quiet
from orchestration.policy.loop_detector import MinuteTotals

HAMMER, GROWING, SUCCESS, DRIP = "steady hammer", "growing context", "successful calls only", "slow drip"
LOOPS = (HAMMER, GROWING, SUCCESS)
LOOP_SIZES = {"5x": 5, "10x": 10, "30x": 30}
"""Times what the key spent in a median hour with traffic before; a growing one in its first ten minutes."""
DRIP_SIZES = {"0.5x": Decimal("0.5"), "1x": Decimal(1), "2x": Decimal(2)}
"""Times what the key spends in a mean hour before, around the clock."""
LEAST_PER_HOUR, LEAST_DRIP_PER_HOUR = Decimal(6), Decimal("0.25")
FIRST_DAY, FIRST_DAY_OF_DRIPS = 4, 7
"""Days from a key's first one to the first on which a loop, or a drip, may begin."""
LOOP_MINUTES = 30


@dataclass(frozen=True)
class Loop:
    """``per_hour``: dollars; ``calls``: calls a minute; ``start``: number of the minute."""

    key: Key
    kind: str
    size: str
    start: int
    per_hour: Decimal
    calls: int


def draw_loops(keys: list[Key], per_kind_and_size: int, seed: int) -> Iterator[Loop]:
    """Loops of every kind and size at random keys and minutes, four days or more after the key's first."""
    rng = random.Random(seed)
    old_enough = [key for key in keys if key.first_day + FIRST_DAY < DAYS - 1]
    for_drips = [key for key in keys if key.first_day + FIRST_DAY_OF_DRIPS < DAYS - 1]
    for kind in LOOPS:
        for size, times in LOOP_SIZES.items():
            for _ in range(per_kind_and_size):
                key = rng.choice(old_enough)
                start = rng.randrange((key.first_day + FIRST_DAY) * 1440, (DAYS - 1) * 1440)
                used = sorted(cost for cost in key.hours[: start // 60] if cost)
                per_hour = max(LEAST_PER_HOUR, times * used[len(used) // 2])
                yield Loop(key, kind, size, start, per_hour, rng.randrange(4, 31))
    for size, ratio in DRIP_SIZES.items():
        for _ in range(per_kind_and_size):
            key = rng.choice(for_drips)
            start = 60 * rng.randrange((key.first_day + FIRST_DAY_OF_DRIPS) * 24, (DAYS - 1) * 24)
            before = key.hours[key.first_day * 24 : start // 60]
            per_hour = max(LEAST_DRIP_PER_HOUR, ratio * sum(before) / len(before))
            yield Loop(key, DRIP, size, start, per_hour, 1)


def minute_with(loop: Loop, minute: int, rng: random.Random) -> MinuteTotals:
    """The key's minute with the loop's calls in it, all of which succeed."""
    own = loop.key.minutes.get(minute) or quiet(minute)
    since = minute - loop.start
    if not 0 <= since < LOOP_MINUTES:
        return own
    per_minute, first = loop.per_hour / 60, 2_000
    prompts = [first] * loop.calls
    if loop.kind == GROWING:
        prompts = [first + 40 * (since * loop.calls + number) for number in range(loop.calls)]
        middle = first + 40 * loop.calls * 5
        per_minute = per_minute * sum(prompts) / (middle * loop.calls)
    elif loop.kind == SUCCESS:
        prompts = [int(first * rng.lognormvariate(0, 0.6)) for _ in range(loop.calls)]
        per_minute = per_minute * sum(prompts) / (2_394 * loop.calls)
    repeated = loop.calls if loop.kind == HAMMER else 1
    is_commoner = repeated > (own.repeated_calls or 0)
    return replace(
        own,
        minute=moment(minute),
        cost=own.cost + per_minute,
        calls=(own.calls or 0) + loop.calls,
        prompt_tokens=(own.prompt_tokens or 0) + sum(prompts),
        signature=f"loop {prompts[0]}" if is_commoner else own.signature,
        repeated_calls=repeated if is_commoner else own.repeated_calls,
    )
