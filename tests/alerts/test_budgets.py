"""Each crossing of a published allocation is told once, to its owner; a later crossing is told when it comes."""

from pathlib import Path

import duckdb

from orchestration.alerts.budgets import tell_budgets
from orchestration.alerts.transports import DeliveryFailed, FileTransport
from orchestration.project import Home
from tests.alerts.publication import INITIATIVES, sent, write_publication

COLUMNS = (
    "as_of_date date, initiative_id varchar, allocated_amount decimal(38,9), spent_amount decimal(38,12), starts_on date, "
    "expires_on date, status varchar, projected_exhaustion_date date, reporting_currency varchar"
)
STALE = "(date '2026-10-01', 'exp_old', 100, 100, date '2026-08-01', date '2026-09-30', 'expired', null, 'USD')"


class Unreachable:
    name = "nobody"

    def send(self, alert: object) -> None:
        raise DeliveryFailed("nobody listens")


def publish(home: Path, day: str, spent: str, status: str, projected: str = "null") -> None:
    row = f"'exp', 100, {spent}, date '2026-09-01', date '2026-12-31', '{status}', {projected}, 'USD'"
    write_publication(
        home,
        day,
        INITIATIVES,
        f"create table budget_status_by_initiative ({COLUMNS})",
        f"insert into budget_status_by_initiative values {STALE}, (date '{day}', {row})",
    )


def publish_flag(home: Path, above_since: str, is_flagged: bool) -> None:
    with duckdb.connect(str(home / "published" / "marts.duckdb")) as connection:
        connection.execute(
            "create or replace table core_demotions_by_initiative as select 'exp' as initiative_id, date '2026-12-31' as "
            f"as_of_date, 1.0::decimal(38, 12) as verified_unit_cost, 1.3::decimal(38, 12) as unit_cost, "
            f"1.25::decimal(38, 12) as limit_unit_cost, date '{above_since}' as above_since, 14 as days_above, "
            f"14 as demotion_days, {is_flagged} as is_flagged_for_return, 'USD' as reporting_currency"
        )


def tell(home: Path) -> tuple[str, ...]:
    told = tell_budgets(Home(home), over=[FileTransport(home / "alerts")])
    assert told.faults == ()
    return told.titles


def test_each_crossing_is_told_once_and_the_next_one_when_it_comes(tmp_path: Path) -> None:
    publish(tmp_path, "2026-10-28", "49.99", "ok")
    assert tell(tmp_path) == ()
    publish(tmp_path, "2026-10-29", "55", "alert_50", "date '2026-12-01'")
    assert len(tell(tmp_path)) == 2
    assert tell(tmp_path) == ()
    publish(tmp_path, "2026-10-30", "61.5", "alert_50", "date '2026-11-30'")
    assert tell(tmp_path) == ()
    publish(tmp_path, "2026-11-20", "101.25", "exhausted", "date '2026-11-20'")
    assert tell(tmp_path) == ("the allocation of exp is exhausted: 101.25 of 100.00 spent",)

    alerts = sent(tmp_path)
    assert [alert["kind"] for alert in alerts] == ["budget_spent_50", "budget_projected_exhaustion", "budget_exhausted"]
    assert [alert["severity"] for alert in alerts] == ["info", "warning", "critical"]
    assert {alert["owner"] for alert in alerts} == {"now@x.example"}
    assert alerts[0]["details"]["spent_amount"] == "55.000000000000"


def test_an_alert_that_does_not_arrive_is_a_fault_and_tried_again(tmp_path: Path) -> None:
    publish(tmp_path, "2026-12-31", "80", "alert_80")
    told = tell_budgets(Home(tmp_path), over=[Unreachable()])
    assert told.titles == ()
    assert told.faults == ("budget_spent_80:exp:2026-09-01:100: nobody listens",)
    assert len(tell(tmp_path)) == 1


def test_a_core_initiative_flagged_for_return_is_told_once_for_each_run_of_days(tmp_path: Path) -> None:
    publish(tmp_path, "2026-12-31", "10", "ok")
    publish_flag(tmp_path, "2026-12-18", is_flagged=False)
    assert tell(tmp_path) == ()
    publish_flag(tmp_path, "2026-12-18", is_flagged=True)
    assert len(tell(tmp_path)) == 1
    assert tell(tmp_path) == ()
    publish_flag(tmp_path, "2027-02-01", is_flagged=True)
    assert len(tell(tmp_path)) == 1
    assert [alert["key"] for alert in sent(tmp_path)] == [
        "core_demotion:exp:2026-12-18",
        "core_demotion:exp:2027-02-01",
    ]
    details = sent(tmp_path)[0]["details"]
    assert details["limit_unit_cost"] == "1.250000000000"
    assert sent(tmp_path)[0]["owner"] == "now@x.example"


def test_nothing_published_has_a_reason(tmp_path: Path) -> None:
    assert tell_budgets(Home(tmp_path), over=[]).reason == "nothing is published yet"
