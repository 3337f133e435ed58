"""``tokenomics alerts`` and its test of every destination, as a user meets them: no secret shown, exit 1 if one failed."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestration.alerts.deliver import deliver
from orchestration.alerts.message import Alert
from orchestration.alerts.transports import FileTransport
from tests.alerts.test_deliver import lines, receiving
from tests.cli.call import tokenomics

MARKER = "marker-secret-4d1f"


@pytest.fixture
def company(tmp_path: Path) -> Path:
    folder = tmp_path / "company"
    assert tokenomics("init", str(folder), cwd=tmp_path).returncode == 0
    (folder / "alerts.yaml").write_text(
        "destinations:\n"
        "  - {name: finance, kind: slack, url_env: FINANCE_URL}\n"
        "  - {name: pager, kind: pagerduty, url_env: PAGER_URL}\n"
        "  - {name: owners, kind: email, url_env: MAIL_URL, to: owner}\n"
    )
    return folder


def test_the_test_says_what_happened_at_each_destination(company: Path, tmp_path: Path) -> None:
    with receiving() as chat:
        environment = {
            "FINANCE_URL": chat.url,
            "PAGER_URL": f"pagerduty://{MARKER}",
            "TOKENOMICS_COMPANY": str(company),
            "TOKENOMICS_HOME": str(tmp_path / "home"),
        }
        done = tokenomics("alerts", "test", "--kind", "cap_reached", cwd=tmp_path, environment=environment)
        one = tokenomics("alerts", "test", "--to", "finance", cwd=tmp_path, environment=environment)
        unknown = tokenomics("alerts", "test", "--to", "nobody", cwd=tmp_path, environment=environment)
    assert done.returncode == 1
    assert done.stdout.splitlines() == ["file: took the test", "finance: took the test"]
    assert done.stderr.splitlines() == [
        "pager: the address in its variable is none that apprise knows",
        "owners: the environment variable MAIL_URL is not set",
    ]
    assert (one.returncode, one.stdout) == (0, "finance: took the test\n")
    assert unknown.returncode == 1
    assert "there are file, finance, pager, owners" in unknown.stderr
    assert b"TEST: this is a test of cap_reached alerts; nothing happened" in chat.received[0][1]
    (filed,) = lines(tmp_path / "home" / "alerts")
    assert (filed["event"], filed["kind"]) == ("test", "cap_reached")
    for shown in (done, one, unknown):
        assert MARKER not in shown.stdout + shown.stderr


def test_open_alerts_are_listed_the_gravest_first(company: Path, tmp_path: Path) -> None:
    folder = tmp_path / "home" / "alerts"
    arguments = ("--company", str(company), "--home", str(tmp_path / "home"))
    assert tokenomics("alerts", *arguments, cwd=tmp_path).stdout == "no alert is open\n"
    alerts = [
        Alert("f", "feed_stale", "warning", "litellm is silent; look", "litellm", condition="feed_stale:litellm"),
        Alert(
            "c", "cap_reached", "critical", "a is over; stop", "key:a", owner="a@x.example", condition="cap_reached:a"
        ),
    ]
    deliver(alerts, folder, [FileTransport(folder)], now=datetime(2026, 11, 28, 9, tzinfo=UTC))
    shown = tokenomics("alerts", *arguments, cwd=tmp_path)
    assert shown.returncode == 0
    assert shown.stdout.splitlines() == [
        "critical: a is over; stop",
        "    cap reached, open since 2026-11-28 09:00 UTC, owner a@x.example",
        "warning: litellm is silent; look",
        "    source silent, open since 2026-11-28 09:00 UTC",
    ]
    body = json.loads(tokenomics("alerts", "--json", *arguments, cwd=tmp_path).stdout)
    assert [(one["kind"], one["opened_at"], one["escalations"]) for one in body["open"]] == [
        ("cap_reached", "2026-11-28T09:00:00.000000Z", 0),
        ("feed_stale", "2026-11-28T09:00:00.000000Z", 0),
    ]
    assert body["owed"] == body["held_back"] == {}


def test_check_names_every_destination_whose_variable_is_not_set(company: Path, tmp_path: Path) -> None:
    (company / "sources.yaml").write_text("sources: {}\n")
    (company / "ownership.yaml").write_text("rules: []\n")
    environment = {"PAGER_URL": MARKER, "MAIL_URL": MARKER}
    done = tokenomics("check", "--company", str(company), cwd=tmp_path, environment=environment)
    assert done.returncode == 1
    assert "alerts.yaml: destination finance: the environment variable FINANCE_URL is not set\n" in done.stdout
    assert "destination pager" not in done.stdout
    all_set = tokenomics(
        "check", "--company", str(company), cwd=tmp_path, environment={**environment, "FINANCE_URL": "x"}
    )
    assert all_set.returncode == 0, all_set.stdout + all_set.stderr
    assert MARKER not in done.stdout + done.stderr + all_set.stdout + all_set.stderr
