"""Cells of a bill in every form that exports use, brought to one: times and tags. SQL expressions on text.

What is in none of these forms stays as written, so that the checks of ``extract`` name it.
"""

MOMENT = (
    r"(\d{4})-?(\d{2})-?(\d{2})(?:[Tt ]+(\d{2})(?::?(\d{2}))?(?::?(\d{2}))?(?:[.,](\d{1,9}))?)?"
    r"\s*([Zz]|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?"
)
"""ISO 8601, extended or basic, to the day, hour, minute, second or part of one; without a zone it is UTC."""
TAGS_FORM = 'a JSON object like {"team": "a"}, or a list of pairs like [{"key": "team", "value": "a"}]'


def moment(column: str) -> str:
    """SQL of the time as ``YYYY-MM-DD hh:mm:ss.ffffff+hh:mm``."""
    year, month, day, hour, minute, second, part, zone = (
        f"regexp_extract({column}, '^{MOMENT}$', {number})" for number in range(1, 9)
    )
    clock = " || ':' || ".join(f"coalesce(nullif({one}, ''), '00')" for one in (hour, minute, second))
    fraction = f"case when {part} <> '' then '.' || left({part}, 6) else '' end"
    minutes = f"coalesce(nullif(right(regexp_replace({zone}, '[^0-9]', '', 'g'), -2), ''), '00')"
    offset = f"case when left({zone}, 1) in ('+', '-') then left({zone}, 3) || ':' || {minutes} else '+00:00' end"
    whole = f"{year} || '-' || {month} || '-' || {day} || ' ' || {clock} || {fraction} || {offset}"
    return (
        f"case when try_cast({column} as timestamptz) is null and try_cast({whole} as timestamptz) is not null "
        f"then {whole} else {column} end"
    )


def tags(column: str) -> str:
    """SQL of the tags as a JSON object: a list of pairs becomes one, unless a pair has no key or a key comes twice."""
    is_list = f"json_type(case when json_valid({column}) then {column} end) = 'ARRAY'"
    key = "coalesce(pair ->> '$.key', pair ->> '$.Key', pair ->> '$.name', pair ->> '$.Name')"
    value = "coalesce(pair ->> '$.value', pair ->> '$.Value', '')"
    pairs = f"cast(case when {is_list} then {column} end as json[])"
    keys = f"list_transform({pairs}, lambda pair: {key})"
    is_whole = f"len(list_distinct({keys})) = len({pairs})"
    as_map = f"map_from_entries(list_transform({pairs}, lambda pair: {{'k': {key}, 'v': {value}}}))"
    return (
        f"case when not coalesce({is_list}, false) then {column} when len({pairs}) = 0 then '{{}}' "
        f"when {is_whole} then cast(to_json({as_map}) as varchar) else {column} end"
    )
