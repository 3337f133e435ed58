"""``check`` says which accounts the month-end journals will lack, before a run leaves a journal out."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestration.cli import app
from orchestration.registry import load_company, missing_posting_roles

EVERY_ROLE = {
    "cost_of_goods_sold": "5100",
    "research_and_development": "6100",
    "selling_and_administration": "6200",
    "accrued_liabilities": "2100",
}


@pytest.fixture
def missing(folder: Path):
    """Role to what needs it, of the small company with accounts for ``roles``: chat is customer-facing core, reader an
    internal experiment of finance.
    """

    def of(roles: set[str], more: str = "") -> dict[str, str]:
        company = folder / "company.yaml"
        accounts = "".join(f"  {role}: {number!r}\n" for role, number in EVERY_ROLE.items() if role in roles)
        company.write_text(company.read_text() + (f"posting_accounts:\n{accounts}" if accounts else "") + more)
        told = missing_posting_roles(load_company(folder))
        prefix = "company.yaml: posting_accounts: no account for "
        assert all(line.startswith(prefix) for line in told)
        return dict(line.removeprefix(prefix).partition(" needs: ")[0].split(", which ") for line in told)

    return of


def test_accounts_for_every_role_leave_nothing_to_say(missing):
    assert missing(set(EVERY_ROLE)) == {}


def test_a_company_without_posting_accounts_asked_for_no_journals(missing):
    assert missing(set()) == {}


@pytest.mark.parametrize(
    ("role", "needed_by"),
    [
        ("selling_and_administration", "cost that nobody owns"),
        ("accrued_liabilities", "every accrual"),
        ("cost_of_goods_sold", "initiative chat in stage core"),
        ("research_and_development", "initiative reader in stage experimentation"),
    ],
)
def test_a_role_that_an_accrual_needs_and_has_no_account_is_told_with_who_needs_it(missing, role, needed_by):
    assert missing(set(EVERY_ROLE) - {role}) == {role: needed_by}


def test_a_class_of_the_companys_own_rules_needs_its_account_from_the_day_on_which_it_holds(missing):
    """Until 2027 the default stands too, so that both accounts are needed."""
    rule = "cost_classes: [{department_id: product, cost_class: capitalized, valid_from: 2027-01-01}]\n"
    assert missing(set(EVERY_ROLE) - {"cost_of_goods_sold"}, rule) == {
        "capitalized": "initiative chat in stage core",
        "cost_of_goods_sold": "initiative chat in stage core",
    }


def test_a_product_or_customer_that_owns_cost_needs_cost_of_goods_sold(missing, folder, edit):
    edit("initiatives.yaml", "kind: customer_facing", "kind: internal_workflow")
    edit("initiatives.yaml", "    product_id: desk\n", "")
    edit("initiatives.yaml", "    target_gross_margin_ratio: 0.60\n", "")
    edit("ownership.yaml", "assign:\n      initiative_id: chat", "assign:\n      customer_id: acme")
    assert missing(set(EVERY_ROLE) - {"cost_of_goods_sold"}) == {"cost_of_goods_sold": "customer acme"}


def test_a_prepaid_contract_needs_the_prepaid_account(missing, folder):
    (folder / "contracts.yaml").write_text(
        "contracts: [{contract_id: year, provider: openai, kind: prepaid, amount: 10, currency: EUR, valid_from: 2026-07-01}]\n"
    )
    assert missing(set(EVERY_ROLE)) == {"prepaid": "prepaid balance year"}


def test_check_prints_it_as_a_note(folder, edit, monkeypatch, tmp_path_factory):
    edit("company.yaml", "policy:\n", "posting_accounts: {accrued_liabilities: '2100'}\npolicy:\n")
    (folder / "sources.yaml").write_text("sources: {}\n")
    edit("ownership.yaml", "      source: openai\n", "")
    monkeypatch.setenv("TOKENOMICS_HOME", str(tmp_path_factory.mktemp("home")))
    done = CliRunner().invoke(app, ["check", "--company", str(folder)])
    notes = [line for line in done.output.splitlines() if "posting_accounts" in line]
    assert [line.partition("no account for ")[2].partition(",")[0] for line in notes] == [
        "selling_and_administration",
        "cost_of_goods_sold",
        "research_and_development",
    ]
    assert all(line.startswith("note: ") for line in notes)
