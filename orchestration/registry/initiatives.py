"""initiatives.yaml: every AI feature and internal workflow, its budget, target, milestone and guardrail."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from orchestration.registry.fields import (
    Complexity,
    Currency,
    Day,
    Email,
    InitiativeKind,
    InitiativeStage,
    MarginRatio,
    Money,
    Part,
    PositiveMoney,
    Ratio,
    Record,
    Text,
)

GuardrailAction = Literal["downgrade", "throttle", "block"]
ENTITY_KINDS = {"litellm": ("key", "team"), "openai": ("project",), "anthropic": ("workspace", "key")}


class Allocation(Part):
    """An experiment's budget: total and per-day cap, from ``starts_on`` to ``expires_on`` (inclusive)."""

    amount: PositiveMoney
    daily_cap: PositiveMoney | None = None
    starts_on: Day
    expires_on: Day
    currency: Currency | None = None

    @model_validator(mode="after")
    def _dates_in_order(self) -> "Allocation":
        if self.expires_on < self.starts_on:
            raise ValueError(f"expires_on {self.expires_on} is before starts_on {self.starts_on}")
        return self


class Milestone(Part):
    metric_id: Text
    target: PositiveMoney
    by: Day
    margin_floor_ratio: MarginRatio


class Replaces(Part):
    """What an internal workflow makes unnecessary: labour per unit, software per month; one is enough."""

    labor_hours_per_unit: Money | None = None
    labor_rate_id: Text | None = None
    legacy_software_per_month: Money | None = None
    currency: Currency | None = None

    @model_validator(mode="after")
    def _claims_something(self) -> "Replaces":
        if (self.labor_hours_per_unit is None) != (self.labor_rate_id is None):
            raise ValueError("labor_hours_per_unit and labor_rate_id belong together; give both or none")
        if self.labor_hours_per_unit is None and self.legacy_software_per_month is None:
            raise ValueError(
                "claims nothing; give labor_hours_per_unit with labor_rate_id, or legacy_software_per_month"
            )
        return self


class Guardrail(Part):
    """The gateway entity that enforces the cap; ``entity`` is ``<kind>:<id>`` as the adapter knows it."""

    adapter: Literal["litellm", "openai", "anthropic"]
    entity: Text
    daily_cap: PositiveMoney
    actions: Annotated[tuple[GuardrailAction, ...], Field(min_length=1)]
    currency: Currency | None = None

    @model_validator(mode="after")
    def _entity_of_the_adapter(self) -> "Guardrail":
        kind, _, name = self.entity.partition(":")
        kinds = ENTITY_KINDS[self.adapter]
        if kind not in kinds or not name.strip():
            wanted = " or ".join(f"{one}:<id>" for one in kinds)
            raise ValueError(f"entity '{self.entity}' does not fit adapter {self.adapter}; write {wanted}")
        return self


class Initiative(Record):
    """One initiative, or one dated version of it. Money without ``currency`` is reporting currency."""

    initiative_id: Text
    name: Text | None = None
    kind: InitiativeKind
    stage: InitiativeStage
    department_id: Text
    product_id: Text | None = None
    customer_id: Text | None = None
    owner: Email
    complexity: Complexity | None = None
    started_on: Day
    allocation: Allocation | None = None
    target_gross_margin_ratio: Ratio | None = None
    milestone: Milestone | None = None
    unit_of_work: Text | None = None
    replaces: Replaces | None = None
    guardrail: Guardrail | None = None

    @model_validator(mode="after")
    def _customers_buy_products(self) -> "Initiative":
        if self.kind == "customer_facing" and self.product_id is None:
            raise ValueError("key 'product_id' is missing; a customer-facing initiative belongs to a product")
        return self
