"""What the publication says of itself: the ``manifest.json`` that ``HOME/published`` leads to."""

import json
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"


class DamagedPublication(Exception):
    """The published manifest is there and cannot be read."""


def read_manifest(published: Path) -> dict[str, Any] | None:
    """The manifest in the folder that ``published`` is or leads to; None where nothing is published."""
    path = published.resolve() / MANIFEST
    if not path.exists():
        return None
    try:
        body = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise DamagedPublication(
            f"{path} cannot be read ({error}). It also holds which days were published, so it is not made anew: restore "
            f"that file, or let {published} lead to another folder of {published.parent / 'publications'}, then run again"
        ) from None
    if not isinstance(body, dict):
        raise DamagedPublication(f"{path} is not a manifest; restore that file")
    return body
