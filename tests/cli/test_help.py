"""Help that answers at once and teaches: every command's line is whole, its options are told, its example parses."""

import re
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
import typer
from typer.testing import CliRunner

from orchestration.cli import app
from tests.cli.call import tokenomics, tokenomics_started

COMMANDS = {
    *("init", "check", "run", "open", "status", "test", "graduate", "close", "replay", "enforce", "rollup"),
    *("budget adjust", "budget return"),
    "alerts test",
}


def help_of(command: str) -> str:
    """As on a terminal of 80 columns."""
    done = CliRunner().invoke(app, [*command.split(), "--help"], env={"COLUMNS": "80"}, prog_name="tokenomics")
    assert done.exit_code == 0, done.output
    return done.output


def test_help_answers_at_once_and_names_the_way_in(tmp_path: Path) -> None:
    began = time.monotonic()
    done = tokenomics_started("--help", cwd=tmp_path)
    took = time.monotonic() - began
    assert done.returncode == 0
    for word in ("init", "check", "test", "run", "status", "tokenomics run --company"):
        assert word in done.stdout
    assert took < 5, "help must not import the orchestrator"


def test_help_imports_neither_orchestrator_nor_database(tmp_path: Path) -> None:
    """All commands stand in modules that the entry point imports, so one command's help speaks for all."""
    code = (
        "import sys\nsys.argv = ['tokenomics', 'run', '--help']\n"
        "from orchestration.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'dagster', 'duckdb', 'pandas', 'pyarrow', 'requests'}\n"
        "ours = {name for name in sys.modules if name.startswith('orchestration.')}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
        "print(sorted(name for name in ours if not name.startswith('orchestration.cli')))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.splitlines()[-2:] == ["[]", "[]"], done.stderr


def test_every_command_is_listed_with_a_whole_sentence() -> None:
    listed: dict[str, str] = {}
    for group in ("", "budget", "alerts"):
        lines = help_of(group).split("Commands:\n")[1].splitlines()
        listed |= {f"{group} {line.split()[0]}".strip(): line for line in lines}
    assert set(listed) - {"budget", "alerts"} == COMMANDS
    for line in listed.values():
        assert line.endswith(".")
        assert not line.endswith("..."), "an 80 column terminal cuts it"


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_takes_company_and_home_and_says_more_than_its_name(command: str) -> None:
    text = help_of(command)
    assert "--company DIR" in text
    assert "--home DIR" in text
    paragraphs = text.split("\n\n")
    assert len(paragraphs) >= 4, "usage, a sentence, what it means, options"


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_option_and_argument_is_explained(command: str) -> None:
    found: click.Command = typer.main.get_command(app)
    for word in command.split():
        found = found.commands[word]  # type: ignore[attr-defined]
    for parameter in found.params:
        assert getattr(parameter, "help", None), f"{command}: {parameter.name}"


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_an_example_in_the_help_is_a_call_that_parses(command: str, tmp_path: Path) -> None:
    """In an empty folder with an empty home the call is understood, and fails only for what it lacks, init for nothing."""
    example = re.search(r"Example: tokenomics (.*)", " ".join(help_of(command).split("Options:")[0].split()))
    assert example is not None, "every command shows how"
    assert example[1].startswith(command)
    call = example[1].split(" Arguments:")[0]
    done = tokenomics(*call.split(), cwd=tmp_path)
    assert done.returncode == (0 if command == "init" else 1), "2 would be a call that is not understood"
    assert "Traceback" not in done.stderr


def test_the_top_help_tells_exit_codes_and_lists_what_a_newcomer_needs_first() -> None:
    text = " ".join(help_of("").split())
    for words in ("0 all went well", "1 something failed", "2 the call was not understood", "130 stopped by Ctrl-C"):
        assert words in text
    listed = [line.split()[0] for line in help_of("").split("Commands:\n")[1].splitlines()]
    assert listed[:5] == ["init", "check", "run", "open", "status"]


@pytest.mark.parametrize("command", ["", "budget", "alerts", *sorted(COMMANDS)])
def test_no_line_of_a_help_is_wider_than_80_columns(command: str) -> None:
    assert [line for line in help_of(command).splitlines() if len(line) > 80] == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_commands_and_options(shell: str, tmp_path: Path) -> None:
    """As the shell itself asks: the script is shown, and what stands at the cursor is answered. The shell is named, since the
    tests may have none around them.
    """
    named = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    script = tokenomics_started("--show-completion", shell, cwd=tmp_path, environment=named)
    assert script.returncode == 0 and "_TOKENOMICS_COMPLETE" in script.stdout
    asked = {
        "_TOKENOMICS_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": "tokenomics st",
        "COMP_CWORD": "1",
        "_TYPER_COMPLETE_ARGS": "tokenomics st",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    assert "status" in tokenomics_started(cwd=tmp_path, environment=asked).stdout
