"""The panel of real series: every file is the one indexed, free to use, and assigned to its half by the rule; what is measured
on it, by hand, and what the published report promises.
"""

import re
from collections import Counter
from xml.etree import ElementTree

import numpy as np
import pytest

from benchmarks.series import panel
from benchmarks.series.__main__ import MARKERS, PLOT, REPORT
from benchmarks.series.forecasts import Forecasted, coverage, error_ratio, error_ratio_by_series
from benchmarks.series.panel import DAILY, halves, read_panel
from benchmarks.series.report import Results, plot, tables
from benchmarks.series.run_rates import observe
from benchmarks.series.segments import Segment, cut
from benchmarks.series.stability import RULES, judge

FREE = {"CC0-1.0", "CC-BY-4.0", "BSD-3-Clause", "public domain (work of the United States government)"}


def test_every_series_is_readable_long_enough_and_free() -> None:
    series = read_panel()
    assert len(series) >= 20
    assert len({one.domain for one in series}) >= 5
    for one in series:
        assert len(one.values) >= 120, one.name
        assert np.isfinite(one.values).all() and (one.values >= 0).all() and one.values.any(), one.name
        assert one.licence in FREE, one.name
        assert one.source and one.measures and one.made, one.name


def test_the_folder_holds_what_the_index_names_and_nothing_else() -> None:
    assert sorted(path.stem for path in DAILY.glob("*")) == sorted(one.name for one in read_panel())


def test_halves_follow_the_rule() -> None:
    series = read_panel()
    assert {one.name: one.half for one in series} == halves([(one.domain, one.name) for one in series])
    assert abs(Counter(one.half for one in series)["tune"] - len(series) / 2) <= 1


def test_a_changed_file_is_refused(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in DAILY.glob("*.csv"):
        (tmp_path / path.name).write_text(path.read_text().replace(",1", ",2"))
    monkeypatch.setattr(panel, "DAILY", tmp_path)
    with pytest.raises(ValueError, match="not the one of the index"):
        read_panel()


def segment(values: list[float], series: str = "one") -> Segment:
    return Segment(series, "web", 0, np.array(values, dtype=np.float64))


def test_segments_begin_every_thirty_days_and_end_with_the_series() -> None:
    (one,) = [series for series in read_panel() if series.name == "traffic_interstate_94"]
    segments = cut([one], 88)
    assert [len(part.values) for part in segments] == [135, 105]
    assert segments[1].first_weekday == (one.first_day.weekday() + 30) % 7
    assert segments[1].values.tolist() == one.values[30:].tolist()


def test_a_change_is_that_of_the_next_28_days() -> None:
    # 32 days at 10, then 28 at 13: after 32 days 30 % more, after 30 days 26 of the next 28
    one = segment([10.0] * 32 + [13.0] * 28)
    assert one.change(32) == pytest.approx(0.3)
    assert one.change(30) == pytest.approx(0.3 * 26 / 28)
    assert segment([0.0] * 28 + [1.0] * 28).change(28) == float("inf")


def test_outcomes_are_false_calm_or_neither() -> None:
    weekly = [10.0, 11, 10, 9, 10, 11, 9]
    calm, jumps = segment(weekly * 13), segment(weekly * 5 + [30.0] * 60)
    flat, jumped = judge(RULES["variation below 0.25"], [calm, jumps])
    assert (flat.first, flat.is_false, flat.is_calm, flat.is_stable_next_day) == (30, False, True, True)
    assert (jumped.first, jumped.is_false, jumped.is_calm) == (30, True, False)
    assert judge(RULES["the product"], [calm])[0].first == 30
    growing = segment([100 * 1.01**n for n in range(90)])
    assert judge(RULES["variation below 0.25, no Mann-Kendall trend"], [growing])[0].first is None


def test_a_run_rate_is_observed_as_the_product_computes_it() -> None:
    # a level without noise: 6 % of 10 on either side, which 10.5 is inside of and 10.7 above
    inside, above = (observe(segment([10.0] * 28 + [ahead] * 28), 28) for ahead in (10.5, 10.7))
    assert (inside.is_inside, above.is_inside, above.is_above) == (True, False, True)
    assert inside.relative_width == pytest.approx(0.06)


def test_ratios_are_of_sums_and_by_series_of_logarithms() -> None:
    rows = [
        Forecasted("a", "web", 60, 30, 1.0, 2.0, 1.5, False),
        Forecasted("b", "web", 60, 30, 4.0, 2.0, 1.5, True),
    ]
    assert error_ratio(rows) == 5 / 4
    assert error_ratio_by_series(rows) == pytest.approx(1.0)
    assert coverage(rows) == 0.5


def test_tables_and_plot_tell_what_was_measured() -> None:
    calm = segment([10.0, 11, 10, 9, 10, 11, 9] * 13)
    results = Results(
        "held_out",
        {name: judge(rule, [calm]) for name, rule in RULES.items()},
        {"after 28 days": [observe(calm, 28)]},
        [
            Forecasted("one", "web", days, horizon, 0.1, 0.2, 0.3, False)
            for days in (60, 90, 120, 240)
            for horizon in (30, 90)
        ],
    )
    text = tables(results)
    assert "| after 28 days | 1 | 100.0% (100% to 100%) | 0.0% (0% to 0%) | " in text
    assert "| 30 days | all | 4 | 0.50 | 0.50 | 100.0% (100% to 100%) | 30.0% | 0% |" in text
    assert "| web | 1 | 0 of 1 | 100.0% | 0.50 | 100.0% | 0.50 | 100.0% |" in text
    assert len(ElementTree.fromstring(plot(results)).findall(".//{*}title")) == 3


def held_out() -> str:
    start, end = MARKERS["held_out"]
    return REPORT.read_text().split(start)[1].split(end)[0]


def test_the_report_keeps_the_promise_on_series_on_which_nothing_was_chosen() -> None:
    text = held_out()
    for when in ("after 14 days", "after 28 days", "on the first stable day"):
        found = re.search(rf"\| {when} \| \d+ \| ([\d.]+)% ", text)
        assert found is not None and 75 <= float(found[1]) <= 85, when
    for horizon in (30, 90):
        found = re.search(rf"\| {horizon} days \| all \| \d+ \| ([\d.]+) \| [\d.]+ \| ([\d.]+)% ", text)
        assert found is not None and float(found[1]) < 1 and 75 <= float(found[2]) <= 85, horizon
    assert ElementTree.fromstring(PLOT.read_text()) is not None
