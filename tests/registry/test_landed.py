"""The landed registry: every stream of streams.py, patterns as regular expressions, defaults filled in."""

import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from orchestration.landing.store import Landing
from orchestration.landing.streams import STREAMS
from orchestration.registry import land_registry, load_company
from orchestration.registry.landed import registry_rows


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    return Landing(tmp_path / "home" / "landing")


@pytest.fixture
def landed(folder: Path, landing: Landing):
    """Reads a landed stream as dictionaries without partition and load_id."""

    def read(stream: str) -> list[dict]:
        land_registry(load_company(folder), landing)
        with duckdb.connect() as connection:
            landing.register(connection)
            rows = connection.execute(f"select * exclude (partition, load_id) from landing.registry__{stream}")
            names = [column[0] for column in rows.description]
            return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]

    return read


def test_every_registry_stream_is_landed(folder, landing):
    land_registry(load_company(folder), landing)
    declared = {stream for source, stream in STREAMS if source == "registry"}
    from_the_folder = declared - {"drills"}  # they come from the journal of enforcement
    assert set(registry_rows(load_company(folder))) == from_the_folder
    assert all(set(landing.manifest("registry", stream)) == {"current"} for stream in from_the_folder)


def test_an_unchanged_folder_is_no_new_load(folder, landing):
    land_registry(load_company(folder), landing)
    before = landing.manifest("registry", "initiatives")["current"]
    land_registry(load_company(folder), landing)
    assert landing.manifest("registry", "initiatives")["current"] == before


def test_dropping_most_of_many_rules_is_no_collapse(folder, landing):
    rule = "  - {{rule_id: r{0}, priority: {0}, match: {{project_id: p{0}}}, assign: {{initiative_id: chat}}}}\n"
    text = "rules:\n" + "".join(rule.format(number) for number in range(120))
    (folder / "ownership.yaml").write_text(text)
    land_registry(load_company(folder), landing)
    (folder / "ownership.yaml").write_text("rules: []\n")
    land_registry(load_company(folder), landing)
    assert landing.manifest("registry", "ownership_rules")["current"].current.rows == 0


def test_initiatives(landed):
    chat, reader = landed("initiatives")
    assert (chat["name"], chat["complexity"], chat["guardrail_entity"]) == ("chat", "standard", None)
    assert chat["target_gross_margin_ratio"] == Decimal("0.6")
    assert chat["allocation_currency"] is None
    assert reader["allocation_amount"] == Decimal("400.10")
    assert reader["allocation_expires_on"] == date(2026, 12, 31)
    assert reader["guardrail_actions"] == "throttle,block"
    assert {reader[f"{part}_currency"] for part in ("allocation", "replaces", "guardrail")} == {"EUR"}


def test_ownership(landed):
    first, second = landed("ownership_rules")
    assert first["api_key_id_pattern"] == "^(key_a.*|key_b)$"
    assert (first["source_pattern"], first["project_id_pattern"]) == ("^openai$", None)
    assert (first["initiative_id"], first["share_method"]) == ("chat", None)
    assert json.loads(second["tag_patterns"]) == {"team": "^ops-.$"}
    assert second["share_method"] == "fixed"
    targets = [
        (one["rule_id"], one["target_position"], one["initiative_id"], one["weight"])
        for one in landed("ownership_targets")
    ]
    assert targets == [("r2", 1, "chat", Decimal("0.6")), ("r2", 2, "reader", Decimal("0.4"))]


def test_pool_shares_land_beside_rule_shares(folder, landed):
    with (folder / "ownership.yaml").open("a") as file:
        file.write("pools: [{pool_id: base, order: 1, share: {method: even, targets: [{department_id: finance}]}}]\n")
    assert landed("pools")[0]["share_method"] == "even"
    assert landed("ownership_targets")[-1]["rule_id"] == "pool:base"


def test_referenced_departments_and_products_exist(landed):
    assert [(one["department_id"], one["name"]) for one in landed("departments")] == [
        ("finance", "finance"),
        ("product", "product"),
    ]
    (desk,) = landed("products")
    assert desk["target_gross_margin_ratio"] == Decimal("0.60")
    assert desk["margin_floor_ratio"] == Decimal("0.58")
    assert landed("customers") == []


def test_declared_products_keep_their_own_figures(folder, landed):
    (folder / "products.yaml").write_text(
        "products: [{product_id: desk, name: Desk, target_gross_margin_ratio: 0.7, margin_floor_ratio: 0.3}]\n"
    )
    (desk,) = landed("products")
    assert (desk["name"], desk["target_gross_margin_ratio"]) == ("Desk", Decimal("0.7"))
    assert desk["margin_floor_ratio"] == Decimal("0.3")


def counterparty(landed, name: str) -> str | None:
    """The provider that a counterparty of the ledger is, by the first pattern that fits."""
    rows = sorted(landed("ledger_counterparties"), key=lambda row: row["position"])
    return next((row["provider"] for row in rows if re.fullmatch(row["counterparty_pattern"], name.lower())), None)


def test_declared_counterparties_are_lower_case_and_come_first(landed):
    rows = sorted(landed("ledger_counterparties"), key=lambda row: row["position"])
    assert [(one["counterparty_pattern"], one["provider"]) for one in rows[:2]] == [
        ("^amazon web services.*$", "aws"),
        ("^anthropic.*$", "anthropic"),
    ]
    assert {one["provider"] for one in rows[2:]}.isdisjoint({"aws", "anthropic"}), "a declared seller has no default"


@pytest.mark.parametrize(
    ("name", "provider"),
    [
        ("Amazon Web Services EMEA SARL", "aws"),
        ("AWS India", "aws"),
        ("Google Cloud EMEA Limited", "google"),
        ("Google LLC", "google"),
        ("MICROSOFT IRELAND OPERATIONS LTD", "azure"),
        ("Azure", "azure"),
        ("OpenAI, L.L.C.", "openai"),
        ("Open AI OpCo LLC", "openai"),
        ("Anthropic, PBC", "anthropic"),
        ("Mistral AI SAS", "mistral"),
        ("X.AI Corp.", "xai"),
        ("Amazon Business", None),
        ("Landlord Ltd", None),
    ],
)
def test_a_counterparty_is_known_by_the_usual_legal_names_of_the_seller(landed, edit, name, provider):
    edit("company.yaml", '  "Amazon Web Services*": aws\n', "")
    edit(
        "company.yaml",
        '  "Anthropic*": {provider: anthropic, subscription: ',
        '  "Acme*": {provider: acme, subscription: ',
    )
    assert counterparty(landed, name) == provider


def test_a_provider_that_the_folder_names_and_no_list_knows_is_known_by_its_own_name(landed, folder):
    (folder / "contracts.yaml").write_text(
        "contracts: [{contract_id: c, provider: Tiny, kind: discount, discount_ratio: 0.1, valid_from: 2026-07-01}]\n"
    )
    assert counterparty(landed, "Tiny Inc.") == "tiny"


def test_a_counterparty_says_which_postings_are_a_subscription(landed):
    rows = {one["provider"]: one for one in landed("ledger_counterparties")}
    patterns = ("subscription_account_pattern", "subscription_description_pattern")
    assert [rows["anthropic"][name] for name in patterns] == ["^62.*$", "^(.*seats.*|.*team plan.*)$"]
    assert [rows["aws"][name] for name in patterns] == [rows["openai"][name] for name in patterns] == [None, None]


@pytest.mark.parametrize(
    ("kind", "stage", "function", "expected"),
    [
        ("customer_facing", "core", None, "cost_of_goods_sold"),
        ("customer_facing", "experimentation", None, "research_and_development"),
        ("internal_workflow", "experimentation", None, "research_and_development"),
        ("internal_workflow", "core", None, "selling_and_administration"),
        ("internal_workflow", "core", "engineering", "research_and_development"),
        ("customer_facing", "core", "engineering", "cost_of_goods_sold"),
        (None, None, "engineering", "research_and_development"),
        (None, None, None, "selling_and_administration"),
    ],
)
def test_default_cost_classes(landed, kind, stage, function, expected):
    facts = {"kind": kind, "stage": stage, "function": function}
    rows = sorted(landed("cost_class_rules"), key=lambda row: row["position"])
    fitting = [row for row in rows if all(row[key] in (None, value) for key, value in facts.items())]
    assert fitting[0]["cost_class"] == expected


def test_own_cost_classes_come_before_the_defaults(folder, landed):
    with (folder / "company.yaml").open("a") as file:
        file.write("cost_classes: [{kind: customer_facing, cost_class: capitalized, valid_from: 2026-01-01}]\n")
    first = min(landed("cost_class_rules"), key=lambda row: row["position"])
    assert (first["position"], first["cost_class"], first["valid_from"]) == (1, "capitalized", date(2026, 1, 1))


def test_company_policy_sources_and_tiers(folder, landed):
    company = load_company(folder)
    (row,) = landed("company")
    assert (row["reporting_time_zone"], row["company_size"]) == ("Europe/Berlin", "enterprise")
    assert row["policy_version"] == company.policy.version
    assert ("stability_max_variation", "0.10", "company.yaml:9") in [tuple(one.values()) for one in landed("policy")]
    sources = {
        one["source"]: (one["settle_lag_hours"], one["is_file_source"], one["empty_days"]) for one in landed("sources")
    }
    assert sources == {"openai": (24, False, None), "litellm": (0, True, "missing")}
    assert [(one["tier"], one["tier_rank"]) for one in landed("model_tiers")] == [("flagship", 1), ("economy", 2)]
    assert landed("model_tier_patterns")[0] == {"position": 1, "model_pattern": "^big-.*$", "tier": "flagship"}
    assert landed("metering") == [{"provider": "openai", "source": "litellm"}]
