"""The graduation board: which experiment passes which gate, why not, since when it is ready and what waiting costs."""

from dashboard.charts import Drawer
from dashboard.figures import Column, Figure, Page, Section, Table
from dashboard.publication import Publication

BOARD = """
select
    readiness.initiative_id, coalesce(initiatives.name, readiness.initiative_id) as initiative, initiatives.department_id,
    initiatives.product_id, initiatives.owner, readiness.is_ready, readiness.first_ready_date,
    readiness.verified_run_rate, readiness.verified_run_rate_low, readiness.verified_run_rate_high,
    readiness.verified_unit_cost,
    max(gates.status) filter (where gates.gate_number = 1) as gate_1,
    max(gates.status) filter (where gates.gate_number = 2) as gate_2,
    max(gates.status) filter (where gates.gate_number = 3) as gate_3,
    max(gates.status) filter (where gates.gate_number = 4) as gate_4,
    max(gates.status) filter (where gates.gate_number = 5) as gate_5,
    case when bool_and(readiness.is_ready) then 'good' when bool_or(gates.status = 'fail') then 'bad' else 'watch' end as verdict
from graduation_readiness as readiness
left join graduation_gates as gates
    on readiness.initiative_id = gates.initiative_id and readiness.as_of_date = gates.as_of_date
left join (select * from dim_initiatives where is_current) as initiatives
    on readiness.initiative_id = initiatives.initiative_id
where readiness.as_of_date = cast(? as date)
group by all
order by 6 desc, 2
"""

REASONS = """
select
    coalesce(initiatives.name, gates.initiative_id) as initiative, initiatives.department_id, initiatives.product_id,
    gates.gate_number, gates.gate_name, gates.status, gates.metric_value, gates.threshold_value, gates.unit, gates.reason,
    gates.evidence_id
from graduation_gates as gates
left join (select * from dim_initiatives where is_current) as initiatives
    on gates.initiative_id = initiatives.initiative_id
where gates.as_of_date = cast(? as date)
order by initiative, gates.gate_number
"""

GATES = {
    "gate_1": "Return",
    "gate_2": "Model audit",
    "gate_3": "Guardrail",
    "gate_4": "Stability",
    "gate_5": "Graduated",
}
FILTERS = {"department": "department_id", "product": "product_id"}


def graduation(publication: Publication, drawer: Drawer) -> Page:
    as_of = publication.provenance.as_of
    board = publication.rows("graduation_readiness graduation_gates dim_initiatives", BOARD, [as_of])
    reasons = publication.rows("graduation_gates dim_initiatives", REASONS, [as_of])
    ready = [row for row in board if row["is_ready"]]
    figures = (
        Figure(
            "Ready for the core budget",
            len(ready),
            "count",
            "Experiments that pass every required gate on the as-of day.",
            "graduation_readiness",
            verdict="good" if ready else "none",
        ),
        Figure(
            "Still experiments",
            len(board) - len(ready),
            "count",
            "Experiments that at least one gate holds back.",
            "graduation_readiness",
        ),
    )
    board_table = Table(
        "board",
        "Experiments and gates",
        "graduation_readiness",
        (
            Column("initiative", "Initiative"),
            *(Column(name, label) for name, label in GATES.items()),
            Column("first_ready_date", "First ready", "date"),
            Column("verified_run_rate", "A month", "money"),
            Column("verified_run_rate_low", "From", "money"),
            Column("verified_run_rate_high", "To", "money"),
            Column("verified_unit_cost", "A unit", "quantity"),
            Column("owner", "Owner"),
        ),
        board,
        "No experiment is running.",
        "A gate passes, fails, is insufficient (no evidence) or deferred (a cheaper model first).",
        filters=FILTERS,
        verdict="verdict",
    )
    reason_table = Table(
        "reasons",
        "Why, gate by gate",
        "graduation_gates",
        (
            Column("initiative", "Initiative"),
            Column("gate_name", "Gate"),
            Column("status", "Status"),
            Column("reason", "Why"),
            Column("metric_value", "Measured", "quantity"),
            Column("threshold_value", "Limit", "quantity"),
            Column("unit", "In"),
            Column("evidence_id", "Evidence"),
        ),
        reasons,
        "No gate was evaluated.",
        filters=FILTERS,
        is_folded=True,
    )
    return Page(
        "graduation",
        "Graduation",
        "Which experiments have earned a place in the core budget, and what holds the others back.",
        (Section("Board", (*figures, board_table)), Section("Reasons", (reason_table,))),
    )
