"""Patterns mean the same as shell patterns, in Python and in DuckDB, and are compared exactly."""

import re
from fnmatch import fnmatchcase

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.registry.globs import covers, matches, meets, to_regex

LETTERS = "ab.*+|()[]-^$\\{}?"
PATTERNS = st.text(alphabet=LETTERS, min_size=1, max_size=8)
TEXTS = st.text(alphabet=LETTERS, max_size=8)


def supported(pattern: str) -> bool:
    try:
        to_regex([pattern])
    except ValueError:
        return False
    return True


@given(PATTERNS.filter(supported), TEXTS)
def test_regex_agrees_with_fnmatch(pattern, text):
    assert (re.fullmatch(to_regex([pattern]), text) is not None) == fnmatchcase(text, pattern)


@given(st.lists(PATTERNS.filter(supported), min_size=1, max_size=3), TEXTS)
def test_a_list_matches_when_one_of_it_does(patterns, text):
    expected = any(fnmatchcase(text, one) for one in patterns)
    assert (re.fullmatch(to_regex(patterns), text) is not None) == expected


def test_duckdb_agrees_with_fnmatch():
    patterns = ["gpt-6*", "a?c", "[ab]x", "[a-c]*", "x.y+z", "(a|b)", "^$", "a\\b", "{1}", "*haiku*", "["]
    texts = [
        "gpt-6-sol",
        "gpt-5",
        "abc",
        "ac",
        "bx",
        "cx",
        "x.y+z",
        "xay+z",
        "(a|b)",
        "a",
        "^$",
        "",
        "a\\b",
        "{1}",
        "[",
    ]
    rows = [(text, pattern, to_regex([pattern])) for text in texts for pattern in patterns]
    with duckdb.connect() as connection:
        connection.execute("create table pairs (text_ varchar, pattern varchar, regex varchar)")
        connection.executemany("insert into pairs values (?, ?, ?)", rows)
        answers = connection.execute("select text_, pattern, regexp_full_match(text_, regex) from pairs").fetchall()
    assert {(t, p) for t, p, matched in answers if matched} == {(t, p) for t, p, _ in rows if fnmatchcase(t, p)}


@pytest.mark.parametrize(
    ("patterns", "regex"),
    [
        (["proj_a"], "^proj_a$"),
        (["key_a*", "key.b"], "^(key_a.*|key\\.b)$"),
        (["a?[xy]"], "^a.(x|y)$"),
        (["***"], "^.*$"),
    ],
)
def test_regex_is_anchored_and_plain(patterns, regex):
    assert to_regex(patterns) == regex


def test_lower_case_patterns():
    assert to_regex(["Amazon [A-B]*"], lower=True) == "^amazon (a|b).*$"


@pytest.mark.parametrize("pattern", ["", "[!a]x", "[z-a]"])
def test_what_cannot_be_said_is_refused(pattern):
    with pytest.raises(ValueError, match=r"pattern|supported|range"):
        to_regex([pattern])


@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        (["*"], ["a*", "?"], True),
        (["a*"], ["ab*"], True),
        (["ab*"], ["a*"], False),
        (["a*", "b*"], ["[ab]c"], True),
        (["a*"], ["[ab]c"], False),
        (["?*"], ["*"], False),
        (["a?*"], ["a*b"], True),
        (["*a*"], ["*aa*"], True),
        (["*aa*"], ["*a*"], False),
        (["a", "b", "?"], ["z"], True),
    ],
)
def test_covers(wide, narrow, expected):
    assert covers(wide, narrow) is expected


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (["a*"], ["*b"], True),
        (["a*"], ["b*"], False),
        (["a?"], ["a*c"], True),
        (["[ab]"], ["[cd]", "b"], True),
        (["ab"], ["a"], False),
        (["*"], ["anything"], True),
    ],
)
def test_meets(left, right, expected):
    assert meets(left, right) is expected
    assert meets(right, left) is expected


@given(PATTERNS.filter(supported), PATTERNS.filter(supported), TEXTS)
def test_comparisons_never_contradict_a_text(one, other, text):
    in_one, in_other = fnmatchcase(text, one), fnmatchcase(text, other)
    if in_one and in_other:
        assert meets([one], [other])
    if in_other and not in_one:
        assert not covers([one], [other])
    assert matches(one, text) == in_one


@pytest.mark.parametrize("pattern", ["\u0130stanbul*", "\u0391\u03a3", "\u03b1\u03c2", "\u0391[\u03a3x]"])
@pytest.mark.parametrize("text", ["\u0130STANBUL YAZILIM", "\u0391\u03a3", "\u03b1\u03c3"])
def test_a_letter_that_engines_lower_in_their_own_ways_matches_in_each(pattern: str, text: str) -> None:
    """DuckDB lowers letter by letter; Python, as Java, keeps the dot of I and knows the sigma that ends a word."""
    regex, is_meant = to_regex([pattern], lower=True), pattern.startswith("\u0130") == text.startswith("\u0130")
    with duckdb.connect() as connection:
        found = connection.execute("select regexp_full_match(lower($1), $2)", [text, regex]).fetchone()
    assert (found, re.fullmatch(regex, text.lower()) is not None) == ((is_meant,), is_meant)
