"""The house as its imports draw it: what stands on what, what is pure, and who may name a table of which kind.

A package that is missing from :data:`FLOORS` is a failure: say where it stands.
"""

import ast
import re
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FLOORS = (
    {
        "files",
        "glossary",
        "quoting",
        "settings",
        "progress",
        "lineage",
        "checksum",
        "lock",
        "journal",
        "published",
        "utc_duckdb",
        "statistics",
        "policy",
        "demo",
    },
    {"project", "watch", "people"},
    {"landing", "knowledge", "sellers", "remembered", "context_bounds"},
    {"registry", "run_rate", "gateway_days", "exchange_rates", "transform"},
    {"connectors", "prices", "session", "warehouse", "graduation", "close"},
    {"landed_rows", "verify", "publish"},
    {"budgets", "incidents", "proposal", "replay", "summary"},
    {"alerts"},
    {"enforcement"},
    {"definitions"},
    {"defs"},
    {"run"},
    {"cli"},
    {"__main__"},
)
"""From the ground up: a package imports from itself and from floors below its own."""

PURE = {
    "statistics": {"numpy", "scipy", "orchestration.statistics"},
    "policy": {"orchestration.policy"},
    "graduation.gates": {
        "orchestration.policy",
        "orchestration.graduation.gates",
        "orchestration.statistics.holding",
    },
    "landing": {
        *("duckdb", "pyarrow", "orchestration.files", "orchestration.landing", "orchestration.quoting"),
        "orchestration.utc_duckdb",
    },
    "demo": {"numpy", "pyarrow", "orchestration.demo"},
}
"""What these packages may import beside the standard library."""

NAMES_LANDED_TABLES = {
    "landing": "makes them",
    "connectors.named_in_files": "reads the rows of a trial, in a landing area of their own",
    "proposal.folder": "shows the first rows of a trial, in a landing area of their own",
    "warehouse": "makes the run's parameters and remembers which loads were built",
    "exchange_rates": "refuses, before dbt starts, what no rate converts",
    "gateway_days": "remembers which days of the gateway's log were built, and from which prices",
    "defs.transform.dbt": "counts, for the graph, what the warehouse registered",
    "budgets.facts": "reads the verdicts that this very run landed, before dbt stages them",
}
READING = (
    "graduation.inputs",
    "run_rate.forecast",
    "run_rate.variance",
    "run_rate.decoupling",
    "replay.breakers",
    "incidents.history",
)


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted((ROOT / "orchestration").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


MODULES = dict(modules())
TREES = {name: ast.parse(path.read_text()) for name, path in MODULES.items()}


def imports(name: str, tree: ast.AST | None = None) -> set[str]:
    """Dotted names that the module imports, inside functions too; a name from a package is that module where it is one."""
    found = set()
    for node in ast.walk(tree or TREES[name]):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} imports relatively"
            full = {f"{node.module}.{alias.name}": str(node.module) for alias in node.names}
            found |= {inner if inner in MODULES else outer for inner, outer in full.items()}
    return found


def package(name: str) -> str:
    """The part of a dotted name below ``orchestration`` that has a floor."""
    return name.removeprefix("orchestration.").partition(".")[0]


def texts(name: str) -> str:
    """The string constants of a module without its docstrings, f-strings with their parts."""
    kept = []
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            kept.append(node.value)
    documented = [node for node in ast.walk(TREES[name]) if isinstance(node, ast.Expr)]
    docstrings = {node.value.value for node in documented if isinstance(node.value, ast.Constant)}
    return "\n".join(text for text in kept if text not in docstrings)


def test_every_package_stands_on_a_floor() -> None:
    placed = [name for floor in FLOORS for name in floor]
    assert sorted(placed) == sorted({package(name) for name in MODULES if name != "orchestration"})


def test_no_arrow_goes_up() -> None:
    height = {name: n for n, floor in enumerate(FLOORS) for name in floor}
    upwards = {
        (name, target)
        for name in MODULES
        for target in imports(name)
        if target.startswith("orchestration.")
        and package(target) != package(name)
        and height[package(target)] >= height[package(name)]
    }
    assert upwards == set()


def test_no_module_needs_itself() -> None:
    graph = {name: {one for one in imports(name) if one in MODULES and one != name} for name in MODULES}
    order = list(TopologicalSorter(graph).static_order())
    assert len(order) == len(MODULES)


@pytest.mark.parametrize("inner", PURE)
def test_what_is_pure_stays_so(inner: str) -> None:
    allowed = PURE[inner]
    foreign = {
        (name, target)
        for name in MODULES
        if f"{name}.".startswith(f"orchestration.{inner}.")
        for target in imports(name)
        if target.partition(".")[0] not in sys.stdlib_module_names
        and not any(f"{target}.".startswith(f"{one}.") for one in allowed)
    }
    assert foreign == set()


def test_only_the_floor_names_landed_tables() -> None:
    naming = {
        name.removeprefix("orchestration.")
        for name in MODULES
        if re.search(r"(?<!source:)\blanding\.(?:\w+__\w*|loads|run_parameters|\{|$)", texts(name), re.M)
    }
    beyond = {name for name in naming if not any(f"{name}.".startswith(f"{one}.") for one in NAMES_LANDED_TABLES)}
    assert beyond == set()
    unused = {one for one in NAMES_LANDED_TABLES if not any(f"{name}.".startswith(f"{one}.") for name in naming)}
    assert unused == set(), "an exception that nothing needs any more"


@pytest.mark.parametrize("name", READING)
def test_lineage_names_every_table_that_the_module_reads(name: str) -> None:
    read = set(re.findall(r"\b(?:intermediate|marts|staging|landing)\.[a-z]\w+", texts(f"orchestration.{name}")))
    stated = set(import_module(f"orchestration.{name}").TABLES)
    assert read <= stated
    assert {table.partition(".")[0] for table in stated} <= {"intermediate", "marts"}


def test_the_rules_notice_what_breaks_them() -> None:
    """Bad data: an upward import, a relative one, a landed table in a query."""
    tree = ast.parse("def f():\n    from orchestration.graduation.gates import audit\n    import numpy.linalg")
    assert imports("x", tree) == {"orchestration.graduation.gates.audit", "numpy.linalg"}
    with pytest.raises(AssertionError, match="relatively"):
        imports("x", ast.parse("from . import y"))
