"""What a row of ``LiteLLM_SpendLogs`` must look like, and the SQL that makes it a row of stream
``litellm/spend_logs``.

Only the columns and metadata keys named here are ever read, so that no prompt, answer or header reaches the landing
area. Files and the API share these expressions. A row without status is a success, as the gateway itself reads it. A
token count that is absent or malformed is a fault, never zero.

What a call used beyond its two token counts stands in ``metadata.usage_object`` (older gateways:
``additional_usage_values``), in several places by age and provider. :func:`_classes` alone decides what it means; the
columns it gives are parts of ``prompt_tokens`` or ``completion_tokens`` that no two share, and null where nothing is told.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

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

USAGE_OBJECTS = ("usage_object", "additional_usage_values")
"""Where the gateway keeps the usage object; the second is read where the first is absent."""

USAGE = {
    "total": "total_tokens",
    "read": "cache_read_input_tokens",
    "read_details": "prompt_tokens_details.cached_tokens",
    "read_input_details": "input_tokens_details.cached_tokens",
    "write": "cache_creation_input_tokens",
    "write_details": "prompt_tokens_details.cache_creation_tokens",
    "write_new": "prompt_tokens_details.cache_write_tokens",
    "write_5m": "prompt_tokens_details.cache_creation_token_details.ephemeral_5m_input_tokens",
    "write_1h": "prompt_tokens_details.cache_creation_token_details.ephemeral_1h_input_tokens",
    "write_5m_raw": "cache_creation.ephemeral_5m_input_tokens",
    "write_1h_raw": "cache_creation.ephemeral_1h_input_tokens",
    "audio_in": "prompt_tokens_details.audio_tokens",
    "image_in": "prompt_tokens_details.image_tokens",
    "video_in": "prompt_tokens_details.video_tokens",
    "audio_in_raw": "input_tokens_details.audio_tokens",
    "image_in_raw": "input_tokens_details.image_tokens",
    "audio_read": "prompt_tokens_details.cached_tokens_details.audio_tokens",
    "image_read": "prompt_tokens_details.cached_tokens_details.image_tokens",
    "audio_out": "completion_tokens_details.audio_tokens",
    "image_out": "completion_tokens_details.image_tokens",
    "audio_out_raw": "output_tokens_details.audio_tokens",
    "image_out_raw": "output_tokens_details.image_tokens",
    "searches": "server_tool_use.web_search_requests",
    "searches_details": "prompt_tokens_details.web_search_requests",
    "executions": "server_tool_use.code_execution_requests",
    "tier": "service_tier",
    "speed": "speed",
    "traffic": "traffic_type",
}
"""Alias to path inside the usage object."""

PATHS = (*METADATA.values(), *(f"{usage}.{path}" for usage in USAGE_OBJECTS for path in USAGE.values()))
"""Every metadata key that may be kept."""

COUNTS = {
    "read": ("read", "read_details", "read_input_details"),
    "write": ("write", "write_details", "write_new"),
    "write_5m": ("write_5m", "write_5m_raw"),
    "write_1h": ("write_1h", "write_1h_raw"),
    "audio_in": ("audio_in", "audio_in_raw"),
    "image_in": ("image_in", "image_in_raw"),
    "video_in": ("video_in",),
    "audio_read": ("audio_read",),
    "image_read": ("image_read",),
    "audio_out": ("audio_out", "audio_out_raw"),
    "image_out": ("image_out", "image_out_raw"),
    "searches": ("searches", "searches_details"),
    "executions": ("executions",),
}
"""Count to the aliases that may hold it; the first that is not zero counts."""

GENERATING = ("acompletion", "completion", "aresponses", "responses", "anthropic_messages", "aembedding", "embedding")
"""The frequent call types, which need no look at :data:`GENERATES_NOTHING`."""

BATCH_RESULTS = ("aretrieve_batch", "retrieve_batch")
"""Reads that carry the usage of a whole batch, which is logged nowhere else."""

GENERATES_NOTHING = (
    "^_?a?_?(get|list|retrieve|delete|cancel|count|download|upload|add)_|"
    "^a?create_(file|batch|thread|assistants?|container|skill|vector_store)$|"
    "_(get|list|retrieve|delete|cancel|status|create_file|count_tokens)$|(file|video)_content$|^token_counter$"
)
"""Call types that read, list, store or count: what tokens such a row repeats were generated, and logged, by another call."""

_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
_NESTED = ("STRUCT", "MAP", "[]")
_WHOLE = r"-?[0-9]{1,18}(\.0+)?"


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
                call_type, is_cache_hit, not is_cache_hit and not ({_GENERATES_NOTHING}) as is_served,
                nullif(coalesce(call_id, m_call_id), request_id) as call_id,
                {_SERVICE_TIER} as service_tier,
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
        counts = ", ".join(f"{_whole_of(f't_{name}')} as n_{name}" for name in COUNTS)
        parsed = self._parsed(metadata, scan, number, is_strict=is_strict)
        return _classes(f"select *, {counts}, {_whole_of('t_total')} as n_total from ({parsed})")

    def _parsed(self, metadata: str, scan: str | None, number: str, *, is_strict: bool) -> str:
        """Columns as text, counts and moments; ``metadata`` is SQL over ``meta`` for the JSON object to take apart."""
        usage = _shape(USAGE.values())
        shape = _shape(METADATA.values()) | {USAGE_OBJECTS[0]: usage, USAGE_OBJECTS[1]: "VARCHAR"}
        older = f"from_json(case when usage_object is null and older[1] = '{{' then older end, {literal(json.dumps(usage))})"
        parts = ", ".join(f"found.{path} as m_{name}" for name, path in METADATA.items())
        texts = ", ".join(f"{_first_told(aliases)} as t_{name}" for name, aliases in COUNTS.items())
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
                                {self._text("api_key")} as api_key,
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
        return _whole_of(self._text(column))


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


def _whole_of(text: str) -> str:
    """The whole number that the text writes; one written in another way than we would (``7.0``) is looked at closely."""
    whole = f"try_cast({text} as bigint)"
    return f"""case when {text} = cast({whole} as varchar) and abs({whole}) < {10**18} then {whole}
        when regexp_full_match({text}, {literal(_WHOLE)}) then cast({text} as bigint) end"""


def _first_told(aliases: Iterable[str]) -> str:
    """SQL for the first of some texts of the usage object that is not zero; null where none is."""
    texts = [f"nullif(used.{USAGE[alias]}, '0')" for alias in aliases]
    return f"coalesce({', '.join(texts)})"


PARTS = (
    *("cache_write_5m_tokens", "cache_write_1h_tokens"),
    *("audio_input_tokens", "audio_cache_read_tokens", "audio_output_tokens"),
    *("image_input_tokens", "image_cache_read_tokens", "image_output_tokens", "video_input_tokens"),
    *("web_search_requests", "other_tool_requests"),
)
"""Columns of the stream that are null where there is nothing to tell."""


def _classes(counted: str) -> str:
    """What the counts ``n_...`` of a call say, as parts that no two share:

    - Cache reads and writes are part of ``prompt_tokens``, unless the call's own total says that they come on top:
      then ``all_prompt_tokens`` holds them too. Writes by lifetime are part of the writes.
    - Cached tokens are text as far as there is text, unless their own details tell audio and images apart. Audio and
      images are told without the cached part.
    - A call that hears, speaks or draws and tells no details did so with all of its tokens.
    - A tool that cost the gateway something and is not counted is one use of a tool.
    """
    return f"""
        select *,
            least(coalesce(n_audio_read, overflow), heard, cache_read_tokens) as audio_cache_read_tokens,
            heard - audio_cache_read_tokens as audio_input_tokens,
            least(
                coalesce(n_image_read, overflow - audio_cache_read_tokens), seen, cache_read_tokens - audio_cache_read_tokens
            ) as image_cache_read_tokens,
            seen - image_cache_read_tokens as image_input_tokens,
            coalesce(n_video_in, 0) as video_input_tokens,
            n_write_5m as cache_write_5m_tokens,
            n_write_1h as cache_write_1h_tokens,
            coalesce(n_audio_out, case when call_type in ('aspeech', 'speech') then completion_tokens end, 0)
                as audio_output_tokens,
            coalesce(
                n_image_out, case when {_DRAWS} and n_audio_out is null then completion_tokens end, 0
            ) as image_output_tokens,
            n_searches as web_search_requests,
            coalesce(
                n_executions, case when n_searches is null and try_cast(m_tool_cost as double) > 0 then 1 end
            ) as other_tool_requests
        from (
            select *,
                greatest(cache_read_tokens + cache_write_tokens + heard + seen + coalesce(n_video_in, 0) - all_prompt_tokens, 0)
                    as overflow
            from (
                select *,
                    prompt_tokens + case
                        when cache_read_tokens + cache_write_tokens = 0 then 0
                        when n_total = prompt_tokens + completion_tokens + cache_read_tokens + cache_write_tokens
                            or cache_read_tokens + cache_write_tokens > prompt_tokens
                            and n_total = prompt_tokens + completion_tokens
                            then cache_read_tokens + cache_write_tokens
                        else 0
                    end as all_prompt_tokens,
                    coalesce(
                        n_audio_in,
                        case when call_type in ('atranscription', 'transcription')
                            then prompt_tokens - cache_write_tokens end,
                        0
                    ) as heard,
                    coalesce(n_image_in, 0) as seen
                from (
                    select *,
                        coalesce(n_read, 0) as cache_read_tokens,
                        greatest(coalesce(n_write, 0), coalesce(n_write_5m, 0) + coalesce(n_write_1h, 0))
                            as cache_write_tokens,
                        {_CACHE_HIT} as is_cache_hit
                    from ({counted}))))"""


_DRAWS = "call_type in ('aimage_generation', 'image_generation', 'aimage_edit', 'image_edit')"
_CACHE_HIT = """case
    when cache_hit is null or cache_hit = 'None' then coalesce(contains(request_id, '_cache_hit'), false)
    else cache_hit in ('True', 'true', '1') end"""
_GENERATES_NOTHING = f"""case
    when call_type is null or call_type in ({", ".join(map(literal, (*GENERATING, *BATCH_RESULTS)))}) then false
    else regexp_matches(call_type, {literal(GENERATES_NOTHING)}) end"""
_SERVICE_TIER = f"""case
    when call_type in ({", ".join(map(literal, BATCH_RESULTS))}) or m_batch_models <> '[]' then 'batch'
    else coalesce(
        case when t_speed = 'fast' then t_speed end,
        nullif(lower(t_tier), 'auto'),
        nullif(lower(m_breakdown_tier), 'auto'),
        lower(m_service_tier),
        nullif(regexp_extract(lower(t_traffic), 'flex|priority|batch'), '')
    ) end"""
_ALL_COUNTS = ", ".join(f"n_{name}" for name in COUNTS)
_HAS_NO_WHOLE = " or ".join(f"t_{name} is not null and n_{name} is null" for name in COUNTS)
_FIT = """all_prompt_tokens - cache_read_tokens - cache_write_tokens
        - audio_input_tokens - image_input_tokens - video_input_tokens >= 0
    and completion_tokens - audio_output_tokens - image_output_tokens >= 0"""
_IS_SOUND = f"""request_id is not null and {_IS_DATED}
    and prompt_tokens >= 0 and completion_tokens >= 0 and coalesce(least({_ALL_COUNTS}) >= 0, true)
    and not ({_HAS_NO_WHOLE}) and {_FIT}"""


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
    Fault(_HAS_NO_WHOLE, "metadata", "a count in metadata is not a whole number"),
    Fault(f"least({_ALL_COUNTS}) < 0", "metadata", "a count in metadata is negative"),
    Fault(
        "cache_read_tokens + cache_write_tokens > all_prompt_tokens",
        "metadata",
        "cache reads and writes exceed prompt_tokens",
    ),
    Fault(f"not ({_FIT})", "metadata", "audio, image and video tokens exceed the tokens of the call"),
    Fault("spend_text is not null and gateway_spend is null", "spend", "is not a number", "spend_text"),
    Fault(f"not ({_HAS_TAGS})", "request_tags", "request_tags is not a JSON array"),
)
"""What makes a row bad, the first that holds counts."""


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
