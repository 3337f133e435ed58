"""The policy file held by its reader at a real LiteLLM proxy: what a caller gets on the very next call."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import pytest
import requests

from orchestration.enforcement import policy_reader
from orchestration.enforcement.adapters.policy_file import PolicyFile
from orchestration.enforcement.port import Limit
from tests.enforcement.gateway_kit import ECONOMY_CALL, FLAGSHIP_CALL, KIT, Proxy, running_proxy, wait_for

HOOK = """from policy_reader import PolicyReader, litellm_hook

hook = litellm_hook(PolicyReader({policy!r}, {counters!r}, on_expired="hold"))
"""


@dataclass
class Held:
    """The proxy, the file that is written, and the counters of its reader."""

    proxy: Proxy
    file: PolicyFile
    reader: policy_reader.PolicyReader

    def write(self, entity: str, **values: object) -> None:
        self.file.write(self.file.observe(entity), values, None)


@pytest.fixture(scope="module")
def held(tmp_path_factory) -> Iterator[Held]:
    folder = tmp_path_factory.mktemp("proxy")
    policy, counters = folder / "enforcement" / "policy.json", folder / "spend.sqlite"
    if not KIT.is_dir():
        pytest.skip("the folder ../shared/gateway-kit is absent")
    shutil.copy(policy_reader.__file__, folder)
    (folder / "tokenomics_hook.py").write_text(HOOK.format(policy=str(policy), counters=str(counters)))
    callbacks = "\nlitellm_settings:\n  callbacks: tokenomics_hook.hook\n"
    (folder / "config.yaml").write_text((KIT / "config.yaml").read_text().rstrip() + callbacks)
    file = PolicyFile(policy, timedelta(hours=1))
    file.refresh()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GATEWAY_CONFIG", str(folder / "config.yaml"))
        patch.setenv("PYTHONPATH", str(folder))
        with running_proxy(with_short_delays=False) as proxy:
            yield Held(proxy, file, policy_reader.PolicyReader(policy, counters, on_expired="hold"))


def test_a_block_holds_on_the_next_call_and_ends_on_the_next_call(held):
    key, entity = held.proxy.key()
    assert held.proxy.call(key, "economy").status == 200
    held.write(entity, is_blocked=True)
    refused = held.proxy.call(key, "economy")
    assert (refused.status, refused.error_type) == (403, "blocked_by_policy")
    held.write(entity, is_blocked=False)
    assert held.proxy.call(key, "economy").status == 200


def test_a_cap_is_passed_by_one_request_and_no_more(held):
    key, entity = held.proxy.key()
    held.write(entity, limits=(Limit("daily", Decimal("0.05")),))
    statuses = []
    for number in range(1, 5):
        answer = held.proxy.call(key, "flagship")
        statuses.append(answer.status)
        if answer.status == 200:
            due = Decimal(str(FLAGSHIP_CALL)) * number
            assert wait_for(lambda: held.reader.spent(entity, "daily") == due, 10)  # noqa: B023
    assert statuses == [200, 200, 429, 429]
    assert held.reader.spent(entity, "daily") == Decimal("0.054")
    refused = held.proxy.call(key, "flagship")
    assert refused.error_type == "budget_exceeded"
    held.write(entity, limits=(Limit("daily", Decimal("0.06")),))
    assert held.proxy.call(key, "flagship").status == 200


def test_a_streamed_answer_counts_too(held):
    key, entity = held.proxy.key()
    body = {"model": "flagship", "stream": True, "max_tokens": 200}
    body |= {"messages": [{"role": "user", "content": "in=1000 out=200"}], "stream_options": {"include_usage": True}}
    answer = requests.post(
        f"{held.proxy.url}/v1/chat/completions", json=body, headers={"Authorization": f"Bearer {key}"}, timeout=60
    )
    assert answer.status_code == 200
    assert wait_for(lambda: held.reader.spent(entity, "daily") > 0, 10)


def test_a_downgrade_is_served_and_paid_by_the_cheaper_model(held):
    team = held.proxy.team()
    key, entity = held.proxy.key(team_id=team)
    held.write(f"team:{team}", aliases={"flagship": "economy"}, allowed_models=("economy",))
    served = held.proxy.call(key, "flagship")
    assert (served.status, served.cost) == (200, pytest.approx(ECONOMY_CALL))
    assert held.proxy.served()[-1]["model"] == "fake-economy"
    refused = held.proxy.call(key, "standard")
    assert (refused.status, refused.error_type) == (403, "model_not_allowed")
    assert wait_for(lambda: held.reader.spent(f"team:{team}", "daily") == Decimal("0.0018"), 10)
    assert held.reader.spent(entity, "daily") == Decimal("0.0018")


def test_requests_a_minute_hold(held):
    key, entity = held.proxy.key()
    held.write(entity, requests_per_minute=2)
    answers = [held.proxy.call(key, "economy") for _ in range(6)]
    assert {one.status for one in answers} == {200, 429}
    assert sum(one.status == 200 for one in answers) <= 4, "two in each of at most two minutes"
    assert {one.error_type for one in answers if one.status == 429} == {"throttling_error"}


def test_an_expired_file_goes_on_holding_what_it_said(held):
    blocked, entity = held.proxy.key()
    free, _ = held.proxy.key()
    held.write(entity, is_blocked=True)
    late = PolicyFile(held.file.path, timedelta(hours=-1))
    late.refresh()
    try:
        assert (held.proxy.call(blocked, "economy").status, held.proxy.call(free, "economy").status) == (403, 200)
    finally:
        held.file.refresh()
