"""What a rule is, and the rules that several streams share. No data is read here, no Great Expectations imported.

A rule's ``holds`` is a DuckDB condition over one row ``r`` of the landed stream and the load ``l`` it came with
(``landing.loads``). A row breaks the rule unless the condition is true: null is a breach, so a condition says ``x is
null or ...`` where null is allowed. Never relative to the clock: the same landed rows get the same answer on any day.
"""

import hashlib
from dataclasses import dataclass

FIRST_PLAUSIBLE, LAST_PLAUSIBLE = "1990-01-01", "2100-01-01"
NUMBER = r"[-+]?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?"
MOST_TOKENS = 10**13
MOST_UNITS = 10**18
MOST_MONEY = 10**11


@dataclass(frozen=True)
class Rule:
    """A condition on every row. ``name`` is unique in its suite; ``says`` completes "rows break the rule that ...".

    ``compares_loads``: the condition looks at rows of other loads too, so that a new load can break it for an old one.
    """

    name: str
    says: str
    holds: str
    compares_loads: bool = False


@dataclass(frozen=True)
class Suite:
    """The rules of one landed stream; ``identified_by`` are the columns that help a person find a broken row."""

    source: str
    stream: str
    identified_by: tuple[str, ...]
    rules: tuple[Rule, ...]

    def __post_init__(self) -> None:
        names = [rule.name for rule in self.rules]
        if len(names) != len(set(names)):
            raise ValueError(f"{self.source}/{self.stream}: two rules with one name")

    @property
    def digest(self) -> str:
        """Changes when a rule comes, goes or asks something else."""
        conditions = "\n".join(f"{rule.name}: {rule.holds}" for rule in self.rules)
        return hashlib.sha256(conditions.encode()).hexdigest()[:16]

    @property
    def compares_loads(self) -> bool:
        return any(rule.compares_loads for rule in self.rules)


def required(*columns: str, moments: tuple[str, ...] = ()) -> Rule:
    """No column is null or empty text. ``moments`` are looked at for null only: to write a moment as text costs more than
    the rest of the suite of a long stream.
    """
    filled = [f"coalesce(cast(r.{column} as varchar), '') <> ''" for column in columns]
    return Rule(
        "required_keys",
        f"{', '.join((*columns, *moments))} are always there",
        " and ".join([*filled, *(f"r.{column} is not null" for column in moments)]),
    )


def one_of(column: str, *values: str, optional: bool = False) -> Rule:
    """A closed list of values. Lists that a provider may extend do not belong here."""
    listed = ", ".join(f"'{value}'" for value in values)
    condition = f"r.{column} in ({listed})"
    return Rule(f"known_{column}", f"{column} is one of {listed}", _optional(column, condition, optional))


def not_negative(*columns: str, optional: bool = False) -> Rule:
    """Token and request counts: whole numbers of a plausible size, never below zero."""
    conditions = (_optional(column, f"r.{column} between 0 and {MOST_TOKENS}", optional) for column in columns)
    return Rule(
        "plausible_counts",
        f"{', '.join(columns)} lie between 0 and {MOST_TOKENS}",
        " and ".join(f"({condition})" for condition in conditions),
    )


def money_text(column: str, *, optional: bool = False) -> Rule:
    """Money as the provider wrote it: a decimal number of a plausible size."""
    number = f"regexp_full_match(r.{column}, '{NUMBER}') and abs(try_cast(r.{column} as double)) <= {MOST_MONEY}"
    return Rule(
        f"money_in_{column}", f"{column} is a number of at most {MOST_MONEY}", _optional(column, number, optional)
    )


def currency(column: str) -> Rule:
    return Rule(
        f"code_in_{column}", f"{column} is a code of three letters", f"regexp_full_match(r.{column}, '[A-Za-z]{{3}}')"
    )


def ordered(start: str, end: str, *, optional: bool = False) -> Rule:
    """A period that ends after it starts; an open end is allowed where ``optional``."""
    condition = f"r.{end} > r.{start}"
    if optional:
        condition = f"r.{start} is null or r.{end} is null or {condition}"
    return Rule(f"{end}_after_{start}", f"{end} is after {start}", condition)


def plausible_date(column: str) -> Rule:
    """Catches the wrong epoch, seconds read as milliseconds, and two-digit years."""
    return Rule(
        f"plausible_{column}",
        f"{column} lies between {FIRST_PLAUSIBLE} and {LAST_PLAUSIBLE}",
        f"r.{column} >= '{FIRST_PLAUSIBLE}' and r.{column} < '{LAST_PLAUSIBLE}'",
    )


def inside_window(column: str) -> Rule:
    """A row read from an API lies in the window that was asked for; files have no window."""
    return Rule(
        "inside_window",
        f"{column} lies in the window its load was read for",
        f"(l.window_start is null or r.{column} >= l.window_start) "
        f"and (l.window_end is null or r.{column} < l.window_end)",
    )


def day_is_partition(column: str) -> Rule:
    """API sources land one UTC day per partition."""
    return Rule(
        "day_is_partition",
        f"the UTC day of {column} is the partition",
        f"strftime(r.{column} at time zone 'UTC', '%Y-%m-%d') = r.partition",
    )


def _optional(column: str, condition: str, optional: bool) -> str:
    return f"r.{column} is null or ({condition})" if optional else condition
