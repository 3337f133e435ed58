"""One run's company, landing area, as-of date and secrets, opened from its settings. Shared by the command line and
the graph.

For the simulated company it also starts the loopback server that plays its providers, for as long as the session is
open.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from orchestration import settings as environment
from orchestration.knowledge import knowledge, published_days
from orchestration.landing.store import Landing
from orchestration.project import Home
from orchestration.remembered import remember_past, renew_company
from orchestration.settings import RunSettings, SettingsError
from orchestration.transform.standing import Fed, company_digest, program_digest

if TYPE_CHECKING:
    from orchestration.registry import Company


@dataclass(frozen=True)
class Session:
    """``demo_keys`` are the simulated company's keys by variable name; empty for a real company. ``landing`` shows what
    was known then, if a day after ``as_of`` was run in this home before. ``fed`` is what a build of this run would be
    fed with.
    """

    settings: RunSettings
    home: Home
    company: "Company"
    landing: Landing
    as_of: date
    fed: Fed
    demo_keys: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def shows_names(self) -> bool:
        """``policy.people`` lets people be named: only then may rows be shown as they were landed and built."""
        return bool(self.company.policy["people"] == "names")

    def is_read(self, source: str) -> bool:
        """The source is declared, enabled, and this run reads sources at all."""
        declared = self.company.sources.get(source)
        return declared is not None and declared.enabled and not self.settings.offline

    def secret(self, source: str) -> str | None:
        """The secret of a declared source; None for one that needs none. Raises SettingsError that names the
        variable.
        """
        declared = self.company.sources[source]
        if declared.api_key_env is None or declared.base_url is None:
            return None
        if declared.api_key_env in self.demo_keys:
            return self.demo_keys[declared.api_key_env]
        return environment.secret(declared.api_key_env)

    def redact(self, text: str) -> str:
        """``text`` without the value of any secret that this run may use."""
        sources = self.company.sources.values()
        named = [name for source in sources for name in (source.api_key_env, source.connection_env) if name]
        return environment.redact(text, extra=self.demo_keys.values(), named=named)


def require_keys(settings: RunSettings, company: "Company") -> None:
    """Raise SettingsError that names every variable a run of a real ``company`` would miss, before anything is read."""
    enabled = [one for one in company.sources.values() if one.enabled and not settings.offline]
    wanted = [(one.name, one.api_key_env) for one in enabled if one.base_url and one.api_key_env]
    wanted += [(one.name, one.connection_env) for one in enabled if one.connection_env and not one.results]
    missing = [(name, variable) for name, variable in wanted if environment.find_secret(variable) is None]
    if missing:
        lines = [f"{name}: the environment variable {variable} is not set" for name, variable in missing]
        remedy = "set it, or put it into a .env file in this folder, or write enabled: false in sources.yaml"
        raise SettingsError("\n".join([*lines, f"Nothing was read: {remedy}."]))


def landing_as_known(home: Home, as_of: date, zone: ZoneInfo, *, allow_shrink: bool = False) -> Landing:
    """The landing area of ``home`` as a run of ``as_of`` shows it."""
    known = knowledge(published_days(home.published), as_of, zone)
    return Landing(
        home.landing, allow_shrink=allow_shrink, known_before=known.before, history_until=known.history_until
    )


@contextmanager
def open_session(settings: RunSettings) -> Iterator[Session]:
    """Open the company that ``settings`` mean; raises RegistryError when its folder is not valid."""
    if settings.is_demo:
        with _demo_session(settings) as session:
            yield session
    else:
        assert settings.company is not None
        from orchestration.registry import load_company

        files = company_digest(settings.company)
        company = load_company(settings.company, datetime.now(UTC))
        yield _session(settings, company, files, day_of_run(settings, company.config.zone), {})


@contextmanager
def _demo_session(settings: RunSettings) -> Iterator[Session]:
    from orchestration.demo.catalog import DEMO_KEYS
    from orchestration.demo.server import serving
    from orchestration.demo.wire import World
    from orchestration.registry import load_company

    home = Home(settings.home)
    folder = home.demo_company
    world = World(gateway_file=home.demo_gateway)
    with serving(world=world) as base_url:
        renew_company(home, base_url, program_digest())
        remember_past(home)
        files, company = company_digest(folder), load_company(folder)
        yield _session(settings, company, files, day_of_run(settings, company.config.zone), DEMO_KEYS)


def day_of_run(settings: RunSettings, zone: ZoneInfo) -> date:
    """The as-of day of a run: the one asked for, else the last complete day in ``zone``; the simulated company has its own.

    Raises SettingsError for a day that has not ended: what a run knew of it would hide what comes later.
    """
    from orchestration.demo.catalog import AS_OF

    last = AS_OF if settings.is_demo else environment.last_complete_day(zone)
    asked = settings.as_of or last
    if asked > last:
        whose = "the demo company's last day" if settings.is_demo else f"the last complete day in {zone.key}"
        raise SettingsError(f"--as-of {asked} is after {last}, {whose}; name that day or an earlier one")
    return asked


def _session(
    settings: RunSettings, company: "Company", files: str, as_of: date, demo_keys: Mapping[str, str]
) -> Session:
    home = Home(settings.home)
    landing = landing_as_known(home, as_of, company.config.zone, allow_shrink=settings.allow_shrink)
    lag = timedelta(hours=max((company.settle_lag_hours(name) for name in company.sources), default=0))
    fed = Fed(home, landing, as_of, f"{program_digest()} {settings.target}", files, lag)
    return Session(settings, home, company, landing, as_of, fed, demo_keys)
