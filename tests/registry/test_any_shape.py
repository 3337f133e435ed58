"""Whatever stands where a value should stand, the folder is either valid or refused with faults; it never crashes."""

import copy
import itertools
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestration.registry import RegistryError, documents, load_company

ODD = (None, "", "x", True, [], ["x"], [None], {}, {"x": "y"}, {"x": {"y": [1]}}, 1.5, "*", "[!a]")
PER_PLACE = 3
MORE = {
    "departments.yaml": {
        "departments": [{"department_id": "product", "default_complexity": "basic"}, {"department_id": "finance"}]
    },
    "products.yaml": {"products": [{"product_id": "desk", "margin_floor_ratio": "0.1"}]},
    "customers.yaml": {"customers": [{"customer_id": "c"}]},
    "contracts.yaml": {
        "contracts": [
            {"contract_id": "c", "provider": "p", "kind": "credit", "amount": "5", "valid_from": "2026-01-01"}
        ]
    },
    "alerts.yaml": {
        "destinations": [{"name": "ops", "kind": "slack", "url_env": "OPS_URL"}],
        "routes": [{"kinds": ["cap_*"], "severity": "critical", "to": ["ops"], "escalate_to": ["ops"]}],
        "default": ["ops"],
        "limits": {"per_tick": "3"},
    },
    "guardrails.yaml": {
        "caps": [{"cap_id": "k", "subject": "key", "ids": ["a"], "windows": [{"window": "daily", "amount": "5"}]}],
        "overrides": [
            {
                "cap_id": "k",
                "id": "a",
                "window": "daily",
                "amount": "9",
                "starts_at": "2026-11-01T00:00:00Z",
                "expires_at": "2026-11-02T00:00:00Z",
                "approver": "a@company.example",
                "reason": "r",
            }
        ],
        "adapters": {"litellm": {"apply": False, "downgrades": {"big": "small"}}},
    },
}


def places(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in items:
        yield (*path, key)
        yield from places(value, (*path, key))


def replaced(tree: Any, path: tuple[Any, ...], value: Any) -> Any:
    changed = copy.deepcopy(tree)
    inner = changed
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return changed


@pytest.fixture
def full(folder: Path) -> Path:
    for name, tree in MORE.items():
        (folder / name).write_text(yaml.safe_dump(tree, sort_keys=False))
    with (folder / "company.yaml").open("a") as file:
        file.write(
            "cost_classes: [{kind: customer_facing, cost_class: capitalized}]\nposting_accounts: {prepaid: '1'}\n"
        )
    with (folder / "ownership.yaml").open("a") as file:
        file.write("pools: [{pool_id: p, order: 1, share: {method: even, targets: [{initiative_id: chat}]}}]\n")
    with (folder / "sources.yaml").open("a") as file:
        file.write("ledgers: {revenue: {on_reject: fail}}\n")
    load_company(folder)
    return folder


def test_no_value_anywhere_crashes_the_loader(full: Path, monkeypatch: pytest.MonkeyPatch):
    """Of a folder only the file that was changed is parsed again."""
    monkeypatch.setattr(documents.yaml, "compose", cache(yaml.compose))
    refused = accepted = 0
    odd = itertools.cycle(ODD)
    for file in sorted(full.glob("*.yaml")):
        original = file.read_text()
        tree = yaml.safe_load(original)
        for path in places(tree):
            for value in itertools.islice(odd, PER_PLACE):
                file.write_text(yaml.safe_dump(replaced(tree, path, value), sort_keys=False))
                try:
                    load_company(full)
                    accepted += 1
                except RegistryError as error:
                    refused += 1
                    assert all(fault.line >= 1 and fault.message for fault in error.faults), (file.name, path, value)
        file.write_text(original)
    assert refused > accepted > 0
