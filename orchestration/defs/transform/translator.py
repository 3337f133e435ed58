"""How dbt's models and sources appear in the graph: key, group, owner, description."""

from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings

from orchestration.defs.presentation import OWNERS


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
        """The folder below ``models/``: staging, intermediate, or the topic of a mart (``marts_margin``)."""
        folders = props["fqn"][1:-1]
        if props["resource_type"] == "seed" or not folders:
            return "seeds"
        return "_".join(folders[:2]) if folders[0] == "marts" else str(folders[0])

    def get_owners(self, props: Mapping[str, Any]) -> list[str]:
        return OWNERS

    def get_description(self, props: Mapping[str, Any]) -> str:
        return str(
            props.get("description")
            or f"dbt {props['resource_type']} {props['name']}, see {props['original_file_path']}"
        )
