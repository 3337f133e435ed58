"""A grant beyond what its pool held is told once, to the owner of the initiative, while the pool stays overdrawn."""

from pathlib import Path

from orchestration.alerts.budgets import tell_budgets
from orchestration.alerts.transports import FileTransport
from orchestration.project import Home
from tests.alerts.publication import INITIATIVES, sent, write_publication

TABLE = (
    "create table fct_budget_movements (movement_id varchar, kind varchar, account varchar, effective_on date, "
    "amount decimal(38, 9), initiative_id varchar, department_id varchar, reporting_currency varchar)"
)
FUND = "'fund:ops:2026-07', 'fund', 'pool:experimentation:ops', date '2026-07-01', 300, null, 'ops'"
GRANT = "'grant:exp:2026-07-10', 'grant', 'pool:experimentation:ops', date '2026-07-10', -500.5, 'exp', 'ops'"
GRANTED = "'grant:exp:2026-07-10', 'grant', 'allocation:exp', date '2026-07-10', 500.5, 'exp', 'ops'"
OTHER = "'fund:sales:2026-07', 'fund', 'pool:experimentation:sales', date '2026-07-01', 900, null, 'sales'"
MORE = "'fund:ops:2026-08', 'fund', 'pool:experimentation:ops', date '2026-08-01', 300, null, 'ops'"


def tell(home: Path, as_of: str, *rows: str) -> tuple[str, ...]:
    values = ", ".join(f"({row}, 'USD')" for row in rows)
    write_publication(home, as_of, INITIATIVES, TABLE, f"insert into fct_budget_movements values {values}")
    told = tell_budgets(Home(home), over=[FileTransport(home / "alerts")])
    assert told.faults == ()
    return told.titles


def test_a_grant_beyond_the_pool_is_told_once_and_exactly(tmp_path: Path) -> None:
    assert tell(tmp_path, "2026-07-10", FUND, GRANT, GRANTED, OTHER) == (
        "the experimentation pool of ops is overdrawn by 200.50: a grant to exp took 500.50 on 2026-07-10",
    )
    assert tell(tmp_path, "2026-07-11", FUND, GRANT, GRANTED, OTHER) == ()
    [alert] = sent(tmp_path)
    assert alert["key"] == "pool_overdrawn:grant:exp:2026-07-10"
    assert (alert["kind"], alert["severity"], alert["entity"]) == ("pool_overdrawn", "warning", "ops")
    assert alert["owner"] == "now@x.example"
    assert (alert["details"]["drawn_amount"], alert["details"]["overdrawn_amount"]) == (
        "500.500000000",
        "200.500000000",
    )


def test_what_the_pool_holds_may_be_granted_and_a_cured_overdraft_is_not_told(tmp_path: Path) -> None:
    assert tell(tmp_path, "2026-07-10", FUND, GRANT.replace("-500.5", "-300")) == ()
    assert tell(tmp_path, "2026-07-10", GRANT, FUND, MORE) != ()
    later = tmp_path / "first_run_in_august"
    assert tell(later, "2026-08-01", GRANT, FUND, MORE) == ()
