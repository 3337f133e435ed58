"""Every command that a page of the documentation shows exists, with the options it is shown with."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from orchestration.cli import app

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path
    for path in ROOT.rglob("*.md")
    if not {".venv", ".pytest_cache", "data", "tests"} & set(path.relative_to(ROOT).parts)
)


def commands(text: str) -> list[str]:
    """Lines of fenced blocks that begin with the command, up to their explanation, which two blanks set apart."""
    found = []
    for block in re.findall(r"```(?:[a-z]*)\n(.*?)```", text, flags=re.DOTALL):
        for line in block.splitlines():
            shown = re.match(r"(?:\.venv/bin/)?tokenomics (.*)", line.strip())
            if shown:
                found.append(re.split(r" {2,}|\s#", shown[1])[0].strip())
    return found


def spelled_out(command: str) -> list[list[str]]:
    """``a|b C [--x]`` as the commands it stands for, with values in the place of names."""
    words: list[list[str]] = [[]]
    for word in shlex.split(command.replace("[", " ").replace("]", " ")):
        choices = [word] if "=" in word else word.split("|")
        words = [[*begun, _value(choice)] for begun in words for choice in choices]
    return words


def _value(word: str) -> str:
    return {"YYYY-MM": "2026-10", "YYYY-MM-DD": "2026-10-01", "AMOUNT": "10", "SECONDS": "60"}.get(word, word)


CASES = [(path.relative_to(ROOT).as_posix(), command) for path in PAGES for command in commands(path.read_text())]


def test_the_documentation_shows_commands() -> None:
    assert {page for page, _ in CASES} >= {"README.md", "docs/runbooks.md"}
    assert len(CASES) > 20


@pytest.mark.parametrize(("page", "command"), CASES)
def test_a_shown_command_is_understood(page: str, command: str) -> None:
    for words in spelled_out(command):
        _parse(typer.main.get_command(app), words, f"{page}: tokenomics {command}")


def _parse(command: Any, words: list[str], where: str) -> None:
    """Let the command line read its words, and nothing run."""
    inner = getattr(command, "commands", {})
    at = (
        next((place for place, word in enumerate(words) if not word.startswith("-")), len(words))
        if inner
        else len(words)
    )
    own, rest = words[:at], words[at:]
    try:
        command.make_context(command.name, own + rest, resilient_parsing=False).close()
    except Exception as error:
        pytest.fail(f"{where}: {getattr(error, 'message', error)}")
    if rest:
        if rest[0] not in inner:
            pytest.fail(f"{where}: there is no command {rest[0]}")
        _parse(inner[rest[0]], rest[1:], where)


@pytest.mark.parametrize(
    "command", ["run --no-such-option", "close", "no-such-command", "alerts no-such-command", "run --as-of"]
)
def test_a_command_that_does_not_exist_is_not_understood(command: str) -> None:
    with pytest.raises(pytest.fail.Exception):
        _parse(typer.main.get_command(app), command.split(), command)
