"""A real LiteLLM proxy with PostgreSQL and a fake upstream on loopback, started and stopped by a test session.

The kit is ``../shared/gateway-kit``; it is installed into the folder ``GATEWAY_KIT_DIR`` (default
``~/.cache/tokenomics-gateway-kit``), about a minute from empty. One session at a time uses that folder; others wait for it.
"""

import fcntl
import json
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from orchestration.connectors.http import JsonApi
from orchestration.enforcement.adapters.litellm import LiteLlm

KIT = Path(__file__).resolve().parents[3] / "shared" / "gateway-kit"
MASTER_KEY = "sk-test-master"
SHORT_DELAYS = """
  user_api_key_cache_ttl: 2
  proxy_budget_rescheduler_min_time: 2
  proxy_budget_rescheduler_max_time: 3
"""
PAID_FALLBACK = """\
  - model_name: spare
    litellm_params:
      model: openai/fake-spare
      api_base: http://127.0.0.1:9/v1
      api_key: sk-unused
      input_cost_per_token: 0.000001
      output_cost_per_token: 0.000004
router_settings:
  fallbacks: [{spare: [flagship]}]
"""
FLAGSHIP_CALL, ECONOMY_CALL = 0.027, 0.0018
"""US dollars of one call of 1,000 prompt and 200 completion tokens, by the prices of the kit's config.yaml."""


@dataclass(frozen=True)
class Answer:
    status: int
    error_type: str | None
    body: Any
    cost: float


@dataclass
class Proxy:
    """The running proxy, as its administrator and as a caller see it."""

    url: str
    upstream_url: str

    def adapter(self) -> LiteLlm:
        return LiteLlm(JsonApi("litellm", self.url, secret=MASTER_KEY, secret_env="LITELLM_MASTER_KEY"))

    def post(self, path: str, **body: Any) -> Any:
        response = requests.post(self.url + path, json=body, headers=_bearer(MASTER_KEY), timeout=60)
        response.raise_for_status()
        return response.json()

    def key(self, **settings: Any) -> tuple[str, str]:
        """A new key: itself, and the entity it is (by token hash)."""
        made = self.post("/key/generate", key_alias=f"test-{time.time_ns()}", **settings)
        return made["key"], f"key:{made['token']}"

    def team(self, **settings: Any) -> str:
        return str(self.post("/team/new", team_alias=f"test-{time.time_ns()}", **settings)["team_id"])

    def info(self, entity: str) -> dict[str, Any]:
        kind, _, name = entity.partition(":")
        identity = {"key": name} if kind == "key" else {"team_id": name}
        answer = requests.get(
            f"{self.url}/{kind}/info", params=identity, headers=_bearer(MASTER_KEY), timeout=60
        ).json()
        return dict(answer["info" if kind == "key" else "team_info"])

    def call(
        self,
        key: str,
        model: str = "flagship",
        *,
        tokens: tuple[int, int] = (1000, 200),
        text: str = "",
        max_tokens: int | None = 200,
    ) -> Answer:
        """One chat request; the upstream reports ``tokens`` (prompt, completion)."""
        content = f"in={tokens[0]} out={tokens[1]} {text}"
        body: dict[str, Any] = {"model": model, "messages": [{"role": "user", "content": content}]}
        if max_tokens is not None:
            body["max_tokens"] = max_tokens
        response = requests.post(f"{self.url}/v1/chat/completions", json=body, headers=_bearer(key), timeout=120)
        parsed = response.json()
        error = parsed.get("error") or {}
        cost = float(response.headers.get("x-litellm-response-cost") or 0)
        return Answer(response.status_code, error.get("type"), parsed, cost)

    def served(self) -> list[dict[str, Any]]:
        """What the upstream answered so far, by its own account."""
        return list(requests.get(f"{self.upstream_url}/requests", timeout=60).json())


def _bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def wait_for(read: Callable[[], Any], limit_seconds: float = 15.0) -> Any:
    """The first true value of ``read``, or its last one when the time is over."""
    end = time.monotonic() + limit_seconds
    while not (value := read()) and time.monotonic() < end:
        time.sleep(0.2)
    return value


@contextmanager
def running_proxy(*, with_short_delays: bool = True, with_paid_fallback: bool = False) -> Iterator[Proxy]:
    """The proxy, stopped at the end. Skips the test where the kit or what it needs is absent.

    ``with_paid_fallback`` adds the model ``spare``: priced as economy, out of order, and served by flagship instead.
    """
    if not KIT.is_dir():
        pytest.skip("the folder ../shared/gateway-kit is absent")
    folder = Path(os.environ.get("GATEWAY_KIT_DIR", "~/.cache/tokenomics-gateway-kit")).expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    ports = _free_ports(3)
    names = ("GATEWAY_PORT", "GATEWAY_PG_PORT", "GATEWAY_UPSTREAM_PORT")
    environment = {**os.environ, **{name: str(port) for name, port in zip(names, ports, strict=True)}}
    with ExitStack() as stack:
        lock = stack.enter_context((folder / "session.lock").open("w"))
        fcntl.flock(lock, fcntl.LOCK_EX)
        if with_short_delays or with_paid_fallback:
            scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            config = (KIT / "config.yaml").read_text().rstrip() + (SHORT_DELAYS if with_short_delays else "\n")
            if with_paid_fallback:
                config = config.replace("router_settings:\n", PAID_FALLBACK)
            (scratch / "config.yaml").write_text(config)
            environment["GATEWAY_CONFIG"] = str(scratch / "config.yaml")
        _run("setup.sh", folder, environment, "skip")
        stack.callback(_run, "stop.sh", folder, environment, "fail")
        _run("start.sh", folder, environment, "fail")
        yield Proxy(f"http://127.0.0.1:{ports[0]}", f"http://127.0.0.1:{ports[2]}")


def _run(script: str, folder: Path, environment: dict[str, str], otherwise: str) -> None:
    with tempfile.TemporaryFile("w+") as said:
        ended = subprocess.run([KIT / script, folder], env=environment, stdout=said, stderr=said, check=False)
        said.seek(0)
        text = said.read()[-400:]
    if ended.returncode:
        tell = pytest.skip if otherwise == "skip" else pytest.fail
        tell(f"gateway-kit/{script} did not work here: {text}")


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def shown(value: Any) -> str:
    """Settings in one order, for comparison."""
    return json.dumps(value, sort_keys=True)
