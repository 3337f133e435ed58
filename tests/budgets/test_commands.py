"""The commands refuse what they cannot book in words a person can act on, and write nothing then."""

import re
from datetime import date
from io import StringIO
from pathlib import Path

import pytest

from orchestration.budgets.commands import change_budget, graduate_initiative
from orchestration.budgets.decisions import Refused
from orchestration.budgets.facts import UnknownFact
from orchestration.lock import HomeIsBusy, home_lock
from orchestration.project import Home
from orchestration.registry.starter import write_company_folder
from orchestration.settings import RunSettings
from orchestration.warehouse import connect

CFO = "cfo@company.example"


@pytest.fixture
def settings(tmp_path: Path) -> RunSettings:
    write_company_folder(tmp_path / "company")
    return RunSettings(company=tmp_path / "company", home=tmp_path / "home", as_of=date(2026, 7, 31))


def test_a_home_without_a_run_says_what_to_do_first(settings: RunSettings) -> None:
    with pytest.raises(UnknownFact, match="holds no warehouse yet; first: tokenomics run"):
        graduate_initiative(settings, "exp", CFO, StringIO())
    assert not Home(settings.home).warehouse.exists()


@pytest.mark.parametrize("approver", ["", "cfo", "cfo@company", "a b@company.example"])
def test_an_approver_is_an_e_mail_address(settings: RunSettings, approver: str) -> None:
    with pytest.raises(Refused, match="is not an e-mail address"):
        graduate_initiative(settings, "exp", approver, StringIO())


@pytest.mark.parametrize("amount", ["1O0", "1.2.3", "1e99", "0.0000000001", "nan", ""])
def test_an_amount_is_an_exact_decimal(settings: RunSettings, amount: str) -> None:
    with pytest.raises(Refused, match=f"amount {amount}"):
        change_budget(settings, "return", "exp", amount, CFO, StringIO())


@pytest.mark.parametrize(
    ("currency", "amount", "unit"),
    [
        ("USD", "0.001", "0.01"),
        ("USD", "-12.345", "0.01"),
        ("JPY", "0.5", "1"),
        ("KWD", "0.0001", "0.001"),
        ("USD", "5e-3", "0.01"),
    ],
)
def test_an_amount_below_the_smallest_unit_of_the_currency_is_refused(
    settings: RunSettings, currency: str, amount: str, unit: str
) -> None:
    company = Path(str(settings.company)) / "company.yaml"
    company.write_text(re.sub("reporting_currency: [A-Z]+", f"reporting_currency: {currency}", company.read_text()))
    with connect(Home(settings.home).warehouse):
        pass
    with pytest.raises(Refused, match=re.escape(f"amount {amount} is finer than {unit} {currency}, ")):
        change_budget(settings, "adjust", "exp", amount, CFO, StringIO())
    assert not Home(settings.home).budget.exists()


@pytest.mark.parametrize(("currency", "amount"), [("USD", "1e3"), ("USD", "0.010"), ("JPY", "7.0"), ("KWD", "0.001")])
def test_an_amount_in_the_units_of_the_currency_is_judged_by_the_books(
    settings: RunSettings, currency: str, amount: str
) -> None:
    company = Path(str(settings.company)) / "company.yaml"
    company.write_text(re.sub("reporting_currency: [A-Z]+", f"reporting_currency: {currency}", company.read_text()))
    with connect(Home(settings.home).warehouse):
        pass
    with pytest.raises((Refused, UnknownFact), match=r"^(?!amount )"):
        change_budget(settings, "adjust", "exp", amount, CFO, StringIO())


def test_an_undeclared_initiative_is_refused(settings: RunSettings) -> None:
    with connect(Home(settings.home).warehouse):
        pass
    with pytest.raises(Refused, match=r"typo: no initiative of this name is declared in initiatives\.yaml"):
        graduate_initiative(settings, "typo", CFO, StringIO())
    assert not Home(settings.home).budget.exists()


def test_a_home_where_a_run_works_is_left_alone(settings: RunSettings) -> None:
    with home_lock(Home(settings.home).lock), pytest.raises(HomeIsBusy):
        change_budget(settings, "adjust", "exp", "1", CFO, StringIO())
