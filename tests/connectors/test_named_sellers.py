"""A provider that the company folder names and nothing else knows is told with its place, and the name that may be meant."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestration.cli import app
from orchestration.connectors.named_in_files import unknown_sellers
from orchestration.landing.store import Landing
from orchestration.landing.streams import stream_schema
from orchestration.prices import is_listed
from orchestration.registry import load_company
from tests.end_to_end.tiny_company import write_tiny_company

CONTRACT = (
    "{{contract_id: {number}, provider: {provider}, kind: discount, discount_ratio: '0.1', valid_from: 2026-01-01}}\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = write_tiny_company(tmp_path / "company", "http://127.0.0.1:9")
    sources = folder / "sources.yaml"
    sources.write_text(sources.read_text().replace("enabled: true", "enabled: false", 1))
    return folder


def contracted(folder: Path, *providers: str) -> None:
    """Contracts x1, x2 and so on."""
    lines = [f"- {CONTRACT.format(number=f'x{at}', provider=name)}" for at, name in enumerate(providers, 1)]
    (folder / "contracts.yaml").write_text("contracts:\n" + "".join(lines))


def told(folder: Path, change: Callable[[Landing], None] = lambda landing: None) -> tuple[str, ...]:
    landing = Landing(folder.parent / "landing")
    change(landing)
    return unknown_sellers(load_company(folder), landing, is_listed)


def test_a_misspelt_provider_is_told_wherever_it_is_declared(folder: Path) -> None:
    contracted(folder, "OpenAI", "opnai", "amazon bedrock")
    for file, text in (
        ("company.yaml", 'ledger_counterparties:\n  "Claude*": antropic\n  "AWS EMEA*": aws\n'),
        ("sources.yaml", "metering: {mistrall: litellm}\n"),
    ):
        (folder / file).write_text((folder / file).read_text() + text)
    lines = {file: (folder / file).read_text().count("\n") for file in ("company.yaml", "sources.yaml")}
    unknown = "no source, price list, bill or ledger knows it, so"
    assert told(folder) == (
        f"contracts.yaml:3: provider opnai: {unknown} contract x2 applies to nothing; did you mean 'openai'?",
        f"company.yaml:{lines['company.yaml'] - 1}: provider antropic: {unknown} postings of Claude* settle no bill; "
        "did you mean 'anthropic'?",
        f"sources.yaml:{lines['sources.yaml']}: provider mistrall: {unknown} the choice of its meter chooses nothing; "
        "did you mean 'mistral'?",
    )


@pytest.mark.parametrize("provider", ["deepseek", "x-ai", "together_ai", "Vertex AI", "azure_ai"])
def test_what_a_price_list_or_the_usual_names_know_is_told_of_nowhere(folder: Path, provider: str) -> None:
    contracted(folder, provider)
    assert told(folder) == ()


def ledger(landing: Landing) -> None:
    row = dict.fromkeys(landing_columns("ledgers", "general_ledger")) | {"counterparty_name": "Lambda Labs Inc"}
    with landing.batch("ledgers", "general_ledger") as batch:
        batch.add_rows("ledgers/general_ledger.csv", [row])


def bill(landing: Landing) -> None:
    row = dict.fromkeys(landing_columns("focus_files", "cost_and_usage")) | {"provider_name": "Lambda"}
    with landing.batch("focus_files", "cost_and_usage") as batch:
        batch.add_rows("bills/lambda.csv", [row])


def usage(landing: Landing) -> None:
    row = dict.fromkeys(landing_columns("litellm", "spend_logs")) | {"custom_llm_provider": "lambda", "model": "m"}
    with landing.batch("litellm", "spend_logs") as batch:
        batch.add_rows("logs/log.jsonl", [row])


def landing_columns(source: str, stream: str) -> list[str]:
    return [name for name in stream_schema(source, stream).names if name not in ("partition", "load_id")]


@pytest.mark.parametrize("known_by", [ledger, bill, usage])
def test_what_a_ledger_a_bill_or_usage_knows_is_told_of_nowhere(
    folder: Path, known_by: Callable[[Landing], None]
) -> None:
    contracted(folder, "lambda")
    assert told(folder) == (
        "contracts.yaml:2: provider lambda: no source, price list, bill or ledger knows it, so contract x1 applies to nothing",
    )
    assert told(folder, known_by) == ()


def test_check_notes_it_and_is_no_fault(folder: Path, tmp_path: Path) -> None:
    contracted(folder, "opnai")
    done = CliRunner().invoke(app, ["check", "--company", str(folder), "--home", str(tmp_path / "home")])
    assert done.exit_code == 0, done.output
    assert "note: contracts.yaml:2: provider opnai: " in done.output
