"""Overlapping dates, clashing priorities, rules that can never match, and references between files."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.registry import RegistryError, load_company


def rules(*texts: str) -> str:
    return "rules:\n" + "".join(f"  - {{{text}}}\n" for text in texts)


def ownership_faults(folder: Path, text: str) -> list[tuple[int, str]]:
    (folder / "ownership.yaml").write_text(text)
    try:
        load_company(folder)
    except RegistryError as error:
        assert {fault.file for fault in error.faults} == {"ownership.yaml"}
        return [(fault.line, fault.message) for fault in error.faults]
    return []


TO_CHAT = "assign: {initiative_id: chat}"
HIGH = f"rule_id: high, priority: 9, match: {{project_id: 'p*'}}, {TO_CHAT}"


@pytest.mark.parametrize(
    "low",
    [
        "match: {project_id: px}",
        "match: {project_id: ['pa*', 'pb?']}",
        "match: {project_id: px, source: openai}",
        "match: {project_id: px}, valid_from: 2026-01-01",
    ],
)
def test_a_fully_shadowed_rule_is_a_fault(folder, low):
    found = ownership_faults(folder, rules(HIGH, f"rule_id: low, priority: 1, {low}, {TO_CHAT}"))
    assert [line for line, _ in found] == [3]
    assert found[0][1].startswith("rule 'low' can never match: rule 'high' on line 2 comes first")


@pytest.mark.parametrize(
    "low",
    [
        "match: {project_id: x}",
        "match: {project_id: [px, x]}",
        "match: {source: openai}",
        "match: {}",
    ],
)
def test_a_rule_that_can_match_something_is_none(folder, low):
    assert ownership_faults(folder, rules(HIGH, f"rule_id: low, priority: 1, {low}, {TO_CHAT}")) == []


def test_a_catch_all_shadows_everything_below_it(folder):
    text = rules(
        f"rule_id: all, priority: 9, match: {{}}, {TO_CHAT}",
        f"rule_id: low, priority: 1, match: {{tag.team: ops}}, {TO_CHAT}",
    )
    assert [line for line, _ in ownership_faults(folder, text)] == [3]


def test_a_shadow_over_other_dates_is_none(folder):
    low = f"rule_id: low, priority: 1, match: {{project_id: px}}, {TO_CHAT}"
    assert ownership_faults(folder, rules(f"{HIGH}, valid_from: 2026-01-01", low)) == []
    assert ownership_faults(folder, rules(f"{HIGH}, valid_to: 2026-03-01", f"{low}, valid_to: 2026-03-02")) == []
    assert len(ownership_faults(folder, rules(f"{HIGH}, valid_to: 2026-03-01", f"{low}, valid_to: 2026-03-01"))) == 1


def test_equal_priorities_clash_only_where_both_can_match_on_a_day(folder):
    one = f"rule_id: one, priority: 5, match: {{project_id: 'a*'}}, {TO_CHAT}"
    other = f"rule_id: two, priority: 5, match: {{project_id: '*b'}}, {TO_CHAT}"
    apart = f"rule_id: two, priority: 5, match: {{project_id: 'b*'}}, {TO_CHAT}"
    assert [line for line, _ in ownership_faults(folder, rules(one, other))] == [3]
    assert ownership_faults(folder, rules(one, apart)) == []
    dated = rules(f"{one}, valid_to: 2026-01-01", f"{other}, valid_from: 2026-01-01")
    assert ownership_faults(folder, dated) == []


def test_versions_of_a_rule_may_not_overlap(folder):
    rule = f"rule_id: one, priority: 5, match: {{project_id: a}}, {TO_CHAT}"
    found = ownership_faults(folder, rules(f"{rule}, valid_to: 2026-01-02", f"{rule}, valid_from: 2026-01-01"))
    assert found == [
        (
            3,
            "rule_id 'one' is already declared on line 2 for overlapping dates; "
            "give each version its own valid_from and valid_to",
        )
    ]
    assert ownership_faults(folder, rules(f"{rule}, valid_to: 2026-01-01", f"{rule}, valid_from: 2026-01-01")) == []


def test_versions_of_an_initiative_and_contract_may_not_overlap(folder, faults):
    path = folder / "initiatives.yaml"
    chat = path.read_text().split("  - initiative_id: reader")[0].split("initiatives:\n")[1]
    path.write_text(path.read_text() + chat)
    (folder / "contracts.yaml").write_text(
        "contracts:\n"
        "  - {contract_id: c, provider: p, kind: discount, discount_ratio: 0.1}\n"
        "  - {contract_id: c, provider: p, kind: discount, discount_ratio: 0.2, valid_from: 2026-07-01}\n"
    )
    assert [fault.split(": ")[0] for fault in faults()] == ["contracts.yaml:3", "initiatives.yaml:30"]


def test_a_balance_may_be_renewed_under_its_id_and_not_overlap_itself(folder, faults):
    balance = "{contract_id: c, provider: p, kind: prepaid, amount: 5"
    renewed = f"contracts:\n  - {balance}, valid_from: 2026-07-01, valid_to: 2026-08-01}}\n"
    (folder / "contracts.yaml").write_text(f"{renewed}  - {balance}, valid_from: 2026-08-01}}\n")
    load_company(folder)
    (folder / "contracts.yaml").write_text(f"{renewed}  - {balance}, models: [m], valid_from: 2026-07-15}}\n")
    assert [fault.split(": ")[0] for fault in faults()] == ["contracts.yaml:3"]


@pytest.mark.parametrize(
    ("contract", "says"),
    [
        ("kind: discount", "kind discount needs discount_ratio"),
        ("kind: price, price_per_million: 1, models: [a]", "kind price needs token_class"),
        ("kind: credit, amount: 5, discount_ratio: 0.1", "kind credit takes no discount_ratio"),
        ("kind: credit, amount: 5", "contract 'c' of kind credit needs valid_from, its first day"),
        ("kind: prepaid, amount: 5, valid_to: 2026-08-01", "contract 'c' of kind prepaid needs valid_from"),
        ("kind: commitment, amount: 5", "contract 'c' of kind commitment needs valid_from"),
        ("kind: discount, discount_ratio: 12", "discount_ratio: '12' is not valid"),
        (
            "kind: price, price_per_million: 0.1234567, models: [a], token_class: output",
            "price_per_million: '0.1234567' has more than 6 decimals",
        ),
        (
            "kind: price, price_per_million: 1000000000000, models: [a], token_class: output",
            "price_per_million: '1000000000000' is too large; at most 12 digits before the point",
        ),
    ],
)
def test_contract_kinds(folder, faults, contract, says):
    (folder / "contracts.yaml").write_text(f"contracts:\n  - {{contract_id: c, provider: p, {contract}}}\n")
    assert len(faults()) == 1
    assert faults()[0].startswith(f"contracts.yaml:2: {says}")


def test_pools_step_down_in_one_direction(folder):
    pools = (
        "pools:\n"
        "  - {pool_id: a, order: 1, share: {method: even, targets: [{pool_id: b}, {initiative_id: chat}]}}\n"
        "  - {pool_id: b, order: 2, share: {method: even, targets: [{pool_id: a}]}}\n"
        "  - {pool_id: c, order: 2}\n"
    )
    found = ownership_faults(folder, "rules: []\n" + pools)
    assert [line for line, _ in found] == [4, 5]
    assert "may only feed pools of higher order" in found[0][1]
    assert "order 2 is also that of pool 'b'" in found[1][1]


def test_cost_classes_behind_a_wider_one_are_dead(folder, faults):
    with (folder / "company.yaml").open("a") as file:
        file.write(
            "cost_classes:\n"
            "  - {kind: customer_facing, cost_class: cost_of_goods_sold}\n"
            "  - {kind: customer_facing, stage: core, cost_class: capitalized}\n"
        )
    assert [fault.split(";")[0] for fault in faults()] == [
        "company.yaml:18: the cost class can never match: the one on line 17 comes first"
    ]


@pytest.mark.parametrize(
    ("file", "text", "where"),
    [
        ("departments.yaml", "departments: [{department_id: product}]\n", ["initiatives.yaml:13"]),
        ("products.yaml", "products: [{product_id: other}]\n", ["initiatives.yaml:6"]),
        ("customers.yaml", "customers: []\n", []),
    ],
)
def test_directories_bind_once_their_file_is_there(folder, file, text, where):
    assert load_company(folder)
    (folder / file).write_text(text)
    if not where:
        assert load_company(folder)
        return
    with pytest.raises(RegistryError) as caught:
        load_company(folder)
    assert [str(fault).split(": ")[0] for fault in caught.value.faults] == where


def test_labor_rates_are_looked_up_in_the_ledgers(folder, faults):
    ledgers = folder / "ledgers"
    ledgers.mkdir()
    (ledgers / "labor_rates_a.csv").write_text("valid_from,labor_rate_id\n2026-01-01,manager\n")
    assert faults() == [
        "initiatives.yaml:24: labor_rate_id 'clerk' is not in ledgers/labor_rates*; "
        "declare it there or correct the name"
    ]
    pq.write_table(pa.table({"labor_rate_id": ["clerk"]}), ledgers / "labor_rates_b.parquet")
    assert load_company(folder)


def test_an_unreadable_rate_file_is_left_to_its_connector(folder):
    (folder / "ledgers").mkdir()
    (folder / "ledgers" / "labor_rates.csv").write_text("no,such,columns\n1,2,3\n")
    assert load_company(folder)


def test_a_reference_model_must_stand_in_its_own_tier(folder, edit, faults):
    edit("model_tiers.yaml", "reference_model: small-1", "reference_model: big-2")
    assert faults() == [
        "model_tiers.yaml:5: reference_model 'big-2' belongs to tier 'flagship' by the models below, not to 'economy'; "
        "correct one of them"
    ]
