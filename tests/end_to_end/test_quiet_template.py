"""The untouched template, as a newcomer's first run meets it: no alert, one note with its remedy, and pages that say why
they are empty.
"""

import re
from pathlib import Path

import pytest

from tests.end_to_end.command_line import tokenomics

NOTE = "no source is enabled in sources.yaml: a run reads the ledgers folder alone; write enabled: true"


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """The home of a first run, and what init, check and run said, each having ended well."""
    folder = tmp_path_factory.mktemp("template")
    company, home = folder / "company", folder / "home"
    commands = (
        ("init", company),
        ("check", "--company", company, "--home", home),
        ("run", "--company", company, "--home", home),
    )
    done = [tokenomics(*command) for command in commands]
    assert [one.returncode for one in done] == [0, 0, 0], "".join(one.stdout + one.stderr for one in done)
    assert [one.stderr for one in done] == ["", "", ""]
    return home, [one.stdout for one in done]


def test_nothing_is_warned_of_but_that_no_source_is_enabled(first_run):
    home, (_, checked, ran) = first_run
    for said in (checked, ran):
        assert said.count(NOTE) == 1
    assert "note:" not in checked
    for word in ("overdrawn", "warning", "failed", "exceed"):
        assert word not in ran.lower()
    assert [path.name for path in (home / "alerts").glob("*.json*") if path.read_text().strip()] == []


def test_every_page_says_why_it_is_empty(first_run):
    """Sentences that belong to the sections, in which no number stands for what is not known."""
    home, _ = first_run
    pages = {
        path.stem: re.sub(r"<[^>]*>", " ", path.read_text()) for path in (home / "published/dashboard").glob("*.html")
    }
    sentences = {
        "margin": "it needs revenue",
        "reconciliation": "Nothing was metered or billed yet",
        "people": "No usage names a person",
        "health": "No row was refused",
    }
    assert {page: said for page, said in sentences.items() if said not in pages[page]} == {}
    for page, text in pages.items():
        assert not re.search(r"Traceback|\bNone\b|\bnan\b", text), page
