"""Text as it stands in SQL. For what cannot be a parameter: paths of ``copy`` and ``read_parquet``, lists that prune."""


def literal(text: object) -> str:
    """``text`` as a string literal."""
    return "'" + str(text).replace("'", "''") + "'"
