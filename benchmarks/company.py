"""A company that meets AI only through its gateway: two products with revenue, two experiments, keys owned by rule."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from benchmarks.traffic import DAYS, FIRST_DAY, LAST_DAY, key_hash, team_name

LOG_FOLDER = "gateway"
NEW_DAY = LAST_DAY + timedelta(days=1)
"""The day after the generated ones, for which a benchmark may add a file."""
OWNED_KEYS = 40
INITIATIVES = {"assistant": "desk", "search": "library", "triage": None, "drafts": None}
"""Product by initiative; those with one are core, the others are experiments."""


def write_company(folder: Path, moved: Mapping[int, str] | None = None) -> None:
    """Write the company's files, logs apart; ``moved``: initiative by number of a key that another rule owned before."""
    (folder / LOG_FOLDER).mkdir(parents=True, exist_ok=True)
    (folder / "ledgers").mkdir(exist_ok=True)
    for name, text in _files(moved or {}).items():
        (folder / name).write_text(text)


def _files(moved: Mapping[int, str]) -> dict[str, str]:
    owners = {number: moved.get(number, list(INITIATIVES)[number % len(INITIATIVES)]) for number in range(OWNED_KEYS)}
    return {
        "company.yaml": _COMPANY,
        "sources.yaml": _SOURCES,
        "model_tiers.yaml": _TIERS,
        "initiatives.yaml": "initiatives:\n" + "".join(map(_initiative, INITIATIVES)),
        "ownership.yaml": "rules:\n" + "".join(_rule(*owned) for owned in owners.items()) + _team_rule(),
        "ledgers/revenue.csv": "revenue_date,product_id,amount,currency\n" + "".join(_revenue()),
    }


def _revenue() -> list[str]:
    products = [product for product in INITIATIVES.values() if product]
    days = [FIRST_DAY + timedelta(days=number) for number in range(DAYS + 1)]
    return [
        f"{day},{product},{1000 + 7 * number + 100 * place}.{number:02d},USD\n"
        for number, day in enumerate(days)
        for place, product in enumerate(products)
    ]


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
    complete_through: {NEW_DAY}
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
    product = INITIATIVES[name]
    own = (
        f"kind: customer_facing\n    stage: core\n    product_id: {product}"
        if product
        else "kind: internal_workflow\n    stage: experimentation\n    allocation: "
        f'{{amount: "90000000", daily_cap: "900000", starts_on: {FIRST_DAY}, expires_on: 2026-12-31}}'
    )
    return f"""\
  - initiative_id: {name}
    {own}
    department_id: operations
    owner: owner@benchmark.example
    complexity: standard
    started_on: {FIRST_DAY}
"""


def _rule(number: int, initiative: str) -> str:
    return f"""\
  - rule_id: key_{number}
    priority: {1000 - number}
    match: {{source: litellm, api_key_id: {key_hash(number)}}}
    assign: {{initiative_id: {initiative}}}
"""


def _team_rule() -> str:
    return f"""\
  - rule_id: team
    priority: 10
    match: {{source: litellm, team_id: {team_name(1)}}}
    assign: {{department_id: engineering}}
"""
