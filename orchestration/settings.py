"""What a run was asked to do, and every secret it may use. The only reader of the environment in the project.

Values come, first found first used, from the command line, the environment, and a ``.env`` file in the working
directory. The ``.env`` file is never copied into the environment, so no child process inherits what stands in it.
"""

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from dotenv import dotenv_values

TARGETS = ("duckdb", "spark")
REDACTED = "[redacted]"
MIN_SECRET_LENGTH = 6

_SECRET_NAME = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|CREDENTIALS|WEBHOOK_URL|DSN)$")
_CHILD_NAMES = re.compile(
    r"^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_[A-Z]+|TZ|TMPDIR|TEMP|TMP|SYSTEMROOT|VIRTUAL_ENV|"
    r"PYTHON(PATH|HOME|DONTWRITEBYTECODE|UNBUFFERED|WARNINGS|HASHSEED)|NO_COLOR|TERM|COLUMNS|"
    r"DAGSTER_(HOME|DISABLE_TELEMETRY)|TOKENOMICS_(HOME|COMPANY|WAREHOUSE|SPARK_\w+)|DO_NOT_TRACK)$"
)
_NO_TELEMETRY = {
    "DO_NOT_TRACK": "1",
    "DAGSTER_DISABLE_TELEMETRY": "true",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "GX_ANALYTICS_ENABLED": "false",
}


class SettingsError(Exception):
    """A setting is missing or cannot be used; the message names it and says what to do."""


@dataclass(frozen=True)
class RunSettings:
    """One run. ``as_of`` None means the last complete day in the company's reporting time zone."""

    company: Path | None
    home: Path
    as_of: date | None = None
    offline: bool = False
    full_refresh: bool = False
    allow_shrink: bool = False
    target: str = "duckdb"

    @property
    def is_demo(self) -> bool:
        """No company folder was named: the simulated company is meant."""
        return self.company is None


@dataclass(frozen=True)
class SparkSettings:
    """Where Spark runs: ``remote`` is a Spark Connect endpoint (``sc://host:port``); without one it runs here, as ``master``
    says.
    """

    remote: str | None = None
    master: str = "local[2]"
    java_home: str | None = None


def spark_settings() -> SparkSettings:
    """From ``TOKENOMICS_SPARK_REMOTE``, ``TOKENOMICS_SPARK_MASTER`` and ``JAVA_HOME``."""
    return SparkSettings(
        remote=_lookup("TOKENOMICS_SPARK_REMOTE") or None,
        master=_lookup("TOKENOMICS_SPARK_MASTER") or SparkSettings.master,
        java_home=os.environ.get("JAVA_HOME") or None,
    )


def load_settings(
    company: Path | None = None,
    home: Path | None = None,
    as_of: date | None = None,
    *,
    offline: bool = False,
    full_refresh: bool = False,
    allow_shrink: bool = False,
    target: str = "duckdb",
) -> RunSettings:
    """Settings from arguments, ``TOKENOMICS_COMPANY`` and ``TOKENOMICS_HOME``; paths come back absolute."""
    if target not in TARGETS:
        raise SettingsError(f"--target {target} is not known; use one of: {', '.join(TARGETS)}")
    named = company or _path(_lookup("TOKENOMICS_COMPANY"))
    folder = named.expanduser().resolve() if named else None
    if folder is not None and not (folder / "company.yaml").is_file():
        raise SettingsError(
            f"{folder}: no company.yaml in this folder. Name a company folder with --company, or write one with: "
            "tokenomics init DIR"
        )
    base = home or _path(_lookup("TOKENOMICS_HOME")) or Path("data")
    return RunSettings(
        company=folder,
        home=base.expanduser().resolve(),
        as_of=as_of,
        offline=offline,
        full_refresh=full_refresh,
        allow_shrink=allow_shrink,
        target=target,
    )


def last_complete_day(zone: ZoneInfo, now: datetime | None = None) -> date:
    """Yesterday in ``zone``."""
    return (now.astimezone(zone) if now else datetime.now(zone)).date() - timedelta(days=1)


def secret(env_name: str) -> str:
    """The value of a secret's environment variable; raises :class:`SettingsError` that names the variable, never the
    value.
    """
    value = find_secret(env_name)
    if value is None:
        raise SettingsError(
            f"the environment variable {env_name} is not set; set it, or put it into a .env file in this folder"
        )
    return value


def find_secret(env_name: str) -> str | None:
    """Like :func:`secret`, but None when the variable is not set or is empty."""
    return _lookup(env_name) or None


def secret_values(named: Iterable[str] = ()) -> dict[str, str]:
    """Variable name to value for every secret this process can see: those in ``named`` and those whose name says so."""
    wanted = set(named)
    known = {**dotenv_values(Path(".env")), **os.environ}
    return {
        name: value
        for name, value in known.items()
        if value and len(value) >= MIN_SECRET_LENGTH and (name in wanted or _SECRET_NAME.search(name))
    }


def redact(text: str, extra: Iterable[str] = (), named: Iterable[str] = ()) -> str:
    """``text`` with every known secret value replaced. ``extra``: further values; ``named``: further variables."""
    return redactor(extra, named)(text)


def redactor(extra: Iterable[str] = (), named: Iterable[str] = ()) -> Callable[[str], str]:
    """:func:`redact` for many texts: the secrets as they are known now, also as JSON writes them."""
    plain = {*secret_values(named).values(), *(value for value in extra if len(value) >= MIN_SECRET_LENGTH)}
    values = sorted(plain | {json.dumps(value)[1:-1] for value in plain}, key=len, reverse=True)

    def redacted(text: str) -> str:
        for value in values:
            text = text.replace(value, REDACTED)
        return text

    return redacted


def child_environment(**extra: str) -> dict[str, str]:
    """The environment for child processes: a short list of harmless variables, telemetry off, nothing secret."""
    kept = {name: value for name, value in os.environ.items() if _CHILD_NAMES.match(name)}
    return {**kept, **_NO_TELEMETRY, **extra}


@contextmanager
def only_child_environment(**extra: str) -> Iterator[None]:
    """Within the block this process's own environment is :func:`child_environment`, for libraries that copy it when
    they spawn.
    """
    before = dict(os.environ)
    _replace_environment(child_environment(**extra))
    try:
        yield
    finally:
        _replace_environment(before)


def export(settings: RunSettings) -> None:
    """Make the settings what every later reader in this process sees, and switch telemetry off."""
    os.environ.update(_NO_TELEMETRY)
    os.environ["TOKENOMICS_HOME"] = str(settings.home)
    if settings.company is not None:
        os.environ["TOKENOMICS_COMPANY"] = str(settings.company)


def dagster_home() -> Path | None:
    """Where ``DAGSTER_HOME`` says that Dagster keeps its records; None where it says nothing."""
    named = _path(os.environ.get("DAGSTER_HOME"))
    return named.expanduser().resolve() if named else None


def _replace_environment(wanted: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(wanted)


def _lookup(name: str) -> str | None:
    return os.environ.get(name) or dotenv_values(Path(".env")).get(name)


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None
