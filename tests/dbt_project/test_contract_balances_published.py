"""What is published of commitments, prepaid balances and credits: drawn, left, and what will be left on the last day."""

from datetime import date
from decimal import Decimal

import duckdb
import pytest

from orchestration.landing.store import Landing
from tests.dbt_project.compiled_models import build, write_run_parameters
from tests.dbt_project.test_contract_balances import billed, contract

D = Decimal
AS_OF = date(2026, 7, 14)


@pytest.fixture
def balances(tmp_path):
    """The published balances as of 14 July, each provider billed 10 dollars a day since the 1st."""

    def of(contracts):
        landing = Landing(tmp_path / "landing")
        providers = sorted({one["provider"] for one in contracts})
        charges = [billed(provider, day, "10") for provider in providers for day in range(1, 15)]
        for source, stream, rows in (
            ("registry", "contracts", contracts),
            ("focus_files", "cost_and_usage", charges),
        ):
            with landing.batch(source, stream) as batch:
                batch.add_rows("current", rows)
        with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
            connection.execute("set TimeZone = 'UTC'")
            landing.register(connection)
            write_run_parameters(connection, AS_OF)
            build(connection, ["contract_balances"])
            found = connection.execute(
                "select contract_id, ends_on, drawn_amount, remaining_amount, runs_out_on, unused_amount, status "
                "from marts.contract_balances order by contract_id"
            ).fetchall()
        return {name: tuple(rest) for name, *rest in found}

    return of


def test_what_will_be_left_at_the_pace_so_far(balances):
    """Ten dollars a day draw 140 in 14 days. With 17 days to go to 31 July 170 more will be drawn."""
    end = date(2026, 8, 1)
    last = date(2026, 7, 31)
    assert balances(
        [
            contract("a", "prepaid", "400", "left_over", valid_to=end),
            contract("b", "commitment", "300", "on_track", valid_to=end),
            contract("c", "credit", "200", "open_ended"),
            contract("d", "prepaid", "100", "used_up", valid_to=end),
        ]
    ) == {
        "left_over": (last, D(140), D(260), None, D(90), "will_be_left"),
        "on_track": (last, D(140), D(160), date(2026, 7, 30), D(0), "on_track"),
        "open_ended": (None, D(140), D(60), date(2026, 7, 20), None, "open_ended"),
        "used_up": (last, D(100), D(0), None, D(0), "used_up"),
    }


def test_what_ended_unused_stays_and_what_is_young_is_not_guessed(balances):
    """From 1 to 4 July 40 of 100 dollars were drawn; since the 10th, in five days, 50 of 500."""
    found = balances(
        [
            contract("a", "credit", "100", "ended", valid_to=date(2026, 7, 5)),
            contract("b", "prepaid", "500", "young", valid_from=date(2026, 7, 10), valid_to=date(2026, 9, 1)),
        ]
    )
    assert found == {
        "ended": (date(2026, 7, 4), D(40), D(60), None, D(60), "ended_unused"),
        "young": (date(2026, 8, 31), D(50), D(450), None, None, "too_young"),
    }


def test_a_balance_that_nothing_draws_on_is_left_whole(balances):
    found = balances([contract("a", "prepaid", "70", "idle", model_pattern="other", valid_to=date(2026, 8, 1))])
    assert found == {"idle": (date(2026, 7, 31), D(0), D(70), None, D(70), "will_be_left")}
