"""What a run is doing now, for whoever watches: steps report here, the command line listens. No step waits for a
listener.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Event:
    """``done`` of ``total`` parts of a step, where the step knows its parts."""

    step: str
    state: Literal["started", "working", "finished", "failed", "skipped"]
    note: str = ""
    done: int | None = None
    total: int | None = None


_listeners: list[Callable[[Event], None]] = []


def report(event: Event) -> None:
    for listener in list(_listeners):
        listener(event)


@contextmanager
def listening(listener: Callable[[Event], None]) -> Iterator[None]:
    """Within the block ``listener`` hears every event of this process."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)
