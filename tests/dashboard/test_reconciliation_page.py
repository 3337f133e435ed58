"""The bridge in line order, drawn from total to total; what is open with its remedy; journals and those left out."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from dashboard.charts import Drawer
from dashboard.figures import Chart
from dashboard.pages.reconciliation import reconciliation
from orchestration.glossary import in_words
from tests.dashboard.made_up import column, figure, published, table

D = Decimal
LINES = (
    ("metered_list_cost", "100", True, False),
    ("discount", "-8", False, False),
    ("unpriced_usage", "5.5", False, False),
    ("metering_residual", "0.004", False, False),
    ("billed_cost", "97.504", True, False),
    ("unposted_accrual", "-97.504", False, False),
    ("ledger_posting", "0", True, False),
    ("duplicates", "3", False, True),
)


def test_the_bridge_its_drawing_and_what_is_open(tmp_path: Path) -> None:
    rows = [
        {"fiscal_period": period, "provider": provider, "bridge_line": line, "amount": D(amount), "line_order": order}
        | {"is_total": is_total, "is_memo": is_memo}
        for period in ("2026-06", "2026-07")
        for provider in ("openai", "quiet")
        for order, (line, amount, is_total, is_memo) in enumerate(LINES, 1)
        if provider == "openai"
    ]
    rows.reverse()
    with published({"reconciliation_by_provider_month": rows}) as publication:
        page = reconciliation(publication, Drawer(tmp_path))
    assert [row["bridge_line"] for row in table(page, "bridge").rows][:8] == [line for line, *_ in LINES]
    assert column(page, "open", "period", "line", "amount") == [
        (period, in_words(line), D(amount))
        for period in ("2026-07", "2026-06")
        for line, amount in (("unpriced_usage", "5.5"), ("duplicates", "3"))
    ]
    assert all(row["remedy"] for row in table(page, "open").rows)
    charts = [one for section in page.sections for one in section.blocks if isinstance(one, Chart)]
    assert [(one.title, one.shows) for one in charts] == [
        ("openai, 2026-07", {}),
        ("openai, 2026-06", {"period": "2026-06"}),
    ]
    assert charts[0].alt == (
        f"openai in 2026-07: {in_words('metered_list_cost')} 100.00, {in_words('discount')} -8.00, "
        f"{in_words('unpriced_usage')} 5.50, {in_words('billed_cost')} 97.50, {in_words('unposted_accrual')} -97.50, "
        f"{in_words('ledger_posting')} 0.00."
    )
    assert figure(page, "Billed, 2026-07 to date").value == D("97.504")
    told = figure(page, "Open lines, 2026-07")
    assert (told.value, told.verdict) == (2, "watch") and "USD 5.50" in told.says


def test_what_was_only_metered_is_not_called_billed_and_an_empty_month_not_explained(tmp_path: Path) -> None:
    """Of 50 one provider's 8 are of usage at its price; in the other publication the month has no line."""
    lines = [
        {"fiscal_period": "2026-07", "provider": provider, "bridge_line": "billed_cost", "amount": D(amount)}
        | {"cost_basis": basis, "is_total": True, "is_memo": False, "line_order": 5}
        for provider, amount, basis in (("openai", "42", "billed"), ("mistral", "8", "metered"))
    ]
    months = {"2026-07": lines, "only mistral": lines[1:], "2026-06": [{**lines[0], "fiscal_period": "2026-06"}]}
    said = []
    for rows in months.values():
        with published({"reconciliation_by_provider_month": rows}) as publication:
            page = reconciliation(publication, Drawer(tmp_path))
        said.append((figure(page, "Billed, 2026-07 to date").says, figure(page, "Open lines, 2026-07").verdict))
    assert said == [
        ("8.00 of it metered, for want of a bill", "good"),
        ("all of it metered, for want of a bill", "good"),
        ("nothing yet", "unknown"),
    ]


def test_journals_balance_and_one_without_an_account_says_which(tmp_path: Path) -> None:
    lines = [
        {"fiscal_period": "2026-06", "provider": "openai", "journal_id": "TKN-1", "posting_date": date(2026, 6, 30)}
        | {"account_number": account, "debit_amount": D(debit), "credit_amount": D(credit), "is_reversal": False}
        for account, debit, credit in (("5100", "60", "0"), ("6100", "40", "0"), ("2100", "0", "100"))
    ]
    left_out = [
        {"fiscal_period": "2026-06", "provider": "aws", "service_period": "2026-06", "amount": D("12.5")}
        | {"credit_role": "prepaid", "missing_roles": "prepaid,capitalized"}
    ]
    with published({"accrual_journal_lines": lines, "accrual_journals_left_out": left_out}) as publication:
        page = reconciliation(publication, Drawer(tmp_path))
    assert column(page, "journals", "journal_id", "kind", "debit_amount", "credit_amount", "accounts") == [
        ("TKN-1", "accrual", D(100), D(100), "2100, 5100, 6100")
    ]
    (row,) = table(page, "left_out").rows
    assert (row["amount"], row["missing"]) == (D("12.5"), f"{in_words('prepaid')}, {in_words('capitalized')}")
    assert "posting_accounts" in row["remedy"]


@pytest.mark.parametrize(
    ("finding", "amount", "remedy"),
    [
        ("not_reversed", D(300), "post the reversal"),
        ("reversed_beyond", D(-300), "take back what was reversed"),
        ("reversed_elsewhere", D(300), "move the reversal"),
    ],
)
def test_an_accrual_that_the_ledger_has_not_reversed_says_what_to_post(
    tmp_path: Path, finding: str, amount: Decimal, remedy: str
) -> None:
    standing = [
        {"fiscal_period": "2026-06", "provider": "aws", "legal_entity_id": "le1", "journal_id": "TKN-ACC-aws-2026-06"}
        | {"reversal_date": date(2026, 7, 1), "amount": amount, "finding": finding}
    ]
    with published({"accrual_journals_not_reversed": standing}) as publication:
        page = reconciliation(publication, Drawer(tmp_path))
    (row,) = table(page, "not_reversed").rows
    assert (row["journal_id"], row["reversal_date"], row["amount"]) == ("TKN-ACC-aws-2026-06", date(2026, 7, 1), amount)
    assert row["remedy"].startswith(remedy)
