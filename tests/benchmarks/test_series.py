"""The panel of real series: every file is the one indexed, free to use, and assigned to its half by the rule."""

from collections import Counter

import numpy as np
import pytest

from benchmarks.series import panel
from benchmarks.series.panel import DAILY, halves, read_panel

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
