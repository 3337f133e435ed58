"""The enforcement sensor: off until it is turned on, one round at a time, no runs, nothing written without apply: true."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from orchestration.defs.control.enforcement import enforcement_sensor
from tests.connectors.loopback_server import LoopbackServer
from tests.enforcement.litellm_server import MASTER, SmallLiteLlm
from tests.enforcement.published_caps import publish_caps
from tests.enforcement.test_command import write_guardrails

ROOT = Path(__file__).parents[2]


@pytest.fixture
def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallLiteLlm]:
    company = tmp_path / "company"
    shutil.copytree(ROOT / "tests" / "companies" / "tiny", company)
    sources = company / "sources.yaml"
    sources.write_text(sources.read_text().replace("__BASE_URL__", "http://127.0.0.1:9"))
    small = SmallLiteLlm("alpha")
    with LoopbackServer(small.answer) as server:
        write_guardrails(company, server.url, apply=False)
        publish_caps(tmp_path / "home", {})
        monkeypatch.setenv("LITELLM_MASTER_KEY", MASTER)
        monkeypatch.setenv("TOKENOMICS_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("TOKENOMICS_COMPANY", str(company))
        yield small


def tick(cursor: str | None = None) -> dg.SensorResult | dg.SkipReason:
    with (
        dg.DagsterInstance.ephemeral() as instance,
        dg.build_sensor_context(instance=instance, cursor=cursor) as context,
    ):
        answer = enforcement_sensor(context)
    assert isinstance(answer, dg.SensorResult | dg.SkipReason)
    return answer


def test_it_is_off_and_dry_run_by_default() -> None:
    assert enforcement_sensor.default_status is dg.DefaultSensorStatus.STOPPED
    assert enforcement_sensor.minimum_interval_seconds == 60


def test_a_round_shows_its_figures_once_and_requests_no_run(gateway: SmallLiteLlm) -> None:
    gateway.call("alpha")
    gateway.call("alpha")
    first = tick()
    assert isinstance(first, dg.SensorResult) and not first.run_requests
    (event,) = first.asset_events
    shown = {name: value.value for name, value in event.metadata.items()}
    assert (shown["caps_reached"], shown["changes_planned"], shown["changes_written"]) == (1, 1, 0)
    assert gateway.writes == [] and first.cursor == "run-1"
    second = tick(first.cursor)
    assert isinstance(second, dg.SkipReason) and "1 cap, 1 reached" in str(second.skip_message)


def test_it_writes_where_the_adapter_says_so(gateway: SmallLiteLlm, tmp_path: Path) -> None:
    import yaml

    file = tmp_path / "company" / "guardrails.yaml"
    body = yaml.safe_load(file.read_text())
    body["adapters"]["litellm"]["apply"] = True
    file.write_text(yaml.safe_dump(body))
    gateway.call("alpha")
    gateway.call("alpha")
    gateway.refused = {"alpha"}
    first = tick()
    assert isinstance(first, dg.SensorResult)
    assert first.asset_events[0].metadata["changes_written"].value == 0
    gateway.refused = set()
    tick()
    assert gateway.keys["alpha"]["blocked"] is True


def test_the_simulated_company_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKENOMICS_HOME", str(tmp_path))
    monkeypatch.delenv("TOKENOMICS_COMPANY", raising=False)
    answer = tick()
    assert isinstance(answer, dg.SkipReason) and "TOKENOMICS_COMPANY" in str(answer.skip_message)
