"""Which loads have passed the expectations of their stream: ``HOME/landing/<source>/<stream>/verdicts.json``.

A load is whole and never changes, so one verdict on it stands for as long as the suite does. The file names the suite
by its digest, and the loads that passed it by a fingerprint of content, window and size on disk. A load that it does not
name, a file of another size or another suite means: judge. It is written atomically and only after the verdict, so that
a kill between landing and judging, or between judging and writing, is healed by judging again.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

from orchestration.files import write_atomically
from orchestration.landing.loads import Load
from orchestration.landing.store import Landing

_VERDICTS = "verdicts.json"


@dataclass(frozen=True)
class Judgement:
    """What there is to judge of one stream. ``partitions``: those whose visible load has no verdict yet; ``passing``:
    the fingerprints to record when they pass.
    """

    partitions: tuple[str, ...]
    passing: frozenset[str]


def to_judge(landing: Landing, source: str, stream: str, suite: str, *, as_whole: bool) -> Judgement:
    """The visible loads of a stream that have not passed suite ``suite`` (its digest).

    ``as_whole``: a rule compares rows of several loads, so the verdict is one on all of them together.
    """
    visible = landing.visible_loads(source, stream)
    fingerprints = {name: _fingerprint(landing, source, stream, name, load) for name, load in visible.items()}
    if as_whole:
        fingerprints = dict.fromkeys(fingerprints, _digest(fingerprints.values()))
    passed = _passed(landing, source, stream, suite)
    open_loads = {name: mark for name, mark in fingerprints.items() if mark not in passed}
    return Judgement(tuple(open_loads), frozenset(open_loads.values()))


def record_passed(landing: Landing, source: str, stream: str, suite: str, judgement: Judgement) -> None:
    """Remember that what was to judge has passed; verdicts of an earlier suite are forgotten."""
    if not judgement.passing:
        return
    passed = _passed(landing, source, stream, suite) | judgement.passing
    body = {"suite": suite, "passed": sorted(passed)}
    write_atomically(landing.folder(source, stream) / _VERDICTS, json.dumps(body, indent=1))


def _passed(landing: Landing, source: str, stream: str, suite: str) -> frozenset[str]:
    path = landing.folder(source, stream) / _VERDICTS
    if not path.exists():
        return frozenset()
    body = json.loads(path.read_text())
    return frozenset(body["passed"]) if body["suite"] == suite else frozenset()


def _fingerprint(landing: Landing, source: str, stream: str, partition: str, load: Load) -> str:
    """Changes with everything a rule can see of a load, and with the size of its file, so that a file altered by hand is
    judged again. A file that is gone is too: reading it is what fails then.
    """
    file = landing.load_file(source, stream, partition, load)
    size = file.stat().st_size if file.exists() else None
    return _digest(map(str, (partition, load.load_id, load.rows, load.window_start, load.window_end, size)))


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
