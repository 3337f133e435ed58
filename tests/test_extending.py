"""The worked examples of docs/extending.md, made in a copy as they are written: each does what the page says of it."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest

from orchestration.connectors.ledgers.extract import extract
from orchestration.landing.store import Landing
from orchestration.project import parsed_projects
from orchestration.registry import load_company, write_company_folder
from tests.cli.call import tokenomics
from tests.dbt_project.compiled_models import compiled

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "extending.md"


class Block(NamedTuple):
    """What the page writes: lines of the file ``path`` changed, or ``text`` at its end."""

    path: str
    text: str
    is_diff: bool


def blocks(heading: str) -> Iterator[Block]:
    """The blocks of the section ``heading``: those below a path, and each file of a diff."""
    section = PAGE.read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    for path, kind, text in re.findall(
        r"(?:^`(\S+)`\n)?^```(\w*)\n(.*?)^```$", section, flags=re.DOTALL | re.MULTILINE
    ):
        if kind == "diff":
            for part in text.split("+++ ")[1:]:
                yield Block(*part.split("\n", 1), is_diff=True)
        elif path:
            yield Block(path, text, is_diff=False)


def make(heading: str, root: Path) -> list[str]:
    """Make the changes of a section below ``root``; the files changed."""
    made = []
    for block in blocks(heading):
        path = root / block.path
        if block.is_diff:
            path.write_text(changed(path.read_text(), block))
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a") as file:
                file.write(block.text)
        made.append(block.path)
    return made


def changed(text: str, block: Block) -> str:
    """``text`` with the lines of a diff changed; each run of lines stands in it once."""
    for part in block.text.split("@@\n"):
        lines = part.splitlines(keepends=True)
        before = "".join(line[1:] for line in lines if line[0] in " -")
        after = "".join(line[1:] for line in lines if line[0] in " +")
        assert text.count(before) == 1, f"{block.path} holds this {text.count(before)} times:\n{before}"
        text = text.replace(before, after)
    return text


# ------------------------------------------------------------------------------------------------- a ledger


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A new company folder with the ledger of the page."""
    write_company_folder(tmp_path / "my-company")
    make("A ledger of your own shape", tmp_path)
    return tmp_path / "my-company"


def test_check_accepts_the_ledger(folder: Path) -> None:
    told = tokenomics("check", "--company", str(folder), cwd=ROOT)
    assert told.returncode == 0, told.stdout + told.stderr
    assert "ledgers/general_ledger_2026.csv: 4 rows" in told.stdout


def test_the_ledger_is_read_to_the_cent(folder: Path, tmp_path: Path) -> None:
    landing = Landing(tmp_path / "landing")
    extract(load_company(folder), landing)
    with duckdb.connect() as connection:
        landing.register(connection)
        rows = connection.execute(
            "select journal_entry_id, journal_line_number, posting_date::varchar, account_number, account_class, "
            "debit_amount, credit_amount, currency, legal_entity_id from landing.ledgers__general_ledger order by all"
        ).fetchall()
    large, small = Decimal("1234.56"), Decimal("0.07")
    assert rows == [
        ("RE-4711", "1", "2026-10-31", "6300", "expense", large, 0, "EUR", "example_gmbh"),
        ("RE-4711", "2", "2026-10-31", "1600", "liability", 0, large, "EUR", "example_gmbh"),
        ("RE-4712", "1", "2026-11-05", "6300", "expense", small, 0, "EUR", "example_gmbh"),
        ("RE-4712", "2", "2026-11-05", "1600", "liability", 0, small, "EUR", "example_gmbh"),
    ]


# ------------------------------------------------------------------------------------- a gate and a gateway

CODE = ("A gate", "A gateway for guardrails")
TREES = ("orchestration", "expectations", "dashboard", "dbt_project", "tests")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with the changes of both sections."""
    root = tmp_path_factory.mktemp("copy")
    leave_out = shutil.ignore_patterns("__pycache__", "target", "logs")
    for name in TREES:
        shutil.copytree(ROOT / name, root / name, ignore=leave_out)
    for name in ("README.md", "CHANGELOG.md", "pyproject.toml"):
        shutil.copy(ROOT / name, root / name)
    compiled()  # neither example touches the dbt project: what is kept of it serves the copy too
    (root / "dbt_project" / "target").symlink_to(parsed_projects())
    write_company_folder(root / "my-company")
    for heading in CODE:
        make(heading, root)
    python(root, "-m", "orchestration.registry.schemas")
    return root


def python(root: Path, *arguments: str) -> str:
    """What Python prints in the copy, where it succeeds."""
    done = subprocess.run([sys.executable, *arguments], cwd=root, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def passes(root: Path, *tests: str) -> None:
    python(root, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests)


def test_the_gate_decides_and_has_words(copy: Path) -> None:
    evaluated = "tests/graduation/test_evaluate.py::test_every_gate_every_day_each_with_evidence_and_the_policy_version"
    passes(copy, "tests/graduation/gates/test_funding.py", "tests/registry/test_policy.py", evaluated)


def test_the_gateway_is_applied_to_verified_and_reverted(copy: Path) -> None:
    adapters = "tests/enforcement/adapters"
    passes(copy, f"{adapters}/test_acme_gateway.py", f"{adapters}/test_open_gateway.py")


def test_every_new_code_has_words_and_every_new_key_its_description(copy: Path) -> None:
    passes(copy, "tests/test_glossary.py", "tests/registry/test_schemas.py", "-k", "not manifest and not acceptance")


def test_a_company_may_name_gate_and_gateway(copy: Path) -> None:
    says = "from pathlib import Path; from orchestration.registry import load_company; c = load_company(Path('my-company')); "
    shows = "print(c.policy['required_gates'], c.guardrails.adapters['acme_gateway'].apply)"
    company = copy / "my-company" / "company.yaml"
    company.write_text(company.read_text().replace("policy: {}", "policy: {required_gates: [1, 2, 3, 4, 6]}"))
    assert python(copy, "-c", says + shows) == "(1, 2, 3, 4, 6) True\n"
