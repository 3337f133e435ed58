"""alerts.yaml: what it reads as, what stands without it, and faults between destinations and routes."""

from pathlib import Path

import pytest

from orchestration.registry import RegistryError, load_alert_settings, load_company, write_company_folder

WHOLE = """\
destinations:
  - {name: finance, kind: slack, url_env: FINANCE_SLACK_URL, max_per_hour: 5}
  - {name: owners, kind: email, url_env: MAIL_URL, to: owner}
  - {name: siem, kind: webhook, url_env: SIEM_URL, secret_env: SIEM_SECRET}
routes:
  - {kinds: "cap_*", severity: critical, to: [finance, owners], escalate_to: siem, escalate_after_minutes: 5}
  - {departments: [dep_a], entities: ["exp_*"], owners: "*@x.example", to: email}
default: finance
limits: {per_tick: 3}
"""


def test_destinations_routes_and_limits_read_as_written(folder: Path) -> None:
    (folder / "alerts.yaml").write_text(WHOLE)
    settings = load_company(folder).alerts
    assert settings == load_alert_settings(folder)
    assert [(one.name, one.kind, one.url_env) for one in settings.destinations] == [
        ("finance", "slack", "FINANCE_SLACK_URL"),
        ("owners", "email", "MAIL_URL"),
        ("siem", "webhook", "SIEM_URL"),
    ]
    assert settings.routes[0].escalate_to == ("siem",)
    assert settings.routes[1].to == ("email",), "a destination that is there without the file has its usual name"
    assert settings.default == ("finance",)
    assert (settings.limits.per_tick, settings.limits.per_person_per_hour) == (3, 10)


@pytest.mark.parametrize("text", [None, "", "destinations: []\nroutes: []\n"])
def test_without_the_file_or_with_an_empty_one_nothing_is_declared(folder: Path, text: str | None) -> None:
    if text is not None:
        (folder / "alerts.yaml").write_text(text)
    settings = load_alert_settings(folder)
    assert (settings.destinations, settings.routes, settings.default) == ((), (), None)
    assert settings.limits.per_tick == 20


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("destinations: [{name: a, kind: fax, url_env: A}]", "kind: 'fax' is not allowed"),
        (
            "destinations: [{name: a, kind: slack, url_env: https://hooks.slack.com/T/marker-9}]",
            "name the variable, never write the secret itself",
        ),
        ("destinations: [{name: a, kind: webhook, url_env: A}]", "a webhook needs secret_env"),
        ("destinations: [{name: a, kind: slack, url_env: A, to: owner}]", "to: owner belongs to an e-mail destination"),
        (
            "destinations: [{name: a, kind: slack, url_env: A}, {name: a, kind: slack, url_env: B}]",
            "destination 'a' is declared on line 1 already",
        ),
        (
            "routes: [{to: finanse}]\ndestinations: [{name: finance, kind: slack, url_env: A}]",
            "did you mean 'finance'?",
        ),
        ("routes: [{to: slack, escalate_to: nowhere}]", "destination 'nowhere' is unknown"),
        ("default: nowhere", "destination 'nowhere' is unknown"),
        ("limits: {per_tick: 0}", "per_tick: '0' is not valid"),
        ("route: []", "unknown key 'route'; did you mean 'routes'?"),
    ],
)
def test_a_fault_names_its_line_and_no_secret(folder: Path, text: str, says: str) -> None:
    (folder / "alerts.yaml").write_text(text)
    for read in (load_company, load_alert_settings):
        with pytest.raises(RegistryError) as refused:
            read(folder)
        (fault,) = refused.value.faults
        assert str(fault).startswith("alerts.yaml:1: ") and says in str(fault)
        assert "marker-9" not in str(fault)


def test_the_commented_alerts_are_valid_when_uncommented(tmp_path: Path) -> None:
    write_company_folder(tmp_path / "company")
    alerts = tmp_path / "company" / "alerts.yaml"
    text = alerts.read_text().replace("destinations: []", "destinations:").replace("routes: []", "routes:")
    text = text.replace("# default:", "default:").replace("# limits:", "limits:")
    alerts.write_text(
        "\n".join(line.removeprefix("#") if line.startswith("#   ") else line for line in text.splitlines())
    )
    settings = load_alert_settings(tmp_path / "company")
    assert [one.name for one in settings.destinations] == ["finance", "owners", "pager", "siem"]
    assert [one.to for one in settings.routes] == [("finance", "owners"), ("owners",)]
