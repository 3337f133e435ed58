"""``tokenomics init`` writes a folder that is valid as it stands, and overwrites nothing."""

import re
from pathlib import Path

import pytest

from orchestration.connectors.sources import SOURCES_BY_NAME
from orchestration.registry import load_company, write_company_folder
from orchestration.registry.sources import LEDGER_SOURCES, SECRET_VARIABLES

README = Path(__file__).parents[2] / "README.md"
EVERY_SOURCE = (*SOURCES_BY_NAME, *LEDGER_SOURCES)


def test_the_starter_folder_is_valid_and_commented(tmp_path: Path):
    target = tmp_path / "deep" / "company"
    written = write_company_folder(target)
    assert {"company.yaml", "ownership.yaml", "ledgers/README.md"} <= {path.as_posix() for path in written}
    assert all("#" in (target / path).read_text() for path in written if path.suffix != ".json")
    company = load_company(target)
    assert [one.initiative_id for one in company.initiatives] == ["support_assistant", "invoice_reader"]
    assert not any(source.enabled for source in company.sources.values())


def test_commented_examples_are_valid_when_uncommented(tmp_path: Path):
    write_company_folder(tmp_path / "company")
    contracts = tmp_path / "company" / "contracts.yaml"
    lines = contracts.read_text().replace("contracts: []", "contracts:").splitlines()
    contracts.write_text("\n".join(line.removeprefix("#") if line.startswith("#   ") else line for line in lines))
    assert [one.contract_id for one in load_company(tmp_path / "company").contracts] == ["anthropic_2026"]


def test_the_commented_guardrails_are_valid_when_uncommented(tmp_path: Path):
    write_company_folder(tmp_path / "company")
    guardrails = tmp_path / "company" / "guardrails.yaml"
    text = guardrails.read_text().replace("caps: []", "caps:").replace("overrides: []", "overrides:")
    text = text.replace("# adapters:", "adapters:").replace(
        "apply: false", "apply: true\n     base_url: http://127.0.0.1:1"
    )
    lines = [line.removeprefix("#") if line.startswith("#   ") else line for line in text.splitlines()]
    guardrails.write_text("\n".join(lines))
    read = load_company(tmp_path / "company").guardrails
    assert ([one.cap_id for one in read.caps], [one.id for one in read.overrides]) == (["developers"], ["dev_042"])
    assert [name for name, one in read.adapters.items() if one.apply] == ["litellm"]


def test_a_folder_that_holds_anything_is_left_alone(tmp_path: Path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="nothing was written"):
        write_company_folder(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    with pytest.raises(FileExistsError):
        write_company_folder(tmp_path / "mine.txt")


def test_an_empty_folder_is_used(tmp_path: Path):
    (tmp_path / "empty").mkdir()
    assert write_company_folder(tmp_path / "empty")


def _paragraphs(folder: Path) -> dict[str, str]:
    """Source to the comment above it and its own lines, of the template's sources.yaml."""
    parts = re.split(r"\n\n", (folder / "sources.yaml").read_text())
    return {name: part for part in parts for name in re.findall(r"^  (\w+):$", part, re.M)}


@pytest.mark.parametrize("name", EVERY_SOURCE)
def test_every_source_stands_in_the_template_with_what_it_needs_and_what_it_gives(tmp_path: Path, name: str):
    write_company_folder(tmp_path / "company")
    told = _paragraphs(tmp_path / "company")[name]
    comment = " ".join(line.strip() for line in told.splitlines() if line.strip().startswith("#"))
    assert re.search(r"\b[Nn]eeds? ", comment)
    assert re.search(r"\b[Gg]ives?\b", comment)
    assert SECRET_VARIABLES.get(name, "") in comment
    assert not load_company(tmp_path / "company").sources[name].enabled


@pytest.mark.parametrize("name", EVERY_SOURCE)
def test_every_source_stands_in_the_readme_with_its_variable(name: str):
    rows = [line for line in README.read_text().splitlines() if line.startswith("| `") and f"`{name}`" in line]
    assert rows, f"no table row of README.md names {name}"
    assert any(SECRET_VARIABLES.get(name, "") in row for row in rows)


def test_the_way_of_daily_activity_is_shown_and_valid(tmp_path: Path):
    write_company_folder(tmp_path / "company")
    file = tmp_path / "company" / "sources.yaml"
    text = file.read_text()
    paragraph = next(part for part in text.split("\n\n") if "\n  litellm:\n" in part)
    shown = paragraph.split("  # litellm:\n")[1].replace("  # ", "  ")
    file.write_text(text.replace(paragraph, f"  litellm:\n{shown}"))
    assert load_company(tmp_path / "company").sources["litellm"].mode == "daily_activity"


def test_the_way_of_a_query_is_shown_and_valid(tmp_path: Path):
    write_company_folder(tmp_path / "company")
    file = tmp_path / "company" / "sources.yaml"
    text = file.read_text()
    paragraph = next(part for part in text.split("\n\n") if "\n  litellm:\n" in part)
    shown = re.sub("(?m)^  # ", "  ", text.split("  # litellm:\n")[2].partition("\n\n")[0])
    file.write_text(text.replace(paragraph, f"  litellm:\n{shown}"))
    litellm = load_company(tmp_path / "company").sources["litellm"]
    assert (litellm.mode, litellm.rollup, litellm.results) == ("query", "snowflake", "rollup/*.parquet")
