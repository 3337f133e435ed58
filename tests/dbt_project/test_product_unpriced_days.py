"""On which days a product's core used something without a price. Real models, landed rows."""

from datetime import date
from pathlib import Path

import duckdb

from orchestration.landing.store import Landing
from tests.dbt_project.compiled_models import build, write_run_parameters
from tests.dbt_project.warehouse_rows import price, request, row

OWNERS = {
    "priced": {"initiative_id": "core"},
    "of_core": {"initiative_id": "core"},
    "of_experiment": {"initiative_id": "trial"},
    "of_product": {"product_id": "direct"},
    "shared": {"share_method": "even"},
    "of_nobody": {"department_id": "d"},
}
"""Who owns the usage of each key."""


def test_unpriced_usage_of_a_products_core_makes_its_days_unpriced(tmp_path: Path) -> None:
    """Key by key on the 1st, 2nd, ... of July: core has a price on the 1st and none on the 2nd, the experiment of the same
    product none on the 3rd; then a product itself, the core of two others that share, and a department.
    """
    landing = Landing(tmp_path / "landing")
    requests = [
        request("p", key, 1000, f"2026-07-0{day}", api_key=key, model="known" if key == "priced" else "unknown")
        for day, key in enumerate(OWNERS, start=1)
    ]
    rules = [
        row("registry", "ownership_rules", rule_id=key, priority=1, api_key_id_pattern=key, **owner)
        for key, owner in OWNERS.items()
    ]
    targets = [
        row("registry", "ownership_targets", rule_id="shared", target_position=at, initiative_id=name)
        for at, name in enumerate(("one", "two"), start=1)
    ]
    initiatives = [
        row(
            *("registry", "initiatives"),
            initiative_id=name,
            kind="customer_facing",
            stage=stage,
            started_on=date(2026, 6, 1),
            product_id=product,
        )
        for name, stage, product in (
            ("core", "core", "app"),
            ("trial", "experimentation", "app"),
            ("one", "core", "shop"),
            ("two", "core", "site"),
        )
    ]
    streams = {"ownership_rules": rules, "ownership_targets": targets, "initiatives": initiatives}
    with landing.batch("litellm", "spend_logs") as batch:
        batch.add_rows("current", requests, window_start="2026-07-01T00:00:00Z", window_end="2026-08-01T00:00:00Z")
    with landing.batch("prices", "price_book") as batch:
        batch.add_rows("current", [price("p", "10", model_id="known")])
    for stream, rows in streams.items():
        with landing.batch("registry", stream) as batch:
            batch.add_rows("current", rows)
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute("set TimeZone = 'UTC'")
        landing.register(connection)
        write_run_parameters(connection, date(2026, 7, 31))
        build(connection, ["int_product_unpriced_days"])
        found = connection.execute(
            "select product_id, day(unpriced_date) from intermediate.int_product_unpriced_days order by 2, 1"
        ).fetchall()
    assert found == [("app", 2), ("direct", 4), ("shop", 5), ("site", 5)]
