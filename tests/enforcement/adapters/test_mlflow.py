"""MLflow's budgets: against a loopback server in the shapes a real one answers, and against a real one where it is installed.

The real one is the MLflow of the virtual environment that ``MLFLOW_VENV`` names (``pip install 'mlflow[genai]'``), on SQLite.
"""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import requests

from orchestration.enforcement.adapters.mlflow import MLflow, open_adapter
from orchestration.enforcement.port import Limit, Unsupported
from orchestration.landing.errors import SchemaDrift
from orchestration.project import Home
from orchestration.registry.guardrails import AdapterConfig
from tests.connectors.loopback_server import Answer, LoopbackServer
from tests.enforcement.adapters.gateway_home import GatewayHome
from tests.enforcement.adapters.loopback_gateway import changes, serving

FOLDER = "/api/3.0/mlflow/gateway"
ENTITY = "endpoint:e-1"


def budget(number: int, amount: float, unit="DAYS", value=1, action="REJECT", by="ada", target="e-1", scope="ENDPOINT"):
    shown = {
        "budget_policy_id": f"bp-{number}",
        "budget_unit": "USD",
        "budget_amount": amount,
        "duration": {"unit": unit, "value": value},
        "target_scope": scope,
        "budget_action": action,
        "created_by": by,
        "created_at": 1795843697788,
        "last_updated_by": by,
        "last_updated_at": 1795843697788,
    }
    return shown | ({"target_value": target} if target else {})


class Server:
    """The budgets of one server; a page holds two."""

    def __init__(self, *budgets: dict) -> None:
        self.budgets = {one["budget_policy_id"]: one for one in budgets}

    def answer(self, request, body) -> Answer:
        if request.path == f"{FOLDER}/endpoints/get":
            known = request.one("endpoint_id") == "e-1"
            missing = {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "GatewayEndpoint not found"}
            return Answer({"endpoint": {"endpoint_id": "e-1"}}) if known else Answer(missing, status=404)
        verb = request.path.removeprefix(f"{FOLDER}/budgets/")
        if verb == "create":
            made = {**budget(len(self.budgets) + 100, 0), **body}
            self.budgets[made["budget_policy_id"]] = made
            return Answer({"budget_policy": made})
        if verb == "update":
            self.budgets[body["budget_policy_id"]]["budget_amount"] = body["budget_amount"]
            return Answer({"budget_policy": self.budgets[body["budget_policy_id"]]})
        if verb == "delete":
            del self.budgets[body["budget_policy_id"]]
            return Answer({})
        if verb == "windows":
            spent = [{"budget_policy_id": name, "current_spend": 0.25} for name in self.budgets]
            return Answer({"windows": spent} if spent else {})
        at = int(request.one("page_token") or 0)
        page = list(self.budgets.values())[at : at + 2]
        more = {"next_page_token": str(at + 2)} if at + 2 < len(self.budgets) else {}
        return Answer({"budget_policies": page, **more} if page else {})


@contextmanager
def gateway(*budgets: dict) -> Iterator[tuple[MLflow, LoopbackServer, Server]]:
    state = Server(*budgets)
    with (
        serving(state.answer) as server,
        open_adapter(AdapterConfig(name="mlflow", base_url=server.url), None, Home(root=None)) as adapter,
    ):
        yield adapter, server, state


def test_what_may_be_spent_is_the_smallest_budget_of_each_window():
    with gateway(
        budget(1, 9.5),
        budget(2, 4.25),
        budget(3, 80, "MONTHS"),
        budget(4, 1, action="ALERT"),
        budget(5, 1, "HOURS"),
        budget(6, 1, "DAYS", 7),
        budget(7, 1, target="e-2"),
        budget(8, 1, target=None, scope="GLOBAL"),
    ) as (adapter, _, _):
        seen = adapter.observe(ENTITY)
    assert seen.values == {"limits": (Limit("daily", Decimal("4.25")), Limit("monthly", Decimal(80)))}
    assert seen.spend_in_window == {"daily": Decimal("0.25"), "monthly": Decimal("0.25")}


def test_a_new_cap_is_a_budget_of_our_own_and_a_changed_one_sends_the_amount_only():
    with gateway() as (adapter, server, _):
        adapter.write(adapter.observe(ENTITY), {"limits": (Limit("daily", Decimal("0.30")),)}, None)
        adapter.write(adapter.observe(ENTITY), {"limits": (Limit("daily", Decimal("0.20")),)}, None)
        adapter.write(adapter.observe(ENTITY), {"limits": ()}, None)
        assert adapter.observe(ENTITY).values == {"limits": ()}
    create = (
        '{"budget_unit": "USD", "budget_amount": 0.30, "duration": {"unit": "DAYS", "value": 1}, "target_scope": "ENDPOINT",'
        ' "target_value": "e-1", "budget_action": "REJECT", "created_by": "tokenomics"}'
    )
    assert changes(server) == [
        ("POST", f"{FOLDER}/budgets/create", create),
        (
            "POST",
            f"{FOLDER}/budgets/update",
            '{"budget_policy_id": "bp-100", "budget_amount": 0.20, "updated_by": "tokenomics"}',
        ),
        ("DELETE", f"{FOLDER}/budgets/delete", '{"budget_policy_id": "bp-100"}'),
    ]


def test_what_a_person_set_is_never_changed_or_deleted():
    with gateway(budget(1, 5), budget(2, 50, "MONTHS"), budget(3, 1, action="ALERT")) as (adapter, _, state):
        as_it_was = json.dumps(state.budgets)
        before = adapter.observe(ENTITY)
        adapter.write(before, {"limits": (Limit("daily", Decimal(2)), Limit("monthly", Decimal(50)))}, None)
        assert adapter.observe(ENTITY).values["limits"] == (Limit("daily", Decimal(2)), Limit("monthly", Decimal(50)))
        assert len(state.budgets) == 4
        adapter.write(adapter.observe(ENTITY), before.values, None)
        assert json.dumps(state.budgets) == as_it_was
        adapter.write(adapter.observe(ENTITY), {"limits": ()}, None)
        assert json.dumps(state.budgets) == as_it_was


@pytest.mark.parametrize(
    ("entity", "values", "says"),
    [
        (ENTITY, {"limits": (Limit("total", Decimal(5)),)}, "cannot hold a total window"),
        (ENTITY, {"is_blocked": True}, "is_blocked cannot be written"),
        (ENTITY, {"allowed_models": ("a",)}, "allowed_models cannot be written"),
        ("endpoint:e-2", {"limits": ()}, "endpoint:e-2 is not known there"),
        ("user:ada", {"limits": ()}, "user:ada is not known there"),
        ("key:abc", {"limits": ()}, "key:abc is not known there"),
    ],
)
def test_what_it_cannot_hold_is_refused_before_anything_is_sent(entity, values, says):
    with gateway() as (adapter, server, _):
        with pytest.raises(Unsupported, match=says):
            adapter.write(adapter.observe(entity), values, None)
        assert changes(server) == []


def test_users_need_a_server_with_authentication_which_the_secret_tells():
    with gateway() as (adapter, _, _):
        assert adapter.capabilities("user").notes == ("budgets of users need a server with authentication",)
    with serving(lambda request, body: Answer({})) as server:
        config = AdapterConfig(name="mlflow", base_url=server.url, api_key_env="MLFLOW_LOGIN")
        with open_adapter(config, "admin:password1234", Home(root=None)) as adapter:
            assert adapter.capabilities("user").writable == {"limits"}
    assert server.requests[0].headers["authorization"] == "Basic YWRtaW46cGFzc3dvcmQxMjM0"


def test_a_budget_without_an_amount_is_drift():
    lacking = {name: value for name, value in budget(1, 5).items() if name != "budget_amount"}
    with gateway(lacking) as (adapter, _, _), pytest.raises(SchemaDrift, match="budget_amount"):
        adapter.observe(ENTITY)


VENV = os.environ.get("MLFLOW_VENV")
TOKENS = {"prompt_tokens": 20_000, "completion_tokens": 4_000, "total_tokens": 24_000}
"""At the price of gpt-4o-mini in MLflow's table, 0.15 and 0.60 US dollars a million: 0.0054 a request."""


class RealMLflow:
    """A running server with one endpoint, ``calls`` counting what reached the model behind it."""

    def __init__(self, url: str) -> None:
        self.url, self.endpoint = url, ""

    def post(self, path: str, body: dict) -> dict:
        answer = requests.post(f"{self.url}{FOLDER}/{path}", json=body, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def add_endpoint(self, upstream: str) -> None:
        secret = {"secret_name": "s", "secret_value": {"api_key": "sk-x"}, "provider": "openai"}
        made = self.post("secrets/create", {**secret, "auth_config": {"api_base": f"{upstream}/v1"}})
        model = {"name": "m", "provider": "openai", "model_name": "gpt-4o-mini"}
        named = self.post("model-definitions/create", {**model, "secret_id": made["secret"]["secret_id"]})
        definition = named["model_definition"]["model_definition_id"]
        config = {"model_definition_id": definition, "linkage_type": "PRIMARY", "weight": 1.0}
        endpoint = self.post("endpoints/create", {"name": "chat", "model_configs": [config]})
        self.endpoint = endpoint["endpoint"]["endpoint_id"]

    def call(self) -> requests.Response:
        body = {"messages": [{"role": "user", "content": "hello"}]}
        return requests.post(f"{self.url}/gateway/chat/mlflow/invocations", json=body, timeout=60)

    def budgets(self) -> list[dict]:
        return requests.get(f"{self.url}{FOLDER}/budgets/list", timeout=30).json().get("budget_policies", [])


def chat_completion(request) -> Answer:
    message = {"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}
    model = json.loads(request.body)["model"]
    shown = {
        "id": "x",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [message],
        "usage": TOKENS,
    }
    return Answer(shown, headers={"Content-Type": "application/json"})


def until(is_so: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if is_so():
            return True
        time.sleep(0.2)
    return False


def is_up(url: str) -> bool:
    try:
        return requests.get(f"{url}/health", timeout=2).ok
    except requests.RequestException:
        return False


@pytest.fixture(scope="module")
def real(tmp_path_factory) -> Iterator[RealMLflow]:
    if VENV is None:
        pytest.skip("MLFLOW_VENV names no virtual environment with mlflow[genai]")
    folder = tmp_path_factory.mktemp("mlflow")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "MLFLOW_GATEWAY_API_BASE_ALLOWED_SCHEMES": "http,https",
        "MLFLOW_GATEWAY_API_BASE_ALLOW_PRIVATE_IPS": "true",
        "MLFLOW_CRYPTO_KEK_PASSPHRASE": "only-for-tests-0123456789",
    }
    command = [Path(VENV) / "bin" / "mlflow", "server", "--backend-store-uri", f"sqlite:///{folder}/mlflow.db"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    with (folder / "server.log").open("w") as log, LoopbackServer(chat_completion) as upstream:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=folder, start_new_session=True)
        try:
            mlflow = RealMLflow(f"http://127.0.0.1:{port}")
            assert until(lambda: is_up(mlflow.url), 120), (folder / "server.log").read_text()[-2000:]
            mlflow.add_endpoint(upstream.url)
            yield mlflow
        finally:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def test_real_a_budget_of_ours_refuses_after_the_request_that_crosses_and_goes_back_exactly(real, tmp_path):
    entity = f"endpoint:{real.endpoint}"
    config = AdapterConfig(name="mlflow", base_url=real.url, apply=True, entities=["endpoint:*"])
    cap = (Limit("daily", Decimal("0.01")),)
    with open_adapter(config, None, Home(tmp_path)) as adapter:
        home = GatewayHome(tmp_path, adapter, config)
        assert adapter.observe(entity).values == {"limits": ()}
        (done,) = home.tick(entity, limits=cap)
        assert (done.outcome, done.before, done.after) == ("pending", {"limits": ()}, {"limits": cap})
        assert adapter.observe(entity).values == {"limits": cap}
        written = real.budgets()
        assert home.tick(entity, limits=cap) == ()
        assert real.budgets() == written

        statuses = []
        for _ in range(3):
            statuses.append(real.call().status_code)
            if statuses[-1] == 200:
                counted = Decimal("0.0053") * len(statuses)
                assert until(lambda: adapter.observe(entity).spend_in_window["daily"] > counted, 10)  # noqa: B023
        assert statuses == [200, 200, 429]
        assert "Budget limit exceeded" in real.call().text
        spent = adapter.observe(entity).spend_in_window["daily"]
        assert abs(spent - Decimal("0.0108")) < Decimal("0.0000001")

        (raised,) = home.tick(entity, limits=(Limit("daily", Decimal(1)),))
        assert real.call().status_code == 200
        assert raised.after == {"limits": (Limit("daily", Decimal(1)),)}

        (back,) = home.revert(entity)
        assert back.after == {"limits": ()}
        assert real.budgets() == []
        assert home.tick(entity, limits=()) == ()
        home.now = lambda: datetime.now(UTC) + timedelta(seconds=601)
        home.plan(entity, limits=())
        assert home.receipts.read()[-1].outcome == "verified"


def test_real_a_budget_that_a_person_set_stays(real, tmp_path):
    entity = f"endpoint:{real.endpoint}"
    duration = {"unit": "DAYS", "value": 1}
    person = {"budget_unit": "USD", "budget_amount": 5, "duration": duration, "target_scope": "ENDPOINT"}
    real.post(
        "budgets/create", {**person, "target_value": real.endpoint, "budget_action": "REJECT", "created_by": "ada"}
    )
    as_it_was = real.budgets()
    config = AdapterConfig(name="mlflow", base_url=real.url, apply=True, entities=["endpoint:*"])
    with open_adapter(config, None, Home(tmp_path)) as adapter:
        home = GatewayHome(tmp_path, adapter, config)
        assert [hold.kind for hold in home.plan(entity, limits=(Limit("daily", Decimal(9)),)).holds] == ["person"]
        home.tick(entity, limits=(Limit("daily", Decimal(2)),))
        assert adapter.observe(entity).values == {"limits": (Limit("daily", Decimal(2)),)}
        home.revert(entity)
        assert real.budgets() == as_it_was


def test_real_budgets_of_users_are_refused_without_authentication(real):
    config = AdapterConfig(name="mlflow", base_url=real.url)
    with open_adapter(config, None, Home(root=None)) as adapter:
        assert adapter.capabilities("user").writable == frozenset()
    with pytest.raises(requests.HTTPError, match="400"):
        duration = {"unit": "DAYS", "value": 1}
        body = {"budget_unit": "USD", "budget_amount": 1, "duration": duration, "target_scope": "USER"}
        real.post("budgets/create", {**body, "target_value": "ada", "budget_action": "REJECT"})
