"""A company that meets AI only through its gateway: a few initiatives, keys owned by rule, files as the only source."""

from pathlib import Path

from benchmarks.traffic import FIRST_DAY, LAST_DAY, key_hash, team_name

LOG_FOLDER = "gateway"
OWNED_KEYS = 40
INITIATIVES = ("assistant", "triage", "search", "drafts")


def write_company(folder: Path) -> None:
    """Write the YAML files; the logs themselves are written by :func:`benchmarks.traffic.write_logs`."""
    (folder / LOG_FOLDER).mkdir(parents=True, exist_ok=True)
    (folder / "ledgers").mkdir(exist_ok=True)
    for name, text in _files().items():
        (folder / name).write_text(text)


def _files() -> dict[str, str]:
    return {
        "company.yaml": _COMPANY,
        "sources.yaml": _SOURCES,
        "model_tiers.yaml": _TIERS,
        "initiatives.yaml": "initiatives:\n" + "".join(map(_initiative, INITIATIVES)),
        "ownership.yaml": "rules:\n" + "".join(_rule(number) for number in range(OWNED_KEYS)) + _team_rule(),
    }


_COMPANY = """\
company_id: benchmark
name: Benchmark (simulated)
reporting_currency: USD
reporting_time_zone: UTC
fiscal_year_start_month: 1
profile: {company_size: startup, margin_profile: healthy}
posting_accounts:
  cost_of_goods_sold: "5100"
  research_and_development: "6100"
  selling_and_administration: "6200"
  accrued_liabilities: "2100"
  prepaid: "1400"
"""

_SOURCES = f"""\
sources:
  litellm:
    mode: files
    path: {LOG_FOLDER}/*.parquet
    start_date: {FIRST_DAY}
    complete_through: {LAST_DAY}
"""

_TIERS = """\
tiers:
  - {tier: flagship, reference_model: gpt-5.6-sol}
  - {tier: standard, reference_model: gpt-6.1-terra}
  - {tier: economy, reference_model: gpt-6-luna}
models:
  gpt-6-luna: economy
  mistral-*: economy
  gpt-6.1-terra: standard
  claude-sonnet-*: standard
  gpt-5.6-sol: flagship
complexity: {basic: economy, standard: standard, complex: flagship}
"""


def _initiative(name: str) -> str:
    return f"""\
  - initiative_id: {name}
    kind: internal_workflow
    stage: experimentation
    department_id: operations
    owner: owner@benchmark.example
    complexity: standard
    started_on: {FIRST_DAY}
    allocation: {{amount: "90000000", daily_cap: "900000", starts_on: {FIRST_DAY}, expires_on: 2026-12-31}}
"""


def _rule(number: int) -> str:
    return f"""\
  - rule_id: key_{number}
    priority: {1000 - number}
    match: {{source: litellm, api_key_id: {key_hash(number)}}}
    assign: {{initiative_id: {INITIATIVES[number % len(INITIATIVES)]}}}
"""


def _team_rule() -> str:
    return f"""\
  - rule_id: team
    priority: 10
    match: {{source: litellm, team_id: {team_name(1)}}}
    assign: {{department_id: engineering}}
"""
