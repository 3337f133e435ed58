"""How late and by how many dollars enforcement at a real LiteLLM proxy is, written to orchestration/enforcement/MEASURED.md.

    make bench-enforcement        (about five minutes; needs ../shared/gateway-kit)

Polled path: a cap that only we know. A caller sends a request a second; every 30 seconds all keys are observed, planned and
applied by the product's own code, as the command does it. Measured is from the answer of the request that crossed the cap to
the first refusal. Written ahead: the same cap stands at the gateway; measured is what passes after it was crossed.
"""

import random
import statistics
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path

from orchestration.enforcement.adapters.litellm import LiteLlm
from orchestration.enforcement.apply import apply_plan, settle
from orchestration.enforcement.plan import plan
from orchestration.enforcement.port import Desired, Limit
from orchestration.enforcement.receipts import Receipts
from orchestration.registry.guardrails import AdapterConfig
from tests.enforcement.gateway_kit import Proxy, running_proxy

TRIALS = 20
POLL_SECONDS = 30.0
SPREAD_SECONDS = 120.0
"""Crossings fall anywhere within it, so that their place between two polls is random."""
CAP = Decimal("0.02")
"""One call of the flagship model (0.027 USD) crosses it."""
CALL_COST = 0.027
FLUSH_SECONDS = 6.0
"""Until the proxy's counter shows a call: its batch of 1 s and the 0 to 5 s that it adds at random."""
ROUND_SECONDS = 5.0
"""What observing, planning and applying 20 keys may take."""
PARALLEL = 20
REPORT = Path(__file__).parents[2] / "orchestration" / "enforcement" / "MEASURED.md"
CONFIG = AdapterConfig(name="litellm", apply=True, entities=["key:*"], max_changes=100)


@dataclass(frozen=True)
class Late:
    """One key: seconds from the crossing to the refusal, US dollars that passed after the crossing, calls likewise."""

    seconds: float
    overshoot: float
    calls: int


@dataclass(frozen=True)
class Burst:
    """Requests at once on a key whose cap stood ahead: how many passed, what they cost, and the stated bound."""

    name: str
    cap: float
    passed: int
    spent: float
    bound: float


def main() -> int:
    """Measure and write the report; exit code 1 where a stated bound or an aim was missed."""
    rng = random.Random(20261128)
    with running_proxy(with_short_delays=False) as proxy:
        polled = measure_polled(proxy, rng)
        ahead = [measure_ahead(proxy) for _ in range(TRIALS)]
        bursts = measure_bursts(proxy)
    REPORT.write_text(report(polled, ahead, bursts))
    print(REPORT.read_text())
    seconds = [one.seconds for one in polled]
    is_late = statistics.median(seconds) > 45 or max(seconds) > 90
    return int(is_late or any(one.spent - one.cap > one.bound for one in bursts))


def measure_polled(proxy: Proxy, rng: random.Random) -> list[Late]:
    """All keys run at once against one poller; each begins at a random moment."""
    keys = [proxy.key() for _ in range(TRIALS)]
    is_over = threading.Event()
    with ThreadPoolExecutor(TRIALS + 1) as pool:
        poller = pool.submit(poll, proxy, [entity for _, entity in keys], is_over)
        callers = [pool.submit(run_away, proxy, key, rng.uniform(0, SPREAD_SECONDS)) for key, _ in keys]
        found = [one.result() for one in callers]
        is_over.set()
        poller.result()
    return found


def poll(proxy: Proxy, entities: list[str], is_over: threading.Event) -> None:
    """Every 30 seconds: block each key whose spend by the gateway's counter has reached the cap."""
    with tempfile.TemporaryDirectory() as folder, proxy.adapter() as gateway:
        receipts = Receipts(Path(folder))
        due = time.monotonic()
        while not is_over.wait(max(due - time.monotonic(), 0)):
            due += POLL_SECONDS
            with receipts.alone():
                enforce(gateway, receipts, entities)


def enforce(gateway: LiteLlm, receipts: Receipts, entities: list[str]) -> None:
    actions = settle(receipts.read(), gateway, datetime.now(UTC), receipts)
    observed = {entity: gateway.observe(entity) for entity in entities}
    over = [entity for entity, one in observed.items() if one.spend_in_window.get("total", Decimal(0)) >= CAP]
    wishes = [Desired("litellm", entity, {"is_blocked": True}, "caps", "over its cap", "e", "v") for entity in over]
    made = plan(CONFIG, wishes, observed, {"key": gateway.capabilities("key")}, actions)
    apply_plan(made, gateway, receipts, CONFIG, run_id="bench", now=lambda: datetime.now(UTC))


def run_away(proxy: Proxy, key: str, starts_after: float, wait: float = 1.0) -> Late:
    """Cross the cap with the first call, then go on with a call every ``wait`` seconds until one is refused."""
    time.sleep(starts_after)
    assert proxy.call(key).status == 200
    crossed_at, overshoot, calls = time.monotonic(), 0.0, 0
    while (answer := proxy.call(key)).status == 200:
        overshoot, calls = overshoot + answer.cost, calls + 1
        time.sleep(wait)
    return Late(time.monotonic() - crossed_at, overshoot, calls)


def measure_ahead(proxy: Proxy) -> Late:
    """The cap stands at the gateway; the caller goes on without any pause."""
    key, entity = proxy.key()
    with proxy.adapter() as gateway:
        gateway.write(gateway.observe(entity), {"limits": (Limit("daily", CAP),)}, None)
    return run_away(proxy, key, 0, wait=0)


def measure_bursts(proxy: Proxy) -> list[Burst]:
    """A cap of 0.50 USD written ahead, met in the ways that stretch it. The bound: calls in flight, and the one whose cost
    is being counted, x the worst call's cost.
    """
    cap = 0.5
    kinds = (
        ("one after another", 1, (1000, 200), 200),
        ("20 at once, estimate about right", PARALLEL, (20, 1000), 1000),
        ("20 at once, long prompts (10,000 tokens, of which the proxy sees none)", PARALLEL, (10000, 1000), 1000),
        ("20 at once, no max_tokens", PARALLEL, (20, 1000), None),
    )
    found = []
    for name, at_once, tokens, max_tokens in kinds:
        key, entity = proxy.key()
        with proxy.adapter() as gateway:
            gateway.write(gateway.observe(entity), {"limits": (Limit("daily", Decimal(str(cap))),)}, None)
        text = "delay=1" if at_once > 1 else ""
        call = partial(proxy.call, key, tokens=tokens, max_tokens=max_tokens, text=text)
        with ThreadPoolExecutor(at_once) as pool:
            answers = [one.result() for one in [pool.submit(call) for _ in range(PARALLEL if at_once > 1 else 30)]]
        worst = tokens[0] * 0.000015 + tokens[1] * 0.000060
        passed = [one for one in answers if one.status == 200]
        found.append(Burst(name, cap, len(passed), sum(one.cost for one in passed), (at_once + 1) * worst))
    return found


def report(polled: list[Late], ahead: list[Late], bursts: list[Burst]) -> str:
    """The report as Markdown."""
    seconds, dollars = [one.seconds for one in polled], [one.overshoot for one in polled]
    bound_seconds = POLL_SECONDS + FLUSH_SECONDS + ROUND_SECONDS
    polled_row = (
        f"polled every {POLL_SECONDS:.0f} s, a call a second, then a block",
        f"{len(polled)}",
        f"{statistics.median(seconds):.1f} s",
        f"{max(seconds):.1f} s",
        "45 s, 90 s",
        f"{max(one.calls for one in polled)} calls, {max(dollars):.3f} USD",
    )
    ahead_row = (
        "cap written ahead, calls without pause",
        f"{len(ahead)}",
        f"{statistics.median(one.seconds for one in ahead):.2f} s",
        f"{max(one.seconds for one in ahead):.2f} s",
        "0: the next call that sees the cost",
        f"{max(one.calls for one in ahead)} calls, {max(one.overshoot for one in ahead):.3f} USD",
    )
    lines = [
        "# Enforcement at a real LiteLLM proxy, measured",
        "",
        f"{date.today()}, `make bench-enforcement`: LiteLLM 1.106.2 with PostgreSQL and its own delays on loopback, two cores",
        "shared with other work. The polled path is observe, plan, apply and read back; what was spent is the proxy's counter.",
        "",
        "## From the offending request to the refusal",
        "",
        "| path | trials | median | worst | aim | passed after the crossing, worst |",
        "|---|---|---|---|---|---|",
        f"| {' | '.join(polled_row)} |",
        f"| {' | '.join(ahead_row)} |",
        "",
        f"Bound of the polled path: {POLL_SECONDS:.0f} s until the next poll, {FLUSH_SECONDS:.0f} s until the counter shows",
        f"a call and {ROUND_SECONDS:.0f} s for the round are {bound_seconds:.0f} s, at {CALL_COST} USD a second",
        f"{bound_seconds * CALL_COST:.2f} USD; the worst was {max(dollars):.3f} USD. A cap written ahead refuses the next call",
        "that sees the cost of the last one, which the proxy counts some 50 ms after its answer: in quick succession one more",
        "call passes.",
        "",
        "## Dollars past a cap of 0.50 USD written ahead",
        "",
        "The bound is the worst call's cost x calls in flight, and the one whose cost is being counted: what `headroom` in",
        "guardrails.yaml takes off the cap.",
        "",
        "| requests | passed | spent | past the cap | bound |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {one.name} | {one.passed} | {one.spent:.3f} | {max(one.spent - one.cap, 0):.3f} | {one.bound:.2f} |"
        for one in bursts
    ]
    lines += [
        "",
        "Without `max_tokens` the proxy reserves all that is left for the first request and refuses the others although budget",
        "is left: require `max_tokens` of callers. A prompt that costs more than the proxy's estimate stretches the cap by that",
        "factor, never beyond the bound.",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
