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
        "columns": {"cost_date": {"data_type": "date"}, "cost": {"data_type": "decimal(38,9)"}},
    }
    path = folder / "manifest.json"
    path.write_text(json.dumps({"nodes": {"a": node, "b": {"resource_type": "test", "schema": "marts"}}}))
    return path


@pytest.mark.parametrize(
    ("meta", "layout"),
    [
        ({}, Layout(None, False)),
        ({"partition_by": "cost_date", "owner": "x"}, Layout("cost_date", False)),
        ({"partition_by": "cost_date", "parquet_only": True}, Layout("cost_date", True)),
    ],
)
def test_meta_is_read(tmp_path: Path, meta: dict[str, Any], layout: Layout) -> None:
    assert read_layouts(manifest(tmp_path, meta)) == {"fct_costs": layout}


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


def test_the_large_facts_of_the_project_are_laid_out_by_month(tmp_path: Path) -> None:
    layouts = read_layouts(ensure_manifest(Home(tmp_path)))
    assert layouts["fct_usage"] == Layout("usage_date")
    assert layouts["fct_allocated_costs"] == layouts["fct_billed_costs"] == Layout("cost_date")
    assert layouts["fct_usage_by_hour"] == Layout("usage_date", parquet_only=True)
    assert layouts["dim_dates"] == Layout()
