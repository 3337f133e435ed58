"""Of which days a product's AI cost is not known: its log or bill has ended, or leaves them out, and cost was to be expected."""

from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration.landing.store import Landing
from tests.dbt_project.compiled_models import build, write_run_parameters

MODEL = "int_costs_not_reported_by_day"
FIRST, AS_OF = date(2026, 7, 1), date(2026, 8, 31)
SOLD, RESEARCH = "cost_of_goods_sold", "research_and_development"


def days(first: int, last: int, step: int = 1) -> list[date]:
    """Day 1 is the first of July, 62 the as-of day."""
    return [FIRST + timedelta(days=number - 1) for number in range(first, last + 1, step)]


class Company:
    """Days with cost and days that sources vouch for; all cost is of provider ``mistral``."""

    def __init__(self) -> None:
        self.costs: list[tuple[str, str, str, str, date]] = []
        self.judged: list[tuple[str, str | None, date, bool, bool]] = []
        self.first_revenue = self.first_other_cost = FIRST
        self.billed: list[tuple[str, str, date]] = []

    def costing(self, on: Iterable[date], product: str = "p", source: str = "litellm", cost_class: str = SOLD) -> None:
        self.costs += [("mistral", source, cost_class, product, day) for day in on]

    def complete(self, on: Iterable[date], source: str = "litellm", provider: str | None = None) -> None:
        self.judged += [(source, provider, day, True, False) for day in on]

    def open(self, on: Iterable[date], source: str = "litellm", *, is_missing: bool = False) -> None:
        self.judged += [(source, None, day, False, is_missing) for day in on]

    def billing(self, account: str, product: str, on: Iterable[date], cost_class: str = SOLD) -> None:
        """Cost of ``product`` on the bill of one of the provider's accounts."""
        on = list(on)
        self.costing(on, product, "focus_files", cost_class)
        self.billed += [(account, product, day) for day in on]

    def bill_open(self, on: Iterable[date]) -> None:
        """Days of which the bill of some account is not known."""
        self.judged += [("focus_files", "mistral", day, False, False) for day in on]

    def not_reported(self, folder: Path, entity: str = "product") -> dict[str, list[date]]:
        """The days that the model names, by product (or customer)."""
        landing = Landing(folder / "landing")
        found: dict[str, list[date]] = {}
        with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
            landing.register(connection)
            write_run_parameters(connection, AS_OF)
            for statement in (
                "create schema intermediate",
                "create table intermediate.int_costs_classified (provider varchar, source varchar, cost_class varchar, "
                "product_id varchar, customer_id varchar, initiative_id varchar, cost_date date)",
                "create table intermediate.int_usage_keys_numbered (provider varchar, source varchar)",
                "create table intermediate.int_source_days_judged (source varchar, provider varchar, source_date date, "
                "is_complete boolean, is_missing boolean)",
                f"create table intermediate.int_revenue_recognised_by_day as select date '{self.first_revenue}' as revenue_date",
                "create table intermediate.int_other_cogs_spread_by_day as "
                f"select date '{self.first_other_cost}' as cost_date",
                "create table intermediate.int_effective_costs_split_to_usage (source varchar, provider varchar, "
                "account_id varchar, cost_date date, owner_key varchar)",
                "create table intermediate.int_billed_days (provider varchar, account_id varchar, billing_date date)",
                "create table intermediate.int_cloud_charges_spread_by_day (provider varchar, account_id varchar, "
                "cost_date date, proves_day boolean)",
                "create table intermediate.int_owners_matched as select owner as owner_key, product as product_id, "
                "null::varchar as customer_id, initiative as initiative_id, date '0001-01-01' as effective_from, "
                "date '9999-12-31' as effective_to from (values ('p', 'p', null), ('q', null, 'make_q')) "
                "as owners (owner, product, initiative)",
                "create table intermediate.int_initiatives_effective as select 'make_q' as initiative_id, 'q' as product_id, "
                "null::varchar as customer_id, date '0001-01-01' as effective_from, date '9999-12-31' as effective_to",
            ):
                connection.execute(statement)
            connection.executemany(
                "insert into intermediate.int_costs_classified values (?, ?, ?, ?, null, null, ?)", self.costs
            )
            connection.executemany(
                "insert into intermediate.int_source_days_judged values (?, ?, ?, ?, ?)", self.judged
            )
            for account, product, day in self.billed:
                connection.execute(
                    "insert into intermediate.int_effective_costs_split_to_usage values ('focus_files', 'mistral', ?, ?, ?)",
                    [account, day, product],
                )
                connection.execute(
                    "insert into intermediate.int_billed_days values ('mistral', ?, ?), ('mistral', null, ?)",
                    [account, day, day],
                )
                connection.execute(
                    "insert into intermediate.int_cloud_charges_spread_by_day values ('mistral', ?, ?, true)",
                    [account, day],
                )
            build(connection, (MODEL,))
            rows = connection.execute(
                f"select entity_id, cost_date from intermediate.{MODEL} where entity_type = ? order by all", [entity]
            ).fetchall()
        for name, day in rows:
            found.setdefault(name, []).append(day)
        return found


@pytest.fixture
def company() -> Company:
    return Company()


@pytest.mark.parametrize(("entity", "name"), [("product", "p"), ("customer", "(unattributed)")])
def test_days_after_the_end_of_a_log_are_not_reported_and_the_day_of_its_last_row_is(
    company: Company, tmp_path: Path, entity: str, name: str
) -> None:
    company.costing(days(1, 41))
    company.complete(days(1, 40))
    company.open(days(41, 62))
    assert company.not_reported(tmp_path, entity) == {name: days(42, 62)}


def test_days_that_a_log_leaves_out_are_not_reported(company: Company, tmp_path: Path) -> None:
    company.costing([*days(1, 38), *days(46, 62)])
    company.complete([*days(1, 38), *days(46, 62)])
    company.open(days(39, 45), is_missing=True)
    assert company.not_reported(tmp_path) == {"p": days(39, 45)}


@pytest.mark.parametrize(("count", "is_expected"), [(13, False), (14, True)])
def test_cost_is_expected_of_who_had_some_on_half_of_the_last_28_reported_days(
    company: Company, tmp_path: Path, count: int, is_expected: bool
) -> None:
    """What is unknown in between is no reported day: the 28 end on day 35, before which days 29 to 33 are not known, and begin
    after day 1, on which the product had cost too.
    """
    company.costing(days(1, 62), product="other")
    company.costs = [row for row in company.costs if row[4] not in (*days(29, 33), *days(36, 62))]
    company.costing(days(1, 1) + days(35 - count - 4, 28) + days(34, 35))
    company.complete([*days(1, 28), *days(34, 35)])
    company.open(days(29, 33), is_missing=True)
    company.open(days(36, 62))
    of_p = company.not_reported(tmp_path).get("p", [])
    assert [day for day in of_p if day > days(35, 35)[0]] == (days(36, 62) if is_expected else [])


@pytest.mark.parametrize(
    ("first", "step", "is_expected"), [(34, 1, True), (35, 1, False), (27, 2, True), (26, 2, True), (24, 3, False)]
)
def test_who_is_younger_than_28_reported_days_is_judged_by_those_since_his_first_from_a_week_on(
    company: Company, tmp_path: Path, first: int, step: int, is_expected: bool
) -> None:
    """Up to day 40: seven of seven days, six of six, seven of fourteen, eight of fifteen, six of seventeen."""
    company.costing(days(1, 40), product="other")
    company.costing(days(first, 40, step))
    company.complete(days(1, 40))
    company.open(days(41, 62))
    assert company.not_reported(tmp_path).get("p", []) == (days(41, 62) if is_expected else [])


@pytest.mark.parametrize("book", ["first_revenue", "first_other_cost"])
def test_days_before_the_first_that_any_source_tells_of_are_not_reported_of_who_has_cost(
    company: Company, tmp_path: Path, book: str
) -> None:
    setattr(company, book, date(2026, 6, 28))
    company.costing(days(5, 62))
    company.costing(days(5, 62), product="research", cost_class=RESEARCH)
    company.complete(days(3, 62))
    assert company.not_reported(tmp_path) == {"p": [date(2026, 6, day) for day in (28, 29, 30)] + days(1, 2)}


def test_no_cost_is_expected_of_who_had_none_on_most_of_the_last_28_reported_days(
    company: Company, tmp_path: Path
) -> None:
    """Eight of days 13 to 40, though twenty days in all."""
    company.costing(days(1, 20))
    company.costing(days(1, 40), product="other")
    company.complete(days(1, 40))
    company.open(days(41, 62))
    assert company.not_reported(tmp_path) == {"other": days(41, 62)}


@pytest.mark.parametrize("case", ["complete", "another source", "another product", "research alone", "switched off"])
def test_no_cost_is_zero_where_something_vouches_for_the_day_or_nothing_is_to_come(
    company: Company, tmp_path: Path, case: str
) -> None:
    company.costing(days(1, 40), cost_class=RESEARCH if case == "research alone" else SOLD)
    company.complete(days(1, 40))
    if case == "complete":
        company.complete(days(41, 62))
    elif case != "switched off":
        company.open(days(41, 62))
    if case == "another source":
        company.costing(days(1, 1), source="focus_files")
        company.complete(days(1, 62), source="focus_files", provider="mistral")
        company.complete(days(1, 62), source="focus_files", provider="aws")
    if case == "another product":
        company.costing(days(41, 62), product="other")
    assert company.not_reported(tmp_path) == {}


def test_a_bill_of_another_provider_vouches_for_nothing(company: Company, tmp_path: Path) -> None:
    company.costing(days(1, 40))
    company.costing(days(1, 1), source="focus_files")
    company.complete(days(1, 40))
    company.open(days(41, 62))
    company.complete(days(41, 62), source="focus_files", provider="aws")
    assert company.not_reported(tmp_path) == {"p": days(41, 62)}


@pytest.mark.parametrize(("days_on_the_bill", "is_expected"), [(14, True), (13, False)])
def test_days_after_the_end_of_one_accounts_bill_are_not_reported_of_who_was_on_it(
    company: Company, tmp_path: Path, days_on_the_bill: int, is_expected: bool
) -> None:
    """Account b ends on day 40, a goes on, so that the provider has cost every day. Product p has some of a on day 50 and is
    on b's bill on as many of days 13 to 40; q is on a's bill alone.
    """
    company.billing("a", "q", days(1, 62))
    company.billing("b", "p", days(41 - days_on_the_bill, 40))
    company.billing("a", "p", days(50, 50))
    company.complete(days(1, 40), source="focus_files", provider="mistral")
    company.bill_open(days(41, 62))
    assert company.not_reported(tmp_path) == ({"p": days(41, 49) + days(51, 62)} if is_expected else {})


def test_who_left_an_account_for_another_or_is_on_the_last_of_one_lacks_nothing(
    company: Company, tmp_path: Path
) -> None:
    """A day that is open before the end of his account's bill, on which he had no cost, is a zero."""
    company.billing("b", "p", days(1, 40))
    company.billing("b", "q", [*days(1, 29), *days(31, 40)])
    company.billing("a", "q", days(41, 62))
    company.billing("a", "p", days(41, 62))
    company.bill_open([*days(30, 30), *days(41, 62)])
    assert company.not_reported(tmp_path) == {}


@pytest.mark.parametrize(("days_on_the_bill", "is_expected"), [(14, True), (13, False)])
def test_days_that_one_accounts_bill_leaves_out_are_not_reported_of_who_is_on_it(
    company: Company, tmp_path: Path, days_on_the_bill: int, is_expected: bool
) -> None:
    """Account b lacks days 41 to 45, a goes on; p is on b's bill on as many of days 13 to 40, q on
    a's alone.
    """
    company.billing("a", "q", days(1, 62))
    company.billing("b", "p", [*days(41 - days_on_the_bill, 40), *days(46, 62)])
    company.bill_open(days(41, 45))
    assert company.not_reported(tmp_path) == ({"p": days(41, 45)} if is_expected else {})


def test_cost_of_another_account_does_not_make_up_for_the_days_that_a_bill_leaves_out(
    company: Company, tmp_path: Path
) -> None:
    """Both p and q have cost of account a on all days. On b, p is before and after days 41 to 45, q before them alone: q has
    moved, of p some is lacking.
    """
    for product in ("p", "q"):
        company.billing("a", product, days(1, 62))
        company.billing("b", product, days(1, 40))
    company.billing("b", "p", days(46, 62))
    company.bill_open(days(41, 45))
    assert company.not_reported(tmp_path) == {"p": days(41, 45)}


def test_days_that_a_bill_leaves_out_are_none_where_they_are_zero_or_who_is_on_it_comes_seldom(
    company: Company, tmp_path: Path
) -> None:
    """Every second Saturday of account c is no gap in it, nor is a day on which the files are said to be complete."""
    company.billing("a", "q", days(1, 62))
    company.billing("c", "p", days(4, 62, step=14))
    company.billing("b", "p", [*days(1, 40), *days(46, 62)])
    company.complete(days(41, 45), source="focus_files", provider="mistral")
    company.bill_open([*days(1, 40), *days(46, 62)])
    assert company.not_reported(tmp_path) == {}


def test_an_account_that_ended_is_waited_for_as_long_as_the_bill_itself(company: Company, tmp_path: Path) -> None:
    """It ended on the sixteenth day before July, sixty days before the 44th."""
    company.billing("b", "p", days(-29, -16))
    company.billing("a", "q", days(-29, 62))
    company.bill_open(days(-15, 62))
    assert company.not_reported(tmp_path) == {"p": days(-15, 44)}


@pytest.mark.parametrize("case", ["the only account", "research", "whole"])
def test_an_account_that_ended_says_nothing_of_who_has_no_margin_or_is_vouched_for(
    company: Company, tmp_path: Path, case: str
) -> None:
    company.billing("b", "p", days(1, 40), RESEARCH if case == "research" else SOLD)
    if case != "the only account":
        company.billing("a", "q", days(1, 62))
    else:
        company.costing(days(1, 62), product="other")
    if case == "whole":
        company.complete(days(1, 62), source="focus_files", provider="mistral")
    else:
        company.bill_open(days(41, 62))
    assert company.not_reported(tmp_path) == {}
