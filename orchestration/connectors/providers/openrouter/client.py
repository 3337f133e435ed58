"""OpenRouter's management endpoints.

Source: ``GET {base_url}/activity`` and ``/keys`` with a management key as bearer token; ``base_url`` ends in
``/api/v1``.
Grain: activity is one row per UTC day, model and endpoint, unpaged, of the last 30 days that are over; it names no
key, but can be asked for by key.
Failure mode: typed failures of http.py.
"""

import time
from collections.abc import Callable
from datetime import datetime

from orchestration.connectors.http import JsonApi, utc_now
from orchestration.connectors.payload import Record
from orchestration.registry.sources import SourceConfig

SOURCE = "openrouter"
ACTIVITY_PATH, KEYS_PATH = "/activity", "/keys"


def open_api(
    source: SourceConfig,
    secret: str | None,
    *,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], datetime] = utc_now,
) -> JsonApi:
    return JsonApi(
        SOURCE,
        source.base_url,
        secret=secret,
        secret_env=source.api_key_env,
        timeout_seconds=source.timeout_seconds,
        sleep=sleep,
        now=now,
    )


def activity(api: JsonApi, key_hash: str | None = None) -> list[Record]:
    """The activity of every day that is kept, of one key or of all, deleted keys included."""
    parameters = [] if key_hash is None else [("api_key_hash", key_hash)]
    return Record(SOURCE, "activity", api.get(ACTIVITY_PATH, parameters)).parts("data")


def keys(api: JsonApi) -> list[Record]:
    """Every key, disabled ones too. Pages follow by offset until one brings no further key."""
    found: dict[str, Record] = {}
    while True:
        parameters = [("include_disabled", "true"), ("offset", str(len(found)))]
        page = Record(SOURCE, "api_keys", api.get(KEYS_PATH, parameters)).parts("data")
        further = {key.text("hash"): key for key in page if key.text("hash") not in found}
        if not further:
            return list(found.values())
        found |= further
