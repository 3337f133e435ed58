"""Open amounts as warnings on the assets that show them. They block nothing: such money is real, and is published where
it stands. Nothing waits for this step either: if it fails, it alone is red, and the run publishes.

What warns is decided in :mod:`orchestration.policy.open_amounts`, from the marts as this run built them.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import dagster as dg
import duckdb

from orchestration.defs.run import Run
from orchestration.glossary import in_words
from orchestration.policy.open_amounts import RESIDUALS
from orchestration.summary.open_amounts import (
    LEFT_OUT,
    NOT_REVERSED,
    NOT_REVERSED_REMEDIES,
    OWNER_REMEDY,
    REMEDIES,
    UNPRICED,
    account_remedy,
    price_remedy,
    read_bridge,
    read_shares,
)
from orchestration.warehouse import connect

USAGE = dg.AssetKey(["marts", "fct_usage"])
ALLOCATED = dg.AssetKey(["marts", "fct_allocated_costs"])
OUTCOMES = dg.AssetKey(["marts", "ingestion_outcomes"])
BRIDGE = dg.AssetKey(["marts", "reconciliation_by_provider_month"])
JOURNALS = dg.AssetKey(["marts", "accrual_journals_left_out"])
ACCRUALS = dg.AssetKey(["marts", "accrual_journals_not_reversed"])
LINES = {
    "no_untracked_traffic": (("untracked_traffic",), "Everything billed was metered, this month and the last."),
    "no_duplicates": (
        ("duplicates", "repeated_requests"),
        "No request was logged twice, on one day or on several, this month and the last.",
    ),
    "other_cogs_are_counted": (
        ("other_cogs_left_out",),
        "No provider's posting to other cost of goods sold was left out of the margins.",
    ),
    "residuals_within_policy": (RESIDUALS, "What nothing explains is at most residual_alarm_ratio of the bill."),
}
SPECS = [
    dg.AssetCheckSpec("usage_is_priced", asset=USAGE, description="All counted usage has a list price."),
    dg.AssetCheckSpec(
        "cost_has_an_owner",
        asset=ALLOCATED,
        description="Cost without an owner is at most unallocated_alarm_ratio of each of the two latest months.",
    ),
    dg.AssetCheckSpec(
        "cloud_charges_name_a_service",
        asset=OUTCOMES,
        description="Every charge counted on a cloud's bill says what for.",
    ),
    dg.AssetCheckSpec(
        "accruals_have_accounts", asset=JOURNALS, description="Every month-end journal has all of its accounts."
    ),
    dg.AssetCheckSpec(
        "accruals_are_reversed", asset=ACCRUALS, description="Every accrual in the ledger was reversed when it was due."
    ),
    *(dg.AssetCheckSpec(name, asset=BRIDGE, description=text) for name, (_, text) in LINES.items()),
]


UNNAMED = (
    "select partition, unnamed_rows, unnamed_amount from ingestion_outcomes where unnamed_rows > 0 order by partition"
)
UNNAMED_REMEDY = "counted as AI cost: let the export write ServiceName and ServiceCategory, or take the rows out of it"
ELSEWHERE = "select count(*) from ingestion_outcomes where stream = 'rolled_up_usage' and rows > 0"
REFUSED = "select value, column_name, reason from rejected_rows where source = 'prices' order by reason, column_name"


@dg.multi_asset_check(specs=SPECS)
def open_amounts(run: Run) -> Iterator[dg.AssetCheckResult]:
    session = run.session
    with connect(session.home.warehouse) as connection:
        connection.execute("set schema = 'marts'")
        yield from judged(connection, session.company.policy, session.as_of)


def judged(
    connection: duckdb.DuckDBPyConnection, policy: Mapping[str, Any], as_of: date
) -> Iterator[dg.AssetCheckResult]:
    """One result per check; ``connection`` finds the marts without a prefix."""
    rows = connection.execute(UNPRICED).fetchall()
    unpriced = [f"{provider} {model}: {quantity} since {first}" for provider, model, quantity, first, *_ in rows]
    remedy = "; ".join(dict.fromkeys(price_remedy(row[-1]) for row in rows))
    refused = [f"{value} for {of}, {reason}" for value, of, reason in connection.execute(REFUSED).fetchall()]
    yield _result(USAGE, "usage_is_priced", unpriced, remedy, refused_prices="\n".join(refused) or "none")
    shares = read_shares(connection, as_of, policy["unallocated_alarm_ratio"])
    above = [
        f"{one.month}: {one.unallocated:f} of {one.spend:f}, above {one.alarm_ratio}"
        for one in shares
        if one.is_above_alarm
    ]
    yield _result(ALLOCATED, "cost_has_an_owner", above, OWNER_REMEDY)
    unnamed = [f"{file}: {rows} charges, {amount}" for file, rows, amount in connection.execute(UNNAMED).fetchall()]
    yield _result(OUTCOMES, "cloud_charges_name_a_service", unnamed, UNNAMED_REMEDY)
    journals = connection.execute(LEFT_OUT).fetchall()
    left_out = [
        f"{provider} usage {service}, not accrued at the end of {period}: {amount:f}, no account of {missing}"
        for period, provider, service, _, missing, amount in journals
    ]
    roles = ", ".join(dict.fromkeys(row[4] for row in journals))
    yield _result(JOURNALS, "accruals_have_accounts", left_out, account_remedy(roles))
    accruals = connection.execute(NOT_REVERSED).fetchall()
    standing = [
        f"{journal}: {amount:f}, {in_words(finding)}, reversal due on {due:%Y-%m-%d}"
        for _, _, _, journal, due, finding, amount in accruals
    ]
    remedies = dict.fromkeys(NOT_REVERSED_REMEDIES[row[5]] for row in accruals)
    yield _result(ACCRUALS, "accruals_are_reversed", standing, "; ".join(remedies))
    bridge = read_bridge(connection, as_of, policy["residual_alarm_ratio"])
    for name, (lines, _) in LINES.items():
        found = [
            f"{one.provider} {one.bridge_line}: {one.month} {one.amount:f}, {one.previous_month} "
            f"{one.previous_amount:f}, all months {one.total_amount:f}"
            for one in bridge
            if one.bridge_line in lines and one.warns
        ]
        remedy = "; ".join(REMEDIES[line] for line in lines)
        if "repeated_requests" in lines and (days := connection.execute(ELSEWHERE).fetchall()[0][0]):
            found.append(
                f"not known of {days} days summed where the log is: whether other days hold their requests as well"
            )
            remedy += "; count request ids by day in the log itself"
        yield _result(BRIDGE, name, found, remedy)


def _result(asset: dg.AssetKey, name: str, found: list[str], remedy: str, **told: str) -> dg.AssetCheckResult:
    metadata: dict[str, Any] = {"found": "\n".join(found) or "none", **told}
    if found:
        metadata["remedy"] = remedy
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=name,
        passed=not found,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{'; '.join(found)}. What to do: {remedy}." if found else None,
        metadata=metadata,
    )
