"""Charts as SVG: Vega-Lite specifications, drawn by vl-convert, kept by the hash of what is drawn.

Colours are names of the style sheet (``var(--...)``), so that one drawing serves light, dark and print. The converter is
imported for the first chart that is not kept: starting it takes half a second, a chart some thirty milliseconds.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from dashboard.figures import shown
from orchestration.files import write_atomically

WIDTH, HEIGHT = 620, 220
DRAWN_BY = "vega-lite 6.1, 2"
"""Part of what is hashed: another version or style draws anew."""

INK, MUTED, GRID = "#010101", "#020202", "#030303"
ACCENT, SECOND, THIRD, GOOD, WATCH, BAD, BAND = (
    "#0a0a01",
    "#0a0a02",
    "#0a0a03",
    "#0a0a04",
    "#0a0a05",
    "#0a0a06",
    "#0a0a07",
)
SERIES = (ACCENT, SECOND, THIRD, "#0a0a08", "#0a0a09", "#0a0a0a")
_NAMES = {
    INK: "ink",
    MUTED: "muted",
    GRID: "line",
    ACCENT: "s1",
    SECOND: "s2",
    THIRD: "s3",
    GOOD: "good",
    WATCH: "watch",
    BAD: "bad",
    BAND: "band",
    "#0a0a08": "s4",
    "#0a0a09": "s5",
    "#0a0a0a": "s6",
}
_STYLE = {
    "background": "transparent",
    "padding": {"left": 36, "right": 12, "top": 5, "bottom": 5},
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelColor": MUTED,
        "titleColor": MUTED,
        "domainColor": GRID,
        "tickColor": GRID,
        "gridColor": GRID,
        "labelFontSize": 11,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "labelLimit": 220,
    },
    "axisX": {"grid": False},
    "legend": {"labelColor": MUTED, "titleColor": MUTED, "orient": "top", "labelFontSize": 11, "title": None},
    "text": {"color": INK, "fontSize": 11},
    "range": {"category": list(SERIES)},
}


class Drawer:
    """Draws charts, and keeps each under ``kept`` by the hash of its specification. ``used`` holds the files of this site."""

    def __init__(self, kept: Path) -> None:
        self.kept = kept
        self.used: set[Path] = set()

    def svg(self, spec: dict[str, Any]) -> str:
        """The drawing as an ``<svg>`` element, without colours of its own."""
        size = {} if "facet" in spec else {"width": WIDTH, "height": HEIGHT}
        whole = {**size, "config": _STYLE, **spec}
        text = json.dumps(whole, sort_keys=True, default=_plain)
        file = self.kept / f"{hashlib.sha256(f'{DRAWN_BY}:{text}'.encode()).hexdigest()[:24]}.svg"
        self.used.add(file)
        if file.exists():
            return file.read_text(encoding="utf-8")
        drawn = _coloured(_converter().vegalite_to_svg(text, vl_version="6.1"))
        write_atomically(file, drawn)
        return drawn

    def forget_unused(self) -> None:
        """Remove the drawings that this site does not show."""
        for file in self.kept.glob("*.svg"):
            if file not in self.used:
                file.unlink(missing_ok=True)


@cache
def _converter() -> Any:
    import vl_convert

    return vl_convert


def _coloured(svg: str) -> str:
    for colour, name in _NAMES.items():
        svg = svg.replace(f'"{colour}"', f'"var(--{name})"')
    return svg


def _plain(value: Any) -> Any:
    """Numbers of a drawing need no exact digits."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot be drawn")


def money_axis(title: str | None) -> dict[str, Any]:
    return {"title": title, "format": "~s", "tickCount": 5}


def _days(field: str, ticks: int = 6) -> dict[str, Any]:
    """Days along the x axis. A day reads as midnight in UTC, so the scale is of UTC too: in the machine's zone it may be the day
    before.
    """
    axis = {"format": "%d %b", "tickCount": ticks, "labelOverlap": True}
    return {"field": field, "type": "temporal", "scale": {"type": "utc"}, "title": None, "axis": axis}


def bars(
    rows: Sequence[dict[str, Any]], category: str, value: str, unit: str, *, mark: str | None = None
) -> dict[str, Any]:
    """Horizontal bars in the order given, each with its amount; ``mark`` names a column drawn as a
    tick, such as a budget.
    """
    of = [f" of {shown(row[mark], 'money')}" if mark and row[mark] is not None else "" for row in rows]
    drawn = [{**row, "text": f"{shown(row[value], 'money')}{more}"} for row, more in zip(rows, of, strict=True)]
    ends = [float(row[name] or 0) for row in rows for name in (value, mark) if name]
    room = {"domain": [min(0.0, *ends), max(0.0, *ends) * 1.35 or 1]}
    across = {"field": value, "type": "quantitative", "axis": money_axis(unit), "scale": room}
    down = {"field": category, "type": "nominal", "sort": None, "title": None}
    label = {"type": "text", "align": "left", "dx": 5, "color": INK, "stroke": None}
    layers: list[dict[str, Any]] = [
        {"mark": {"type": "bar", "color": ACCENT, "height": {"band": 0.62}}, "encoding": {"x": across, "y": down}}
    ]
    if mark:
        tick = {"type": "tick", "color": INK, "thickness": 2, "height": {"band": 0.9}}
        layers.append({"mark": tick, "encoding": {"x": {"field": mark, "type": "quantitative"}, "y": down}})
    beyond = f"max(datum['{value}'], datum['{mark}'] || 0)" if mark else f"datum['{value}']"
    layers.append(
        {
            "transform": [{"calculate": beyond, "as": "end"}],
            "mark": label,
            "encoding": {"x": {"field": "end", "type": "quantitative"}, "y": down, "text": {"field": "text"}},
        }
    )
    return {"data": {"values": drawn}, "layer": layers, "height": max(60, 26 * len(rows))}


def stacked_months(rows: Sequence[dict[str, Any]], period: str, series: str, value: str, unit: str) -> dict[str, Any]:
    """A column per period, one colour per series."""
    return {
        "data": {"values": list(rows)},
        "mark": {"type": "bar", "width": {"band": 0.7}},
        "encoding": {
            "x": {"field": period, "type": "ordinal", "title": None, "axis": {"labelAngle": 0}},
            "y": {"field": value, "type": "quantitative", "axis": money_axis(unit)},
            "color": {"field": series, "type": "nominal", "sort": None},
        },
    }


def ratio_lines(rows: Sequence[dict[str, Any]], period: str, series: str, value: str) -> dict[str, Any]:
    """A line per series over periods, of ratios."""
    return {
        "data": {"values": list(rows)},
        "mark": {"type": "line", "strokeWidth": 2, "point": True},
        "encoding": {
            "x": {"field": period, "type": "ordinal", "title": None, "axis": {"labelAngle": 0}},
            "y": {"field": value, "type": "quantitative", "axis": {"title": None, "format": ".0%", "tickCount": 5}},
            "color": {
                "field": series,
                "type": "nominal",
                "sort": None,
                "legend": {"columns": 3, "columnPadding": 48, "labelLimit": 220},
            },
        },
    }


def band(rows: Sequence[dict[str, Any]], day: str, value: str, low: str, high: str, unit: str) -> dict[str, Any]:
    """A line inside its interval over days."""
    x = _days(day)
    layers: list[dict[str, Any]] = [
        {
            "mark": {"type": "area", "color": BAND, "opacity": 0.5},
            "encoding": {
                "x": x,
                "y": {"field": low, "type": "quantitative", "axis": money_axis(unit)},
                "y2": {"field": high},
            },
        },
        {
            "mark": {"type": "line", "color": ACCENT, "strokeWidth": 2},
            "encoding": {"x": x, "y": {"field": value, "type": "quantitative"}},
        },
    ]
    return {"data": {"values": list(rows)}, "layer": layers}


def fan(
    past: Sequence[dict[str, Any]], ahead: Sequence[dict[str, Any]], unit: str, *, height: int = HEIGHT
) -> dict[str, Any]:
    """Rows of (day, value): a line of what was measured, and rows of (day, value, low, high): what is expected inside its
    interval, with its end written out.
    """
    x = _days("day")
    y = {"field": "value", "type": "quantitative", "axis": money_axis(unit)}
    ends = [
        {"day": ahead[-1]["day"], "at": ahead[-1][name], "text": shown(ahead[-1][name], "money")}
        for name in ("high", "value", "low")
    ]
    return {
        "height": height,
        "layer": [
            {
                "data": {"values": list(ahead)},
                "mark": {"type": "area", "color": BAND, "opacity": 0.5},
                "encoding": {"x": x, "y": {"field": "low", "type": "quantitative"}, "y2": {"field": "high"}},
            },
            {
                "data": {"values": list(past)},
                "mark": {"type": "line", "color": ACCENT, "strokeWidth": 2},
                "encoding": {"x": x, "y": y},
            },
            {
                "data": {"values": list(ahead)},
                "mark": {"type": "line", "color": ACCENT, "strokeWidth": 2, "strokeDash": [5, 4]},
                "encoding": {"x": x, "y": y},
            },
            {
                "data": {"values": ends},
                "mark": {"type": "text", "align": "right", "dx": -4, "dy": -7, "color": INK},
                "encoding": {"x": x, "y": {"field": "at", "type": "quantitative"}, "text": {"field": "text"}},
            },
        ],
    }


def burn_down(rows: Sequence[dict[str, Any]], unit: str, *, by: str | None = None) -> dict[str, Any]:
    """Rows of (day, left, plan): what is left as a line, the plan as a dashed one. ``by`` names a column of which each value
    has a small drawing of its own.
    """
    x = _days("day", ticks=3 if by else 6)
    axis = {**money_axis(None if by else unit), "tickCount": 3 if by else 5}
    layers = [
        {
            "mark": {"type": "line", "color": MUTED, "strokeDash": [5, 4], "strokeWidth": 1.5},
            "encoding": {"x": x, "y": {"field": "plan", "type": "quantitative", "axis": axis}},
        },
        {
            "mark": {"type": "line", "color": ACCENT, "strokeWidth": 2},
            "encoding": {"x": x, "y": {"field": "left", "type": "quantitative"}},
        },
    ]
    if by is None:
        return {"data": {"values": list(rows)}, "layer": layers}
    header = {"title": None, "labelColor": INK, "labelFontSize": 11}
    return {
        "data": {"values": list(rows)},
        "facet": {"field": by, "type": "nominal", "header": header},
        "columns": 4,
        "spec": {"layer": layers, "width": 170, "height": 80},
        "resolve": {"scale": {"y": "independent"}},
    }


def waterfall(steps: Sequence[tuple[str, Decimal, bool]], unit: str) -> dict[str, Any]:
    """Steps of (label, amount, is a total): totals stand on the ground, the others on what came before."""
    rows: list[dict[str, Any]] = []
    level = Decimal(0)
    for position, (label, amount, is_total) in enumerate(steps):
        begin, end = (Decimal(0), amount) if is_total else (level, level + amount)
        kind = "total" if is_total else "more" if amount >= 0 else "less"
        text, right = shown(amount, "money"), max(begin, end)
        rows.append(
            {"n": position, "label": label, "from": begin, "to": end, "right": right, "kind": kind, "text": text}
        )
        level = end
    colour = {"domain": ["total", "more", "less"], "range": [ACCENT, THIRD, SECOND]}
    ends = [float(row[name]) for row in rows for name in ("from", "to")]
    room = {"domain": [min(0.0, *ends), max(0.0, *ends) * 1.15 or 1]}
    down = {"field": "label", "type": "nominal", "sort": None, "title": None}
    bar = {
        "mark": {"type": "bar", "height": {"band": 0.62}},
        "encoding": {
            "y": down,
            "x": {"field": "from", "type": "quantitative", "axis": money_axis(unit), "scale": room},
            "x2": {"field": "to"},
            "color": {"field": "kind", "type": "nominal", "scale": colour, "legend": None},
        },
    }
    written = {
        "mark": {"type": "text", "align": "left", "dx": 5, "color": INK},
        "encoding": {"y": down, "x": {"field": "right", "type": "quantitative"}, "text": {"field": "text"}},
    }
    return {"data": {"values": rows}, "layer": [bar, written], "height": max(80, 26 * len(rows))}
