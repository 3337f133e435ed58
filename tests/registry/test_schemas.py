"""The committed JSON Schemas: current, complete, and neither stricter nor laxer than they say."""

import json
from pathlib import Path
from string import Template
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from orchestration.demo.company_folder import TEMPLATES
from orchestration.registry import load_company, write_company_folder
from orchestration.registry.loader import FILES
from orchestration.registry.policy_keys import KINDS
from orchestration.registry.schemas import FOLDER, give_schemas, schema_name
from orchestration.registry.schemas.generate import policy_default, schema_texts
from orchestration.registry.schemas.policy_texts import POLICY_TEXTS


class Plain(yaml.SafeLoader):
    """YAML as editors read it: days stay text, keys are text."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[str, Any]:
        return {str(key): value for key, value in super().construct_mapping(node, deep=True).items()}


Plain.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Plain.add_constructor("tag:yaml.org,2002:map", lambda loader, node: loader.construct_mapping(node))


def schema(file: str) -> dict[str, Any]:
    return json.loads((FOLDER / schema_name(file)).read_text(encoding="utf-8"))


def faults(file: str, text: str) -> list[str]:
    """What the schema of ``file`` refuses in ``text``, as path and message."""
    found = Draft202012Validator(schema(file)).iter_errors(yaml.load(text, Loader=Plain))
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in found]


def folder_faults(folder: Path) -> dict[str, list[str]]:
    return {file: faults(file, (folder / file).read_text()) for file in FILES if (folder / file).is_file()}


def test_the_committed_schemas_are_current() -> None:
    committed = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    assert committed == schema_texts(), "write them anew: python -m orchestration.registry.schemas"


def undescribed(node: Any, path: str) -> list[str]:
    """The paths of all keys that a schema allows without a word about them."""
    if not isinstance(node, dict | list):
        return []
    if isinstance(node, list):
        return [name for item in node for name in undescribed(item, path)]
    properties = node.get("properties", {})
    own = [f"{path}.{key}" for key, value in properties.items() if not value.get("description")]
    return own + [name for key, value in node.items() for name in undescribed(value, f"{path}.{key}")]


@pytest.mark.parametrize("file", FILES)
def test_every_schema_is_one_and_every_key_is_described(file: str) -> None:
    Draft202012Validator.check_schema(schema(file))

    assert undescribed(schema(file), file) == []


def test_every_policy_key_is_described_with_its_default_per_profile() -> None:
    assert set(POLICY_TEXTS) == set(KINDS)
    assert policy_default("caps_mode") == "hard (startup), alert (enterprise)"
    assert policy_default("margin_floor_ratio") == "target - 0.02 (thin), target - 0.10 (healthy)"
    assert policy_default("unallocated_alarm_ratio") == (
        "0.10 (startup, thin), 0.10 (startup, healthy), 0.02 (enterprise, thin), 0.05 (enterprise, healthy)"
    )
    policy = schema("company.yaml")["properties"]["policy"]["properties"]
    assert set(policy) == set(KINDS)
    assert policy["revenue_max_age_days"]["description"].endswith("Default: 45.")


# ------------------------------------------------------------------------------------------- what is accepted


def test_the_starter_folder_is_accepted_and_names_its_schemas(tmp_path: Path) -> None:
    written = write_company_folder(tmp_path / "mine")
    assert {Path(".schemas") / schema_name(file) for file in FILES} <= set(written)
    assert folder_faults(tmp_path / "mine") == {path.name: [] for path in written if path.suffix == ".yaml"}
    for file in (tmp_path / "mine").glob("*.yaml"):
        first = file.read_text().splitlines()[0]
        named = file.parent / first.removeprefix("# yaml-language-server: $schema=")
        assert named.read_bytes() == (FOLDER / schema_name(file.name)).read_bytes()
    load_company(tmp_path / "mine")


def test_naming_schemas_twice_changes_nothing(tmp_path: Path) -> None:
    write_company_folder(tmp_path / "mine")
    before = (tmp_path / "mine" / "company.yaml").read_text()
    give_schemas(tmp_path / "mine")
    assert (tmp_path / "mine" / "company.yaml").read_text() == before


def test_the_demo_company_is_accepted() -> None:
    texts = {
        path.name: Template(path.read_text()).safe_substitute(base_url="http://127.0.0.1:1")
        for path in TEMPLATES.glob("*.yaml")
    }
    assert {file: faults(file, text) for file, text in texts.items()} == {file: [] for file in FILES}


def test_the_acceptance_company_is_accepted(acceptance_folder: Path) -> None:
    found = folder_faults(acceptance_folder / "company")
    assert len(found) >= 5 and not any(found.values()), found


ACCEPTED = [
    ("company.yaml", 'policy: {margin_floor_ratio: target - 0.05, settle_lag_hours: 48, required_gates: ["1", 2]}'),
    (
        "company.yaml",
        "policy: {margin_floor_ratio: 0.4, settle_lag_hours: {api: 24, openai: 36}, variable_output_ratio: fitted}",
    ),
    ("company.yaml", "ledger_accounts: {4000: revenue}\nposting_accounts: {prepaid: 1400}"),
    ("sources.yaml", "sources: {quickbooks: {mode: api, api: journal_entries, legal_entity_id: 4620816365}}"),
    (
        "sources.yaml",
        "sources: {litellm: {mode: daily_activity, start_date: 2026-07-01, base_url: http://127.0.0.1:4000}}",
    ),
    (
        "ownership.yaml",
        'rules: [{rule_id: r, priority: 1, match: {tag.team: ["a*", b], model: gpt-*}, assign: {product_id: 7}}]',
    ),
    (
        "contracts.yaml",
        'contracts: [{contract_id: c, provider: p, kind: prepaid, amount: "1e3", valid_from: 2026-07-01}]',
    ),
    (
        "alerts.yaml",
        "destinations: [{name: ops, kind: slack, url_env: OPS_URL, max_per_hour: '5'}]\n"
        "routes: [{kinds: [cap_*], severity: critical, to: ops, escalate_to: [ops]}]\ndefault: ops\nlimits: {per_tick: 3}",
    ),
    (
        "guardrails.yaml",
        "caps: [{cap_id: c, subject: team, ids: 7, windows: [{window: monthly, amount: '5', reset_day: '3'}]}]\n"
        "adapters: {policy_file: {valid_for_minutes: 5}, litellm: {entities: ['key:*'], max_changes: 3}}",
    ),
]


@pytest.mark.parametrize(("file", "text"), ACCEPTED)
def test_what_the_registry_reads_is_accepted(file: str, text: str) -> None:
    assert [fault for fault in faults(file, text) if "is a required property" not in fault] == []


# --------------------------------------------------------------------------------------------- what is refused

REFUSED = [
    *[(file, "surprise: 1", "'surprise' was unexpected") for file in FILES],
    ("company.yaml", "policy: {stability_windw_days: 30}", "'stability_windw_days' was unexpected"),
    ("company.yaml", "policy: {stability_window_days: 7}", "policy/stability_window_days"),
    ("company.yaml", "policy: {stability_max_variation: 0}", "policy/stability_max_variation"),
    ("company.yaml", "policy: {margin_floor_ratio: target}", "policy/margin_floor_ratio"),
    ("company.yaml", "policy: {settle_lag_hours: {opnai: 1}}", "policy/settle_lag_hours"),
    ("company.yaml", "profile: {company_size: large, margin_profile: thin}", "'large' is not one of"),
    ("company.yaml", "ledger_accounts: {5100: magic}", "'magic' is not one of"),
    ("company.yaml", "cost_classes: [{cost_clas: capitalized}]", "'cost_clas' was unexpected"),
    ("company.yaml", "name:", "None is not of type"),
    ("company.yaml", "name: true", "True is not of type"),
    ("sources.yaml", "sources: {opnai: {}}", "'opnai' was unexpected"),
    ("sources.yaml", "sources: {openai: {path: x}}", "'path' was unexpected"),
    ("sources.yaml", "sources: {openai: {name: x}}", "'name' was unexpected"),
    ("sources.yaml", "sources: {anthropic: {api: journal_entries}}", "'journal_entries' is not one of"),
    ("sources.yaml", "sources: {xero: {mode: daily_activity}}", "'daily_activity' is not one of"),
    ("sources.yaml", "ledgers: {revenue: {on_reject: ignore}}", "'ignore' is not one of"),
    ("model_tiers.yaml", "complexity: {simple: economy}", "'simple' is not one of"),
    ("initiatives.yaml", "initiatives: [{allocation: {amount: -1}}]", "initiatives/0/allocation/amount"),
    ("initiatives.yaml", "initiatives: [{started_on: 1.7.2026}]", "initiatives/0/started_on"),
    ("initiatives.yaml", "initiatives: [{target_gross_margin_ratio: 60}]", "initiatives/0/target_gross_margin_ratio"),
    ("initiatives.yaml", "initiatives: [{guardrail: {actions: [shout]}}]", "'shout' is not one of"),
    ("initiatives.yaml", "initiatives: [{}]", "'department_id' is a required property"),
    ("ownership.yaml", "rules: [{match: {modle: x}}]", "'modle' does not match|'modle' was unexpected"),
    ("ownership.yaml", "rules: [{match: {model: []}}]", "rules/0/match/model"),
    ("ownership.yaml", "rules: {}", "{} is not of type 'array'"),
    ("departments.yaml", "departments: [{default_complexity: hard}]", "'hard' is not one of"),
    ("alerts.yaml", "destinations: [{name: a, kind: fax, url_env: A}]", "'fax' is not one of"),
    ("alerts.yaml", "routes: [{kinds: cap_*}]", "'to' is a required property"),
    ("guardrails.yaml", "adapters: {lite: {}}", "'lite' was unexpected"),
    ("guardrails.yaml", "adapters: {litellm: {valid_for_minutes: 5}}", "'valid_for_minutes' was unexpected"),
    ("guardrails.yaml", "caps: [{subject: person}]", "'person' is not one of"),
    ("guardrails.yaml", "caps: [{windows: []}]", "caps/0/windows"),
]


@pytest.mark.parametrize(("file", "text", "message"), REFUSED)
def test_what_is_wrong_is_refused(file: str, text: str, message: str) -> None:
    found = faults(file, text)
    assert any(part in fault for fault in found for part in message.split("|")), found
