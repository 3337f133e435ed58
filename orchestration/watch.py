"""Show a run's progress: bars on a terminal, one plain line per step elsewhere. Hears events, influences nothing."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from orchestration.progress import Event, listening


@contextmanager
def watching(stream: TextIO, steps: list[str]) -> Iterator[None]:
    """Within the block, show on ``stream`` how the ``steps`` of a run advance."""
    if stream.isatty():
        with _bars(stream, steps):
            yield
    else:
        with _lines(stream):
            yield


@contextmanager
def _lines(stream: TextIO) -> Iterator[None]:
    began: dict[str, float] = {}

    def tell(event: Event) -> None:
        if event.state == "started":
            began[event.step] = time.monotonic()
        elif event.state != "working":
            took = f" in {time.monotonic() - began[event.step]:.1f} s" if event.step in began else ""
            print(f"{step_text(event.step)}: {event.state}{took}", file=stream, flush=True)

    with listening(tell):
        yield


@contextmanager
def _bars(stream: TextIO, steps: list[str]) -> Iterator[None]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=stream), redirect_stdout=False, redirect_stderr=False) as bars:
        whole = bars.add_task("run", total=len(steps))
        parts = {}

        def tell(event: Event) -> None:
            if event.state == "started":
                bars.update(whole, description=step_text(event.step))
            elif event.state == "working":
                if event.step not in parts:
                    parts[event.step] = bars.add_task(f"  {event.note}", total=event.total)
                bars.update(parts[event.step], completed=event.done)
            else:
                bars.advance(whole)
                if event.state == "failed":
                    bars.console.print(f"{step_text(event.step)}: failed")

        with listening(tell):
            yield


def step_text(step: str) -> str:
    """A step's name for people."""
    return step.replace("__", " ").replace("_", " ")
