"""What a dbt test checks, as a sentence for whoever reads a check: from the test's own arguments or opening comment."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

OPENING_COMMENT = re.compile(r"\s*\{#\s*(.*?)\s*#\}", re.DOTALL)


class UndescribedTest(Exception):
    """A data test opens with no comment, or is of a kind that has no sentence in this module."""


def sentence(test: Mapping[str, Any]) -> str:
    """What must hold, of a test as dbt's manifest has it; raises :class:`UndescribedTest`."""
    kind = test.get("test_metadata")
    if kind is None:
        comment = OPENING_COMMENT.match(test["raw_code"])
        if comment is None:
            raise UndescribedTest(f"{test['original_file_path']}: open it with a comment that says what must hold")
        return " ".join(comment[1].split())
    given = kind["kwargs"]
    match kind["name"]:
        case "one_row_per":
            return "; ".join(_one_row_per(given)) + "."
        case "periods_follow_each_other":
            return f"Of one {given['key']}, every period ends after it begins, and before the next one begins or when it does."
        case "shares_sum_to_one":
            return f"The {given['share']}s of each {given['key']} sum to one."
        case "caps_add_up":
            return (
                "A cap is crossed within its window and refused not before it; what passed after it is part of the cost, "
                "and nothing is negative."
            )
        case "relationships":
            table = re.sub(r"ref\('(.*)'\)", r"\1", given["to"])
            return f"Every {given['column_name']} stands in {table}."
    raise UndescribedTest(f"{test['name']}: describe tests {kind['name']} in orchestration/defs/transform/checks.py")


def _one_row_per(given: Mapping[str, Any]) -> Sequence[str]:
    said = [f"One row for each {_listed(given['columns'], 'and')}"]
    if given.get("never_null"):
        said.append(f"{_listed(given['never_null'], 'and')} never empty")
    for column, values in (given.get("accepted_values") or {}).items():
        said.append(f"{column} is {_listed([str(one).lower() for one in values], 'or')} if filled")
    return said


def _listed(names: Sequence[str], last: str) -> str:
    plain = [name.strip('"') for name in names]
    return f" {last} ".join([", ".join(plain[:-1]), plain[-1]] if len(plain) > 1 else plain)
