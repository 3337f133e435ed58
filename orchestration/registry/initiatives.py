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
ENTITY_KINDS = {
    "litellm": ("key", "team"),
    "openai": ("project",),
    "anthropic": ("workspace", "key"),
    "merge_gateway": ("key",),
    "openrouter": ("key",),
    "mlflow": ("endpoint",),
}


class Allocation(Part):
    """An experiment's budget: total and per-day cap, from ``starts_on`` to ``expires_on`` (inclusive)."""

    amount: PositiveMoney
    """Total of the budget."""
    daily_cap: PositiveMoney | None = None
    """Most that may be spent on one day."""
    starts_on: Day
    """First day of the budget."""
    expires_on: Day
    """Last day of the budget, inclusive."""
    currency: Currency | None = None
    """Currency of the amounts; default the reporting currency."""

    @model_validator(mode="after")
    def _dates_in_order(self) -> "Allocation":
        if self.expires_on < self.starts_on:
            raise ValueError(f"expires_on {self.expires_on} is before starts_on {self.starts_on}")
        return self


class Milestone(Part):
    metric_id: Text
    """Metric of ledgers/business_metrics* that must reach the target."""
    target: PositiveMoney
    """Value to reach."""
    by: Day
    """Day by which the target must be reached."""
    margin_floor_ratio: MarginRatio
    """Margin floor that is tolerated until then."""


class Replaces(Part):
    """What an internal workflow makes unnecessary: labour per unit, software per month; one is enough."""

    labor_hours_per_unit: Money | None = None
    """Hours of labour that one unit of work makes unnecessary."""
    labor_rate_id: Text | None = None
    """Rate of ledgers/labor_rates* that values them."""
    legacy_software_per_month: Money | None = None
    """Software no longer paid for, per month."""
    currency: Currency | None = None
    """Currency of the software amount; default the reporting currency."""

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

    adapter: Literal["litellm", "openai", "anthropic", "merge_gateway", "openrouter", "mlflow"]
    """System that enforces the cap."""
    entity: Text
    """What is capped: key:<id> or team:<id> (litellm), project:<id> (openai), workspace:<id> or key:<id>
    (anthropic), key:<id> (merge_gateway, openrouter), endpoint:<id> (mlflow).
    """
    daily_cap: PositiveMoney
    """Most that may be spent on one day."""
    actions: Annotated[tuple[GuardrailAction, ...], Field(min_length=1)]
    """What may be done when the cap is reached, mildest first."""
    currency: Currency | None = None
    """Currency of the cap; default the reporting currency."""

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
    """Short name, stored with every figure; the same in every dated version."""
    name: Text | None = None
    """Name as it is shown."""
    kind: InitiativeKind
    """A feature that customers use, or a workflow inside the company."""
    stage: InitiativeStage
    """State before the first booked budget movement."""
    department_id: Text
    """Department that answers for the cost."""
    product_id: Text | None = None
    """Product it belongs to; needed for customer_facing."""
    customer_id: Text | None = None
    """Customer it is built for, if it is one."""
    owner: Email
    """E-mail address of who answers for it."""
    complexity: Complexity | None = None
    """How demanding the work is, which decides the dearest tier allowed; default the department's, then the
    policy's.
    """
    started_on: Day
    """First day of the initiative."""
    allocation: Allocation | None = None
    """Budget of an experiment."""
    target_gross_margin_ratio: Ratio | None = None
    """Gross margin to reach, 0 to 1."""
    milestone: Milestone | None = None
    """Why a lower margin is tolerated, and until when."""
    unit_of_work: Text | None = None
    """metric_id that counts its units of work."""
    replaces: Replaces | None = None
    """What it makes unnecessary."""
    guardrail: Guardrail | None = None
    """What enforces its cap in the gateway."""

    @model_validator(mode="after")
    def _customers_buy_products(self) -> "Initiative":
        if self.kind == "customer_facing" and self.product_id is None:
            raise ValueError("key 'product_id' is missing; a customer-facing initiative belongs to a product")
        return self
