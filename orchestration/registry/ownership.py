"""ownership.yaml: whose usage is whose, and how shared cost is split."""

import re
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from orchestration.registry.fields import Globs, Part, PositiveMoney, Record, Text, set_keys

MATCH_KEYS = ("source", "provider", "account_id", "project_id", "api_key_id", "actor_id", "team_id", "model")
TAG_PREFIX = "tag."
_BASIS = re.compile(r"direct_cost|headcount|revenue|metric:\S+")


def check_basis(value: str) -> str:
    if not _BASIS.fullmatch(value):
        raise ValueError("is not a basis; write direct_cost, headcount, revenue or metric:<id>")
    return value


class Match(Part):
    """Patterns that usage must meet, every one of them; ``tags`` holds the keys written as ``tag.<name>``."""

    source: Globs | None = None
    """Source that saw the usage."""
    provider: Globs | None = None
    """Who sells the model."""
    account_id: Globs | None = None
    """Account or organization at the provider."""
    project_id: Globs | None = None
    """Project or workspace at the provider."""
    api_key_id: Globs | None = None
    """Key the usage was paid with."""
    actor_id: Globs | None = None
    """Person or service account."""
    team_id: Globs | None = None
    """Team in the gateway."""
    model: Globs | None = None
    """Model name."""
    tags: dict[Text, Globs] = Field(default_factory=dict, exclude=True)

    @model_validator(mode="before")
    @classmethod
    def _gather_tags(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        if "tags" in values:
            raise ValueError("unknown key 'tags'; write each tag as tag.<name>")
        tags = {key[len(TAG_PREFIX) :]: value for key, value in values.items() if key.startswith(TAG_PREFIX)}
        others = {key: value for key, value in values.items() if not key.startswith(TAG_PREFIX)}
        return {**others, "tags": tags} if tags else others

    def patterns(self) -> dict[str, tuple[str, ...]]:
        """Every key that is constrained, tags under ``tag.<name>``, with its patterns."""
        fixed = {key: getattr(self, key) for key in MATCH_KEYS if getattr(self, key) is not None}
        return fixed | {f"{TAG_PREFIX}{name}": globs for name, globs in self.tags.items()}


class Assign(Part):
    initiative_id: Text | None = None
    """Initiative that owns the usage; it brings its department and product."""
    department_id: Text | None = None
    """Department that owns it."""
    product_id: Text | None = None
    """Product that owns it."""
    customer_id: Text | None = None
    """Customer it was used for."""

    @model_validator(mode="after")
    def _names_one_owner(self) -> "Assign":
        named = set_keys(self, ("initiative_id", "department_id", "product_id", "customer_id"))
        if not named:
            raise ValueError("names nobody; give an initiative_id, department_id, product_id or customer_id")
        if "initiative_id" in named and {"department_id", "product_id"} & set(named):
            raise ValueError("an initiative brings its own department and product; drop department_id and product_id")
        return self


class Target(Part):
    """One receiver of shared cost; ``weight`` only under method ``fixed``."""

    initiative_id: Text | None = None
    """Initiative that receives."""
    department_id: Text | None = None
    """Department that receives."""
    pool_id: Text | None = None
    """Pool that receives and passes on."""
    weight: PositiveMoney | None = None
    """Part of the cost under method fixed; the weights sum to 1."""

    @model_validator(mode="after")
    def _names_one_receiver(self) -> "Target":
        if len(set_keys(self, ("initiative_id", "department_id", "pool_id"))) != 1:
            raise ValueError("a target names exactly one of initiative_id, department_id and pool_id")
        return self

    @property
    def receiver(self) -> tuple[str, str]:
        """The key that is set and its value."""
        key = set_keys(self, ("initiative_id", "department_id", "pool_id"))[0]
        return key, getattr(self, key)


class Share(Part):
    """How a cost is split: by weights that sum to one, evenly, or in proportion to a basis."""

    method: Literal["proportional", "fixed", "even"]
    """proportional to a basis, fixed weights, or even."""
    basis: Annotated[Text, AfterValidator(check_basis)] | None = None
    """direct_cost, headcount, revenue or metric:<id>; only under method proportional."""
    targets: Annotated[tuple[Target, ...], Field(min_length=1)]
    """Who receives."""

    @model_validator(mode="after")
    def _method_has_what_it_needs(self) -> "Share":
        receivers = [target.receiver for target in self.targets]
        for receiver in receivers:
            if receivers.count(receiver) > 1:
                raise ValueError(f"target '{receiver[1]}' is named twice; merge the two")
        if (self.basis is None) == (self.method == "proportional"):
            raise ValueError("basis belongs to method proportional, and only to it; add or drop it")
        weights = [target.weight for target in self.targets]
        if self.method != "fixed":
            if any(weight is not None for weight in weights):
                raise ValueError(f"method {self.method} takes no weight; drop the weights or use method fixed")
            return self
        if any(weight is None for weight in weights):
            raise ValueError("method fixed needs a weight on every target")
        total = sum((weight for weight in weights if weight is not None), Decimal(0))
        if total != 1:
            raise ValueError(f"the weights sum to {total}, not to 1; correct them")
        return self


class OwnershipRule(Record):
    """One rule; the highest ``priority`` that matches wins."""

    rule_id: Text
    """Short name of the rule, stored with what it assigns."""
    priority: int
    """The matching rule with the highest priority wins."""
    match: Match
    """Patterns that the usage must meet, every one of them."""
    assign: Assign | None = None
    """The one owner; or give share."""
    share: Share | None = None
    """How it is split; or give assign."""

    @model_validator(mode="after")
    def _assigns_or_shares(self) -> "OwnershipRule":
        if (self.assign is None) == (self.share is None):
            raise ValueError("a rule has exactly one of assign and share")
        return self


class Pool(Record):
    """A shared pool; lower ``order`` empties first. Without ``share`` it follows all initiatives' direct cost."""

    pool_id: Text
    """Short name of the pool."""
    order: int
    """Lower empties first."""
    share: Share | None = None
    """Who receives; default every initiative, by direct cost."""
