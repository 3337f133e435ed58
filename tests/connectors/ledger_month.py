"""One hand-written month of a ledger in every shape: our own columns, QuickBooks (report and entries), Xero, NetSuite.

Three entries: a bill of 1200.10 from OpenAI, a reclassification of 100.05, a sale of 5000.
"""

import json
from typing import Any

HEADER = (
    "legal_entity_id,journal_entry_id,journal_line_number,posting_date,account_number,account_name,account_class,account_type,"
    "debit_amount,credit_amount,currency,department_id,product_id,counterparty_name,source_document_type,description,"
    "fiscal_period,posting_status"
)
CSV = [
    "HO1,101,1,2026-10-05,5100,AI services,expense,cost_of_goods_sold,1200.10,0,USD,product,help_desk,OpenAI LLC,bill,Tokens,"
    "2026-10,posted",
    "HO1,101,2,2026-10-05,2100,Accrued,liability,other_current_liability,0,1200.10,USD,,,OpenAI LLC,bill,Tokens,2026-10,posted",
    "HO1,102,1,2026-10-31,5100,AI services,expense,cost_of_goods_sold,0,100.05,USD,product,help_desk,,journal_entry,Reclass,"
    "2026-10,posted",
    "HO1,102,2,2026-10-31,6100,AI research,expense,expense,100.05,0,USD,product,,,journal_entry,Reclass,2026-10,posted",
    "HO1,103,1,2026-10-31,1000,Checking,asset,bank,5000,0,USD,,,,journal_entry,Sales,2026-10,posted",
    "HO1,103,2,2026-10-31,4000,Subscriptions,revenue,income,0,5000,USD,,help_desk,,journal_entry,Sales,2026-10,posted",
]
ACCOUNTS = {
    "1000": ("35", "Checking", "Bank", "BANK", "Bank"),
    "4000": ("36", "Subscriptions", "Income", "REVENUE", "Income"),
    "5100": ("37", "AI services", "Cost of Goods Sold", "DIRECTCOSTS", "COGS"),
    "6100": ("38", "AI research", "Expense", "EXPENSE", "Expense"),
    "2100": ("39", "Accrued", "Other Current Liability", "CURRLIAB", "OthCurrLiab"),
}
# entry, day, kind, vendor, memo, lines of (account, signed amount, department, product)
ENTRIES: list[tuple[str, str, str, str | None, str, list[tuple[str, str, str | None, str | None]]]] = [
    (
        "101",
        "2026-10-05",
        "bill",
        "OpenAI LLC",
        "Tokens",
        [("5100", "1200.10", "product", "help_desk"), ("2100", "-1200.10", None, None)],
    ),
    (
        "102",
        "2026-10-31",
        "journal",
        None,
        "Reclass",
        [("5100", "-100.05", "product", "help_desk"), ("6100", "100.05", "product", None)],
    ),
    (
        "103",
        "2026-10-31",
        "journal",
        None,
        "Sales",
        [("1000", "5000", None, None), ("4000", "-5000", None, "help_desk")],
    ),
]
XERO_DAYS = {"2026-10-05": 1791158400000, "2026-10-31": 1793404800000}


class Number(str):
    """A JSON number with exactly these digits."""


def dumps(value: Any) -> str:
    """JSON whose :class:`Number` values are written digit by digit."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)}: {dumps(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(dumps, value)) + "]"
    return json.dumps(value)


def quickbooks_accounts() -> dict[str, Any]:
    accounts = [
        {"Id": key, "Name": name, "FullyQualifiedName": name, "AcctNum": number, "AccountType": kind}
        for number, (key, name, kind, _, _) in ACCOUNTS.items()
    ]
    return {"QueryResponse": {"Account": accounts, "startPosition": 1, "maxResults": len(accounts)}}


def quickbooks_report(*, natural: bool = False) -> dict[str, Any]:
    """The report, with columns for debit and credit or with one amount in the account's natural sign."""
    amounts = ["subt_nat_amount"] if natural else ["debt_amt", "credit_amt"]
    keys = ["tx_date", "txn_type", "doc_num", "name", "memo", "klass_name", "dept_name", *amounts]
    columns = [{"ColTitle": key, "ColType": "x", "MetaData": [{"Name": "ColKey", "Value": key}]} for key in keys]
    sections = []
    for number, (key, name, kind, _, _) in ACCOUNTS.items():
        rows = [{"ColData": [{"value": "Beginning Balance"}, *({"value": ""} for _ in keys[1:])], "type": "Data"}]
        for entry, day, document, vendor, memo, lines in ENTRIES:
            for account, net, department, product in lines:
                if account != number:
                    continue
                size, is_debit = net.removeprefix("-"), not net.startswith("-")
                if natural:
                    is_positive = is_debit == (kind in ("Bank", "Expense", "Cost of Goods Sold"))
                    cells = [size if is_positive else f"-{size}"]
                else:
                    cells = [size, ""] if is_debit else ["", size]
                shown = "Bill" if document == "bill" else "Journal Entry"
                texts = [vendor or "", memo, product or "", department or "", *cells]
                data = [
                    {"value": day},
                    {"value": shown, "id": entry},
                    {"value": "1"},
                    *({"value": text} for text in texts),
                ]
                rows.append({"ColData": data, "type": "Data"})
        heading = [{"value": name, "id": key}, *({"value": ""} for _ in keys[1:])]
        total = [{"value": f"Total for {name}"}, *({"value": "1.00"} for _ in keys[1:])]
        sections.append(
            {"Header": {"ColData": heading}, "Rows": {"Row": rows}, "Summary": {"ColData": total}, "type": "Section"}
        )
    parent = {"Header": {"ColData": [{"value": "All"}]}, "Rows": {"Row": sections}, "type": "Section"}
    header = {"ReportName": "GeneralLedger", "ReportBasis": "Accrual", "Currency": "USD"}
    return {"Header": header, "Columns": {"Column": columns}, "Rows": {"Row": [parent]}}


def quickbooks_entries() -> dict[str, Any]:
    found = []
    for entry, day, _, vendor, memo, lines in ENTRIES:
        written: list[dict[str, Any]] = [{"Id": "0", "DetailType": "DescriptionOnly", "Description": "note"}]
        for position, (account, net, department, product) in enumerate(lines, start=1):
            detail: dict[str, Any] = {"PostingType": "Credit" if net.startswith("-") else "Debit"}
            detail["AccountRef"] = {"value": ACCOUNTS[account][0], "name": ACCOUNTS[account][1]}
            if department:
                detail["DepartmentRef"] = {"value": "7", "name": department}
            if product:
                detail["ClassRef"] = {"value": "8", "name": product}
            if vendor:
                detail["Entity"] = {"Type": "Vendor", "EntityRef": {"value": "9", "name": vendor}}
            written.append(
                {
                    "Id": str(position),
                    "Amount": Number(net.removeprefix("-")),
                    "DetailType": "JournalEntryLineDetail",
                    "JournalEntryLineDetail": detail,
                }
            )
        found.append(
            {"Id": entry, "TxnDate": day, "PrivateNote": memo, "CurrencyRef": {"value": "USD"}, "Line": written}
        )
    return {"QueryResponse": {"JournalEntry": found, "startPosition": 1, "maxResults": len(found)}}


def xero_journals() -> dict[str, Any]:
    journals = []
    for entry, day, document, _, memo, lines in ENTRIES:
        written = [
            {
                "JournalLineID": f"line-{entry}-{position}",
                "AccountID": f"id-{account}",
                "AccountCode": account,
                "AccountType": ACCOUNTS[account][3],
                "AccountName": ACCOUNTS[account][1],
                "Description": memo,
                "NetAmount": Number(net),
                "GrossAmount": Number(net),
                "TaxAmount": Number("0.00"),
                "TrackingCategories": [
                    {"Name": name, "Option": option}
                    for name, option in (("Department", department), ("Product", product), ("Region", "EMEA"))
                    if option
                ],
            }
            for position, (account, net, department, product) in enumerate(lines, start=1)
        ]
        journals.append(
            {
                "JournalID": f"journal-{entry}",
                "JournalDate": f"/Date({XERO_DAYS[day]}+0000)/",
                "JournalNumber": int(entry),
                "SourceID": f"document-{entry}",
                "SourceType": "ACCPAY" if document == "bill" else "MANJOURNAL",
                "JournalLines": written,
            }
        )
    return {"Journals": journals}


def xero_invoices() -> dict[str, Any]:
    return {"Invoices": [{"InvoiceID": "document-101", "Type": "ACCPAY", "Contact": {"Name": "OpenAI LLC"}}]}


def netsuite_items() -> list[dict[str, Any]]:
    items = []
    for entry, day, document, vendor, memo, lines in ENTRIES:
        for position, (account, net, department, product) in enumerate(lines, start=1):
            row = {
                "accountingbook": "1",
                "transaction": entry,
                "transactionline": str(position),
                "posting": "T",
                "trandate": day,
                "fiscal_period": day[:7],
                "type": "VendBill" if document == "bill" else "Journal",
                "acctnumber": account,
                "accountsearchdisplayname": ACCOUNTS[account][1],
                "accttype": ACCOUNTS[account][4],
                "debit": None if net.startswith("-") else net,
                "credit": net[1:] if net.startswith("-") else None,
                "currency": "USD",
                "subsidiary": "HO1",
                "department": department,
                "class": product,
                "entity": vendor,
                "memo": memo,
            }
            items.append({"links": [], **{name: value for name, value in row.items() if value is not None}})
    return items


def netsuite_page(items: list[dict[str, Any]], *, offset: int = 0, more: bool = False) -> dict[str, Any]:
    return {"links": [], "count": len(items), "hasMore": more, "items": items, "offset": offset, "totalResults": 6}
