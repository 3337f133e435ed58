"""A publication that holds nothing but caps, for the command: what a run would have published of guardrails.yaml."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from orchestration.enforcement.facts import PublishedCap


def publish_caps(home: Path, *caps: dict[str, Any], run_id: str = "run-1") -> None:
    """Replace what ``home`` publishes, as of yesterday, by these caps: fields that differ from a daily hard cap in UTC."""
    folder = home / "publications" / run_id
    folder.mkdir(parents=True, exist_ok=True)
    as_of = (datetime.now(UTC) - timedelta(days=1)).date()
    with duckdb.connect(str(folder / "marts.duckdb")) as connection:
        connection.execute(
            "create or replace table guardrail_caps (adapter varchar, entity varchar, cap_id varchar, subject varchar, "
            'subject_id varchar, id_pattern varchar, "window" varchar, time_zone varchar, reset_day integer, '
            "mode varchar, amount_usd decimal(38, 9), headroom_usd decimal(38, 9), holds_from date, holds_until date)"
        )
        plain = {
            **{"adapter": "litellm", "entity": None, "cap_id": "per-key", "subject": "key", "subject_id": "alpha"},
            **{"id_pattern": None, "window": "daily", "time_zone": "UTC", "reset_day": None, "mode": "hard"},
            **{"amount_usd": "1.00", "headroom_usd": "0", "holds_from": "2026-01-01", "holds_until": "9999-12-31"},
        }
        for one in caps:
            values = list((plain | one).values())
            connection.execute(f"insert into guardrail_caps values ({', '.join('?' * len(values))})", values)
    (folder / "manifest.json").write_text(json.dumps({"run_id": run_id, "as_of": as_of.isoformat()}))
    link = home / ".published"
    link.symlink_to(folder.relative_to(home))
    link.replace(home / "published")


assert set(PublishedCap.__dataclass_fields__) - {"usd"} <= {
    *("adapter", "entity", "cap_id", "subject", "subject_id", "id_pattern", "window", "time_zone", "reset_day"),
    *("mode", "headroom_usd", "holds_from", "holds_until"),
}
