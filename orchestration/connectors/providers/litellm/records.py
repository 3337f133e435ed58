"""What a row of ``LiteLLM_SpendLogs`` must look like, and the SQL that makes it a row of stream
``litellm/spend_logs``.

Only the columns and metadata keys named here are ever read, so that no prompt, answer or header reaches the landing
area. Files and the API share these expressions. A row without status is a success, as the gateway itself reads it. A
token count that is absent or malformed is a fault, never zero.

What a call used beyond its two token counts is read in ``usage_object.py``.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from orchestration.connectors.providers.litellm.usage_object import (
    ALL_COUNTS,
    COUNTS,
    FIT,
    HAS_NO_WHOLE,
    IS_NO_GENERATION,
    PARTS,
    SERVICE_TIER,
    USAGE,
    USAGE_OBJECTS,
    classes,
    first_told,
    whole_of,
)
from orchestration.connectors.text_tables import literal, quoted

REQUIRED = (
    "request_id",
    "startTime",
    "api_key",
    "model",
    "custom_llm_provider",
    "user",
    "team_id",
    "prompt_tokens",
    "completion_tokens",
    "request_tags",
    "status",
    "metadata",
)
OPTIONAL = (
    *("model_group", "organization_id", "end_user", "spend"),
    *("total_tokens", "call_type", "cache_hit", "litellm_call_id"),
)
COLUMNS = (*REQUIRED, *OPTIONAL)

METADATA = {
    "key_alias": "user_api_key_alias",
    "status": "status",
    "error_type": "error_information.type",
    "error_class": "error_information.error_class",
    "call_id": "litellm_call_id",
    "service_tier": "service_tier",
    "breakdown_tier": "cost_breakdown.service_tier",
    "tool_cost": "cost_breakdown.tool_usage_cost",
    "batch_models": "batch_models",
}
"""Alias to path of the allow-listed metadata keys, those of the usage object aside."""

PATHS = (*METADATA.values(), *(f"{usage}.{path}" for usage in USAGE_OBJECTS for path in USAGE.values()))
"""Every metadata key that may be kept."""

_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
_NESTED = ("STRUCT", "MAP", "[]")


@dataclass(frozen=True)
class RawRows:
    """A relation in the shape of the gateway's table: SQL that can follow ``from``, and column name to DuckDB type."""

    scan: str
    types: Mapping[str, str]

    def landed(self, partition: str, load_id: str, *, is_lenient: bool = False) -> str:
        """A query for the rows of stream ``litellm/spend_logs`` and whether a row ``is_bad``: :meth:`faults` says why. What
        cannot be cast at all stops the query, unless it ``is_lenient``, which is slower: then it is a bad row as well.
        """
        metadata = _GUARDED if is_lenient else f"case when meta[1] = '{{' or {_IS_OBJECT} then meta else '!' end"
        sound = (
            f"not ({' or '.join(f'coalesce({fault.condition}, false)' for fault in FAULTS)})"
            if is_lenient
            else _IS_SOUND
        )
        tags = f"case when {_HAS_TAGS} then tags end" if is_lenient else "tags"
        return f"""
            select
                request_id, started_at, api_key, m_key_alias as key_alias, model, model_group, custom_llm_provider,
                user_id, team_id, organization_id, end_user as end_user_id,
                coalesce(status, m_status, 'success') as status,
                m_error_type as error_type, m_error_class as error_class,
                {_tags(f"({tags})")} as request_tags,
                all_prompt_tokens as prompt_tokens, completion_tokens,
                cache_read_tokens, cache_write_tokens,
                coalesce(all_prompt_tokens + completion_tokens > 0, false) as has_token_evidence,
                gateway_spend,
                call_type, is_cache_hit, not is_cache_hit and not ({IS_NO_GENERATION}) as is_served,
                nullif(coalesce(call_id, m_call_id), request_id) as call_id,
                {SERVICE_TIER} as service_tier,
                {", ".join(f"nullif({name}, 0) as {name}" for name in PARTS)},
                {literal(partition)} as partition, {literal(load_id)} as load_id,
                not coalesce({sound}, false) as is_bad
            from ({self._classed(metadata, is_strict=not is_lenient)})"""

    def faults(self, numbered_scan: str, number: str) -> str:
        """A query for the bad rows in order: number in ``numbered_scan``, request id, column, value at fault, what is wrong
        with it, and the gateway's own spend.
        """
        told = {
            "column_name": lambda fault: literal(fault.column) if fault.column else _NO_TEXT,
            "value": lambda fault: f"left({fault.value}, 40)" if fault.value else _NO_TEXT,
            "reason": lambda fault: literal(fault.reason),
        }
        cases = ", ".join(
            f"case {' '.join(f'when {fault.condition} then {part(fault)}' for fault in FAULTS)} end as {name}"
            for name, part in told.items()
        )
        return f"""
            select number, request_id, column_name, value, reason, spend_text
            from (select *, {cases} from ({self._classed(_GUARDED, numbered_scan, number, is_strict=False)}))
            where reason is not null order by number"""

    def _classed(self, metadata: str, scan: str | None = None, number: str = "0", *, is_strict: bool = True) -> str:
        """:meth:`_parsed` with its counts as whole numbers and the disjoint parts of the call's tokens."""
        counts = ", ".join(f"{whole_of(f't_{name}')} as n_{name}" for name in COUNTS)
        parsed = self._parsed(metadata, scan, number, is_strict=is_strict)
        return classes(f"select *, {counts}, {whole_of('t_total')} as n_total from ({parsed})")

    def _parsed(self, metadata: str, scan: str | None, number: str, *, is_strict: bool) -> str:
        """Columns as text, counts and moments; ``metadata`` is SQL over ``meta`` for the JSON object to take apart."""
        usage = _shape(USAGE.values())
        shape = _shape(METADATA.values()) | {USAGE_OBJECTS[0]: usage, USAGE_OBJECTS[1]: "VARCHAR"}
        older = f"from_json(case when usage_object is null and older[1] = '{{' then older end, {literal(json.dumps(usage))})"
        parts = ", ".join(f"found.{path} as m_{name}" for name, path in METADATA.items())
        texts = ", ".join(f"{first_told(aliases)} as t_{name}" for name, aliases in COUNTS.items())
        tiers = ", ".join(f"used.{USAGE[name]} as t_{name}" for name in ("tier", "speed", "traffic"))
        cast = "cast" if is_strict else "try_cast"
        return f"""
            select * exclude (used), coalesce(total_text, used.{USAGE["total"]}) as t_total, {texts}, {tiers} from (
                select * exclude (found, usage_object, older), coalesce(usage_object, {older}) as used from (
                    select *, {parts}, found.{USAGE_OBJECTS[0]} as usage_object, found.{USAGE_OBJECTS[1]} as older from (
                        select *, from_json(case when meta is not null then {metadata} end, {literal(json.dumps(shape))}) as found
                        from (
                            select
                                {number} as number,
                                {self._text("request_id")} as request_id,
                                {self._text("startTime")} as started_text,
                                try_cast({self._moment("startTime")} as timestamptz) as started_at,
                                {_without_raw_key(self._text("api_key"))} as api_key,
                                {self._text("model")} as model,
                                {self._text("model_group")} as model_group,
                                {self._text("custom_llm_provider")} as custom_llm_provider,
                                {self._text("user")} as user_id,
                                {self._text("team_id")} as team_id,
                                {self._text("organization_id")} as organization_id,
                                {self._text("end_user")} as end_user,
                                {self._text("status")} as status,
                                {self._text("call_type")} as call_type,
                                {self._text("litellm_call_id")} as call_id,
                                {self._text("cache_hit")} as cache_hit,
                                {self._text("prompt_tokens")} as prompt_text,
                                {self._text("completion_tokens")} as completion_text,
                                {self._text("total_tokens")} as total_text,
                                {self._whole("prompt_tokens")} as prompt_tokens,
                                {self._whole("completion_tokens")} as completion_tokens,
                                {self._text("spend")} as spend_text,
                                {cast}({self._number("spend")} as double) as gateway_spend,
                                {self._text("request_tags")} as tags,
                                nullif({self._text("metadata")}, 'null') as meta
                            from {scan or self.scan}))))"""

    def _text(self, column: str) -> str:
        """The column as text, empty text as null; a nested column as JSON text; null where the column is absent."""
        if column not in self.types:
            return "null::varchar"
        kind = self.types[column]
        text = f"to_json({quoted(column)})" if any(mark in kind for mark in _NESTED) else quoted(column)
        return f"nullif(cast({text} as varchar), '')"

    def _number(self, column: str) -> str:
        return quoted(column) if self.types.get(column) == "DOUBLE" else self._text(column)

    def _moment(self, column: str) -> str:
        return quoted(column) if self.types[column].startswith("TIMESTAMP") else self._text(column)

    def _whole(self, column: str) -> str:
        if self.types[column] in _INTEGERS:
            return f"cast({quoted(column)} as bigint)"
        return whole_of(self._text(column))


def _shape(paths: Iterable[str]) -> dict[str, Any]:
    """The allow-listed keys as an object of text: one walk through the JSON, whatever their number."""
    shape: dict[str, Any] = {}
    for path in paths:
        *outer, last = path.split(".")
        inner = shape
        for key in outer:
            inner = inner.setdefault(key, {})
        inner[last] = "VARCHAR"
    return shape


_IS_OBJECT = "starts_with(ltrim(meta), '{')"
_IS_DATED = "started_at between '0001-01-01' and '9999-12-31'"


_IS_SOUND = f"""request_id is not null and {_IS_DATED}
    and prompt_tokens >= 0 and completion_tokens >= 0 and coalesce(least({ALL_COUNTS}) >= 0, true)
    and not ({HAS_NO_WHOLE}) and {FIT}"""


@dataclass(frozen=True)
class Fault:
    """A condition on a parsed row under which it is bad; ``value`` is the text to quote of it, none if it may be long."""

    condition: str
    column: str | None
    reason: str
    value: str | None = None


_NO_TEXT = "cast(null as varchar)"
_GUARDED = f"case when json_valid(meta) and {_IS_OBJECT} then meta end"
_HAS_TAGS = """tags is null or tags in ('{}', 'null')
    or case when json_valid(tags) then starts_with(ltrim(tags), '[') else false end"""
FAULTS = (
    Fault(
        "coalesce(request_id, started_text, prompt_text, completion_text, meta) is null",
        None,
        "is not a well-formed record",
    ),
    Fault("request_id is null", "request_id", "request_id is empty"),
    Fault("started_text is null", "startTime", "startTime is empty"),
    Fault(f"not coalesce({_IS_DATED}, false)", "startTime", "is not a date and time", "started_text"),
    Fault("prompt_text is null", "prompt_tokens", "prompt_tokens is empty"),
    Fault("prompt_tokens is null", "prompt_tokens", "is not a whole number", "prompt_text"),
    Fault("completion_text is null", "completion_tokens", "completion_tokens is empty"),
    Fault("completion_tokens is null", "completion_tokens", "is not a whole number", "completion_text"),
    Fault("prompt_tokens < 0", "prompt_tokens", "is negative", "prompt_text"),
    Fault("completion_tokens < 0", "completion_tokens", "is negative", "completion_text"),
    Fault(
        f"meta is not null and not case when json_valid(meta) then {_IS_OBJECT} else false end",
        "metadata",
        "metadata is not a JSON object",
    ),
    Fault(HAS_NO_WHOLE, "metadata", "a count in metadata is not a whole number"),
    Fault(f"least({ALL_COUNTS}) < 0", "metadata", "a count in metadata is negative"),
    Fault(
        "cache_read_tokens + cache_write_tokens > all_prompt_tokens",
        "metadata",
        "cache reads and writes exceed prompt_tokens",
    ),
    Fault(f"not ({FIT})", "metadata", "audio, image and video tokens exceed the tokens of the call"),
    Fault("spend_text is not null and gateway_spend is null", "spend", "is not a number", "spend_text"),
    Fault(f"not ({_HAS_TAGS})", "request_tags", "request_tags is not a JSON array"),
)
"""What makes a row bad, the first that holds counts."""


def _without_raw_key(text: str) -> str:
    """The token hash, by which the gateway itself goes, in place of a key that stands in the log in clear."""
    return f"case when starts_with({text}, 'sk-') then sha256({text}) else {text} end"


def _tags(text: str) -> str:
    """The scalars of a JSON array as JSON text; most rows have no nested value and need no unpacking."""
    scalars = (
        f"cast(to_json(list_filter(from_json({text}, '[\"JSON\"]'), "
        "tag -> json_type(tag) not in ('OBJECT', 'ARRAY', 'NULL'))) as varchar)"
    )
    return f"""case
        when {text} is null or {text} = 'null' then null
        when {text} in ('[]', '{{}}') then '[]'
        when not starts_with(ltrim({text}), '[') then cast(json('!') as varchar)
        when contains({text}, 'null') or contains({text}, '{{') or contains(substr({text}, 2), '[') then {scalars}
        else cast(json({text}) as varchar) end"""
