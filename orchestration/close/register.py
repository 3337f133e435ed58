"""The register of closes and reopenings: ``HOME/closed/register.jsonl``, one line per decision, never changed.

The register alone decides what is closed. A folder of frozen rows that no line names is what a killed close left
behind. A line is added by replacing the file in one step, so that a decision is whole or absent.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from orchestration.files import write_atomically


@dataclass(frozen=True)
class Decision:
    """Who closed or reopened ``period`` at which moment, over which published state (run id, as-of day, policy).

    ``folder``: the frozen rows below ``HOME/closed``, for a close; ``manifest_sha256`` is the hash of its manifest.
    """

    action: Literal["close", "reopen"]
    period: str
    approver: str
    at: str
    policy_version: str
    as_of: str
    run_id: str
    folder: str | None = None
    manifest_sha256: str | None = None


def closed_folder(home: Path) -> Path:
    return home / "closed"


def read_register(home: Path) -> list[Decision]:
    """All decisions, oldest first."""
    path = closed_folder(home) / "register.jsonl"
    if not path.exists():
        return []
    return [Decision(**json.loads(line)) for line in path.read_text().splitlines()]


def append(home: Path, decision: Decision) -> None:
    path = closed_folder(home) / "register.jsonl"
    before = path.read_text() if path.exists() else ""
    write_atomically(path, before + json.dumps(asdict(decision)) + "\n")


def closed_periods(decisions: Iterable[Decision], known_before: str | None = None) -> dict[str, Decision]:
    """Period to the close that is in force, in order of period; ``known_before``: by decisions before that moment."""
    closed: dict[str, Decision] = {}
    for decision in decisions:
        if known_before is not None and decision.at >= known_before:
            continue
        if decision.action == "close":
            closed[decision.period] = decision
        else:
            closed.pop(decision.period, None)
    return dict(sorted(closed.items()))
