"""What a failed data test means, in words: the table, the key and the amounts of one row that breaks it, and what to do.

Each data test that stops a publication has a sentence here; one without stands under its name, as dbt tells it.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb

from orchestration.quoting import literal

SHOWN_COLUMNS = 8


@dataclass(frozen=True)
class Sentence:
    """``says`` what is wrong, ``remedy`` what to do; ``shown``: the columns of a broken row, None: its first ones."""

    says: str
    remedy: str
    shown: tuple[str, ...] | None = None


REPORT = "run again with --full-refresh; if it comes again it is a fault of tokenomics, report this line"
LOOK_AT_LOADS = (
    "look for a file or export that holds the same rows twice, and withdraw one; if there is none it is a fault of "
    "tokenomics, report this line"
)
_FOCUS_ROW = ("x_BilledCostKey", "ChargePeriodStart", "ChargePeriodEnd", "BillingPeriodStart", "BilledCost")

GENERIC = {
    "caps_add_up": Sentence(
        "{table} has a crossing outside its window, a refusal before it, or more cost after it than in all", REPORT
    ),
    "one_row_per": Sentence("{table} does not keep its grain or its columns", LOOK_AT_LOADS),
    "periods_follow_each_other": Sentence(
        "periods of one key overlap or are turned round in {table}",
        "correct valid_from and valid_to of this id in the company folder",
    ),
    "relationships": Sentence("{table} names a key that no row of its parent table has", REPORT),
    "shares_sum_to_one": Sentence(
        "shares of one key in {table} do not add up to 1",
        "check the weights of the share rules in ownership.yaml; if they are sound report this line",
    ),
}

SINGULAR = {
    "accrual_journals_balance": Sentence(
        "a journal in accrual_journal_lines does not balance",
        "check posting_accounts in company.yaml, or report this line",
    ),
    "allocated_equals_effective": Sentence(
        "allocated cost differs from billed effective cost of a provider and day (fct_allocated_costs, fct_billed_costs)",
        f"check the ownership rules that share this provider's cost; else {REPORT}",
    ),
    "bridge_legs_sum_exactly": Sentence(
        "the lines of reconciliation_by_provider_month do not add up to the bill, or to the ledger", REPORT
    ),
    "budget_movements_balance": Sentence(
        "a movement in fct_budget_movements does not sum to zero, or takes effect after the as-of day",
        "check the budgets ledger and the allocation of this initiative, or report this line",
    ),
    "closed_allocations_hold_nothing": Sentence(
        "an allocation that expired or graduated still holds money (fct_budget_movements)",
        "return the rest with tokenomics budget return, or report this line",
    ),
    "forecasts_add_up": Sentence(
        "a forecast of a department or the company is not the sum of its parts (forecast_by_horizon)", REPORT
    ),
    "margin_days_sum_to_months": Sentence(
        "days of a product do not add up to its month (gross_margin_by_product_day, gross_margin_by_product_month)",
        REPORT,
    ),
    "metered_allocation_equals_contracted_usage": Sentence(
        "allocated metered cost differs from contracted cost of the counted usage (fct_allocated_costs)",
        f"check the ownership rules that share this provider's usage; else {REPORT}",
    ),
    "passing_gates_have_evidence": Sentence(
        "a gate of graduation_gates passes without a metric, a threshold, evidence, or the numbers of its stability",
        REPORT,
    ),
    "requests_stand_alone": Sentence(
        "a row of fct_usage counts requests beside tokens, or puts a cost on a request", REPORT
    ),
    "revenue_spread_equals_reported": Sentence(
        "revenue of a product spread over days differs from what its ledger rows say (fct_revenue)",
        "check recognition_end_date of this product's rows in ledgers/revenue*, or report this line",
    ),
    "token_classes_sum_to_source_totals": Sentence(
        "token classes of a source and day do not add up to the total that the source reports (fct_usage)",
        f"read these days again with --full-refresh; else {REPORT}",
    ),
    "usage_keys_stand_for_one_combination": Sentence(
        "two combinations of account, key, model and so on share one number in int_usage_keys_numbered", REPORT
    ),
    "variance_sums_to_the_difference": Sentence(
        "components of budget_variance_by_initiative_month do not add up to the change in cost", REPORT
    ),
    "focus_costs_equal_billed_costs": Sentence(
        "a charge of focus_cost_and_usage differs from its row of fct_billed_costs, or one of both is missing", REPORT
    ),
    "focus_list_cost_is_price_times_quantity": Sentence(
        "list cost of a charge in focus_cost_and_usage is not price times quantity",
        REPORT,
        ("x_BilledCostKey", "ChargePeriodStart", "ListUnitPrice", "PricingQuantity", "ListCost"),
    ),
    "focus_meters_are_counted_once": Sentence(
        "charges of focus_cost_and_usage consume more than was metered for a model and day", LOOK_AT_LOADS
    ),
    "focus_nulls_follow_the_rules": Sentence(
        "a charge of focus_cost_and_usage lacks a column that FOCUS asks for, or has one that it forbids",
        REPORT,
        (*_FOCUS_ROW, "ChargeCategory", "SkuId"),
    ),
    "focus_periods_nest": Sentence(
        "a charge period of focus_cost_and_usage is no day inside its billing month", REPORT, _FOCUS_ROW
    ),
    "focus_versions_agree": Sentence("focus_cost_and_usage_v1_2 holds other charges than focus_cost_and_usage", REPORT),
}


def sentence_of(node: Any) -> Sentence | None:
    """The sentence of a test node of dbt's manifest."""
    generic = getattr(node, "test_metadata", None)
    return GENERIC.get(generic.name) if generic else SINGULAR.get(node.name)


def explained(connection: duckdb.DuckDBPyConnection, node: Any, relation: str, failures: int | None) -> str | None:
    """What to say of a failed test that has a sentence; ``relation`` names, in SQL, the table that a generic test is of."""
    sentence = sentence_of(node)
    if sentence is None:
        return None
    row = _first_row(connection, node.compiled_code)
    generic = getattr(node, "test_metadata", None)
    if generic is not None and generic.name == "one_row_per":
        row = {**row, **_example(connection, relation, generic.kwargs, str(row.get("rule", "")))}
    names = sentence.shown or tuple(row)[:SHOWN_COLUMNS]
    shown = ", ".join(f"{name} {_text(row[name])}" for name in names if name in row)
    more = f" (and {failures - 1} more)" if failures and failures > 1 else ""
    says = sentence.says.format(table=relation.rpartition(".")[2].strip('"'))
    return f"{says}{': ' if shown else ''}{shown}{more}; {sentence.remedy}"


def _example(
    connection: duckdb.DuckDBPyConnection, relation: str, arguments: dict[str, Any], rule: str
) -> dict[str, Any]:
    """The key of one row that breaks a rule of ``one_row_per``, and what the column at fault holds."""
    key = ", ".join(arguments["columns"])
    column, _, why = rule.partition(" is ")
    if why == "null":
        return _first_row(connection, f"select {key} from {relation} where {column} is null")
    if column in arguments.get("accepted_values", {}):
        values = ", ".join(map(literal, arguments["accepted_values"][column]))
        return _first_row(connection, f"select {key}, {column} from {relation} where {column} not in ({values})")
    return _first_row(connection, f"select {key} from {relation} group by {key} having count(*) > 1")


def _first_row(connection: duckdb.DuckDBPyConnection, query: str) -> dict[str, Any]:
    """Empty when the query gives no row, or cannot be run: the sentence stands without an example."""
    try:
        result = connection.execute(f"select * from ({query}) limit 1")
        row = result.fetchone() or ()
    except duckdb.Error:
        return {}
    return dict(zip((column[0] for column in result.description), row, strict=False))


def _text(value: Any) -> str:
    return "none" if value is None else f"{value:f}" if isinstance(value, Decimal) else str(value)
