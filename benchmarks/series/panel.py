"""The panel: every series of ``panel.csv``, read from ``daily/`` and checked against its checksum.

A file that is missing, changed, out of order or with a gap is an error: a measurement on other data is none.
"""

import csv
import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from orchestration.statistics.growth import Floats

FOLDER = Path(__file__).parent
INDEX, DAILY = FOLDER / "panel.csv", FOLDER / "daily"
HALVES = ("tune", "held_out")


@dataclass(frozen=True)
class Series:
    """One daily series, dense from ``first_day``; ``half`` says whether constants may be chosen on it."""

    name: str
    domain: str
    half: str
    measures: str
    source: str
    licence: str
    made: str
    first_day: date
    values: Floats


def read_panel(half: str | None = None) -> list[Series]:
    """All series in the order of the index, or those of one half. Raises ``ValueError`` on a file that is not as indexed."""
    with INDEX.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [_read(row) for row in rows if half is None or row["half"] == half]


def halves(rows: list[tuple[str, str]]) -> dict[str, str]:
    """The half of each name: (domain, name) in their order, alternately tune and held out."""
    return {name: HALVES[at % 2] for at, (_, name) in enumerate(sorted(rows))}


def _read(row: dict[str, str]) -> Series:
    content = (DAILY / f"{row['name']}.csv").read_bytes()
    if hashlib.sha256(content).hexdigest() != row["sha256"]:
        raise ValueError(f"{row['name']}: the file is not the one of the index")
    lines = [line.split(",") for line in content.decode().splitlines()[1:]]
    first = date.fromisoformat(row["first_day"])
    days = [date.fromisoformat(day) for day, _ in lines]
    if days != [first + timedelta(days=n) for n in range(int(row["days"]))]:
        raise ValueError(f"{row['name']}: the days are not {row['days']} in a row from {first}")
    values = np.array([float(value) for _, value in lines])
    fields = (row[field] for field in ("name", "domain", "half", "measures", "source", "licence", "made"))
    return Series(*fields, first, values)
