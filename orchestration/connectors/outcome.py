"""What a connector reports of one stream after landing it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class StreamOutcome:
    """``partitions`` and ``rows`` count what the read holds now, new or as landed before."""

    source: str
    stream: str
    partitions: int
    rows: int
