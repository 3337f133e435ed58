"""What a LiteLLM proxy with its own delays does. Two minutes: GATEWAY_LONG=1, or make test-gateway."""

import os
import time

import pytest

from tests.enforcement.gateway_kit import running_proxy, wait_for

pytestmark = pytest.mark.skipif("GATEWAY_LONG" not in os.environ, reason="takes two minutes: GATEWAY_LONG=1")


def test_a_team_blocked_the_proxys_way_is_seen_a_minute_late_and_ours_on_the_next_call():
    with running_proxy(with_short_delays=False) as proxy, proxy.adapter() as gateway:
        team = proxy.team()
        key, _ = proxy.key(team_id=team)
        assert proxy.call(key, "economy").status == 200
        began = time.monotonic()
        proxy.post("/team/block", team_id=team)
        assert proxy.call(key, "economy").status == 200, "the proxy said 200, and calls pass"
        assert wait_for(lambda: proxy.call(key, "economy").status == 401, 90)
        assert 20 < time.monotonic() - began < 75
        entity = f"team:{proxy.team()}"
        key, _ = proxy.key(team_id=entity[5:])
        assert proxy.call(key, "economy").status == 200
        gateway.write(gateway.observe(entity), {"is_blocked": True}, None)
        assert proxy.call(key, "economy").status == 401
