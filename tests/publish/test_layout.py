"""The layout that a model's ``meta`` asks for, and what it may not ask for."""

import json
from pathlib import Path
from typing import Any

import pytest

from orchestration.project import Home
from orchestration.publish.layout import Layout, LayoutError, read_layouts
from orchestration.transform.manifest import ensure_manifest


def manifest(folder: Path, meta: dict[str, Any]) -> Path:
    node = {
        "resource_type": "model",
        "name": "fct_costs",
        "alias": "fct_costs",
        "schema": "marts",
        "config": {"meta": meta},
        "description": "One row per day.\n",
        "columns": {
            "cost_date": {"data_type": "date", "description": "Day of\n  the cost."},
            "cost": {"data_type": "decimal(38,9)", "description": ""},
        },
    }
    path = folder / "manifest.json"
    path.write_text(json.dumps({"nodes": {"a": node, "b": {"resource_type": "test", "schema": "marts"}}}))
    return path


@pytest.mark.parametrize(
    ("meta", "layout"),
    [
        ({}, (None, False)),
        ({"partition_by": "cost_date", "owner": "x"}, ("cost_date", False)),
        ({"partition_by": "cost_date", "parquet_only": True}, ("cost_date", True)),
    ],
)
def test_meta_and_descriptions_are_read(tmp_path: Path, meta: dict[str, Any], layout: tuple[str | None, bool]) -> None:
    said = {"cost_date": "Day of the cost."}
    assert read_layouts(manifest(tmp_path, meta)) == {"fct_costs": Layout(*layout, None, "One row per day.", said)}


@pytest.mark.parametrize(
    ("meta", "message"),
    [
        ({"partition_by": "cost"}, "fct_costs: meta partition_by names 'cost', which is no date column"),
        ({"partition_by": "posted_on"}, "names 'posted_on'"),
        ({"parquet_only": "yes"}, "parquet_only is true or false, not 'yes'"),
    ],
)
def test_what_cannot_be_is_an_error(tmp_path: Path, meta: dict[str, Any], message: str) -> None:
    with pytest.raises(LayoutError, match=message):
        read_layouts(manifest(tmp_path, meta))


def following(tmp_path: Path, kind: str, read: list[str], meta: dict[str, Any]) -> dict[str, Layout]:
    """The layouts of a view (or table: ``kind``) of hours over the models ``read``."""
    hours = {
        "resource_type": "model",
        "name": "hours",
        "alias": "hours",
        "schema": "marts",
        "config": {"meta": meta, "materialized": kind},
        "depends_on": {"nodes": read},
        "description": "",
        "columns": {"cost_date": {"data_type": "date", "description": ""}},
    }
    placed = {"resource_type": "model", "name": "placed", "alias": "placed_rows", "schema": "intermediate"}
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps({"nodes": {"hours": hours, "placed": placed, "other": {**placed, "name": "other"}}}))
    return read_layouts(path)


def test_a_view_follows_the_one_model_that_it_reads(tmp_path: Path) -> None:
    meta = {"partition_by": "cost_date", "parts_follow": "placed"}
    assert following(tmp_path, "view", ["placed"], meta) == {
        "hours": Layout("cost_date", parts_follow='"intermediate"."placed_rows"')
    }


@pytest.mark.parametrize(
    ("kind", "read", "meta"),
    [
        ("table", ["placed"], {"partition_by": "cost_date", "parts_follow": "placed"}),
        ("view", ["placed", "other"], {"partition_by": "cost_date", "parts_follow": "placed"}),
        ("view", ["other"], {"partition_by": "cost_date", "parts_follow": "placed"}),
        ("view", ["a_source"], {"partition_by": "cost_date", "parts_follow": "placed"}),
        ("view", ["placed"], {"parts_follow": "placed"}),
    ],
)
def test_what_reads_more_or_is_no_view_follows_nothing(
    tmp_path: Path, kind: str, read: list[str], meta: dict[str, Any]
) -> None:
    with pytest.raises(
        LayoutError, match="hours: meta parts_follow is for a view with partition_by that reads 'placed'"
    ):
        following(tmp_path, kind, read, meta)


def test_the_large_facts_of_the_project_are_laid_out_by_month(tmp_path: Path) -> None:
    layouts = read_layouts(ensure_manifest(Home(tmp_path)))
    parts = {name: (one.partition_by, one.parquet_only, one.parts_follow) for name, one in layouts.items()}
    assert parts["fct_usage"] == ("usage_date", False, None)
    assert parts["fct_allocated_costs"] == parts["fct_billed_costs"] == ("cost_date", False, None)
    assert parts["fct_usage_by_hour"] == ("usage_date", True, '"intermediate"."int_usage_placed_by_hour"')
    assert parts["dim_dates"] == (None, False, None)


def test_every_table_says_what_it_is(tmp_path: Path) -> None:
    layouts = read_layouts(ensure_manifest(Home(tmp_path)))
    assert [name for name, layout in layouts.items() if not layout.says] == []
