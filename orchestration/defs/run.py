"""The resource that every step uses: the session of this run. Belongs here: opening and closing it. Does not: any
work.

Launched from the UI or a schedule, a run takes company and home from the environment and may override them in its
config.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import dagster as dg
from pydantic import PrivateAttr

from orchestration.knowledge import begin
from orchestration.lock import home_lock
from orchestration.project import Home
from orchestration.session import Session, open_session
from orchestration.settings import RunSettings, load_settings


class Run(dg.ConfigurableResource):
    """What the run was asked to do; ``session`` is open while it runs, and its home is locked."""

    company: str | None = None
    home: str | None = None
    as_of: str | None = None
    offline: bool = False
    full_refresh: bool = False
    allow_shrink: bool = False
    target: str = "duckdb"

    _session: Session | None = PrivateAttr(default=None)

    @property
    def session(self) -> Session:
        assert self._session is not None, "the session is open only during a run"
        return self._session

    def settings(self) -> RunSettings:
        from pathlib import Path

        return load_settings(
            Path(self.company) if self.company else None,
            Path(self.home) if self.home else None,
            date.fromisoformat(self.as_of) if self.as_of else None,
            offline=self.offline,
            full_refresh=self.full_refresh,
            allow_shrink=self.allow_shrink,
            target=self.target,
        )

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["Run"]:
        settings = self.settings()
        with home_lock(Home(settings.home).lock), open_session(settings) as session:
            session.landing.remove_leftovers()
            begin(session.home, session.as_of)
            self._session = session
            yield self


def run_config(settings: RunSettings) -> dict[str, object]:
    """The config of resource ``run`` that means ``settings``."""
    return {
        "company": str(settings.company) if settings.company else None,
        "home": str(settings.home),
        "as_of": settings.as_of.isoformat() if settings.as_of else None,
        "offline": settings.offline,
        "full_refresh": settings.full_refresh,
        "allow_shrink": settings.allow_shrink,
        "target": settings.target,
    }


@dg.definitions
def resources() -> dg.Definitions:
    return dg.Definitions(resources={"run": Run()})
