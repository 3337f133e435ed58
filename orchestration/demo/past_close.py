"""What the simulated company's home remembers of a closed month: July's ledger as finance froze it on 20 August.

One journal dated into July was posted after the close. The frozen ledger is without it, so that it comes out as an
adjustment in the open period. Only the ledger was frozen in the simulation; a close by ``tokenomics close`` freezes every
table. The approver's address and the run id say that it is simulated.
"""

from datetime import date
from decimal import Decimal

import pyarrow as pa

from orchestration.demo.catalog import month_of
from orchestration.demo.finance import ACCOUNTS, LATE_JOURNAL, journals
from orchestration.demo.traffic import simulate

PERIOD = "2026-07"
CLOSED_AT = "2026-08-20T09:00:00Z"
TABLE = "fct_ledger_entries"
_ROLES = {"1010": "cash", "4010": "revenue", "5010": "other_cost_of_goods_sold", "6010": "operating_expense"}
"""Roles of the accounts that July posts to; no other has one."""
_TEXTS = (
    *(
        "legal_entity_id",
        "journal_entry_id",
        "journal_line_number",
        "fiscal_period",
        "service_period",
        "account_number",
    ),
    *("account_name", "account_class", "account_role", "department_id", "product_id", "customer_id"),
    *("counterparty_name", "provider", "description", "posted_currency", "reporting_currency"),
)
_AMOUNTS = ("debit_amount", "credit_amount", "net_amount")


def frozen_ledger() -> pa.Table:
    """Rows of ``fct_ledger_entries`` of July as they stood at the close; no vendor had invoiced yet."""
    types = dict.fromkeys(_TEXTS, pa.string()) | dict.fromkeys(_AMOUNTS, pa.decimal128(38, 9))
    types |= {"posting_date": pa.date32(), "is_reversal": pa.bool_(), "is_balanced_entry": pa.bool_()}
    return pa.Table.from_pylist(_rows(), schema=pa.schema(list(types.items())))


def decision(manifest_sha256: str) -> dict[str, str]:
    """The line of ``HOME/closed/register.jsonl``."""
    return {
        "action": "close",
        "period": PERIOD,
        "approver": "simulated-controller@meadowlark.example",
        "at": CLOSED_AT,
        "policy_version": "simulated",
        "as_of": "2026-08-19",
        "run_id": "simulated-close",
        "folder": f"{PERIOD}/1",
        "manifest_sha256": manifest_sha256,
    }


def _rows() -> list[dict[str, str | date | bool | Decimal | None]]:
    rows: list[dict[str, str | date | bool | Decimal | None]] = []
    for entry in journals(simulate()):
        if month_of(entry.posting_date) != PERIOD or entry.entry_id == LATE_JOURNAL:
            continue
        for number, line in enumerate(entry.lines, 1):
            name, account_class = ACCOUNTS[line.account]
            rows.append(
                dict.fromkeys(_TEXTS)
                | {
                    "legal_entity_id": "MEADOWLARK-US",
                    "journal_entry_id": entry.entry_id,
                    "journal_line_number": str(number),
                    "posting_date": entry.posting_date,
                    "fiscal_period": PERIOD,
                    "account_number": line.account,
                    "account_name": name,
                    "account_class": account_class,
                    "account_role": _ROLES.get(line.account, "other"),
                    "department_id": line.department_id,
                    "product_id": line.product_id,
                    "description": line.description,
                    "is_reversal": False,
                    "posted_currency": "USD",
                    "debit_amount": line.debit,
                    "credit_amount": line.credit,
                    "net_amount": line.debit - line.credit,
                    "is_balanced_entry": True,
                    "reporting_currency": "USD",
                }
            )
    return rows
