"""The graduation board: which experiment passes which gate, why not in words, since when it is ready, how long its money lasts
and how to approve it.
"""

from dashboard.charts import Drawer
from dashboard.figures import Block, Column, Figure, Note, Page, Section, Table, gate_value
from dashboard.names import Names, read_names
from dashboard.publication import Publication, Row
from orchestration.glossary import in_words, reason_in_words

BOARD = """
select
    initiative_id, is_ready, first_ready_date, blocking_gates, verified_run_rate, verified_run_rate_low,
    verified_run_rate_high, verified_unit_cost
from graduation_readiness where as_of_date = cast(? as date)
order by is_ready desc, verified_run_rate desc nulls last, initiative_id
"""

GATES = """
select initiative_id, gate_number, gate_name, status, metric_value, threshold_value, unit, reason, evidence_id
from graduation_gates where as_of_date = cast(? as date)
order by initiative_id, gate_number
"""

INITIATIVES = "select initiative_id, department_id, product_id, owner from dim_initiatives where is_current"

MONEY = """
select initiative_id, allocated_amount, spent_amount, remaining_amount, projected_exhaustion_date, expires_on, status
from budget_status_by_initiative where as_of_date = cast(? as date)
"""

DEBT = """
select initiative_id, tolerance_status, by_date, margin_debt, debt_age_days
from milestone_tolerance where as_of_date = cast(? as date)
"""

APPROVAL = 5
FILTERS = {"department": "department_id", "product": "product_id"}


def graduation(publication: Publication, drawer: Drawer) -> Page:
    as_of = publication.provenance.as_of
    names = read_names(publication)
    about = {row["initiative_id"]: row for row in publication.rows("dim_initiatives", INITIATIVES)}
    gates = publication.rows("graduation_gates", GATES, [as_of])
    board = publication.rows("graduation_readiness", BOARD, [as_of])
    money = {row["initiative_id"]: row for row in publication.rows("budget_status_by_initiative", MONEY, [as_of])}
    debts = publication.rows("milestone_tolerance", DEBT, [as_of])
    for row in (*board, *gates, *debts):
        row |= _about(row["initiative_id"], about, names)
    for row in gates:
        _say(row)
    for row in board:
        _judge(row, [gate for gate in gates if gate["initiative_id"] == row["initiative_id"]], money)
    ready = [row for row in board if row["is_ready"] and not row["is_approved"]]
    return Page(
        "graduation",
        "Graduation",
        "Which experiments have earned a place in the core budget, and what holds the others back.",
        (
            Section("Board", (*_figures(board, ready), _board(board, gates))),
            Section("Ready to approve", _approve(ready)),
            Section("What holds the others back", (_holding(board, gates),)),
            Section("While they wait", (_waiting(board), _debts(debts))),
            Section("Gate by gate", (_gates(gates),)),
        ),
    )


def _about(initiative_id: str, about: dict[str, Row], names: Names) -> Row:
    found = about.get(initiative_id, {})
    return {
        "initiative": names.initiative(initiative_id),
        "department_id": found.get("department_id"),
        "product_id": found.get("product_id"),
        "owner": found.get("owner"),
    }


def _say(gate: Row) -> None:
    """Adds to a gate its words and what it measured against what."""
    gate["gate"] = in_words(gate["gate_name"], "gate_name").capitalize()
    gate["standing"] = in_words(gate["status"])
    gate["why"] = reason_in_words(gate["reason"])
    for name, value in (("measured", gate["metric_value"]), ("limit", gate["threshold_value"])):
        words = "" if value is None or "ratio" in gate["unit"] else f" {in_words(gate['unit'])}"
        gate[name] = "not known" if value is None else f"{gate_value(value, gate['unit'])}{words}"
    gate["verdict"] = {"pass": "good", "fail": "bad"}.get(gate["status"], "watch")


def _judge(row: Row, gates: list[Row], money: dict[str, Row]) -> None:
    """Adds to a row of the board its gates, which of them block, and the money of its allocation."""
    row |= {f"gate_{gate['gate_number']}": gate["standing"] for gate in gates}
    approval = next((gate for gate in gates if gate["gate_number"] == APPROVAL), None)
    row["is_approved"] = approval is not None and approval["status"] == "pass"
    row[f"gate_{APPROVAL}"] = "approved" if row["is_approved"] else "not yet"
    row["evidence"] = approval and approval["evidence_id"]
    row["blocking"] = {int(part) for part in (row["blocking_gates"] or "").split(",") if part.strip().isdigit()}
    failed = any(gate["status"] == "fail" for gate in gates if gate["gate_number"] in row["blocking"])
    row["verdict"] = "good" if row["is_ready"] else "bad" if failed else "watch"
    allocation = money.get(row["initiative_id"], {})
    for name in ("allocated_amount", "spent_amount", "remaining_amount", "projected_exhaustion_date", "expires_on"):
        row[name] = allocation.get(name)
    row["command"] = f"tokenomics graduate {row['initiative_id']} --approver EMAIL"


def _figures(board: list[Row], ready: list[Row]) -> tuple[Figure, ...]:
    return (
        Figure(
            "Ready for the core budget",
            len(ready),
            "count",
            "Experiments that pass every required gate on the as-of day and are not approved yet.",
            "graduation_readiness",
            verdict="good" if ready else "none",
            says=", ".join(row["initiative"] for row in ready[:3]) + (" and others" if len(ready) > 3 else ""),
        ),
        Figure(
            "Still experiments",
            sum(not row["is_ready"] for row in board),
            "count",
            "Experiments that at least one gate holds back.",
            "graduation_readiness",
        ),
    )


def _board(rows: list[Row], gates: list[Row]) -> Table:
    labels = {f"gate_{gate['gate_number']}": gate["gate"] for gate in sorted(gates, key=lambda one: one["gate_number"])}
    return Table(
        "board",
        "Experiments and gates",
        "graduation_readiness",
        (
            Column("initiative", "Initiative"),
            *(Column(name, label) for name, label in labels.items()),
            Column("first_ready_date", "First ready", "date"),
            Column("owner", "Owner"),
        ),
        [{**dict.fromkeys(labels), **row} for row in rows],
        "No experiment is running. Initiatives of stage experimentation in initiatives.yaml stand here.",
        filters=FILTERS,
        verdict="verdict",
    )


def _approve(rows: list[Row]) -> tuple[Block, ...]:
    table = Table(
        "ready",
        "Passed, and waiting for a signature",
        "graduation_readiness",
        (
            Column("initiative", "Initiative"),
            Column("first_ready_date", "Ready since", "date"),
            Column("verified_run_rate", "A month", "money", True),
            Column("verified_run_rate_low", "From", "money"),
            Column("verified_run_rate_high", "To", "money"),
            Column("verified_unit_cost", "A unit", "quantity"),
            Column("evidence", "Evidence"),
            Column("command", "Approve with"),
        ),
        rows,
        "No experiment that passes every gate waits for approval today.",
        "A month is the verified run-rate, with the interval in which a month at this level ends in four of five cases.",
        filters=FILTERS,
    )
    note = "The evidence of each stands in evidence/ of the publication, one file an initiative: read it before you approve."
    return (table, Note(note)) if rows else (table,)


def _waiting(rows: list[Row]) -> Table:
    return Table(
        "allocations",
        "How long the money of each experiment lasts",
        "budget_status_by_initiative",
        (
            Column("initiative", "Initiative"),
            Column("allocated_amount", "Allocated", "money", True),
            Column("spent_amount", "Spent", "money", True),
            Column("remaining_amount", "Left", "money", True),
            Column("projected_exhaustion_date", "Runs out", "date"),
            Column("expires_on", "Ends", "date"),
        ),
        [row for row in rows if row["allocated_amount"] is not None],
        "No experiment has an allocation.",
        "What is not approved goes on from its allocation until that is spent or ends.",
        filters=FILTERS,
    )


def _debts(rows: list[Row]) -> Table:
    for row in rows:
        row["standing"] = in_words(row["tolerance_status"])
        row["verdict"] = {"lapsed": "bad", "met": "good"}.get(row["tolerance_status"], "none")
    return Table(
        "debts",
        "Margin owed until a milestone is met",
        "milestone_tolerance",
        (
            Column("initiative", "Initiative"),
            Column("standing", "Milestone"),
            Column("by_date", "By", "date"),
            Column("margin_debt", "Margin owed", "money", True),
            Column("debt_age_days", "For", "days"),
        ),
        rows,
        "No initiative is below its margin on the strength of a milestone.",
        filters=FILTERS,
        verdict="verdict",
    )


def _holding(board: list[Row], gates: list[Row]) -> Table:
    blocking = {row["initiative_id"]: row["blocking"] for row in board if not row["is_ready"]}
    return Table(
        "holding",
        "Gates that do not pass yet",
        "graduation_gates",
        (
            Column("initiative", "Initiative"),
            Column("gate", "Gate"),
            Column("standing", "Says"),
            Column("why", "Why"),
            Column("measured", "Measured"),
            Column("limit", "Limit"),
        ),
        [gate for gate in gates if gate["gate_number"] in blocking.get(gate["initiative_id"], ())],
        "No gate holds an experiment back.",
        filters=FILTERS,
        verdict="verdict",
    )


def _gates(rows: list[Row]) -> Table:
    return Table(
        "gates",
        "Why each gate says what it says",
        "graduation_gates",
        (
            Column("initiative", "Initiative"),
            Column("gate", "Gate"),
            Column("standing", "Says"),
            Column("why", "Why"),
            Column("measured", "Measured"),
            Column("limit", "Limit"),
            Column("evidence_id", "Evidence"),
        ),
        rows,
        "No gate was evaluated.",
        filters=FILTERS,
        verdict="verdict",
        is_folded=True,
    )
