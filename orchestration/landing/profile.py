"""Which models usage names, from the profiles of the loads: written down when a load lands, so that nothing scans history.

:data:`MODELS_OF_USAGE` says for each stream of usage where its provider and model stand. A pair in which either is
missing names nothing and is left out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ModelColumns:
    """``provider_column`` of the stream, or ``provider`` where all of its usage is one provider's."""

    provider_column: str | None = None
    provider: str | None = None
    model_column: str = "model"

    @property
    def columns(self) -> list[str]:
        return [self.model_column, *([self.provider_column] if self.provider_column else [])]

    def pairs(self, rows: Iterable[Mapping[str, Any]]) -> list[list[str]]:
        """The distinct pairs of provider and model in rows of the stream, in order."""
        found = {
            (row[self.provider_column] if self.provider_column else self.provider, row[self.model_column])
            for row in rows
        }
        return sorted([provider, model] for provider, model in found if provider and model)


MODELS_OF_USAGE: dict[tuple[str, str], ModelColumns] = {
    ("openai", "usage_completions"): ModelColumns(provider="openai"),
    ("openai", "usage_other"): ModelColumns(provider="openai"),
    ("anthropic", "usage"): ModelColumns(provider="anthropic"),
    ("openrouter", "activity"): ModelColumns(provider="openrouter"),
    ("merge_gateway", "usage"): ModelColumns(provider_column="vendor"),
    ("litellm", "spend_logs"): ModelColumns(provider_column="custom_llm_provider"),
    ("litellm", "rolled_up_usage"): ModelColumns(provider_column="custom_llm_provider"),
    ("litellm", "daily_activity"): ModelColumns(provider_column="custom_llm_provider"),
}
