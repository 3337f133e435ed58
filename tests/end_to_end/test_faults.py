"""What must stop a run: it ends non-zero, names source or file and line, publishes nothing and leaves what was published alone.

And what must never leave a source: a secret planted in the key, in a log's metadata and headers,
in fields of the provider that we do not read, in columns of the ledgers that we do not know.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.connectors.loopback_server import LoopbackServer
from tests.end_to_end.command_line import python, query, tokenomics
from tests.end_to_end.tiny_company import KEY, PUBLISHED_AS_OF, SECRET, TinyOpenAI, copy_tiny_company


@dataclass
class Site:
    """A published home, the company it came from, and the provider that can be told to fail."""

    folder: Path
    provider: TinyOpenAI

    @property
    def arguments(self) -> tuple[str | Path, ...]:
        return (
            "run",
            "--company",
            self.folder / "company",
            "--home",
            self.folder / "home",
            "--as-of",
            str(PUBLISHED_AS_OF),
        )

    def run(self, *extra: str, key: str = KEY):
        return tokenomics(*self.arguments, *extra, OPENAI_ADMIN_KEY=key)

    @property
    def manifest(self) -> str:
        return (self.folder / "home" / "published" / "manifest.json").read_text()

    @property
    def built_at(self) -> int:
        """When dbt was last called."""
        return (self.folder / "home" / "dbt" / "target" / "run_results.json").stat().st_mtime_ns


@pytest.fixture(scope="module")
def provider():
    provider = TinyOpenAI()
    with LoopbackServer(provider.answer) as server:
        yield provider, server.url


@pytest.fixture
def site(provider, tiny, tmp_path):
    openai, url = provider
    yield Site(copy_tiny_company(tiny, tmp_path / "site", url), openai)
    openai.fault = None


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text() + text)


def spoil_ledger_balance(site: Site) -> None:
    append(
        site.folder / "company" / "ledgers" / "general_ledger.csv",
        "HO1,JE-BAD,1,2026-10-02,1000,Cash,asset,125.00,0.00,USD,\nHO1,JE-BAD,2,2026-10-02,2000,Capital,liability,0.00,124.00,USD,\n",
    )


def spoil_ledger_money(site: Site) -> None:
    append(
        site.folder / "company" / "ledgers" / "general_ledger.csv",
        "HO1,JE-BAD,1,2026-10-02,1000,Cash,asset,1O0.00,0.00,USD,\nHO1,JE-BAD,2,2026-10-02,2000,Capital,liability,0.00,100.00,USD,\n",
    )


def spoil_registry(site: Site) -> None:
    append(site.folder / "company" / "initiatives.yaml", "    tpyo_key: 1\n")


def spoil_gateway_log(site: Site) -> None:
    append(site.folder / "company" / "logs" / "gateway.jsonl", '{"request_id": "r", "prompt_tokens": "many"}\n' * 20)


FAULTS = {
    "wrong key": (None, {"key": "sk-admin-wrong-0000"}, ["openai", "OPENAI_ADMIN_KEY"]),
    "500 for ever": ("500", {}, ["openai", "500"]),
    "malformed money": ("money", {}, ["openai", "12.3.4"]),
    "missing field": ("missing_field", {}, ["openai", "output_tokens"]),
    "unbalanced journal": (spoil_ledger_balance, {}, ["general_ledger.csv:4", "JE-BAD", "balance"]),
    "malformed ledger money": (spoil_ledger_money, {}, ["general_ledger.csv:4", "1O0.00"]),
    "unknown registry key": (spoil_registry, {}, ["initiatives.yaml:12", "tpyo_key"]),
    "malformed gateway rows": (spoil_gateway_log, {}, ["litellm", "gateway.jsonl:121"]),
}


@pytest.mark.parametrize("name", list(FAULTS))
def test_fault_stops_the_run_and_leaves_what_was_published(site, name):
    fault, arguments, words = FAULTS[name]
    before = site.manifest
    if callable(fault):
        fault(site)
    else:
        site.provider.fault = fault
    done = site.run(**arguments)
    output = done.stdout + done.stderr
    assert done.returncode == 1
    assert all(word in output for word in words), output[-2000:]
    assert "Traceback" not in output
    assert site.manifest == before
    assert KEY not in output and "sk-admin-wrong-0000" not in output


SPOILED_STEP = """
import orchestration.defs.{module} as step
def spoil(*given, **named):
    raise ArithmeticError("planted in {step}")
step.{name} = spoil
"""
RUN = """
from orchestration.cli import main
main()
"""


@pytest.mark.parametrize(
    ("spoiled", "is_published", "extra"),
    [
        (
            [
                ("quality.open_amounts", "judged", "open amounts"),
                ("publish.publication", "collect", "published summary"),
            ],
            True,
            (),
        ),
        ([("publish.publication", "publish", "publication")], False, ("--full-refresh",)),
    ],
    ids=["not needed for the publication", "the publication"],
)
def test_a_run_has_failed_if_it_published_nothing_and_only_then(site, spoiled, is_published, extra):
    """Steps on which the publication does not depend are named, and do not make a published run a failed one. These steps
    are taken whether anything was built or not; only what was built is published anew, and a full refresh builds what stands.
    """
    before, built = site.manifest, site.built_at
    code = "".join(SPOILED_STEP.format(module=module, name=name, step=step) for module, name, step in spoiled)
    done = python(code + RUN, *site.arguments, *extra, OPENAI_ADMIN_KEY=KEY)
    assert done.returncode == (0 if is_published else 1), done.stdout[-2000:] + done.stderr[-2000:]
    assert (site.manifest != before) == is_published
    assert (site.built_at > built) == ("--full-refresh" in extra)
    for _, _, step in spoiled:
        assert f"{step} failed: ArithmeticError: planted in {step}" in done.stderr
    assert ("Nothing was published" in done.stderr) == (not is_published)
    assert ("All tables are published" in done.stderr) == is_published
    assert ("amounts in USD" in done.stdout) == is_published, "the summary is shown"


INTERRUPTED_STEP = """
import os, signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started the tests may ignore it
import orchestration.defs.{module} as step
def wait(*given, **named):
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(60)
step.{name} = wait
from orchestration.cli import main
main()
"""


@pytest.mark.parametrize(("module", "name"), [("ingest.registry", "land_registry"), ("publish.publication", "publish")])
def test_a_run_that_is_interrupted_says_so_in_one_line(site, module, name):
    """Since a published file was touched, the publication is made anew from the warehouse."""
    before = site.manifest
    touched = site.folder / "home" / "published" / "marts.duckdb"
    touched.chmod(0o644)
    touched.write_bytes(touched.read_bytes())
    code = INTERRUPTED_STEP.format(module=module, name=name)
    done = python(code, *site.arguments, OPENAI_ADMIN_KEY=KEY)
    assert done.returncode == 130, done.stdout[-2000:] + done.stderr[-2000:]
    assert done.stderr.strip() == "stopped; what was published before stands"
    assert site.manifest == before


def test_a_collapsed_read_is_refused_and_says_how_to_allow_it(site):
    before = site.manifest
    log = site.folder / "company" / "logs" / "gateway.jsonl"
    log.write_text(log.read_text().splitlines(keepends=True)[0])
    refused = site.run()
    assert refused.returncode == 1
    assert "litellm" in refused.stdout + refused.stderr and "--allow-shrink" in refused.stdout + refused.stderr
    assert site.manifest == before


def test_no_secret_is_left_anywhere(tiny):
    """The provider answers to its key alone, so the key was sent: its usage is there."""
    held = [path for path in (tiny / "home").rglob("*") if path.is_file()]
    leaking = [str(path) for path in held for secret in (KEY, SECRET) if secret.encode() in path.read_bytes()]
    assert held and not leaking
    assert query(tiny / "home", "fct_usage", "select count(*) > 0 from t where source = 'openai'") == [(True,)]
