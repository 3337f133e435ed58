"""The commands as a user meets them: errors that name file and line, exit codes, no secret shown."""

import errno
import fcntl
import json
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from orchestration.lock import HomeNotWritable, home_lock
from orchestration.registry.policy_keys import KINDS, profile_defaults
from tests.cli.call import tokenomics

PublishState = Callable[..., None]


@pytest.fixture
def company(tmp_path: Path) -> Path:
    """The starter folder, with every source off."""
    folder = tmp_path / "company"
    done = tokenomics("init", str(folder), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    return folder


def test_init_refuses_a_folder_that_holds_something(tmp_path: Path) -> None:
    (tmp_path / "company").mkdir()
    (tmp_path / "company" / "mine.txt").write_text("mine")
    done = tokenomics("init", str(tmp_path / "company"), cwd=tmp_path)
    assert done.returncode == 1
    assert "not an empty folder" in done.stderr
    assert [path.name for path in (tmp_path / "company").iterdir()] == ["mine.txt"]


def test_run_names_file_and_line_of_a_fault_and_writes_nothing(company: Path, tmp_path: Path) -> None:
    file = company / "company.yaml"
    file.write_text("tpyo_key: 1\n" + file.read_text())
    for command in ("check", "run"):
        done = tokenomics(command, "--company", str(company), "--home", str(tmp_path / "home"), cwd=tmp_path)
        assert done.returncode == 1
        assert "company.yaml:1: " in done.stderr
        assert "tpyo_key" in done.stderr
        assert "Traceback" not in done.stdout + done.stderr
    assert not (tmp_path / "home").exists()


def test_files_said_to_be_complete_for_days_to_come_are_refused_before_anything_is_read(
    company: Path, tmp_path: Path
) -> None:
    """A month without a bill read as one without cost, at a margin of 100 %."""
    coming = datetime.now(ZoneInfo("UTC")).date() + timedelta(days=3)
    (company / "sources.yaml").write_text(
        f"sources:\n  focus_files:\n    path: bills/*.csv\n    complete_through: {coming}\n"
    )
    (company / "ownership.yaml").write_text("rules: []\n")
    for command in ("check", "run"):
        done = tokenomics(command, "--company", str(company), "--home", str(tmp_path / "home"), cwd=tmp_path)
        assert done.returncode == 1, done.stdout
        assert f"sources.yaml:4: complete_through {coming} is after " in done.stderr
        assert "Traceback" not in done.stdout + done.stderr
    assert not (tmp_path / "home").exists()


def test_missing_company_folder_says_what_to_do(tmp_path: Path) -> None:
    done = tokenomics("check", "--company", str(tmp_path / "nowhere"), cwd=tmp_path)
    assert done.returncode == 1
    assert "tokenomics init DIR" in done.stderr


def test_check_explains_every_policy_value(company: Path, tmp_path: Path) -> None:
    (company / "sources.yaml").write_text("sources: {}\n")
    (company / "ownership.yaml").write_text("rules: []\n")
    (company / "company.yaml").write_text(
        "company_id: acme\nname: Acme\nreporting_currency: USD\nreporting_time_zone: UTC\n"
        "profile: {company_size: enterprise, margin_profile: thin}\n"
        "policy:\n  caps_mode: hard\n"
    )
    done = tokenomics("check", "--explain-policy", "--company", str(company), cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (tmp_path / "data").exists(), "check writes nothing"
    lines = done.stdout.splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("policy version "))
    table = {line.split()[0]: line for line in lines[first + 1 :]}
    assert sorted(table) == sorted(KINDS), "every key, each once"
    origins = {key: line.rsplit("  ", 1)[1] for key, line in table.items()}
    profile_keys = {key for key, origin in origins.items() if origin == "profile enterprise/thin"}
    assert profile_keys == set(profile_defaults("enterprise", "thin")) - {"caps_mode"}
    assert table["caps_mode"].split() == ["caps_mode", "hard", "company.yaml:7"]
    assert table["margin_floor_ratio"].split()[1:4] == ["target", "-", "0.02"]
    assert table["stability_window_days"].split() == ["stability_window_days", "30", "default"]


def test_check_names_the_variable_of_a_missing_key(company: Path, tmp_path: Path) -> None:
    (company / "sources.yaml").write_text(
        "sources:\n  openai: {base_url: 'http://127.0.0.1:9/v1', api_key_env: MY_ABSENT_KEY, start_date: 2026-10-01}\n"
    )
    (company / "ownership.yaml").write_text("rules: []\n")
    done = tokenomics("check", "--company", str(company), cwd=tmp_path)
    assert done.returncode == 1
    assert "MY_ABSENT_KEY" in done.stdout


def test_check_tells_a_program_what_it_found(company: Path, tmp_path: Path) -> None:
    (company / "sources.yaml").write_text(
        "sources: {openai: {enabled: true, base_url: 'http://127.0.0.1:9', api_key_env: MY_ABSENT_KEY, "
        "start_date: 2026-10-01}}\n"
    )
    (company / "ownership.yaml").write_text("rules: []\n")
    done = tokenomics("check", "--json", "--company", str(company), cwd=tmp_path)
    body = json.loads(done.stdout)
    assert (done.returncode, body["is_valid"], body["reached"]) == (1, False, [])
    assert any("MY_ABSENT_KEY" in fault for fault in body["faults"])
    (company / "company.yaml").write_text("name: [\n")
    broken = tokenomics("check", "--json", "--company", str(company), cwd=tmp_path)
    body = json.loads(broken.stdout)
    assert (broken.returncode, body["is_valid"]) == (1, False)
    assert body["faults"][0].startswith("company.yaml:")


def test_check_notes_yaml_files_that_nothing_reads(company: Path, tmp_path: Path) -> None:
    (company / "sources.yaml").write_text("sources: {}\n")
    (company / "ownership.yaml").write_text("rules: []\n")
    (company / "budgets.yaml").write_text("x: 1\n")
    (company / "ownership.yml").write_text("rules: []\n")
    done = tokenomics("check", "--json", "--company", str(company), cwd=tmp_path)
    body = json.loads(done.stdout)
    notes = [note.partition(";")[0] for note in body["notes"] if "nothing reads" in note]
    assert notes == ["budgets.yaml: nothing reads this file", "ownership.yml: nothing reads this file"]
    assert body["is_valid"] and done.returncode == 0


def test_unknown_target_and_bad_date_are_refused(company: Path, tmp_path: Path) -> None:
    unknown = tokenomics("run", "--company", str(company), "--target", "oracle", cwd=tmp_path)
    assert unknown.returncode == 1
    assert "oracle" in unknown.stderr
    for option in (("run", "--as-of"), ("replay", "gates", "--from"), ("replay", "gates", "--to")):
        for day in ("31.10.2026", "2026-02-30", "20261031"):
            told = tokenomics(*option, day, "--company", str(company), cwd=tmp_path)
            assert told.returncode == 2
            assert f"{day} is not a day; write year, month and day, such as 2026-10-31" in " ".join(told.stderr.split())
            assert "%" not in told.stderr


OPENAI = "sources:\n  openai: {base_url: 'http://127.0.0.1:9/v1', api_key_env: MY_ABSENT_KEY, start_date: 2026-10-01}\n"


@pytest.fixture
def quiet_company(company: Path) -> Path:
    """One provider with a key that is not set; days are those of Honolulu."""
    (company / "sources.yaml").write_text(OPENAI)
    (company / "ownership.yaml").write_text("rules: []\n")
    (company / "company.yaml").write_text(
        "company_id: acme\nname: Acme\nreporting_currency: USD\nreporting_time_zone: Pacific/Honolulu\n"
        "profile: {company_size: startup, margin_profile: healthy}\n"
    )
    return company


@pytest.mark.parametrize("offline", [(), ("--offline",)])
def test_a_day_that_has_not_ended_is_refused_before_anything_is_read(
    quiet_company: Path, tmp_path: Path, offline: tuple[str, ...]
) -> None:
    today = datetime.now(ZoneInfo("Pacific/Honolulu")).date()
    for day in (today, today + timedelta(days=400)):
        arguments = ("--company", str(quiet_company), "--home", str(tmp_path / "home"), "--as-of", str(day))
        done = tokenomics("run", *arguments, *offline, cwd=tmp_path)
        assert done.returncode == 1
        last = datetime.now(ZoneInfo("Pacific/Honolulu")).date() - timedelta(days=1)
        assert f"{day} is after {last}, the last complete day in Pacific/Honolulu" in done.stderr
        assert "Traceback" not in done.stderr and done.stdout == ""
        assert not (tmp_path / "home").exists(), "the home does not learn of such a day"


def test_the_demo_company_has_its_own_last_day(tmp_path: Path) -> None:
    done = tokenomics("run", "--home", str(tmp_path / "home"), "--as-of", "2026-10-29", cwd=tmp_path)
    assert done.returncode == 1
    assert "--as-of 2026-10-29 is after 2026-10-28, the demo company's last day" in done.stderr
    assert not (tmp_path / "home").exists()


def test_a_run_names_every_missing_key_before_anything_is_read(quiet_company: Path, tmp_path: Path) -> None:
    with (quiet_company / "sources.yaml").open("a") as file:
        file.write("  litellm: {mode: files, path: 'logs/*.csv', base_url: 'http://127.0.0.1:9'}\n")
        file.write("  openrouter: {enabled: false}\n")
    arguments = ("--company", str(quiet_company), "--home", str(tmp_path / "home"))
    done = tokenomics("run", *arguments, cwd=tmp_path, environment={"LITELLM_MASTER_KEY": ""})
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        "openai: the environment variable MY_ABSENT_KEY is not set",
        "litellm: the environment variable LITELLM_MASTER_KEY is not set",
        "Nothing was read: set it, or put it into a .env file in this folder, or write enabled: false in sources.yaml.",
    ]
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("command", ["run", "test", "close"])
@pytest.mark.parametrize("below", ["", "folder"])
def test_a_file_as_home_is_told_in_one_line(quiet_company: Path, tmp_path: Path, command: str, below: str) -> None:
    (tmp_path / "file").write_text("mine")
    home = tmp_path / "file" / below
    words = {"close": ("close", "2026-10", "--approver", "cfo@company.example")}.get(command, (command,))
    key = {"MY_ABSENT_KEY": "sk-example-0001"}
    done = tokenomics(*words, "--company", str(quiet_company), "--home", str(home), cwd=tmp_path, environment=key)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(str(home)) and line.endswith("name a folder for the results with --home")
    assert (tmp_path / "file").read_text() == "mine"


def test_a_home_that_may_not_be_written_to_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who may write anywhere, as root may, is refused by hand."""

    def refuse(*given: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied", str(tmp_path))

    monkeypatch.setattr(os, "open", refuse)
    with (
        pytest.raises(HomeNotWritable, match=r"cannot be written to .Permission denied.; name a folder"),
        home_lock(tmp_path / ".run.lock"),
    ):
        pass


def test_status_before_the_first_run_says_so(tmp_path: Path) -> None:
    done = tokenomics("status", "--home", str(tmp_path / "home"), cwd=tmp_path)
    assert done.returncode == 1
    assert "tokenomics run" in done.stderr


def test_status_shows_plain_lines_and_exact_json(tmp_path: Path, publish_state: PublishState) -> None:
    publish_state(tmp_path / "home")
    plain = tokenomics("status", "--home", str(tmp_path / "home"), cwd=tmp_path)
    assert plain.returncode == 0, plain.stderr
    assert "amounts in USD" in plain.stdout.splitlines()[0]
    lines = [" ".join(line.split()) for line in plain.stdout.splitlines()]
    assert "OpenAI 0.00 100.00 new" in lines and "of it without owner 0.00 20.00 new" in lines
    assert "exp_short stability: too few days of history" in lines
    assert "999" not in plain.stdout

    body = json.loads(
        tokenomics("status", "--json", cwd=tmp_path, environment={"TOKENOMICS_HOME": str(tmp_path / "home")}).stdout
    )
    assert body["spend"][0]["spend"] == "100.000000001"
    assert body["initiatives"][0]["initiative_id"] == "exp_ready"
    assert "fct_usage" in body["missing_tables"]


def test_second_run_in_the_same_home_is_refused_and_a_dead_lock_is_taken_over(company: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    lock = home / ".run.lock"
    with lock.open("w") as held:
        held.write("4242\n")
        held.flush()
        fcntl.flock(held, fcntl.LOCK_EX)
        busy = tokenomics("test", "--home", str(home), cwd=tmp_path)
    free = tokenomics("test", "--home", str(home), cwd=tmp_path)
    assert (busy.returncode, free.returncode) == (1, 1)
    assert "another run (process 4242)" in busy.stderr
    assert "holds no warehouse" in free.stderr
