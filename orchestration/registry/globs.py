"""Shell-style patterns: checked, compared exactly, and written as regular expressions that mean the same everywhere.

A pattern knows ``*`` (any text), ``?`` (one character) and ``[abc]``, ``[a-c]`` (one of). Regular expressions made
here use only literals, ``.``, ``.*``, escapes, groups and ``|``, so DuckDB, Spark and Python agree on them. Values
never hold line breaks.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import product

_SPECIAL = frozenset("\\.+*?()|[]{}^$")
_OTHER = "\x00"  # stands for every character that no pattern names

AnyText = None
Token = frozenset[str] | str | None  # a set of characters, "?" for any one, None for any text
_ANY_ONE = "?"


@lru_cache(maxsize=65536)
def parse_glob(pattern: str) -> tuple[Token, ...]:
    """The tokens of a pattern; ValueError for an empty one and for what regular expressions here cannot say."""
    if not pattern:
        raise ValueError("an empty pattern matches nothing; write '*' for everything")
    tokens: list[Token] = []
    at = 0
    while at < len(pattern):
        character = pattern[at]
        at += 1
        if character == "*":
            if not tokens or tokens[-1] is not AnyText:
                tokens.append(AnyText)
        elif character == "?":
            tokens.append(_ANY_ONE)
        elif character == "[" and (end := _class_end(pattern, at)) is not None:
            tokens.append(_characters(pattern[at:end], pattern))
            at = end + 1
        else:
            tokens.append(frozenset(character))
    return tuple(tokens)


def _class_end(pattern: str, start: int) -> int | None:
    """Where a class that opened before ``start`` closes; None when it never does (then ``[`` is itself)."""
    first = start + 1 if pattern[start : start + 1] == "!" else start
    end = pattern.find("]", first + 1)
    return None if end < 0 else end


def _characters(inside: str, pattern: str) -> frozenset[str]:
    if inside.startswith("!"):
        raise ValueError(f"'[{inside}]' in '{pattern}' is not supported; list what may match instead")
    found: set[str] = set()
    at = 0
    while at < len(inside):
        if inside[at + 1 : at + 2] == "-" and at + 2 < len(inside):
            low, high = ord(inside[at]), ord(inside[at + 2])
            if low > high or high - low > 255:
                raise ValueError(f"range '{inside[at : at + 3]}' in '{pattern}' is empty or too wide")
            found.update(map(chr, range(low, high + 1)))
            at += 3
        else:
            found.add(inside[at])
            at += 1
    return frozenset(found)


def to_regex(patterns: Iterable[str], *, lower: bool = False) -> str:
    """One anchored regular expression for a list of patterns (any of them); ``lower`` for lower-cased text."""
    bodies = [_lowered(_body(pattern.lower())) if lower else _body(pattern) for pattern in patterns]
    return f"^{bodies[0]}$" if len(bodies) == 1 else f"^({'|'.join(bodies)})$"


def _lowered(body: str) -> str:
    """Engines lower two letters in ways of their own: ``\u0130`` may keep its dot, a sigma may be that of a word's end."""
    return re.sub("[\u03c3\u03c2]", "(\u03c3|\u03c2)", body.replace("i\u0307", "i\u0307?"))


def _body(pattern: str) -> str:
    return "".join(map(_token_regex, parse_glob(pattern)))


def _token_regex(token: Token) -> str:
    if token is AnyText:
        return ".*"
    if isinstance(token, str):
        return "."
    choices = [f"\\{character}" if character in _SPECIAL else character for character in sorted(token)]
    return choices[0] if len(choices) == 1 else f"({'|'.join(choices)})"


def matches(pattern: str, text: str) -> bool:
    """Whether ``text`` meets the pattern, upper and lower case apart."""
    return re.fullmatch(to_regex([pattern]), text, re.DOTALL) is not None


def covers(wide: Sequence[str], narrow: Sequence[str]) -> bool:
    """Whether every text that matches one of ``narrow`` also matches one of ``wide``; exact."""
    if set(narrow) <= set(wide):
        return True
    if not all(any(_may_share_a_start(one, other) for one in wide) for other in narrow):
        return False
    return _covers_every_text(wide, narrow)


def _may_share_a_start(one: str, other: str) -> bool:
    """A cheap first look: texts of two patterns that begin with different letters have nothing in common."""
    start, other_start = _literal_start(one), _literal_start(other)
    return start.startswith(other_start) or other_start.startswith(start)


@lru_cache(maxsize=65536)
def _literal_start(pattern: str) -> str:
    letters: list[str] = []
    for token in parse_glob(pattern):
        if not isinstance(token, frozenset) or len(token) > 1:
            break
        letters.extend(token)
    return "".join(letters)


def _covers_every_text(wide: Sequence[str], narrow: Sequence[str]) -> bool:
    letters = _alphabet([*wide, *narrow])
    wide_tokens, narrow_tokens = [parse_glob(one) for one in wide], [parse_glob(one) for one in narrow]
    start = (_begin(narrow_tokens), _begin(wide_tokens))
    seen, waiting = {start}, [start]
    while waiting:
        narrow_states, wide_states = waiting.pop()
        if _accepts(narrow_tokens, narrow_states) and not _accepts(wide_tokens, wide_states):
            return False
        for letter in letters:
            after = (_step(narrow_tokens, narrow_states, letter), _step(wide_tokens, wide_states, letter))
            if after[0] and after not in seen:
                seen.add(after)
                waiting.append(after)
    return True


def meets(left: Sequence[str], right: Sequence[str]) -> bool:
    """Whether some text matches a pattern of each list; exact."""
    return any(_meet(parse_glob(one), parse_glob(other)) for one, other in product(left, right))


def _meet(left: tuple[Token, ...], right: tuple[Token, ...]) -> bool:
    seen: set[tuple[int, int]] = set()
    waiting = [(0, 0)]
    while waiting:
        at = waiting.pop()
        if at in seen:
            continue
        seen.add(at)
        i, j = at
        if i == len(left) and j == len(right):
            return True
        if i < len(left) and left[i] is AnyText:
            waiting += [(i + 1, j)] + ([(i, j + 1)] if j < len(right) else [])
        if j < len(right) and right[j] is AnyText:
            waiting += [(i, j + 1)] + ([(i + 1, j)] if i < len(left) else [])
        if i < len(left) and j < len(right) and _share_a_letter(left[i], right[j]):
            waiting.append((i + 1, j + 1))
    return False


def _share_a_letter(one: Token, other: Token) -> bool:
    if isinstance(one, frozenset) and isinstance(other, frozenset):
        return bool(one & other)
    return one is not AnyText and other is not AnyText


_States = frozenset[tuple[int, int]]


def _alphabet(patterns: Sequence[str]) -> set[str]:
    named = {
        letter for one in patterns for token in parse_glob(one) if isinstance(token, frozenset) for letter in token
    }
    return {*named, _OTHER}


def _begin(patterns: list[tuple[Token, ...]]) -> _States:
    return _skip_any_text(patterns, {(number, 0) for number in range(len(patterns))})


def _skip_any_text(patterns: list[tuple[Token, ...]], states: set[tuple[int, int]]) -> _States:
    skipped = {(n, at + 1) for n, at in states if at < len(patterns[n]) and patterns[n][at] is AnyText}
    return frozenset(states | skipped)


def _step(patterns: list[tuple[Token, ...]], states: _States, letter: str) -> _States:
    after: set[tuple[int, int]] = set()
    for number, at in states:
        if at == len(patterns[number]):
            continue
        token = patterns[number][at]
        if token is AnyText:
            after.add((number, at))
        elif isinstance(token, str) or letter in token:
            after.add((number, at + 1))
    return _skip_any_text(patterns, after)


def _accepts(patterns: list[tuple[Token, ...]], states: _States) -> bool:
    return any(at == len(patterns[number]) for number, at in states)
