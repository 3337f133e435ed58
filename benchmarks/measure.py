"""Run a command and say how long it took and how much memory it and everything it started held at most.

Memory is the sum of the resident set sizes of the whole process tree, sampled; pages that processes share count in
each, so the figure is an upper bound up to what rises and falls between two samples. Linux only.
"""

import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SAMPLE_SECONDS = 0.1
_PROC = Path("/proc")


@dataclass(frozen=True)
class Measured:
    """``seconds`` of wall time, ``peak_bytes`` resident in the process tree; ``output`` is what it printed."""

    seconds: float
    peak_bytes: int
    exit_code: int
    output: str


def measure(command: Sequence[str], environment: Mapping[str, str] | None = None, cwd: Path | None = None) -> Measured:
    """Run ``command`` to its end."""
    began = time.monotonic()
    process = subprocess.Popen(
        command,
        env=environment,
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    peak, is_over = 0, threading.Event()

    def sample() -> None:
        nonlocal peak
        while not is_over.wait(SAMPLE_SECONDS):
            peak = max(peak, tree_bytes(process.pid))

    sampler = threading.Thread(target=sample)
    sampler.start()
    output, _ = process.communicate()
    seconds = time.monotonic() - began
    is_over.set()
    sampler.join()
    return Measured(seconds, peak, process.returncode, output)


def tree_bytes(root: int) -> int:
    """The resident bytes of process ``root`` and of all its descendants now."""
    children: dict[int, list[int]] = defaultdict(list)
    resident: dict[int, int] = {}
    for entry in _PROC.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "status").read_text().splitlines()
        except OSError:
            continue
        status = dict(line.split(":", 1) for line in fields if ":" in line)
        pid = int(entry.name)
        children[int(status["PPid"])].append(pid)
        resident[pid] = int(status["VmRSS"].split()[0]) * 1024 if "VmRSS" in status else 0
    total, waiting = 0, [root]
    while waiting:
        pid = waiting.pop()
        total += resident.get(pid, 0)
        waiting += children[pid]
    return total
