"""OpenAI and Anthropic against the simulated providers of the acceptance kit: sums as planted, restatements, faults.

Expected values come from the kit's planted rows, added up here.
"""

import json
import shutil
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import pytest

from orchestration.connectors.providers.anthropic import extract as anthropic
from orchestration.connectors.providers.openai import extract as openai
from orchestration.landing.errors import MalformedMoney, SchemaDrift, TransientFailure
from orchestration.landing.store import Landing
from orchestration.registry.company import Company
from orchestration.registry.loader import load_company

KIT = Path(__file__).resolve().parents[3] / "shared" / "acceptance"
pytestmark = pytest.mark.skipif(
    not (KIT / "server.py").exists(), reason="the acceptance kit is not beside this project"
)

KEYS = {openai: "sk-admin-example-7f3a", anthropic: "sk-ant-admin01-example-9c1d"}
ZERO = Decimal(0)


class Kit:
    """The running server, its planted rows and the company folder that points to it."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        self.truth = {n: json.loads((folder / "truth" / f"revision_{n}.json").read_text()) for n in (1, 2)}
        self.as_of = date.fromisoformat(self.truth[1]["as_of"])
        sources = folder / "company" / "sources.yaml"
        sources.write_text(sources.read_text().replace("__BASE_URL__", url))
        self.company: Company = load_company(folder / "company")

    def control(self, **state: Any) -> None:
        body = json.dumps(state).encode()
        request = urllib.request.Request(f"{self.url}/__control__", body, {"Content-Type": "application/json"})
        urllib.request.urlopen(request).read()

    def log(self) -> list[dict[str, Any]]:
        return json.loads(urllib.request.urlopen(f"{self.url}/__log__").read())

    def read(self, provider: ModuleType, landing: Landing) -> list[float]:
        """Read one provider; the waits it would have slept."""
        waits: list[float] = []
        provider.extract(self.company, landing, self.as_of, KEYS[provider], sleep=waits.append)
        return waits

    def planted(self, table: str, revision: int = 1) -> list[dict[str, Any]]:
        return [row for row in self.truth[revision][table] if row["day"] <= self.as_of.isoformat()]


@pytest.fixture(scope="module")
def running(acceptance_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kit]:
    folder = shutil.copytree(acceptance_folder, tmp_path_factory.mktemp("acceptance") / "out")
    command = [sys.executable, "-u", KIT / "server.py", folder, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            address = server.stdout.readline().split()[-1]
            yield Kit(folder, f"http://{address}")
        finally:
            server.terminate()


@pytest.fixture
def kit(running: Kit) -> Kit:
    running.control(revision=1, fail=None, reset_faults=True, clear_log=True)
    return running


def query(landing: Landing, sql: str) -> list[tuple[Any, ...]]:
    connection = duckdb.connect()
    landing.register(connection)
    return connection.execute(sql).fetchall()


def openai_tokens(rows: list[dict[str, Any]]) -> dict[str, tuple[int, ...]]:
    sums: dict[str, list[int]] = {}
    for row in rows:
        cell = sums.setdefault(row["day"], [0] * 5)
        for place, name in enumerate(("uncached", "cached", "write", "output", "requests")):
            cell[place] += row[name]
    return {day: tuple(cell) for day, cell in sums.items()}


def landed_openai_tokens(landing: Landing) -> dict[str, tuple[int, ...]]:
    rows = query(
        landing,
        "select partition, sum(input_uncached_tokens), sum(input_cached_tokens), sum(input_cache_write_tokens), "
        "sum(output_tokens), sum(num_model_requests) from landing.openai__usage_completions group by 1",
    )
    return {day: tuple(int(value) for value in sums) for day, *sums in rows}


def openai_billed(rows: list[dict[str, Any]]) -> dict[tuple[str, str, str], Decimal]:
    sums: Counter[tuple[str, str, str]] = Counter()
    for row in rows:
        sums[row["day"], row["project"], row["key"]] += Decimal(row["amount"])  # type: ignore[assignment]
    return {key: amount for key, amount in sums.items() if amount}  # type: ignore[misc]


def landed_openai_billed(landing: Landing) -> dict[tuple[str, str, str], Decimal]:
    rows = query(
        landing,
        "select partition, project_id, api_key_id, sum(amount::decimal(38, 18)) "
        "from landing.openai__costs group by all",
    )
    return {(day, project, key): amount for day, project, key, amount in rows if amount}


def test_openai_is_landed_as_planted_through_transient_faults(kit, tmp_path):
    landing = Landing(tmp_path)
    waits = kit.read(openai, landing)
    assert sorted(waits) == [0.5, 1.0]  # one 500, one 429 that asks for a second
    assert landed_openai_tokens(landing) == openai_tokens(kit.planted("openai_usage"))
    assert landed_openai_billed(landing) == openai_billed(kit.planted("openai_costs"))
    statuses = Counter(entry["status"] for entry in kit.log())
    assert set(statuses) == {200, 429, 500}
    assert any("page=" in entry["query"] for entry in kit.log())


def test_anthropic_is_landed_as_planted_through_transient_faults(kit, tmp_path):
    landing = Landing(tmp_path)
    waits = kit.read(anthropic, landing)
    assert sorted(waits) == [0.5, 1.0]
    names = ("uncached", "w5", "w1", "read", "output", "web", "requests")
    planted = kit.planted("anthropic_usage")
    assert query(
        landing,
        "select sum(uncached_input_tokens), sum(cache_creation_5m_input_tokens), sum(cache_creation_1h_input_tokens), "
        "sum(cache_read_input_tokens), sum(output_tokens), sum(web_search_requests), sum(requests) "
        "from landing.anthropic__usage",
    ) == [tuple(sum(row[name] for row in planted) for name in names)]
    prices = kit.truth[1]["anthropic_prices"]
    classes = ("uncached", "output", "read", "w5", "w1")
    cents = sum((Decimal(row["list_cents"]) for row in kit.planted("anthropic_extra")), ZERO)
    for row in planted:
        cents += row["web"]
        for name, price in zip(classes, prices[row["model"]], strict=True):
            cents += row[name] * Decimal(price) / 10_000
    assert query(
        landing,
        "select sum(list_amount_cents::decimal(38, 18)), sum(amount_cents::decimal(38, 18)) "
        "from landing.anthropic__costs",
    ) == [(cents, cents * Decimal(kit.truth[1]["anthropic_bill_factor"]))]
    refreshed = datetime(kit.as_of.year, kit.as_of.month, kit.as_of.day, tzinfo=UTC).timestamp() + 4 * 86400
    marks = query(landing, "select distinct watermark_at from landing.loads where stream in ('usage', 'costs')")
    assert [mark.timestamp() for (mark,) in marks] == [min(refreshed, marks[0][0].timestamp())]


def test_restated_days_are_replaced_and_only_the_look_back_is_read(kit, tmp_path):
    landing = Landing(tmp_path)
    for provider in KEYS:
        kit.read(provider, landing)
    kit.control(revision=2, clear_log=True)
    for provider in KEYS:
        kit.read(provider, landing)
    assert landed_openai_tokens(landing) == openai_tokens(kit.planted("openai_usage", 2))
    assert landed_openai_billed(landing) == openai_billed(kit.planted("openai_costs", 2))
    assert query(landing, "select sum(output_tokens)::bigint from landing.anthropic__usage") == [
        (sum(row["output"] for row in kit.planted("anthropic_usage", 2)),)
    ]
    floor = datetime.combine(kit.as_of, datetime.min.time(), UTC).timestamp() - 35 * 86400
    starts = [int(e["query"].split("start_time=")[1].split("&")[0]) for e in kit.log() if "start_time=" in e["query"]]
    assert starts and min(starts) == floor
    changed = {
        stream: sorted(day for day, part in landing.manifest("openai", stream).items() if part.history)
        for stream in ("usage_completions", "costs")
    }
    assert all(len(days) == 3 for days in changed.values()), changed


@pytest.mark.parametrize(
    ("provider", "fault", "kind", "message"),
    [
        (openai, "openai_500", TransientFailure, "openai: .*500"),
        (anthropic, "anthropic_500", TransientFailure, "anthropic: .*500"),
        (openai, "openai_malformed", MalformedMoney, r"openai: stream costs: .*amount\.value.*12\.3\.4"),
        (anthropic, "anthropic_malformed", MalformedMoney, r"anthropic: stream costs: .*cost\.amount.*12\.3\.4"),
        (openai, "openai_null_token", SchemaDrift, "openai: .*has_more is true but next_page"),
    ],
)
def test_lasting_faults_land_nothing(kit, tmp_path, provider, fault, kind, message):
    kit.control(fail=fault)
    with pytest.raises(kind, match=message):
        kit.read(provider, Landing(tmp_path))
    assert list(tmp_path.iterdir()) == []
