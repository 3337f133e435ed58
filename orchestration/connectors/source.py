"""What a provider or gateway is to the rest of the house: one descriptor, which stands in the source's own folder.

Everything that treats sources alike (the graph, ``check``, what dbt and the price book wait for) goes through the list in
``sources.py`` and names none of them. A descriptor imports its connector only when it reads, so that the list costs
nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from orchestration.connectors.outcome import StreamOutcome
from orchestration.landing.store import Landing
from orchestration.registry import Company, SourceConfig

Says = Callable[[Company, SourceConfig], str | None]
Probe = Callable[[SourceConfig, str | None], None]


class Extract(Protocol):
    """How a source is read; ``full_refresh`` reads every day again, not only the look-back window."""

    def __call__(
        self, company: Company, landing: Landing, as_of: date, secret: str | None, /, *, full_refresh: bool
    ) -> list[StreamOutcome]: ...


@dataclass(frozen=True)
class Source:
    """``about`` completes "rows come from ..."; ``reading`` says what one read covers; ``probe`` is one cheap read, which
    raises what is in the way, None for files. ``names_models``: its rows name models that list prices may value. ``says``: what
    ``check`` says of one that was reached in another way, or None; it raises what is in the way, too.
    """

    name: str
    about: str
    reading: str
    extract: Extract
    probe: Probe | None
    names_models: bool = True
    says: Says | None = None
