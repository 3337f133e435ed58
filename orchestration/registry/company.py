"""The company as the rest of the product sees it: validated, frozen, with the look-ups that several parts need."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from orchestration.registry.alerts import AlertSettings
from orchestration.registry.contracts import Contract
from orchestration.registry.directories import Customer, Department, Product
from orchestration.registry.guardrails import Guardrails
from orchestration.registry.identity import CompanyConfig
from orchestration.registry.initiatives import Initiative
from orchestration.registry.ownership import OwnershipRule, Pool
from orchestration.registry.policy import EffectivePolicy
from orchestration.registry.sources import LedgerConfig, SourceConfig
from orchestration.registry.tiers import ModelTiers


@dataclass(frozen=True)
class Company:
    """One valid company folder. ``initiatives`` and the directories may hold several dated versions of one id."""

    folder: Path
    config: CompanyConfig
    policy: EffectivePolicy
    sources: Mapping[str, SourceConfig]
    metering: Mapping[str, str]
    ledgers: Mapping[str, LedgerConfig]
    tiers: ModelTiers
    initiatives: tuple[Initiative, ...] = ()
    rules: tuple[OwnershipRule, ...] = ()
    pools: tuple[Pool, ...] = ()
    contracts: tuple[Contract, ...] = ()
    departments: tuple[Department, ...] = ()
    products: tuple[Product, ...] = ()
    customers: tuple[Customer, ...] = ()
    guardrails: Guardrails = field(default_factory=Guardrails)
    alerts: AlertSettings = field(default_factory=AlertSettings)
    files: tuple[str, ...] = field(default=())

    def settle_lag_hours(self, source: str) -> int:
        """Hours after a day's end until a configured source's figures for it no longer move."""
        return self.policy.settle_lag_hours(source, self.sources[source].is_file_source)

    def complexity_of(self, initiative: Initiative) -> str:
        """The initiative's own complexity, else its department's default, else the policy's."""
        if initiative.complexity is not None:
            return initiative.complexity
        for department in self.departments:
            if department.department_id == initiative.department_id and department.default_complexity is not None:
                return department.default_complexity
        return str(self.policy["default_complexity"])

    def product_target(self, product_id: str) -> Decimal | None:
        """Target margin: the product's own, else its initiatives' common one, else the policy's, else None."""
        own = [one.target_gross_margin_ratio for one in self.products if one.product_id == product_id]
        if own and own[-1] is not None:
            return own[-1]
        latest = {one.initiative_id: one for one in self.initiatives if one.product_id == product_id}
        targets = {
            one.target_gross_margin_ratio for one in latest.values() if one.target_gross_margin_ratio is not None
        }
        if len(targets) == 1:
            return targets.pop()
        target: Decimal | None = self.policy["target_gross_margin_ratio"]
        return target

    def referenced(self, key: str) -> list[str]:
        """Every department_id, product_id or customer_id (``key``) that the company folder names, sorted."""
        holders: list[object] = [*self.initiatives, *self.config.cost_classes, *getattr(self, _DIRECTORY_OF[key])]
        holders += [rule.assign for rule in self.rules if rule.assign is not None]
        shares = [rule.share for rule in self.rules if rule.share is not None]
        shares += [pool.share for pool in self.pools if pool.share is not None]
        holders += [target for share in shares for target in share.targets]
        return sorted({value for holder in holders if (value := getattr(holder, key, None)) is not None})


_DIRECTORY_OF = {"department_id": "departments", "product_id": "products", "customer_id": "customers"}
