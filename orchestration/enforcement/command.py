"""``tokenomics enforce`` without its arguments: one round, a watch, a revert. What it says goes to a stream, line by line.

The company is read again whenever its folder changes, the facts whenever another run has published; a folder that is not
valid, or a publication that is being replaced, leaves those before in force and is told. A tick holds
``HOME/enforcement/tick.lock``, so that a watch and a sensor take turns.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from orchestration.alerts.deliver import deliver
from orchestration.alerts.destinations import configured
from orchestration.alerts.message import Alert
from orchestration.connectors.http import JsonApi
from orchestration.connectors.providers.litellm.client import SOURCE as LITELLM
from orchestration.connectors.providers.litellm.client import Gateway as Reader
from orchestration.connectors.providers.litellm.live import LiveRows, read_between
from orchestration.enforcement.adapters import open_gateway
from orchestration.enforcement.apply import apply_plan, settle
from orchestration.enforcement.facts import Facts, read_facts
from orchestration.enforcement.feed import Log
from orchestration.enforcement.in_force import missing_at_gateway
from orchestration.enforcement.live_usage import LiveUsage
from orchestration.enforcement.plan import Plan
from orchestration.enforcement.port import Gateway, kind_of
from orchestration.enforcement.receipts import FAILED, Action, Receipts, owned_entities
from orchestration.enforcement.revert import plan_revert
from orchestration.enforcement.show import tick_as_json, tick_line, write_actions, write_plan, write_tick
from orchestration.enforcement.tick import Site, tick
from orchestration.enforcement.tick_result import TickResult
from orchestration.lock import in_turn
from orchestration.prices.calls import CallPrices
from orchestration.project import Home
from orchestration.published import DamagedPublication
from orchestration.registry import RegistryError
from orchestration.session import open_session
from orchestration.settings import RunSettings

if TYPE_CHECKING:
    from orchestration.registry.company import Company

DONE, FAULT = 0, 1
LONGEST_WAIT = timedelta(minutes=5)
"""Between two ticks of a watch while a gateway or its log is away."""
LOG_SECONDS = 20.0


class NothingToRevert(Exception):
    """An entity that nothing of ours stands at, or a gateway that may not be written to."""


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class LiteLlmLog:
    """The log of a LiteLLM gateway; one connection for as long as the watch lasts."""

    api: JsonApi
    source: str = LITELLM

    def between(self, start: datetime, end: datetime) -> LiveRows:
        return read_between(Reader(self.api), start, end)


@dataclass
class Desk:
    """What lasts from tick to tick: the company, its prices, and what was published. ``secret`` by variable name."""

    home: Home
    company: "Company"
    secret: Callable[[str], str | None]
    clock: Callable[[], datetime] = utc_now
    sleep: Callable[[float], object] = time.sleep
    prices: CallPrices = field(init=False)
    facts: Facts = field(init=False)
    read_from: Path | None = None

    def __post_init__(self) -> None:
        self.use(self.company)

    def use(self, company: "Company") -> None:
        self.company = company
        self.prices = CallPrices(company.contracts, company.config.reporting_currency)
        self.read_from = None
        self.refresh()

    def wait(self, seconds: float) -> None:
        self.sleep(seconds)

    def refresh(self) -> str | None:
        """Read the facts if another publication stands now; answers why that failed, None if it did not."""
        folder = self.home.published.resolve()
        if self.read_from == folder:
            return None
        try:
            self.facts = read_facts(self.home, self.prices)
        except (DamagedPublication, OSError) as error:
            if self.read_from is None:
                raise
            return f"what was published before stays in use: {error}"
        self.read_from = folder
        return None

    def open_gateway(self, name: str) -> AbstractContextManager[Gateway]:
        return open_gateway(name, self.company, self.home, self.secret)  # type: ignore[return-value]

    @contextmanager
    def open_log(self) -> Iterator[LiteLlmLog]:
        """The log of the LiteLLM gateway; it waits as the desk does, so that a watch that is stopped waits no longer."""
        config = self.company.guardrails.adapters[LITELLM]
        secret = self.secret(config.api_key_env) if config.api_key_env else None
        with JsonApi(
            LITELLM,
            config.base_url,
            secret=secret,
            secret_env=config.api_key_env,
            timeout_seconds=LOG_SECONDS,
            sleep=self.wait,
        ) as api:
            yield LiteLlmLog(api)

    def tell(self, alerts: Sequence[Alert], judged: Sequence[str]) -> Sequence[str]:
        return deliver(alerts, self.home.alerts, configured(self.home), judged=judged, now=self.clock()).faults

    def once(self, *, apply: bool, is_preview: bool) -> TickResult:
        """One tick with what stands now."""
        with ExitStack() as stack:
            stack.enter_context(in_turn(self.home.enforcement / "tick.lock"))
            usage = stack.enter_context(LiveUsage(self.home.enforcement / "live.sqlite"))
            logs: dict[str, Log] = {}
            if self.company.guardrails.adapters[LITELLM].base_url is not None:
                logs[LITELLM] = stack.enter_context(self.open_log())
            site = Site(self.home, self.company, self.prices, logs, self.open_gateway, self.tell, self.clock)
            result = tick(site, self.facts, usage, apply=apply, is_preview=is_preview)
        if not logs:
            result.notes.append("no gateway's log is read: give litellm a base_url in sources.yaml or guardrails.yaml")
        return result


@contextmanager
def open_desk(settings: RunSettings, clock: Callable[[], datetime] = utc_now) -> Iterator[Desk]:
    """The desk of the company that the settings mean; of the simulated one while its gateway answers."""
    from orchestration.settings import find_secret

    with open_session(settings) as session:
        yield Desk(session.home, session.company, lambda name: session.demo_keys.get(name) or find_secret(name), clock)


def enforce_once(settings: RunSettings, stream: TextIO, *, apply: bool, as_json: bool = False) -> int:
    """One round, shown as tables or as JSON; exit code 1 if something failed."""
    with open_desk(settings) as desk:
        result = desk.once(apply=apply, is_preview=not apply)
        if as_json:
            print(json.dumps(tick_as_json(result, desk.company), indent=2, default=str), file=stream)
        else:
            write_tick(result, desk.company, stream)
        failed = is_failed(result, desk.company)
    return FAULT if failed else DONE


def is_failed(result: TickResult, company: "Company") -> bool:
    """Whether something did not work, as against was not allowed: also a capped key or team that the gateway does not know."""
    not_done = any(one.outcome in FAILED for one in result.actions)
    is_missing = bool(missing_at_gateway(result, company))
    return bool(result.faults) or not_done or is_missing or any(found.errors for found in result.plans)


def watch(
    settings: RunSettings,
    stream: TextIO,
    *,
    apply: bool,
    every: timedelta,
    stop: threading.Event,
    ticks: int | None = None,
) -> int:
    """A round every so often, one line each, until ``stop`` is set (or after so many ``ticks``). A gateway that is away is
    asked less and less often, and alerts are told of it; the watch goes on.
    """
    failures = done = 0
    with open_desk(settings) as desk:
        desk.sleep = stop.wait
        print(
            f"{desk.company.config.name}: a round every {every.total_seconds():.0f} s, "
            f"{'written where guardrails.yaml allows it' if apply else 'nothing is written (dry run)'}; Ctrl-C ends it",
            file=stream,
            flush=True,
        )
        seen = _folder_state(desk.company.folder)
        while not stop.is_set() and (ticks is None or done < ticks):
            began = time.monotonic()
            if (state := _folder_state(desk.company.folder)) != seen and not settings.is_demo:
                seen = state
                _reload(desk, stream)
            fault = desk.refresh()
            if fault is not None:
                print(fault, file=stream, flush=True)
            result = desk.once(apply=apply, is_preview=False)
            print(tick_line(result), file=stream, flush=True)
            failures = failures + 1 if result.faults else 0
            done += 1
            wait = min(every * 2**failures, max(LONGEST_WAIT, every)) if failures else every
            if ticks is None or done < ticks:
                stop.wait(max(0.0, wait.total_seconds() - (time.monotonic() - began)))
    print(f"ended after {done} rounds; the next one goes on from there", file=stream, flush=True)
    return DONE


def _folder_state(folder: Path) -> list[tuple[str, int, int]]:
    return [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in sorted(folder.glob("*.y*ml"))]


def _reload(desk: Desk, stream: TextIO) -> None:
    from orchestration.registry import load_company

    try:
        desk.use(load_company(desk.company.folder))
        print("the company folder changed and was read again", file=stream, flush=True)
    except RegistryError as error:
        print(
            f"the company folder changed and is not valid; what was read before stays in force:\n{error}", file=stream
        )


def revert(settings: RunSettings, stream: TextIO, entity: str | None) -> int:
    """Give every entity that is ours, or the one named, back what stood before us, where ours still stands."""
    with open_desk(settings) as desk:
        receipts = Receipts(desk.home.root)
        with in_turn(desk.home.enforcement / "tick.lock"), receipts.alone():
            owned = sorted(owned_entities(receipts.read()))
            wanted = [one for one in owned if entity in (None, one[1])]
            if not wanted:
                what = f"nothing of ours stands at {entity}" if entity else "nothing of ours stands at any gateway"
                if entity is None:
                    print(what, file=stream)
                    return DONE
                raise NothingToRevert(f"{what}; known are: {', '.join(one for _, one in owned) or 'none'}")
            done: list[Action] = []
            for name in sorted({adapter for adapter, _ in wanted}):
                done += _revert_at(desk, receipts, name, [one for adapter, one in wanted if adapter == name], stream)
    return FAULT if any(one.outcome not in ("verified", "pending") for one in done) else DONE


def _revert_at(desk: Desk, receipts: Receipts, name: str, entities: list[str], stream: TextIO) -> Sequence[Action]:
    config = desk.company.guardrails.adapters[name]
    if not config.apply:
        raise NothingToRevert(
            f"guardrails.yaml: adapters.{name}.apply is false, so nothing is written to it; set it to true, "
            "tokenomics enforce --revert, and set it back"
        )
    with desk.open_gateway(name) as gateway:
        actions = settle(receipts.read(), gateway, desk.clock(), receipts)
        observations = {one: gateway.observe(one) for one in entities}
        able = {kind: gateway.capabilities(kind) for kind in {kind_of(one) for one in entities}}
        found: Plan = plan_revert(config, entities, observations, able, actions, "tokenomics enforce --revert")
        write_plan(found, stream)
        done = apply_plan(found, gateway, receipts, config, run_id="revert", now=desk.clock)
    write_actions(done, stream)
    return done
