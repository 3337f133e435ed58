"""Builds the schemas: the models give keys, kinds and bounds, the registry's tables what hangs on a source or a profile.

A value is accepted in every way the registry reads it: a number also as quoted text, a text also as a bare number.
"""

import json
from collections.abc import Mapping
from itertools import product
from typing import Annotated, Any

from pydantic import BaseModel, Field, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from orchestration.registry.alerts import OtherAlertKeys
from orchestration.registry.guardrails import ADAPTERS, AdapterConfig, foreign_adapter_keys
from orchestration.registry.identity import CompanyConfig
from orchestration.registry.loader import FILES, REQUIRED_SECTIONS
from orchestration.registry.ownership import Match
from orchestration.registry.policy import policy_text
from orchestration.registry.policy_keys import FIXED, KINDS, profile_defaults
from orchestration.registry.schemas import schema_name
from orchestration.registry.schemas.policy_texts import POLICY_TEXTS
from orchestration.registry.sources import (
    APIS,
    BASE_URLS,
    LEDGER_DEFAULTS,
    LEDGER_SOURCES,
    SECRET_VARIABLES,
    LedgerConfig,
    SourceConfig,
    SourceName,
    foreign_keys,
)
from orchestration.registry.tiers import TierMaps

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
NUMBER_TEXT = r"^[-+]?(\d[\d_]*(\.\d*)?|\.\d+)([eE][-+]?\d{1,3})?$"
FLOOR_TEXT = r"^\s*target\s*-\s*\S+\s*$"
OTHER_MODELS: Mapping[str, tuple[type[BaseModel], ...]] = {
    "company.yaml": (CompanyConfig,),
    "sources.yaml": (SourceConfig, LedgerConfig),
    "model_tiers.yaml": (TierMaps,),
    "alerts.yaml": (OtherAlertKeys,),
    "guardrails.yaml": (AdapterConfig,),
}
BOUNDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}
ABOUT = {
    "company.yaml": "Who the company is, its calendar and currency, its policy profile, accounts and cost classes.",
    "sources.yaml": "Which sources are on, where they are, and which environment variable holds each secret.",
    "model_tiers.yaml": "The tiers of models, dearest first, and what work needs which tier.",
    "initiatives.yaml": "Every AI feature and internal workflow.",
    "ownership.yaml": "Whose usage is whose, and how shared cost is split.",
    "contracts.yaml": "Negotiated discounts and prices, commitments, prepaid balances and credits.",
    "departments.yaml": "Names and hierarchy of the departments that other files refer to.",
    "products.yaml": "Names, hierarchy and margins of the products that other files refer to.",
    "customers.yaml": "Names of the customers that other files refer to.",
    "alerts.yaml": "Where alerts go, who hears which, and how many at most.",
    "guardrails.yaml": "Which caps hold for whom, who may pass them for how long, and which gateways may be written to.",
}
SOURCES = {
    "openai": "Organization usage and costs of OpenAI.",
    "anthropic": "Organization usage and costs of Anthropic.",
    "claude_code": "Claude Code analytics of Anthropic, per developer.",
    "litellm": "The LiteLLM gateway: spend logs over its API, in files, or summed elsewhere; caps are read back over its API.",
    "openrouter": "Activity of OpenRouter.",
    "merge_gateway": "Organization usage of Merge Gateway.",
    "focus_files": "Cloud bills in the FOCUS format.",
    "quickbooks": "The general ledger of QuickBooks Online.",
    "xero": "The journals of Xero.",
    "netsuite": "The posted lines of NetSuite, by SuiteQL.",
}
ADAPTER_TEXTS = {
    "litellm": "The LiteLLM proxy: keys and teams.",
    "merge_gateway": "Merge Gateway: keys.",
    "openrouter": "OpenRouter: keys.",
    "mlflow": "The MLflow AI Gateway: endpoints.",
    "openai": "OpenAI: projects.",
    "anthropic": "Anthropic: keys and workspaces.",
    "webhook": "A service of your own that is told by a signed request.",
    "policy_file": "A file that a hook in your gateway reads.",
}
SECTIONS = {
    "sources": "Sources by name.",
    "metering": "Provider to source: whose usage counts where two sources see one provider. Default: the provider's own.",
    "ledgers": "How each kind of ledger file is read, and what a rejected row does.",
    "tiers": "Tiers, dearest first.",
    "initiatives": "One record per initiative, or per dated version of one.",
    "rules": "The matching rule with the highest priority wins.",
    "pools": "Shared pools, emptied in their order.",
    "contracts": "One record per negotiated term.",
    "departments": "One record per department, or per dated version of one.",
    "products": "One record per product, or per dated version of one.",
    "customers": "One record per customer, or per dated version of one.",
    "destinations": "Places where alerts arrive, each with the environment variable that holds its address.",
    "routes": "Which alerts go where; the first route that matches counts.",
    "caps": "One record per cap, or per dated version of one; where several hold for one id, each holds.",
    "overrides": "Other amounts for single ids, each approved by somebody and over by itself.",
    "adapters": "Gateways by name. Nothing is written to one that is not named here.",
}


class FileSchema(GenerateJsonSchema):
    """Schemas of what may stand in a file, where an absent key is never written as null."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        shown = super().default_schema(schema)
        return {key: value for key, value in shown.items() if key != "default" or value not in (None, [], {})}

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def str_schema(self, schema: core_schema.StringSchema) -> JsonSchemaValue:
        return {**super().str_schema(schema), "type": ["string", "number"], "minLength": 1}

    def int_schema(self, schema: core_schema.IntSchema) -> JsonSchemaValue:
        return {"anyOf": [super().int_schema(schema), {"type": "string", "pattern": r"^[-+]?\d+$"}]}

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        return {"anyOf": [{"type": "number"}, {"type": "string", "pattern": NUMBER_TEXT}]}

    def datetime_schema(self, schema: core_schema.DatetimeSchema) -> JsonSchemaValue:
        return {"type": "string", "format": "date-time"}

    def date_schema(self, schema: core_schema.DateSchema) -> JsonSchemaValue:
        return {"type": "string", "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$"}


def schema_texts() -> dict[str, str]:
    """Every schema by the name of its file, as it is committed."""
    return {schema_name(file): json.dumps(_file_schema(file), indent=2, ensure_ascii=False) + "\n" for file in FILES}


def _file_schema(file: str) -> Schema:
    _, lists, _ = FILES[file]
    models = [*lists.values(), *OTHER_MODELS.get(file, ())]
    _, built = models_json_schema([(model, "validation") for model in models], schema_generator=FileSchema)
    definitions: Schema = built["$defs"]
    if file == "ownership.yaml":
        _open_tags(definitions[Match.__name__])
    properties: Schema = {
        section: {"type": "array", "items": {"$ref": f"#/$defs/{model.__name__}"}, "description": SECTIONS.get(section)}
        for section, model in lists.items()
    }
    required = [section for section in properties if section in REQUIRED_SECTIONS]
    if file == "company.yaml":
        properties, required = _company(definitions.pop(CompanyConfig.__name__))
    elif file == "sources.yaml":
        properties, required = _sources(definitions), ["sources"]
    elif file == "model_tiers.yaml":
        maps = definitions.pop(TierMaps.__name__)
        properties |= maps["properties"]
        required += list(maps["properties"])
    elif file == "alerts.yaml":
        properties |= definitions.pop(OtherAlertKeys.__name__)["properties"]
    elif file == "guardrails.yaml":
        properties |= _adapters(definitions.pop(AdapterConfig.__name__))
    head = {"$schema": DIALECT, "title": file, "description": ABOUT[file], "type": "object"}
    body = {"additionalProperties": False, "properties": properties, "required": required}
    whole: Schema = _tidy({**head, **body, **({"$defs": definitions} if definitions else {})})
    return whole


def _tidy(node: Any) -> Any:
    """Bounds moved to the number they are about, descriptions in one line of plain words."""
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    tidied = {key: _tidy(value) for key, value in node.items() if not (key in BOUNDS and "anyOf" in node)}
    bounds = {BOUNDS[key]: value for key, value in node.items() if key in BOUNDS and "anyOf" in node}
    if bounds:
        number, *others = tidied["anyOf"]
        tidied["anyOf"] = [{**number, **bounds}, *others]
    if isinstance(tidied.get("description"), str):
        tidied["description"] = " ".join(tidied["description"].replace("``", "`").split())
    return tidied


def _company(built: Schema) -> tuple[Schema, list[str]]:
    properties = dict(built["properties"])
    properties["policy"] = {
        "type": "object",
        "description": properties["policy"]["description"],
        "additionalProperties": False,
        "properties": {key: _policy_value(key) for key in KINDS},
    }
    return properties, built["required"]


def _policy_value(key: str) -> Schema:
    schema = _POLICY_KINDS.get(key) or KINDS[key].json_schema(schema_generator=FileSchema)
    shown: Schema = _tidy(schema)
    return {**shown, "description": f"{POLICY_TEXTS[key]} Default: {policy_default(key)}."}


def policy_default(key: str) -> str:
    """The default of a policy key in words; where it hangs on the profile, one value per profile."""
    if key in FIXED:
        return policy_text(FIXED[key])
    by_profile = {
        (size, margin): policy_text(profile_defaults(size, margin)[key])
        for size, margin in product(("startup", "enterprise"), ("thin", "healthy"))
    }
    for axis in (0, 1):
        grouped: dict[str, set[str]] = {}
        for profile, value in by_profile.items():
            grouped.setdefault(profile[axis], set()).add(value)
        if all(len(values) == 1 for values in grouped.values()):
            return ", ".join(f"{min(values)} ({name})" for name, values in grouped.items())
    return ", ".join(f"{value} ({size}, {margin})" for (size, margin), value in by_profile.items())


def _sources(definitions: Schema) -> Schema:
    model, ledger = definitions.pop(SourceConfig.__name__), definitions.pop(LedgerConfig.__name__)
    names: tuple[str, ...] = SourceName.__args__  # type: ignore[attr-defined]
    return {
        "sources": {
            "type": "object",
            "description": SECTIONS["sources"],
            "additionalProperties": False,
            "properties": {name: _source(name, model) for name in names},
        },
        "metering": {
            "type": "object",
            "description": SECTIONS["metering"],
            "additionalProperties": {"enum": list(names)},
        },
        "ledgers": {
            "type": "object",
            "description": SECTIONS["ledgers"],
            "additionalProperties": False,
            "properties": {
                name: {**ledger, "description": f"Default: {default.on_reject}."}
                for name, default in LEDGER_DEFAULTS.items()
            },
        },
    }


def _source(name: str, model: Schema) -> Schema:
    """The keys that this source takes, with its own choices and defaults."""
    foreign = {"name", *foreign_keys(name, set(model["properties"]))}
    properties = {key: dict(value) for key, value in model["properties"].items() if key not in foreign}
    for key, defaults in (("base_url", BASE_URLS), ("api_key_env", SECRET_VARIABLES)):
        if name in defaults:
            properties[key]["default"] = defaults[name]
    if "api" in properties:
        properties["api"]["enum"] = list(APIS[name])
    if "mode" in properties and name in LEDGER_SOURCES:
        properties["mode"]["enum"] = ["api", "files"]
    shown = {"type": "object", "description": SOURCES[name]}
    return {**shown, "additionalProperties": False, "properties": properties}


def _adapters(model: Schema) -> Schema:
    """The keys that each adapter takes."""
    named: Schema = {}
    for name in ADAPTERS:
        foreign = {"name", *foreign_adapter_keys(name, set(model["properties"]))}
        properties = {key: value for key, value in model["properties"].items() if key not in foreign}
        shown = {"type": "object", "description": ADAPTER_TEXTS[name], "additionalProperties": False}
        named[name] = {**shown, "properties": properties}
    about = {"type": "object", "description": SECTIONS["adapters"], "additionalProperties": False}
    return {"adapters": {**about, "properties": named}}


def _open_tags(match: Schema) -> None:
    tags = match["properties"].pop("tags")
    match["description"] = "Patterns that usage must meet, every one of them; tags are written as tag.<name>."
    match["patternProperties"] = {r"^tag\..+$": tags["additionalProperties"]}


_WHOLE = TypeAdapter(Annotated[int, Field(ge=0)]).json_schema(schema_generator=FileSchema)
_POLICY_KINDS: Mapping[str, Schema] = {
    "margin_floor_ratio": {
        "anyOf": [
            {"type": "number", "minimum": -10, "maximum": 1},
            {"type": "string", "pattern": f"{NUMBER_TEXT}|{FLOOR_TEXT}"},
        ]
    },
    "settle_lag_hours": {
        "anyOf": [
            _WHOLE,
            {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "api": {**_WHOLE, "description": "Every source read over an API."},
                    "files": {**_WHOLE, "description": "Every source read from files."},
                    **{name: {**_WHOLE, "description": f"{name} alone."} for name in SOURCES},
                },
            },
        ]
    },
}
