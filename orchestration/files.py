"""Small files, times and counts as text: how every part of the house writes a file whole, a moment in UTC, a number of things."""

import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path


def utc_text(moment: datetime) -> str:
    """RFC 3339 in UTC with microseconds; ``moment`` must carry a time zone."""
    if moment.tzinfo is None:
        raise ValueError("a landed time needs a time zone")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def counted(number: int, noun: str) -> str:
    """A number with its noun, in the plural where it needs one."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def write_atomically(path: Path, text: str) -> None:
    """Replace a small text file: readers see the old content or the new, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
