"""One home and one real adapter: a tick of plan, apply and settle as the enforcement command does it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestration.enforcement.apply import apply_plan, settle
from orchestration.enforcement.plan import Plan, plan
from orchestration.enforcement.port import Desired, Gateway
from orchestration.enforcement.receipts import Action, Receipts
from orchestration.enforcement.revert import plan_revert
from orchestration.registry.guardrails import AdapterConfig


@dataclass
class GatewayHome:
    root: Path
    gateway: Gateway
    config: AdapterConfig
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def __post_init__(self) -> None:
        self.receipts = Receipts(self.root)

    def plan(self, entity: str, **values: Any) -> Plan:
        wish = Desired(self.gateway.name, entity, values, "caps", "a cap", "evidence-1", "v1")
        observed, able = self._seen(entity)
        return plan(self.config, [wish], observed, able, self._settled())

    def tick(self, entity: str, **values: Any) -> tuple[Action, ...]:
        with self.receipts.alone():
            return self._apply(self.plan(entity, **values))

    def revert(self, entity: str) -> tuple[Action, ...]:
        with self.receipts.alone():
            actions = self._settled()
            observed, able = self._seen(entity)
            return self._apply(plan_revert(self.config, [entity], observed, able, actions, "asked for"))

    def _seen(self, entity: str) -> tuple[dict, dict]:
        kind = entity.partition(":")[0]
        return {entity: self.gateway.observe(entity)}, {kind: self.gateway.capabilities(kind)}

    def _settled(self) -> tuple[Action, ...]:
        return settle(self.receipts.read(), self.gateway, self.now(), self.receipts)

    def _apply(self, made: Plan) -> tuple[Action, ...]:
        return apply_plan(made, self.gateway, self.receipts, self.config, run_id="run-1", now=self.now)
