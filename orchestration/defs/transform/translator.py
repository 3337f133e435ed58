"""How dbt's models, sources and tests appear in the graph: key, group, owner, description, the file to open."""

from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings

from orchestration.defs.presentation import opens, owners
from orchestration.defs.transform.checks import sentence
from orchestration.project import DBT_PROJECT


class Translator(DagsterDbtTranslator):
    """Source ``landing.<source>__<stream>`` is the asset ``[source, stream]``; a model is ``[schema, model]``."""

    def __init__(self) -> None:
        super().__init__(DagsterDbtTranslatorSettings(enable_code_references=False))

    def get_asset_key(self, props: Mapping[str, Any]) -> dg.AssetKey:
        if props["resource_type"] == "source":
            source, _, stream = props["name"].partition("__")
            return dg.AssetKey([source, stream] if stream else [props["source_name"], props["name"]])
        return super().get_asset_key(props)

    def get_group_name(self, props: Mapping[str, Any]) -> str | None:
        """The dbt group, which is the model's area (``margin``); a model of no area is an error of the project."""
        return str(props["config"]["group"]) if props["resource_type"] == "model" else None

    def get_owners(self, props: Mapping[str, Any]) -> list[str]:
        group = self.get_group_name(props)
        return owners(group) if group else []

    def get_description(self, props: Mapping[str, Any]) -> str:
        return str(
            props.get("description")
            or f"dbt {props['resource_type']} {props['name']}, see {props['original_file_path']}"
        )

    def get_metadata(self, props: Mapping[str, Any]) -> Mapping[str, Any]:
        """With the file of the model, which the UI opens in an editor."""
        return {**super().get_metadata(props), **opens(DBT_PROJECT / props["original_file_path"])}

    def get_asset_check_spec(
        self, asset_spec: dg.AssetSpec, manifest: Mapping[str, Any], unique_id: str, project: Any
    ) -> dg.AssetCheckSpec | None:
        spec = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        return spec and spec._replace(description=sentence(manifest["nodes"][unique_id]))
