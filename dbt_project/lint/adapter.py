"""What sqlfluff sees in place of dbt's adapter: a dispatched macro becomes a function call of its name and arguments."""

from collections.abc import Callable


def dispatch(name: str, package: str | None = None) -> Callable[..., str]:
    return lambda *arguments, **named: f"{name}({', '.join(map(_sql, [*arguments, *named.values()]))})"


def quote(identifier: str) -> str:
    return f'"{identifier}"'


def _sql(argument: object) -> str:
    if isinstance(argument, dict):
        return ", ".join(map(_sql, argument.values()))
    if isinstance(argument, list | tuple):
        return f"[{', '.join(map(_sql, argument))}]"
    return "null" if argument is None else str(argument)
