"""model_tiers.yaml: tiers dearest first, which models belong to which, and the dearest tier each complexity may use."""

from dataclasses import dataclass, field

from pydantic import Field

from orchestration.registry.fields import Complexity, Glob, Part, Record, Text
from orchestration.registry.globs import matches


class Tier(Record):
    """One tier; its place in the file is its rank, the dearest first."""

    tier: Text
    """Name of the tier."""
    reference_model: Text
    """Model that stands for the tier when a dearer model is compared with it."""


class TierMaps(Part):
    models: dict[Glob, Text] = Field(default_factory=dict)
    """Patterns of model names to tiers; the first match wins."""
    complexity: dict[Complexity, Text] = Field(default_factory=dict)
    """Dearest tier that work of each complexity may use."""


@dataclass(frozen=True)
class ModelTiers:
    """``tiers`` dearest first; ``models``: pattern to tier, first match wins; ``complexity`` to dearest tier."""

    tiers: tuple[Tier, ...] = ()
    models: dict[str, str] = field(default_factory=dict)
    complexity: dict[str, str] = field(default_factory=dict)

    def tier_of(self, model_id: str) -> str | None:
        """The tier of a model, None when no pattern matches it."""
        return next((tier for pattern, tier in self.models.items() if matches(pattern, model_id)), None)

    def rank(self, tier: str) -> int:
        """1 for the dearest tier; ValueError for a tier that is not declared."""
        return self.names.index(tier) + 1

    @property
    def names(self) -> list[str]:
        return list(dict.fromkeys(tier.tier for tier in self.tiers))
