"""Files with refused rows are told once, with what the rows are worth; summary and status show the same."""

from pathlib import Path

from orchestration.alerts.rejected_rows import tell_rejected
from orchestration.alerts.transports import FileTransport
from orchestration.project import Home
from tests.alerts.publication import sent, write_publication

TABLE = (
    "create table rejected_rows (source varchar, file varchar, line bigint, column_name varchar, value varchar, "
    "reason varchar, amount decimal(38, 9), currency varchar)"
)
TWO_FAULTS = (
    "'ledgers', 'ledgers/revenue.csv', 7, 'product_id', null, 'is empty', 12.5, 'USD'",
    "'ledgers', 'ledgers/revenue.csv', 7, 'revenue_date', 'x', 'is not a date YYYY-MM-DD', 12.5, 'USD'",
)
SECOND = "'ledgers', 'ledgers/revenue.csv', 9, 'product_id', null, 'is empty', 1500, 'USD'"
UNKNOWN = "'ledgers', 'ledgers/revenue.csv', 10, 'amount', 'x', 'is not an exact decimal number', null, 'EUR'"
PRICE = "'prices', 'list 1', null, 'output', '0.01', 'too fine', null, null"


def tell(home: Path, *rows: str) -> tuple[str, ...]:
    values = ", ".join(f"({row})" for row in rows)
    write_publication(home, "2026-10-28", TABLE, f"insert into rejected_rows values {values}")
    return tell_rejected(Home(home), over=[FileTransport(home / "alerts")]).titles


def test_a_row_with_two_faults_is_one_amount_told_once(tmp_path: Path) -> None:
    title = (
        "ledgers/revenue.csv: 1 row refused, worth 12.50 USD; first line 7: is empty; correct the rows in the file; each "
        "stands in rejected_rows with its reason"
    )
    assert tell(tmp_path, *TWO_FAULTS, PRICE) == (title,)
    assert tell(tmp_path, *TWO_FAULTS, PRICE) == ()


def test_more_refused_rows_are_told_again_and_an_unknown_amount_is_no_zero(tmp_path: Path) -> None:
    tell(tmp_path, *TWO_FAULTS)
    told = tell(tmp_path, *TWO_FAULTS, SECOND, UNKNOWN)
    assert [title.split(";")[0] for title in told] == [
        "ledgers/revenue.csv: 1 row refused, worth an amount not known",
        "ledgers/revenue.csv: 2 rows refused, worth 1,512.50 USD",
    ]
    assert [alert["details"]["amount"] for alert in sent(tmp_path)][1:] == [None, "1512.500000000"]
