"""Checksums of content that add up: equal rows have equal checksums, in whatever order, file or part they lie.

Every row is hashed to 64 bits (DuckDB's ``hash`` over the values, with names and types of the columns as its first value, hashed
once more so that sums mix), and the hashes are summed modulo 2^64. DuckDB hashes a number of 128 bits as the exclusive or of
its halves, so that nought and minus one unit are one; such a number is hashed as floating point too, which tells the halves'
places and the sign apart. The checksum of a table is hence the sum of those of its parts. It tells accidents, not
forgers: a change passes unseen once in 1.8e19. Checksums of different DuckDB versions
are not comparable, which is why :data:`METHOD` names the version. Moments of loading and identifiers of runs are left
out, since two runs over the same inputs differ in nothing else; :attr:`Content.identity` counts them too.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import duckdb

ASIDE = frozenset({"loaded_at", "run_id", "published_at", "watermark_at"})
"""Columns in which two runs over the same inputs may differ: moments of loading and identifiers of runs."""
METHOD = (
    f"sum modulo 2^64 over the rows of hash(hash(columns and types, values..., numbers of 128 bits as double...)) "
    f"of DuckDB {duckdb.__version__}, "
    f"without the columns {', '.join(sorted(ASIDE))}"
)
LONGEST_DECIMAL = 18
"""Digits of the longest decimal that DuckDB keeps in 64 bits."""
_MODULUS = 2**64


@dataclass(frozen=True)
class Content:
    """``checksum`` is over all columns but :data:`ASIDE`, ``identity`` over all: equal only for files that may stand
    for each other.
    """

    rows: int
    checksum: str
    identity: str


def columns_of(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    """Type by column of ``relation``: a quoted name, or a query in brackets."""
    return {name: kind for name, kind, *_ in connection.execute(f"describe from {relation}").fetchall()}


def contents(
    connection: duckdb.DuckDBPyConnection, relation: str, columns: Mapping[str, str], part: str = "''"
) -> dict[str, Content]:
    """Content by part, in order; ``part`` is SQL for the part of a row. A part without rows is none."""
    compared = [name for name in columns if name not in ASIDE]
    whole = f"sum({_row_hash(columns, columns)})" if len(compared) < len(columns) else "null"
    rows = connection.execute(
        f"select {part}, count(*), sum({_row_hash(columns, compared)}), {whole} from {relation} group by 1 order by 1"
    ).fetchall()
    return {
        name: Content(count, _text(total), _text(total if whole is None else whole))
        for name, count, total, whole in rows
    }


def added(checksums: Iterable[str]) -> str:
    """The checksum of the whole from those of its parts."""
    return _text(sum(int(one, 16) for one in checksums))


def checksum(connection: duckdb.DuckDBPyConnection, relation: str) -> tuple[int, str]:
    """Row count and checksum of ``relation``."""
    found = contents(connection, relation, columns_of(connection, relation)).values()
    return sum(one.rows for one in found), added(one.checksum for one in found)


def _row_hash(columns: Mapping[str, str], compared: Iterable[str]) -> str:
    names = list(compared)
    heading = ", ".join(f"{name} {columns[name]}" for name in names).replace("'", "''")
    wide = [f'cast("{name}" as double)' for name in names if _has_128_bits(columns[name])]
    values = [f"'{heading}'", *(f'"{name}"' for name in names), *wide]
    return f"hash(hash({', '.join(values)}))"


def _has_128_bits(kind: str) -> bool:
    decimal = re.fullmatch(r"DECIMAL\((\d+),\d+\)", kind)
    return int(decimal[1]) > LONGEST_DECIMAL if decimal else kind in ("HUGEINT", "UHUGEINT")


def _text(total: int) -> str:
    return f"{total % _MODULUS:016x}"
