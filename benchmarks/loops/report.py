"""The measured figures as Markdown tables."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from statistics import median, quantiles

from benchmarks.loops.inject import DRIP, DRIP_SIZES, LOOP_SIZES, LOOPS
from benchmarks.loops.measure import Found

LATEST_MINUTES = {**dict.fromkeys(LOOPS, 10), DRIP: 24 * 60}


@dataclass(frozen=True)
class Results:
    """One half of the keys at one scale of money. ``false_alerts``: by kind; ``key_days``: with traffic and not labelled."""

    half: str
    scale: Decimal
    keys: int
    key_days: int
    labelled_days: int
    false_alerts: Counter[str]
    found: tuple[Found, ...]

    @property
    def per_30_key_days(self) -> float:
        return 30 * self.false_alerts.total() / self.key_days


def in_time(one: Found) -> bool:
    """Found within ten minutes, a drip within a day."""
    return one.minutes is not None and one.minutes <= LATEST_MINUTES[one.loop.kind]


def tables(results: list[Results]) -> str:
    """False alerts, then what was found in time by kind and size, then what was told for what."""
    return (
        "\n".join([*_false_alerts(results), "", *_recall(results), "", *_dollars(results), "", *_confusion(results)])
        + "\n"
    )


def _title(one: Results) -> str:
    return f"{one.half.replace('_', ' ')}, x {one.scale}"


def _false_alerts(results: list[Results]) -> Iterator[str]:
    yield "| half, money | keys | key-days | labelled days left out | false alerts | of them drips | per 30 key-days |"
    yield "|---|---|---|---|---|---|---|"
    for one in results:
        alerts = one.false_alerts
        yield (
            f"| {_title(one)} | {one.keys} | {one.key_days} | {one.labelled_days} | {alerts.total()} | "
            f"{alerts['slow_drip']} | {one.per_30_key_days:.2f} |"
        )


def _recall(results: list[Results]) -> Iterator[str]:
    yield "| injected | size | " + " | ".join(map(_title, results)) + " |"
    yield "|---|---|" + "---|" * len(results)
    groups = [(kind, size) for kind in LOOPS for size in LOOP_SIZES] + [(DRIP, size) for size in DRIP_SIZES]
    for kind, size in groups:
        cells = [_cell([f for f in one.found if (f.loop.kind, f.loop.size) == (kind, size)]) for one in results]
        yield f"| {kind} | {size} | " + " | ".join(cells) + " |"
    loops = [_cell([f for f in one.found if f.loop.kind != DRIP]) for one in results]
    drips = [_cell([f for f in one.found if f.loop.kind == DRIP]) for one in results]
    yield "| **all loops** | | " + " | ".join(loops) + " |"
    yield "| **all drips** | | " + " | ".join(drips) + " |"


def _cell(found: list[Found]) -> str:
    hits = [one.minutes for one in found if in_time(one) and one.minutes is not None]
    return f"{len(hits)} of {len(found)} ({100 * len(hits) / len(found):.0f} %), median {median(hits):.0f} min"


def _dollars(results: list[Results]) -> Iterator[str]:
    yield "| drips: dollars stated over dollars injected by then | lowest tenth | median | highest tenth |"
    yield "|---|---|---|---|"
    for one in results:
        ratios = [float(f.stated / f.injected) for f in one.found if f.stated is not None and f.injected]
        tenths = quantiles(ratios, n=10)
        yield f"| {_title(one)} | {tenths[0]:.2f} | {median(ratios):.2f} | {tenths[-1]:.2f} |"


def _confusion(results: list[Results]) -> Iterator[str]:
    """Rows are what was injected, columns what was told in time."""
    kinds = ("steady_hammer", "growing_context", "velocity", "slow_drip")
    yield "| injected, told as | " + " | ".join(kinds) + " | nothing in time |"
    yield "|---|" + "---|" * (len(kinds) + 1)
    for one in results:
        for kind in (*LOOPS, DRIP):
            told = Counter(f.kind if in_time(f) else None for f in one.found if f.loop.kind == kind)
            yield f"| {_title(one)}: {kind} | " + " | ".join(str(told[name]) for name in (*kinds, None)) + " |"
        spared = ", ".join(f"{count} {kind}" for kind, count in sorted(one.false_alerts.items())) or "none"
        yield f"| {_title(one)}: nothing | {spared} |" + " |" * len(kinds)
