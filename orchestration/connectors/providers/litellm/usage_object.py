"""What a logged call used, from the usage object in the metadata of its row: SQL that decides it in one place.

The gateway writes the same fact in several places, by age and provider. ``used`` is the usage object as a struct of texts,
``t_...`` the text of a count, ``n_...`` its whole number, null where none is told. :func:`classes` alone decides what the
counts mean; the columns of :data:`PARTS` are parts of ``prompt_tokens`` or ``completion_tokens`` that no two share.
"""

from collections.abc import Iterable

from orchestration.connectors.text_tables import literal

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

_WHOLE = r"-?[0-9]{1,18}(\.0+)?"


def whole_of(text: str) -> str:
    """The whole number that the text writes; one written in another way than we would (``7.0``) is looked at closely."""
    whole = f"try_cast({text} as bigint)"
    return f"""case when {text} = cast({whole} as varchar) and abs({whole}) < {10**18} then {whole}
        when regexp_full_match({text}, {literal(_WHOLE)}) then cast({text} as bigint) end"""


def first_told(aliases: Iterable[str]) -> str:
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


def classes(counted: str) -> str:
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
                        {CACHE_HIT} as is_cache_hit
                    from ({counted}))))"""


_DRAWS = "call_type in ('aimage_generation', 'image_generation', 'aimage_edit', 'image_edit')"
CACHE_HIT = """case
    when cache_hit is null or cache_hit = 'None' then coalesce(contains(request_id, '_cache_hit'), false)
    else cache_hit in ('True', 'true', '1') end"""
IS_NO_GENERATION = f"""case
    when call_type is null or call_type in ({", ".join(map(literal, (*GENERATING, *BATCH_RESULTS)))}) then false
    else regexp_matches(call_type, {literal(GENERATES_NOTHING)}) end"""
SERVICE_TIER = f"""case
    when call_type in ({", ".join(map(literal, BATCH_RESULTS))}) or m_batch_models <> '[]' then 'batch'
    else coalesce(
        case when t_speed = 'fast' then t_speed end,
        nullif(lower(t_tier), 'auto'),
        nullif(lower(m_breakdown_tier), 'auto'),
        lower(m_service_tier),
        nullif(regexp_extract(lower(t_traffic), 'flex|priority|batch'), '')
    ) end"""
ALL_COUNTS = ", ".join(f"n_{name}" for name in COUNTS)
HAS_NO_WHOLE = " or ".join(f"t_{name} is not null and n_{name} is null" for name in COUNTS)
FIT = """all_prompt_tokens - cache_read_tokens - cache_write_tokens
        - audio_input_tokens - image_input_tokens - video_input_tokens >= 0
    and completion_tokens - audio_output_tokens - image_output_tokens >= 0"""
