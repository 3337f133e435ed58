"""The simulated past of the journals of enforcement: readable by what keeps them, and nothing of it in force any more."""

from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

from orchestration.demo.catalog import AS_OF, RUNAWAY_DAY
from orchestration.demo.gateway_calls import simulate_calls
from orchestration.demo.past_enforcement import ENTITY, past_decisions, past_receipts
from orchestration.enforcement.decisions import Decisions
from orchestration.enforcement.receipts import Receipts, owned_entities
from orchestration.files import write_atomically


def test_the_receipts_of_the_runaway_night_are_verified_and_own_nothing(tmp_path):
    receipts = Receipts(tmp_path)
    write_atomically(receipts.path, past_receipts())
    block, release = receipts.read()
    assert [(one.entity, one.action, one.outcome) for one in (block, release)] == [
        (ENTITY, "block", "verified"),
        (ENTITY, "revert", "verified"),
    ]
    loop = [
        call for call in simulate_calls() if call.started_at.date() == RUNAWAY_DAY and call.key_alias == "dev-tomasz"
    ]
    last = max(call.started_at for call in loop if call.started_at.hour < 3)
    assert last < block.planned_at.astimezone(UTC) < last + timedelta(minutes=5), "no call passed a blocked key"
    assert owned_entities((block, release)) == {}
    assert all("simulated" in one.reason for one in (block, release))


def test_the_decisions_of_that_night_are_read_back(tmp_path):
    decisions = Decisions(tmp_path)
    for name, text in past_decisions().items():
        write_atomically(decisions.folder / name, text)
    assert [(one.policy, one.entity, one.to_state) for one in decisions.until(AS_OF, ZoneInfo("UTC"))] == [
        ("loop", ENTITY, "growing_context"),
        ("loop", ENTITY, "over"),
    ]
