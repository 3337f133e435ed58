"""The house as dbt's manifest draws it: who may read what, and what every model promises. Needs no warehouse."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from orchestration.project import Home
from orchestration.transform.manifest import ensure_manifest

Node = dict[str, Any]
GRAIN_TESTS = {"one_row_per", "periods_follow_each_other"}


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return json.loads(ensure_manifest(Home(tmp_path_factory.mktemp("parsed"))).read_text())


@pytest.fixture(scope="module")
def models(manifest: dict[str, Any]) -> dict[str, Node]:
    return {key: node for key, node in manifest["nodes"].items() if node["resource_type"] == "model"}


@pytest.fixture(scope="module")
def readers(models: dict[str, Node]) -> Callable[[str], list[Node]]:
    """The models that read a model."""
    return lambda key: [node for node in models.values() if key in node["depends_on"]["nodes"]]


def layer(node: Node) -> str:
    return str(node["fqn"][1])


def area(node: Node) -> str:
    return str(node["fqn"][2])


def test_only_staging_names_a_landed_table(manifest: dict[str, Any]) -> None:
    naming = {
        node["name"]
        for node in manifest["nodes"].values()
        if any(key.startswith("source.") for key in node["depends_on"]["nodes"])
        and not (node["resource_type"] == "model" and layer(node) == "staging")
    }
    assert naming == set()


def test_arrows_go_from_staging_through_intermediate_to_marts(models: dict[str, Node]) -> None:
    may_read = {"staging": set(), "intermediate": {"staging", "intermediate"}, "marts": set(models)}
    wrong = {
        (node["name"], models[key]["name"])
        for node in models.values()
        for key in node["depends_on"]["nodes"]
        if key in models and layer(node) != "marts" and layer(models[key]) not in may_read[layer(node)]
    }
    assert wrong == set()


def test_every_model_says_what_it_is_once(models: dict[str, Node]) -> None:
    silent = {node["name"] for node in models.values() if not node["description"].strip()}
    assert silent == set()
    below = [node for node in models.values() if layer(node) != "marts"]
    twice = {node["name"] for node in below if node["raw_code"].startswith("{#")}
    assert twice == set()


def test_every_published_column_says_what_it_holds_and_of_which_type(models: dict[str, Node]) -> None:
    published = [node for node in models.values() if layer(node) == "marts"]
    assert [node["name"] for node in published if not node["columns"]] == []
    columns = [(node["name"], column) for node in published for column in node["columns"].values()]
    assert [(name, one["name"]) for name, one in columns if not (one["description"].strip() and one["data_type"])] == []


def test_every_group_has_an_owner_and_says_what_it_is(manifest: dict[str, Any], models: dict[str, Node]) -> None:
    groups = {group["name"]: group for group in manifest["groups"].values()}
    assert {node["group"] for node in models.values()} == groups.keys()
    assert [name for name, group in groups.items() if not (group["owner"]["name"] and group["description"])] == []


def test_what_is_asked_by_name_says_what_it_is(manifest: dict[str, Any]) -> None:
    """Metrics, semantic models with their dimensions and measures, and saved queries."""
    asked = [*manifest["metrics"].values(), *manifest["semantic_models"].values(), *manifest["saved_queries"].values()]
    parts = [part for one in manifest["semantic_models"].values() for part in [*one["dimensions"], *one["measures"]]]
    assert [one["name"] for one in [*asked, *parts] if not (one["description"] or "").strip()] == []


def test_metrics_stand_on_published_tables_alone(manifest: dict[str, Any], models: dict[str, Node]) -> None:
    for one in manifest["semantic_models"].values():
        (read,) = [models[key] for key in one["depends_on"]["nodes"]]
        assert (layer(read), read["config"]["meta"].get("parquet_only", False)) == ("marts", False), one["name"]


@pytest.fixture(scope="module")
def tested_for_grain(manifest: dict[str, Any]) -> set[str]:
    """The models with a data test of their grain."""
    return {
        node["attached_node"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test" and (node.get("test_metadata") or {}).get("name") in GRAIN_TESTS
    }


def test_every_mart_is_tested_for_its_grain(models: dict[str, Node], tested_for_grain: set[str]) -> None:
    # what is Parquet alone stands in no database on which a test could count it: the end-to-end tests do
    in_a_database = {key for key, node in models.items() if not node["config"]["meta"].get("parquet_only")}
    promising = {key for key in in_a_database if layer(models[key]) == "marts"}
    assert {models[key]["name"] for key in promising - tested_for_grain} == set()


def test_below_the_marts_a_row_per_something_names_its_columns(
    models: dict[str, Node], tested_for_grain: set[str]
) -> None:
    """In its meta or, where a build must stop, in a data test. The end-to-end tests look for them in the built tables."""
    between = {key: node for key, node in models.items() if layer(node) == "intermediate"}
    promising = {key for key, node in between.items() if "one row per" in node["description"].lower()}
    grains = {key: node["config"]["meta"]["grain"] for key, node in models.items() if "grain" in node["config"]["meta"]}
    assert {models[key]["name"] for key in promising ^ (grains.keys() | tested_for_grain & between.keys())} == set()
    assert {models[key]["name"] for key in grains.keys() & tested_for_grain} == set()
    assert {key for key, columns in grains.items() if not columns or len(columns) > len(set(columns))} == set()


def test_periods_of_every_effective_dated_dimension_follow_each_other(
    manifest: dict[str, Any], models: dict[str, Node]
) -> None:
    tested = {
        node["attached_node"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test"
        and (node.get("test_metadata") or {}).get("name") == "periods_follow_each_other"
    }
    dated = {key for key, node in models.items() if {"valid_from", "valid_to"} <= set(node["columns"])}
    assert {models[key]["name"] for key in dated} >= {
        "dim_people",
        "dim_initiatives",
        "dim_departments",
        "dim_products",
    }
    assert {models[key]["name"] for key in dated - tested} == set()


def test_the_group_is_the_folder(models: dict[str, Node]) -> None:
    for node in models.values():
        assert node["group"] == ("staging" if layer(node) == "staging" else area(node)), node["name"]


def test_marts_are_public_and_contracted(models: dict[str, Node]) -> None:
    for node in models.values():
        if layer(node) == "marts":
            assert (node["access"], node["contract"]["enforced"]) == ("public", True), node["name"]


def test_below_the_marts_nothing_is_shared_that_one_group_alone_reads(
    models: dict[str, Node], readers: Callable[[str], list[Node]]
) -> None:
    """dbt refuses a private model to other groups; this refuses to open one to them for nothing."""
    expected = {
        node["name"]: "protected" if any(area(reader) != area(node) for reader in readers(key)) else "private"
        for key, node in models.items()
        if layer(node) == "intermediate"
    }
    stated = {node["name"]: node["access"] for node in models.values() if layer(node) == "intermediate"}
    assert stated == expected
