"""For every test: no company, home or orchestrator of the machine's owner is ever used, and nothing is sent anywhere."""

import pytest


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TOKENOMICS_HOME", "TOKENOMICS_COMPANY", "DAGSTER_HOME", "ALERT_WEBHOOK_URL", "ALERT_WEBHOOK_SECRET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DO_NOT_TRACK", "1")
    monkeypatch.setenv("DAGSTER_DISABLE_TELEMETRY", "true")
