"""A session at a real LiteLLM proxy with planted leaks, and what the published cap audit says of each.

The proxy's own spend log and settings go through a whole run. Dollars are worked out from what the upstream served, by its
own account, times the prices of the kit's config.yaml. Skips where the kit is absent.
"""

import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.connectors.http import JsonApi
from orchestration.connectors.providers.litellm.client import Gateway
from tests.end_to_end.command_line import ROOT, tokenomics
from tests.enforcement.gateway_kit import MASTER_KEY, Answer, Proxy, running_proxy, wait_for

D = Decimal
PRICES = {"fake-flagship": (D(15), D(60)), "fake-economy": (D(1), D(4))}
"""US dollars per million prompt and completion tokens."""
MIDNIGHT_MARGIN = timedelta(minutes=3)
FLAGSHIP = D("0.027")
"""US dollars of 1,000 prompt and 200 completion tokens of flagship."""

SOURCES = """\
sources:
  litellm:
    enabled: true
    mode: files
    path: logs/*.jsonl
    base_url: {url}
    api_key_env: LITELLM_MASTER_KEY
    start_date: {start}
"""
OWNERSHIP = """\
rules:
  - rule_id: gateway
    priority: 90
    match: {source: litellm}
    assign: {initiative_id: assistant}
"""


@dataclass
class Session:
    """Keys by name, and what the upstream served for each of them, in order."""

    proxy: Proxy
    keys: dict[str, str] = field(default_factory=dict)
    entities: dict[str, str] = field(default_factory=dict)
    served: dict[str, list[Decimal]] = field(default_factory=dict)
    requests: int = 0

    def key(self, name: str, user: str, **settings: Any) -> None:
        self.keys[name], self.entities[name] = self.proxy.key(user_id=user, **settings)
        self.served[name] = []

    def calls(self, name: str, count: int = 1, model: str = "flagship") -> Answer:
        """That many calls; their dollars by the upstream's account, which nothing else uses meanwhile."""
        for _ in range(count):
            before = len(self.proxy.served())
            answer = self.proxy.call(self.keys[name], model)
            self.requests += 1
            self.served[name] += [dollars(one) for one in self.proxy.served()[before:]]
            time.sleep(0.4)  # the proxy counts a cost some 50 ms after its answer
        return answer

    def refused(self, name: str, model: str = "flagship") -> None:
        answer = self.calls(name, model=model)
        assert answer.error_type == "budget_exceeded", answer

    def spent(self, name: str) -> Decimal:
        return sum(self.served[name], D(0))


def dollars(served: dict[str, Any]) -> Decimal:
    prompt, completion = PRICES[served["model"]]
    return (prompt * served["prompt_tokens"] + completion * served["completion_tokens"]) / 1_000_000


@dataclass
class Published:
    session: Session
    home: Path
    day: date

    def rows(self, table: str) -> list[dict[str, Any]]:
        path = self.home / "published" / "parquet" / table / "**" / "*.parquet"
        result = duckdb.connect().execute(f"select * from read_parquet('{path}')")
        names = [column[0] for column in result.description]
        return [dict(zip(names, values, strict=True)) for values in result.fetchall()]

    def audit(self, name: str) -> dict[str, Any]:
        entity = self.session.entities[name]
        found = [one for one in self.rows("cap_audit_by_entity_day") if one["entity"] == entity]
        (one,) = [one for one in found if one["window"] == "daily" and one["cap_date"] == self.day]
        return one


def play(session: Session) -> None:
    """The leaks. Every cap is 0.05 a day but that of the fallback, 0.02: a call of flagship costs 0.027."""
    windows = {"max_budget": 0.05, "budget_duration": "1d"}
    session.key("capped", "ada", **windows)
    session.key("beside", "ada")
    session.key("late", "ben", max_budget=5, budget_duration="1d")
    session.key("fallback", "cleo", max_budget=0.02, budget_duration="1d")
    session.key("reset", "dan", **windows)

    session.calls("capped", 2)
    session.refused("capped")
    session.calls("beside", 3)

    session.calls("late", 4)
    session.proxy.post("/key/update", key=session.keys["late"], max_budget=0.05)
    session.refused("late")

    assert session.calls("fallback", model="spare").status == 200
    session.refused("fallback", model="spare")

    session.calls("reset", 2)
    session.refused("reset")
    session.proxy.post(f"/key/{session.keys['reset']}/reset_spend", reset_to=0)
    session.calls("reset", 1)


def write_company(folder: Path, session: Session, rows: list[dict[str, Any]], day: date, shift: timedelta) -> None:
    shutil.copytree(ROOT / "tests" / "companies" / "tiny", folder)
    (folder / "sources.yaml").write_text(SOURCES.format(url=session.proxy.url, start=day - timedelta(days=2)))
    (folder / "ownership.yaml").write_text(OWNERSHIP)
    initiatives = folder / "initiatives.yaml"
    initiatives.write_text(initiatives.read_text().replace("2026-10-01", str(day - timedelta(days=30))))
    contracts = [
        {
            "contract_id": f"{model}_{token_class}",
            "provider": "openai",
            "kind": "price",
            "models": [f"*{model}"],
            "token_class": token_class,
            "price_per_million": str(price),
            "valid_from": str(day - timedelta(days=30)),
        }
        for model, prices in PRICES.items()
        for token_class, price in zip(("input_uncached", "output"), prices, strict=True)
    ]
    (folder / "contracts.yaml").write_text(json.dumps({"contracts": contracts}))
    caps = [
        {
            "cap_id": f"cap_{name}",
            "subject": "key",
            "ids": [session.entities[name].removeprefix("key:")],
            "windows": [{"window": "daily", "amount": amount}],
            "mode": "hard",
            "valid_from": str(day - timedelta(days=2)),
        }
        for name, amount in (("capped", "0.05"), ("late", "0.05"), ("fallback", "0.02"), ("reset", "0.05"))
    ]
    (folder / "guardrails.yaml").write_text(json.dumps({"caps": caps}))
    (folder / "logs").mkdir(exist_ok=True)
    lines = [
        json.dumps({**row, **{name: earlier(row[name], shift) for name in ("startTime", "endTime")}}, default=float)
        for row in rows
    ]
    (folder / "logs" / "gateway.jsonl").write_text("".join(line + "\n" for line in lines))


def earlier(told: str, shift: timedelta) -> str:
    moment = datetime.fromisoformat(told)
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - shift).isoformat()


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Published]:
    folder = tmp_path_factory.mktemp("real_leaks")
    with running_proxy(with_paid_fallback=True) as proxy:
        left = timedelta(days=1) - timedelta(seconds=time.time() % 86400)
        if left < MIDNIGHT_MARGIN:
            time.sleep(left.total_seconds() + 1)  # a daily window must not end within the session
        session, began = Session(proxy), datetime.now(UTC)
        play(session)
        hashes = {entity.removeprefix("key:") for entity in session.entities.values()}
        with JsonApi("litellm", proxy.url, secret=MASTER_KEY, secret_env="LITELLM_MASTER_KEY") as api:

            def logged() -> list[dict[str, Any]] | None:
                found = Gateway(api).spend_logs_between(began - timedelta(seconds=1), datetime.now(UTC))
                rows = [row for row in found if row["api_key"] in hashes]
                return rows if len(rows) >= session.requests else None

            rows = wait_for(logged, 30)
        assert rows, "the proxy did not log every request"
        shift = timedelta(days=1)
        day = began.date() - shift
        write_company(folder / "company", session, rows, day, shift)
        arguments = ("run", "--company", folder / "company", "--home", folder / "home", "--as-of", str(day))
        done = tokenomics(*arguments, LITELLM_MASTER_KEY=MASTER_KEY)
        assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
        yield Published(session, folder / "home", day)


def test_the_session_went_as_planned(published):
    served = published.session.served
    expected = {"capped": 2, "beside": 3, "late": 4, "fallback": 1, "reset": 3}
    assert served == {name: [FLAGSHIP] * count for name, count in expected.items()}
    assert all(published.audit(name)["is_read_back"] for name in expected if name != "beside")


def test_a_key_without_a_cap_of_the_same_owner_is_found_with_its_dollars(published):
    beside = published.session.spent("beside")
    one = published.audit("capped")
    assert (one["status"], one["cost"], one["overshoot"]) == ("held", published.session.spent("capped"), D("0.004"))
    assert one["uncapped_cost"] == beside == D("0.081")
    found = [row for row in published.rows("unmetered_usage_by_owner") if row["kind"] == "key_without_cap"]
    told = [(row["usage_date"], row["actor_id"], row["keys"], row["requests"], row["amount"]) for row in found]
    assert told == [(published.day, "ada", 1, 3, beside)]


def test_a_late_block_lets_the_dollars_after_the_crossing_pass(published):
    """The second call crosses 0.05; two more pass before the cap is written and the fifth call is refused."""
    one = published.audit("late")
    assert (one["status"], one["cost"]) == ("overshot", published.session.spent("late"))
    after_crossing = sum(published.session.served["late"][2:], D(0))
    assert (one["cost_after_crossing"], one["requests_after_crossing"]) == (after_crossing, 2)
    assert one["overshoot"] == D("0.058")
    late = (one["refused_at"] - one["crossed_at"]).total_seconds() / 60
    assert late > 0
    assert one["minutes_late"] == pytest.approx(late, abs=0.02)


def test_a_paid_fallback_passes_the_cap_at_the_price_of_the_model_that_served_it(published):
    """Asked for at 0.0018, served at 0.027: the first call crosses 0.02, and the next one is refused."""
    one = published.audit("fallback")
    assert (one["status"], one["cost"]) == ("held", published.session.spent("fallback"))
    assert (one["overshoot"], one["cost_after_crossing"], one["minutes_late"]) == (D("0.007"), D(0), 0.0)
    assert one["refused_at"] > one["crossed_at"]


def test_a_counter_that_began_again_within_the_window_is_an_overshoot(published):
    """Two calls cross 0.05 and a third is refused; after the reset one more passes within the same day."""
    one = published.audit("reset")
    assert (one["status"], one["cost"]) == ("overshot", published.session.spent("reset"))
    assert (one["overshoot"], one["cost_after_crossing"], one["requests_after_crossing"]) == (D("0.031"), FLAGSHIP, 1)
    assert one["minutes_late"] == 0.0
    assert one["gateway_cost"] == one["cost"]
