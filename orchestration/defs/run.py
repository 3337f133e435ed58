"""The resource that every step uses: the session of this run. Belongs here: opening and closing it. Does not: any
work.

Launched from the UI or a schedule, a run takes company and home from the environment and may override them in its
config.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import dagster as dg
from pydantic import PrivateAttr

from orchestration.defs.history import HOME_TAG, end_dead_runs
from orchestration.knowledge import begin
from orchestration.lock import home_lock
from orchestration.project import Home
from orchestration.session import Session, open_session
from orchestration.settings import RunSettings, load_settings
from orchestration.transform.standing import forget, remember, standing_run

JOB = "tokenomics_run"
"""The whole run; defined in ``defs/control/runs.py``."""


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
    _standing: str | None = PrivateAttr(default=None)
    _is_whole: bool = PrivateAttr(default=False)
    _is_launched: bool = PrivateAttr(default=False)

    @property
    def session(self) -> Session:
        assert self._session is not None, "the session is open only during a run"
        return self._session

    @property
    def is_launched(self) -> bool:
        """By the UI or a schedule; a run from the command line is not."""
        return self._is_launched

    def decide(self, context: dg.AssetExecutionContext) -> None:
        """Everything is landed: does what is published stand? Never in a run of chosen steps, nor when asked to refresh."""
        asked = context.run
        chosen = (asked.asset_selection, asked.asset_check_selection, asked.resolved_op_selection, asked.parent_run_id)
        self._is_whole = asked.job_name == JOB and not any(chosen)
        if self._is_whole and not self.session.settings.full_refresh:
            self._standing = standing_run(self.session.fed)

    def standing(self) -> str | None:
        """The run whose publication stands for this one, so that nothing is built; None: the step is at work, and what the
        warehouse holds is from now on no longer what is published.
        """
        if self._standing is None:
            forget(self.session.home)
        return self._standing

    def published(self, run_id: str) -> None:
        """The whole run is published; the next one may find that it stands."""
        if self._is_whole:
            remember(self.session.fed, run_id)

    def settings(self) -> RunSettings:
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
            self._is_launched = self._claim(context, session.home)
            self._session, self._standing, self._is_whole = session, None, False
            yield self

    @staticmethod
    def _claim(context: dg.InitResourceContext, home: Home) -> bool:
        """Whether the UI or a schedule launched this run. If so, its records are told that it holds the home's lock, and that
        whoever held it before is dead.
        """
        instance, run_id = context.instance, context.run_id
        if instance is None or run_id is None or not instance.is_persistent:
            return False
        instance.add_run_tags(run_id, {HOME_TAG: str(home.root)})
        end_dead_runs(instance, home, run_id)
        return True


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
