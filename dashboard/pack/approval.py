"""The page to approve and sign beside each evidence pack: ``evidence/<initiative>.html`` for ``<initiative>.json``.

It shows what the pack holds and what an approval would book, and names the pack's checksum, so that the paper and the file
cannot be taken for another's. The raise of the core budget is reckoned by what books it. Failure mode: an initiative that is not
in the registry any more has its id for a name; what is not published is said to be.
"""

import hashlib
import json
import shlex
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from jinja2 import Environment

from dashboard.figures import NOTHING, gate_value
from dashboard.pack.printed import foot, paper_style
from dashboard.publication import Publication, Row
from orchestration.budgets.decisions import core_raise
from orchestration.glossary import in_words, reason_in_words
from orchestration.registry.currencies import minor_unit

INITIATIVE = """
select initiatives.initiative_id, initiatives.name, initiatives.kind, initiatives.owner, initiatives.department_id,
    coalesce(departments.name, initiatives.department_id) as department
from dim_initiatives as initiatives
left join (select department_id, name from dim_departments where is_current) as departments using (department_id)
where initiatives.is_current and initiatives.initiative_id = ?
"""
ALLOCATION = "select * from budget_status_by_initiative where initiative_id = ? and as_of_date = cast(? as date)"
YEAR_START = "select min(calendar_month) as month from dim_dates where fiscal_month_number = 1"


@dataclass(frozen=True)
class Gate:
    """One gate in words. ``measured`` and ``limit`` are in ``unit``."""

    number: int
    name: str
    status: str
    verdict: str
    why: str
    measured: str
    limit: str
    unit: str
    evidence_id: str


def write_approvals(publication: Publication, templates: Environment, folder: Path) -> list[Path]:
    """Write a page beside each pack in ``folder``; the pages of before are removed, not written into: they may be shared."""
    for page in folder.glob("*.html"):
        page.unlink()
    template = templates.get_template("approval.html.j2")
    written = []
    for pack in sorted(folder.glob("*.json")):
        page = pack.with_suffix(".html")
        page.write_text(template.render(_content(publication, pack)), encoding="utf-8")
        written.append(page)
    return written


def _content(publication: Publication, file: Path) -> dict[str, Any]:
    """What the template shows."""
    body = file.read_bytes()
    pack = json.loads(body)
    run, identity = publication.provenance, pack["initiative_id"]
    day = date.fromisoformat(pack["as_of_date"])
    readiness = {name: _money(pack["readiness"], name) for name in ("verified_run_rate", "verified_unit_cost")}
    readiness |= {name: _money(pack["readiness"], f"verified_{name}") for name in ("run_rate_low", "run_rate_high")}
    return {
        "run": run,
        "style": paper_style(),
        "foot": foot(run),
        "initiative": _initiative(publication, identity),
        "day": day,
        "ready_since": pack["readiness"]["first_ready_date"],
        "policy_version": ", ".join(sorted({gate["policy_version"] for gate in pack["gates"]})),
        "gates": [_gate(gate) for gate in pack["gates"]],
        "rates": readiness,
        "raises": _raises(publication, readiness["verified_run_rate"], day),
        "allocation": publication.one("budget_status_by_initiative", ALLOCATION, [identity, day]),
        "command": f"tokenomics graduate {shlex.quote(identity)} --approver EMAIL --as-of {day}",
        "file": file.name,
        "checksum": hashlib.sha256(body).hexdigest(),
    }


def _initiative(publication: Publication, identity: str) -> Row:
    nothing = {"initiative_id": identity, "name": identity, "kind": None, "owner": None, "department": None}
    return publication.one("dim_initiatives dim_departments", INITIATIVE, [identity]) or nothing


def _money(readiness: Row, name: str) -> Decimal | None:
    return None if readiness[name] is None else Decimal(readiness[name])


def _raises(publication: Publication, run_rate: Decimal | None, day: date) -> list[tuple[str, Decimal]]:
    """What each period's core budget is raised by; none without a run-rate or where the fiscal year is not known."""
    start = publication.one("dim_dates", YEAR_START)
    if run_rate is None or start is None or start["month"] is None:
        return []
    return core_raise(run_rate, day, start["month"], minor_unit(publication.provenance.currency))


def _gate(gate: Row) -> Gate:
    verdicts = {"pass": "good", "fail": "bad"}
    return Gate(
        number=gate["gate_number"],
        name=in_words(gate["gate_name"], "gate_name"),
        status=in_words(gate["status"], "status"),
        verdict=verdicts.get(gate["status"], "watch"),
        why=reason_in_words(gate["reason"]),
        measured=_measured(gate["metric_value"], gate["unit"]),
        limit=_measured(gate["threshold_value"], gate["unit"]),
        unit=in_words(gate["unit"], "unit"),
        evidence_id=gate["evidence_id"] or NOTHING,
    )


def _measured(value: str | None, unit: str | None) -> str:
    return NOTHING if value is None or unit is None else gate_value(Decimal(value), unit)
