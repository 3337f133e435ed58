"""What a row of ``LiteLLM_SpendLogs`` must look like, and the SQL that makes it a row of stream
``litellm/spend_logs``.

Only the columns and metadata keys named here are ever read, so that no prompt, answer or header reaches the landing
area. Files and the API share these expressions. ``prompt_tokens`` includes cache reads and writes, whose split the
gateway keeps in ``metadata.usage_object``; a provider that reports no split has none, and lands zero. A row without
status is a success, as the gateway itself reads it. A token count that is absent or malformed is a fault, never zero.
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
OPTIONAL = ("model_group", "organization_id", "end_user", "spend")
COLUMNS = (*REQUIRED, *OPTIONAL)

METADATA = {
    "key_alias": "$.user_api_key_alias",
    "status": "$.status",
    "error_type": "$.error_information.type",
    "error_class": "$.error_information.error_class",
    "cache_read": "$.usage_object.cache_read_input_tokens",
    "cached": "$.usage_object.prompt_tokens_details.cached_tokens",
    "cache_write": "$.usage_object.cache_creation_input_tokens",
}
"""Alias to path of the allow-listed metadata keys."""

_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
_NESTED = ("STRUCT", "MAP", "[]")
_WHOLE = r"-?[0-9]{1,18}(\.0+)?"


@dataclass(frozen=True)
class RawRows:
    """A relation in the shape of the gateway's table: SQL that can follow ``from``, and column name to DuckDB type."""

    scan: str
    types: Mapping[str, str]

    def landed(self, partition: str, load_id: str) -> str:
        """A query for the rows of stream ``litellm/spend_logs`` and whether a row ``is_bad``: :meth:`faults` says why. What
        cannot be cast at all stops the query.
        """
        return f"""
            select
                request_id, started_at, api_key, m_key_alias as key_alias, model, model_group, custom_llm_provider,
                user_id, team_id, organization_id, end_user as end_user_id,
                coalesce(status, m_status, 'success') as status,
                m_error_type as error_type, m_error_class as error_class,
                {_tags("tags")} as request_tags,
                prompt_tokens, completion_tokens,
                {_CACHE_READ} as cache_read_tokens,
                {_CACHE_WRITE} as cache_write_tokens,
                coalesce(prompt_tokens + completion_tokens > 0, false) as has_token_evidence,
                gateway_spend,
                {literal(partition)} as partition, {literal(load_id)} as load_id,
                not coalesce({_IS_SOUND}, false) as is_bad
            from ({self._parsed("case when meta[1] = '{' or " + _IS_OBJECT + " then meta else '!' end")})"""

    def faults(self, numbered_scan: str, number: str) -> str:
        """A query for the first bad row: its number in ``numbered_scan``, its request id, and what is wrong with it."""
        conditions = {
            "request_id is null": "request_id is empty",
            "started_text is null": "startTime is empty",
            f"not coalesce({_IS_DATED}, false)": "startTime '{started_text}' is not a date and time",
            "prompt_text is null": "prompt_tokens is empty",
            "prompt_tokens is null": "prompt_tokens '{prompt_text}' is not a whole number",
            "completion_text is null": "completion_tokens is empty",
            "completion_tokens is null": "completion_tokens '{completion_text}' is not a whole number",
            "least(prompt_tokens, completion_tokens) < 0": "prompt_tokens or completion_tokens is negative",
            f"meta is not null and not (json_valid(meta) and {_IS_OBJECT})": "metadata is not a JSON object",
            f"{_CACHE_READ} is null or {_CACHE_WRITE} is null": "a cache token count in metadata is not a whole number",
            f"least({_CACHE_READ}, {_CACHE_WRITE}) < 0": "a cache token count in metadata is negative",
            f"{_CACHE_READ} + {_CACHE_WRITE} > prompt_tokens": "cache reads and writes exceed prompt_tokens",
            "spend_text is not null and gateway_spend is null": "spend '{spend_text}' is not a number",
            "tags is not null and tags not in ('{}', 'null') "
            "and not (json_valid(tags) and starts_with(ltrim(tags), '['))": "request_tags is not a JSON array",
        }
        branches = " ".join(f"when {condition} then {_message(text)}" for condition, text in conditions.items())
        guarded = f"case when json_valid(meta) and {_IS_OBJECT} then meta end"
        parsed = self._parsed(guarded, numbered_scan, number, is_strict=False)
        return f"""
            select number, request_id, reason from (select *, case {branches} end as reason from ({parsed}))
            where reason is not null order by number limit 1"""

    def _parsed(self, metadata: str, scan: str | None = None, number: str = "0", *, is_strict: bool = True) -> str:
        """Columns as text, counts and moments; ``metadata`` is SQL over ``meta`` for the JSON object to take apart."""
        shape = literal(json.dumps(_shape(METADATA.values())))
        parts = ", ".join(f"found{path.removeprefix('$')} as m_{name}" for name, path in METADATA.items())
        cast = "cast" if is_strict else "try_cast"
        return f"""
            select *, {parts} from (
                select *, from_json(case when meta is not null then {metadata} end, {shape}) as found from (
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
                        {self._text("prompt_tokens")} as prompt_text,
                        {self._text("completion_tokens")} as completion_text,
                        {self._whole("prompt_tokens")} as prompt_tokens,
                        {self._whole("completion_tokens")} as completion_tokens,
                        {self._text("spend")} as spend_text,
                        {cast}({self._number("spend")} as double) as gateway_spend,
                        {self._text("request_tags")} as tags,
                        nullif({self._text("metadata")}, 'null') as meta
                    from {scan or self.scan}))"""

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
        *outer, last = path.removeprefix("$.").split(".")
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


def _count_or_none(text: str) -> str:
    """Zero where the provider reports no such count; null where it reports something that is not a count."""
    return f"case when {text} is null then 0 else {_whole_of(text)} end"


_CACHE_READ = _count_or_none("coalesce(nullif(m_cache_read, '0'), m_cached)")
_CACHE_WRITE = _count_or_none("m_cache_write")
_IS_SOUND = f"""request_id is not null and {_IS_DATED}
    and prompt_tokens >= 0 and completion_tokens >= 0 and cache_read_tokens >= 0 and cache_write_tokens >= 0
    and cache_read_tokens + cache_write_tokens <= prompt_tokens"""


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


def _message(text: str) -> str:
    """SQL for a message whose ``{column}`` is filled in with at most forty characters of the value."""
    before, _, rest = text.partition("{")
    column, _, after = rest.partition("}")
    return f"{literal(before)} || left({column}, 40) || {literal(after)}" if column else literal(text)
