"""A checksum of a table's content: equal tables have equal checksums, whatever file holds them and in whatever order.

Every row becomes text (columns in order, with a mark between them and another for null), every text a hash; the
hashes are sorted and hashed again, by leading digits first so that memory stays small. Moments of loading and
identifiers of runs are left out, since two runs over the same inputs differ in nothing else.
"""

import hashlib

import duckdb

ASIDE = frozenset({"loaded_at", "run_id", "published_at", "watermark_at"})
"""Columns in which two runs over the same inputs may differ: moments of loading and identifiers of runs."""


def checksum(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[int, str]:
    """Row count and checksum of ``table`` (a quoted name)."""
    described = connection.execute(f"describe select * from {table}").fetchall()
    columns = [(name, kind) for name, kind, *_ in described]
    compared = [name for name, _ in columns if name not in ASIDE]
    parts = ", ".join(f'coalesce(cast("{name}" as varchar), chr(30))' for name in compared) or "''"
    buckets = connection.execute(
        f"with hashes as (select md5(concat_ws(chr(31), {parts})) as row_hash from {table}) "
        "select count(*), md5(string_agg(row_hash, '' order by row_hash)) from hashes "
        "group by left(row_hash, 2) order by left(row_hash, 2)"
    ).fetchall()
    digest = hashlib.sha256(repr([column for column in columns if column[0] in compared]).encode())
    for _, bucket in buckets:
        digest.update(bucket.encode())
    return sum(rows for rows, _ in buckets), digest.hexdigest()
