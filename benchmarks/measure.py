"""Run a command and say what it cost: wall time, CPU seconds and peak memory of it and of everything it started, and what
of both went into each of its stages.

CPU is user and system time, children included; of a process that outlives the command, as Spark's may, up to the last
sample. Memory is the sum of the resident set sizes of the whole process tree,
sampled; pages that processes share count in each, so the figure is an upper bound up to what rises and falls between
two samples. A stage ends with the line ``<stage>: finished in ...`` on the command's output. Linux only.
"""

import os
import resource
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SAMPLE_SECONDS = 0.1
_PROC = Path("/proc")
_TICKS, _PAGE = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
_ENDED = ": finished in "


@dataclass(frozen=True)
class Stage:
    """What passed between the end of the stage before and the end of this one."""

    name: str
    seconds: float
    cpu_seconds: float


@dataclass(frozen=True)
class Measured:
    """``seconds`` of wall time, ``peak_bytes`` resident in the process tree; ``output`` is what it printed."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    exit_code: int
    output: str
    stages: tuple[Stage, ...]


def measure(command: Sequence[str], environment: Mapping[str, str] | None = None, cwd: Path | None = None) -> Measured:
    """Run ``command`` to its end."""
    began, spent = time.monotonic(), _cpu_of_children()
    process = subprocess.Popen(
        command,
        env={**(os.environ if environment is None else environment), "PYTHONUNBUFFERED": "1"},
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    peak, seen, is_over = 0, 0.0, threading.Event()

    def sample() -> None:
        nonlocal peak, seen
        while not is_over.wait(SAMPLE_SECONDS):
            held, used = tree(process.pid)
            peak, seen = max(peak, held), max(seen, used)

    sampler = threading.Thread(target=sample)
    sampler.start()
    lines, stages, moment, cpu = [], [], began, 0.0
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line)
        if _ENDED in line:
            now, cpu_now = time.monotonic(), tree(process.pid)[1]
            stages.append(Stage(line.split(_ENDED)[0].strip(), now - moment, cpu_now - cpu))
            moment, cpu = now, cpu_now
    process.wait()
    seconds = time.monotonic() - began
    is_over.set()
    sampler.join()
    total = max(_cpu_of_children() - spent, seen)
    if stages:
        stages.append(Stage("the rest", began + seconds - moment, total - cpu))
    return Measured(seconds, total, peak, process.returncode, "".join(lines), tuple(stages))


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def tree(root: int) -> tuple[int, float]:
    """Resident bytes of process ``root`` and its descendants now, and the CPU seconds that they and their ended children
    have used.
    """
    children: dict[int, list[int]] = defaultdict(list)
    found: dict[int, tuple[int, float]] = {}
    for entry in _PROC.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        pid = int(entry.name)
        children[int(fields[1])].append(pid)
        found[pid] = (int(fields[21]) * _PAGE, sum(map(int, fields[11:15])) / _TICKS)
    held, used, waiting = 0, 0.0, [root]
    while waiting:
        pid = waiting.pop()
        one = found.get(pid, (0, 0.0))
        held, used = held + one[0], used + one[1]
        waiting += children[pid]
    return held, used
