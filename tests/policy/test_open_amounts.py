"""Which open amounts warn: causes always, residuals and ownerless cost above the policy's ratio, an old month's only by what
all months come to.
"""

from datetime import date
from decimal import Decimal

import pytest

from orchestration.policy.open_amounts import BridgeMonth, judged_months, open_amounts, ownerless_share

AS_OF = date(2026, 1, 15)
RATIO = Decimal("0.005")


def row(line: str, month: str, amount: str, billed: str = "1000", in_all: str = "1000000") -> BridgeMonth:
    return BridgeMonth("openai", line, month, Decimal(amount), Decimal(billed), Decimal(in_all))


def test_the_month_before_january_is_december() -> None:
    assert judged_months(AS_OF) == ("2026-01", "2025-12")


@pytest.mark.parametrize(
    ("line", "month", "amount", "billed", "warns"),
    [
        ("residual", "2026-01", "5", "1000", False),
        ("residual", "2026-01", "-5.000000000001", "1000", True),
        ("residual", "2026-01", "5.000000000001", "-1000", True),
        ("metering_residual", "2025-12", "6", "1000", True),
        ("residual", "2026-01", "0.01", "0", True),
        ("residual", "2025-11", "500", "1000", False),
        ("untracked_traffic", "2026-01", "0.01", "1000", True),
        ("duplicates", "2025-12", "-0.01", "1000", True),
        ("duplicates", "2025-11", "-900", "1000", False),
        ("repeated_requests", "2026-01", "0.01", "1000", True),
    ],
)
def test_what_warns(line: str, month: str, amount: str, billed: str, warns: bool) -> None:
    (found,) = open_amounts([row(line, month, amount, billed)], AS_OF, RATIO)
    assert found.warned_months == ((month,) if warns else ())
    assert found.total_amount == Decimal(amount)


def test_a_line_holds_both_months_and_all_of_them() -> None:
    rows = [
        row("residual", month, amount) for month, amount in (("2025-11", "7"), ("2025-12", "20"), ("2026-01", "-1"))
    ]
    (found,) = open_amounts([*rows, row("duplicates", "2026-01", "0")], AS_OF, RATIO)
    assert (found.amount, found.previous_amount, found.total_amount) == (Decimal(-1), Decimal(20), Decimal(26))
    assert (found.alarm_ratio, found.warned_months) == (RATIO, ("2025-12",))


@pytest.mark.parametrize(
    ("line", "amounts", "in_all", "is_above"),
    [
        ("residual", {"2025-07": "1200"}, "410", True),
        ("residual", {"2025-07": "-2.06"}, "410", True),  # half a percent of 410 is 2.05
        ("residual", {"2025-07": "2.05"}, "410", False),
        ("residual", {"2025-07": "1000", "2025-08": "-1000"}, "4000", False),  # posted one month late
        ("metering_residual", {"2025-07": "15", "2025-08": "6"}, "4000", True),
        ("duplicates", {"2025-07": "-900"}, "410", False),
    ],
)
def test_what_residuals_of_all_months_come_to_is_judged_by_the_whole_bill(
    line: str, amounts: dict[str, str], in_all: str, is_above: bool
) -> None:
    (found,) = open_amounts([row(line, month, one, "100", in_all) for month, one in amounts.items()], AS_OF, RATIO)
    assert (found.warned_months, found.is_total_above, found.warns) == ((), is_above, is_above)


def test_without_a_ratio_no_residual_is_judged() -> None:
    (found,) = open_amounts([row("residual", "2026-01", "900")], AS_OF, None)
    assert (found.alarm_ratio, found.warned_months, found.is_total_above) == (None, (), False)


@pytest.mark.parametrize(
    ("spend", "unallocated", "ratio", "is_above"),
    [
        ("1000", "100", "0.1", False),
        ("1000", "100.01", "0.10001", True),
        ("0", "0", None, False),
        ("0", "1", None, True),
        ("-5", "-5", None, True),
    ],
)
def test_cost_without_an_owner(spend: str, unallocated: str, ratio: str | None, is_above: bool) -> None:
    share = ownerless_share("2026-01", Decimal(spend), Decimal(unallocated), Decimal("0.10"))
    assert (share.ratio, share.is_above_alarm) == (ratio and Decimal(ratio), is_above)
    assert ownerless_share("2026-01", Decimal(spend), Decimal(unallocated), None).is_above_alarm is None
