"""A small valid company folder, written afresh for each test, and the faults it gives after an edit."""

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.registry import Fault, RegistryError, load_company

FILES = {
    "company.yaml": """\
company_id: small
name: Small
reporting_currency: EUR
reporting_time_zone: Europe/Berlin
profile:
  company_size: enterprise
  margin_profile: thin
policy:
  stability_max_variation: 0.10
ledger_accounts:
  "51*": ai_cost_of_goods_sold
  4000: revenue
ledger_counterparties:
  "Amazon Web Services*": aws
  "Anthropic*": {provider: anthropic, subscription: {accounts: "62*", descriptions: ["*seats*", "*Team plan*"]}}
""",
    "sources.yaml": """\
sources:
  openai:
    base_url: http://127.0.0.1:1/v1/
    start_date: 2026-07-01
  litellm:
    mode: files
    path: logs/*.parquet
metering:
  openai: litellm
""",
    "model_tiers.yaml": """\
tiers:
  - tier: flagship
    reference_model: big-1
  - tier: economy
    reference_model: small-1
models:
  "big-*": flagship
  "small-*": economy
complexity:
  basic: economy
  standard: flagship
""",
    "initiatives.yaml": """\
initiatives:
  - initiative_id: chat
    kind: customer_facing
    stage: core
    department_id: product
    product_id: desk
    owner: a@company.example
    started_on: 2026-07-01
    target_gross_margin_ratio: 0.60
  - initiative_id: reader
    kind: internal_workflow
    stage: experimentation
    department_id: finance
    owner: b@company.example
    complexity: basic
    started_on: 2026-07-01
    allocation:
      amount: 400.10
      daily_cap: "5"
      starts_on: 2026-07-01
      expires_on: 2026-12-31
    replaces:
      labor_hours_per_unit: 0.05
      labor_rate_id: clerk
    guardrail:
      adapter: litellm
      entity: team:finance
      daily_cap: 5
      actions: [throttle, block]
""",
    "ownership.yaml": """\
rules:
  - rule_id: r1
    priority: 100
    match:
      source: openai
      api_key_id: ["key_a*", "key_b"]
    assign:
      initiative_id: chat
  - rule_id: r2
    priority: 90
    match:
      project_id: shared
      tag.team: "ops-?"
    share:
      method: fixed
      targets:
        - initiative_id: chat
          weight: 0.6
        - initiative_id: reader
          weight: "0.4"
""",
}

Edit = Callable[[str, str, str], None]
Faults = Callable[[], list[str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def edit(folder: Path) -> Edit:
    """Replace text in a file; the text must be there once, so that a test cannot silently edit nothing."""

    def replace(file: str, old: str, new: str) -> None:
        text = (folder / file).read_text()
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
        (folder / file).write_text(text.replace(old, new))

    return replace


@pytest.fixture
def faults(folder: Path) -> Faults:
    """The faults of the folder as text."""

    def collect() -> list[str]:
        with pytest.raises(RegistryError) as caught:
            load_company(folder)
        assert all(isinstance(fault, Fault) for fault in caught.value.faults)
        assert str(caught.value).splitlines() == [str(fault) for fault in caught.value.faults]
        return str(caught.value).splitlines()

    return collect
