"""The sensor flags each initiative once and says why it does nothing at every other tick."""

from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest

from orchestration.defs.control.graduation import graduation_sensor

PublishState = Callable[..., None]


def tick(home: Path, monkeypatch: pytest.MonkeyPatch) -> dg.SensorResult | dg.SkipReason:
    monkeypatch.setenv("TOKENOMICS_HOME", str(home))
    with dg.DagsterInstance.ephemeral() as instance, dg.build_sensor_context(instance=instance) as context:
        answer = graduation_sensor(context)
    assert isinstance(answer, dg.SensorResult | dg.SkipReason)
    return answer


def test_sensor_flags_once_and_skips_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, publish_state: PublishState
) -> None:
    publish_state(tmp_path)

    first = tick(tmp_path, monkeypatch)
    assert isinstance(first, dg.SensorResult)
    assert first.run_requests is None or list(first.run_requests) == []
    assert [event.metadata["initiatives"].value for event in first.asset_events] == [["exp_ready"]]
    second = tick(tmp_path, monkeypatch)
    assert isinstance(second, dg.SkipReason)
    assert second.skip_message == "all 1 ready initiatives were flagged before"


def test_sensor_skips_with_the_reason_when_none_is_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, publish_state: PublishState
) -> None:
    publish_state(tmp_path, ready=False)
    answer = tick(tmp_path, monkeypatch)
    assert isinstance(answer, dg.SkipReason)
    assert answer.skip_message == "none of 1 evaluated initiatives is ready"


def test_sensor_skips_before_the_first_publication(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = tick(tmp_path, monkeypatch)
    assert isinstance(answer, dg.SkipReason)
    assert answer.skip_message == "nothing is published yet"
