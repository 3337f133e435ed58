"""``check`` says in which currency a negotiated price counts, where contracts.yaml does not."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestration.cli import app

PRICE = (
    "contracts:\n  - {contract_id: deal, provider: aws, kind: price, models: ['claude-*'], token_class: input_uncached, "
    "price_per_million: '3.30'%s}\n"
)
NOTE = (
    "contract 'deal' has a price and no currency, so 3.30 counts as JPY, while list prices are in USD; write currency: "
)


@pytest.mark.parametrize(
    ("books", "said", "is_told"), [("JPY", "", True), ("JPY", ", currency: USD", False), ("USD", "", False)]
)
def test_a_price_without_a_currency_is_told_where_the_books_are_not_in_that_of_the_lists(
    books: str, said: str, is_told: bool, folder: Path, tmp_path: Path
) -> None:
    company = folder / "company.yaml"
    lines = [line for line in company.read_text().splitlines() if not line.startswith("reporting_currency:")]
    company.write_text("\n".join([*lines, f"reporting_currency: {books}", ""]))
    (folder / "contracts.yaml").write_text(PRICE % said)
    told = CliRunner().invoke(app, ["check", "--company", str(folder), "--home", str(tmp_path / "home")]).output
    assert (NOTE in " ".join(told.split())) is is_told, told
