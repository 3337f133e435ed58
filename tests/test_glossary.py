"""Every code that a model, a type or a policy allows has words; the list of those that have none is the message."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestration import glossary
from orchestration.glossary import IN_COLUMN, WORDS, in_words, reason_in_words
from orchestration.graduation.gates.result import GATE_NAMES
from orchestration.landing.streams import STREAMS
from orchestration.policy.breaker_action import ACTIONS, MODES
from orchestration.policy.circuit_breaker import STATES
from orchestration.policy.loop_signs import KINDS as LOOPS
from orchestration.policy.open_amounts import OPEN_LINES
from orchestration.project import DBT_PROJECT, Home
from orchestration.replay.frameworks import FRAMEWORKS
from orchestration.statistics.stability import FAIL_REASONS, INSUFFICIENT_REASONS
from orchestration.statistics.variance import COMPONENTS
from orchestration.transform.manifest import ensure_manifest

CODE = Path(glossary.__file__).parent
SILENT = {
    "progress.py": "how far a step is, drawn as a bar",
    "policy_keys.py": "its one other word stands for a number",
}
"""Types of which no member is ever read by a person, and why."""


def has_words(code: str, column: str | None = None) -> bool:
    return code in WORDS or code in IN_COLUMN.get(column or "", {})


def literals() -> Iterator[tuple[str, str]]:
    """Every text in a ``Literal[...]`` of the code, with where it stands."""
    for path in sorted(CODE.rglob("*.py")):
        if path.name in SILENT:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "Literal":
                for member in ast.walk(node.slice):
                    if isinstance(member, ast.Constant) and isinstance(member.value, str):
                        yield f"{path.name}:{node.lineno}", member.value


def sql_codes() -> Iterator[tuple[str, str]]:
    """Every text that a CASE of a mart answers, and every code beside the name of its column."""
    for path in sorted((DBT_PROJECT / "models" / "marts").rglob("*.sql")):
        if path.parent.name == "focus":
            continue
        text = path.read_text(encoding="utf-8")
        for code in re.findall(r"\b(?:then|else)\s+'([a-z][a-z_0-9]*)'", text):
            yield path.name, code


def codes_of_reasons() -> Iterator[tuple[str, str]]:
    """The codes that open a reason, or a clause of one, in policies and gates; a name before ``:`` in other texts is none."""
    for folder in ("policy", "graduation/gates"):
        for path in sorted((CODE / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    for code in re.findall(r"^([a-z]+(?:_[a-z]+)+): ", node.value):
                        yield path.name, code


def kinds_of_alerts() -> set[str]:
    """The kinds that the README's table of alerts promises."""
    readme = (CODE.parent / "README.md").read_text(encoding="utf-8")
    rows = readme.split("| kind | when | owner |")[1].split("\n\n")[0].splitlines()
    return {kind for row in rows if row.startswith("| `") for kind in re.findall(r"`([a-z_0-9]+)`", row.split("|")[1])}


def bridge_lines() -> list[str]:
    text = (DBT_PROJECT / "models/marts/close/reconciliation_by_provider_month.sql").read_text(encoding="utf-8")
    return re.findall(r"\(\d+, '([a-z_]+)', ", text)


def test_every_accepted_value_of_the_manifest_has_words(tmp_path: Path) -> None:
    manifest: dict[str, Any] = json.loads(ensure_manifest(Home(tmp_path)).read_text())
    accepted = [
        (str(node.get("attached_node")).rpartition(".")[2], column, value)
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test" and "test_metadata" in node and "focus" not in str(node.get("attached_node"))
        for column, values in node["test_metadata"]["kwargs"].get("accepted_values", {}).items()
        for value in values
        if isinstance(value, str)
    ]
    assert len(accepted) > 100
    assert [f"{table}.{column}: {value}" for table, column, value in accepted if not has_words(value, column)] == []


def test_every_member_of_every_type_has_words() -> None:
    found = list(literals())
    assert len(found) > 80
    assert [f"{where}: {code}" for where, code in found if not has_words(code)] == []


def test_every_answer_of_a_mart_has_words() -> None:
    found = list(sql_codes())
    assert len(found) > 40
    assert [f"{where}: {code}" for where, code in found if not has_words(code)] == []


def test_every_code_that_opens_a_reason_has_words() -> None:
    found = list(codes_of_reasons())
    assert len(found) > 30
    assert [f"{where}: {code}" for where, code in found if not has_words(code)] == []


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (
            "cap_above_declared: 90.00 a day in force, declared 3.00; no_drill: no refused request is on record",
            "the cap is above the declared one: 90.00 a day in force, declared 3.00; the cap was never exercised: no refused "
            "request is on record",
        ),
        (
            "growth_uncertain, cap_bound; 30 days 2026-09-29 to 2026-10-28; variation 0.114 (at most 0.250)",
            "growth cannot be told yet, held down by the cap; 30 days 2026-09-29 to 2026-10-28; variation 0.114 (at most 0.250)",
        ),
        ("simulated: no call for more than ten minutes", "simulated: no call for more than ten minutes"),
        ("what nobody has a code for: stays", "what nobody has a code for: stays"),
        ("", ""),
        (None, ""),
    ],
)
def test_a_reason_reads_with_its_codes_in_words(reason: str | None, words: str) -> None:
    assert reason_in_words(reason) == words


@pytest.mark.parametrize(
    "codes",
    [
        [*INSUFFICIENT_REASONS, *FAIL_REASONS],
        [*STATES, *MODES, *ACTIONS],
        [*GATE_NAMES.values(), *COMPONENTS, *LOOPS, *FRAMEWORKS],
        bridge_lines(),
        [*OPEN_LINES],
        sorted(kinds_of_alerts()),
        sorted({source for source, _ in STREAMS} - {"registry", "statistics", "budget", "guardrails", "replay"}),
    ],
    ids=["stability", "breakers", "gates and components", "bridge", "open amounts", "alerts", "sources"],
)
def test_every_code_of_the_policies_has_words(codes: list[str]) -> None:
    assert codes
    assert [code for code in codes if not has_words(code)] == []


def test_words_are_words() -> None:
    said = {*WORDS.values(), *(words for column in IN_COLUMN.values() for words in column.values())}
    assert [words for words in said if "_" in words or not words.strip() or words.endswith(".")] == []


@pytest.mark.parametrize(
    ("code", "column", "words"),
    [
        ("cap_bound", None, "held down by the cap"),
        ("growth_uncertain,cap_bound", "stability_reasons", "growth cannot be told yet, held down by the cap"),
        ("throttle+block", "action", "slow down, refuse requests"),
        ("return", "gate_name", "return on spend"),
        ("return", "kind", "returned to the pool"),
        ("1,4", "blocking_gates", "return on spend, stability"),
        ("budget", "comparison", "against budget"),
        ("budget", "budget_basis", "as funded"),
        ("daily_warned", "from_state", "daily: four fifths used"),
        ("no_such_code", None, "no such code"),
        ("what a person wrote, with a comma", None, "what a person wrote, with a comma"),
        ("", None, ""),
        (None, None, ""),
    ],
)
def test_a_code_reads_as_its_column_means_it(code: str | None, column: str | None, words: str) -> None:
    assert in_words(code, column) == words
