"""The tables and the plot of ``orchestration/statistics/REAL_SERIES.md``, from what was measured on one half of the panel."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from benchmarks.series.forecasts import HISTORIES, Forecasted, coverage, error_ratio, error_ratio_by_series
from benchmarks.series.run_rates import Covered
from benchmarks.series.stability import FIRST_DAY, Outcome, is_changed

SEED, RESAMPLES = 20260101, 1000
_WIDTH, _LEFT, _TOP, _ROW = 720, 110, 70, 30
_MARKS = (("run-rate, next 28 days", "#1f5fa8"), ("forecast, 30 days", "#b35c00"), ("forecast, 90 days", "#5b8c2a"))


class OfSeries(Protocol):
    """Something measured on a series of the panel."""

    @property
    def series(self) -> str: ...


Measured = TypeVar("Measured", bound=OfSeries)


@dataclass(frozen=True)
class Results:
    """Everything measured on one half: outcomes by rule, run-rates by when they were taken, forecasts."""

    half: str
    outcomes: dict[str, list[Outcome]]
    run_rates: dict[str, list[Covered]]
    forecasts: list[Forecasted]


def tables(results: Results) -> str:
    """Markdown of one half."""
    parts = (
        (STABILITY_TITLE, STABILITY_HEADER, stability_rows(results)),
        (RUN_RATE_TITLE, RUN_RATE_HEADER, run_rate_rows(results)),
        (FORECAST_TITLE, FORECAST_HEADER, forecast_rows(results)),
        (DOMAIN_TITLE, DOMAIN_HEADER, domain_rows(results)),
    )
    return "\n\n".join("\n".join([title, "", *_table(header, rows)]) for title, header, rows in parts) + "\n"


STABILITY_TITLE = "**Stability.** Shares of segments; in brackets where 90 % of resamples of the series lie."
STABILITY_HEADER = (
    "rule",
    "graduate",
    "false",
    "calm ones graduate",
    "lost the next day",
    "no longer ready the next day",
)


def stability_rows(results: Results) -> list[list[str]]:
    rows = []
    for rule, outcomes in results.outcomes.items():
        graduated = [one for one in outcomes if one.first is not None]
        calm = [one for one in outcomes if one.is_calm]
        kept = [f"{_share(not one.is_stable_next_day for one in graduated):.1%}"]
        kept.append(f"{_share(not one.is_ready_next_day for one in graduated):.1%}" if rule == "the product" else "")
        rows.append(
            [
                rule,
                _ranged(outcomes, lambda one: one.first is not None),
                _ranged(graduated, lambda one: one.is_false),
                _ranged(calm, lambda one: one.first is not None),
                *kept,
            ]
        )
    every = next(iter(results.outcomes.values()))
    base = _share(is_changed(one.segment, FIRST_DAY) for one in every)
    calm_share = _share(one.is_calm for one in every)
    rows.append(
        [f"base rate on day {FIRST_DAY} ({len(every)} segments, {calm_share:.0%} calm)", "", f"{base:.1%}", "", "", ""]
    )
    return rows


RUN_RATE_TITLE = "**Interval of the run-rate**, 80 %, on the mean of the next 28 days."
RUN_RATE_HEADER = ("taken", "run-rates", "inside", "above the upper bound", "median half width")


def run_rate_rows(results: Results) -> list[list[str]]:
    return [
        [
            when,
            str(len(rows)),
            _ranged(rows, lambda one: one.is_inside),
            _ranged(rows, lambda one: one.is_above),
            f"{np.nanmedian([one.relative_width for one in rows]):.1%}",
        ]
        for when, rows in results.run_rates.items()
    ]


FORECAST_TITLE = (
    "**Forecasts**, errors against seasonal naive on the same days; pooled, and the geometric mean over series."
)
FORECAST_HEADER = (
    "horizon",
    "history",
    "forecasts",
    "error ratio",
    "by series",
    "inside the 80 % interval",
    "median half width",
    "seasonal naive shown",
)


def forecast_rows(results: Results) -> list[list[str]]:
    rows = []
    for horizon in sorted({one.horizon for one in results.forecasts}):
        for history in (*HISTORIES, None):
            chosen = [one for one in results.forecasts if one.horizon == horizon and history in (None, one.history)]
            rows.append(
                [
                    f"{horizon} days",
                    "all" if history is None else f"{history} days",
                    str(len(chosen)),
                    f"{error_ratio(chosen):.2f}",
                    f"{error_ratio_by_series(chosen):.2f}",
                    _ranged(chosen, lambda one: one.is_covered),
                    f"{np.median([one.half_width for one in chosen]):.1%}",
                    f"{_share(one.is_naive for one in chosen):.0%}",
                ]
            )
    return rows


DOMAIN_TITLE = "**By domain.** Share of graduations that are false, and of outcomes inside their intervals."
DOMAIN_HEADER = (
    "domain",
    "series",
    "false graduations",
    "run-rate after 28 days",
    "error ratio, 30 days",
    "inside, 30 days",
    "error ratio, 90 days",
    "inside, 90 days",
)


def domain_rows(results: Results) -> list[list[str]]:
    rows = []
    rates = results.run_rates["after 28 days"]
    for domain in _domains(results):
        series = {one.series for one in rates if one.segment.domain == domain}
        graduated = [
            one for one in results.outcomes["the product"] if one.first is not None and one.segment.domain == domain
        ]
        false = sum(one.is_false for one in graduated)
        row = [domain, str(len(series)), f"{false} of {len(graduated)}"]
        row.append(f"{_share(one.is_inside for one in rates if one.segment.domain == domain):.1%}")
        for horizon in (30, 90):
            chosen = [one for one in results.forecasts if (one.domain, one.horizon) == (domain, horizon)]
            row += [f"{error_ratio(chosen):.2f}", f"{coverage(chosen):.1%}"] if chosen else ["", ""]
        rows.append(row)
    return rows


def plot(results: Results) -> str:
    """Share inside the 80 % intervals by domain, as SVG."""
    rates = results.run_rates["after 28 days"]
    domains = _domains(results)
    height = _TOP + _ROW * len(domains) + 50
    shapes = [f'<text x="12" y="22" font-size="15">Inside the 80 % interval, by domain ({results.half} half)</text>']
    low, high = _x(0.75), _x(0.85)
    bottom = height - 45
    shapes.append(
        f'<rect x="{low:.1f}" y="{_TOP - 20}" width="{high - low:.1f}" height="{bottom - _TOP + 20}" fill="#eef3e6"/>'
    )
    for tenth in range(4, 11):
        x = _x(tenth / 10)
        shapes.append(f'<line x1="{x:.1f}" y1="{_TOP - 20}" x2="{x:.1f}" y2="{bottom}" stroke="#ddd"/>')
        shapes.append(f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{tenth * 10} %</text>')
    for at, (label, color) in enumerate(_MARKS):
        shapes.append(f'<circle cx="{_LEFT + 190 * at:.1f}" cy="38" r="5" fill="{color}"/>')
        shapes.append(f'<text x="{_LEFT + 190 * at + 10:.1f}" y="42">{label}</text>')
    for at, domain in enumerate(domains):
        y = _TOP + _ROW * at
        shapes.append(f'<text x="{_LEFT - 12}" y="{y + 4}" text-anchor="end">{domain}</text>')
        shares = [_share(one.is_inside for one in rates if one.segment.domain == domain)]
        for horizon in (30, 90):
            chosen = [one for one in results.forecasts if (one.domain, one.horizon) == (domain, horizon)]
            shares.append(coverage(chosen) if chosen else None)
        for offset, (share, (label, color)) in enumerate(zip(shares, _MARKS, strict=True)):
            if share is not None:
                shapes.append(
                    f'<circle cx="{_x(share):.1f}" cy="{y - 6 + 6 * offset}" r="5" fill="{color}">'
                    f"<title>{domain}, {label}: {share:.1%}</title></circle>"
                )
    body = "\n".join(shapes)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" font-family="sans-serif" '
        f'font-size="12">\n<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n'
    )


def _x(share: float) -> float:
    return _LEFT + (max(share, 0.4) - 0.4) / 0.6 * (_WIDTH - _LEFT - 30)


def _domains(results: Results) -> list[str]:
    return sorted({one.segment.domain for one in results.run_rates["after 28 days"]})


def _share(flags: Iterable[bool]) -> float:
    every = list(flags)
    return sum(every) / len(every) if every else float("nan")


def _ranged(rows: Sequence[Measured], is_true: Callable[[Measured], bool]) -> str:
    """The share of rows, and where 90 % of the shares lie when the series are drawn anew with replacement."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for one in rows:
        counts[one.series][0] += is_true(one)
        counts[one.series][1] += 1
    table = np.array([counts[name] for name in sorted(counts)])
    drawn = table[np.random.default_rng(SEED).integers(len(table), size=(RESAMPLES, len(table)))].sum(axis=1)
    low, high = np.quantile(drawn[:, 0] / drawn[:, 1], (0.05, 0.95))
    return f"{table[:, 0].sum() / table[:, 1].sum():.1%} ({low:.0%} to {high:.0%})"


def _table(header: Sequence[str], rows: list[list[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (header, ["---"] * len(header), *rows)]
