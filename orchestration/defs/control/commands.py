"""The commands that a person gives, as jobs: graduate, close, enforce. Each does what the command line's does, no more.

The launchpad shows what to fill in; as it stands there, nothing can be booked, closed or written. A refusal fails the job with
the reason that the command line would give.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from io import StringIO
from textwrap import dedent

import dagster as dg
from pydantic import Field

from orchestration.budgets.commands import graduate_initiative
from orchestration.close.decide import close_period, reopen_period
from orchestration.enforcement.command import enforce_once
from orchestration.lock import home_lock
from orchestration.project import Home
from orchestration.settings import load_settings, redact

APPROVER = "controller@company.example"


class Graduation(dg.Config):
    initiative_id: str = Field(description="The experiment, as in initiatives.yaml.")
    approver: str = Field(description="The e-mail address of who approves; it stands in the budget ledger.")
    as_of: str | None = Field(
        default=None, description="The day on which the gates passed, YYYY-MM-DD; default the last one."
    )


class Close(dg.Config):
    period: str = Field(description="The fiscal period, YYYY-MM; it must have ended.")
    approver: str = Field(description="The e-mail address of who approves; it stands in the register of closes.")
    reopen: bool = Field(default=False, description="Lift the freeze of a closed period instead, the latest first.")


class Enforcement(dg.Config):
    apply: bool = Field(
        default=False, description="Write what guardrails.yaml allows; without it the plan is shown alone."
    )


@dg.op(name="graduate", description="Books the graduation of an experiment whose gates pass.")
def graduate_op(context: dg.OpExecutionContext, config: Graduation) -> None:
    said = StringIO()
    with _refused():
        settings = load_settings(as_of=date.fromisoformat(config.as_of) if config.as_of else None)
        graduate_initiative(settings, config.initiative_id, config.approver, said)
    _show(context, said.getvalue())


@dg.op(name="close", description="Freezes the rows of a fiscal period as they are published, or lifts the freeze.")
def close_op(context: dg.OpExecutionContext, config: Close) -> None:
    home = Home(load_settings().home)
    with _refused(), home_lock(home.lock):
        if config.reopen:
            reopen_period(home.root, config.period, config.approver)
            _show(context, f"{config.period} is open again; the next run publishes it as computed.")
        else:
            done = close_period(home.root, config.period, config.approver)
            _show(context, f"{config.period} is closed: {done.rows} rows of {done.tables} tables are frozen.")


@dg.op(
    name="enforce", description="One round of the minute path: plans caps and breakers, and carries them out if asked."
)
def enforce_op(context: dg.OpExecutionContext, config: Enforcement) -> None:
    said = StringIO()
    with _refused():
        failed = enforce_once(load_settings(), said, apply=config.apply)
    _show(context, said.getvalue())
    if failed:
        raise dg.Failure("Something at a gateway was not done; the plan above says what.", allow_retries=False)


def _about(text: str, example: str) -> str:
    return f"{dedent(text).strip()}\n\nExample for the launchpad:\n\n```yaml\n{dedent(example).strip()}\n```"


@dg.job(
    name="graduate_initiative",
    config=dg.RunConfig({"graduate": Graduation(initiative_id="my_experiment", approver=APPROVER)}),
    description=_about(
        """
        Moves an experiment to the core budget if its five gates pass, as `tokenomics graduate` does; otherwise it fails with the
        gates that do not. Materialize the run first: the gates are read from it. Which experiments are ready stands in the asset
        `published/summary` and on the dashboard.
        """,
        f"""
        ops:
          graduate:
            config:
              initiative_id: ticket_triage
              approver: {APPROVER}
        """,
    ),
)
def graduate_initiative_job() -> None:
    graduate_op()


@dg.job(
    name="close_period",
    config=dg.RunConfig({"close": Close(period="YYYY-MM", approver=APPROVER)}),
    description=_about(
        """
        Closes a fiscal period that has ended, as `tokenomics close` does: every later run publishes its rows as they are now, and
        what changes becomes dated rows of `period_adjustments`. `reopen: true` lifts the freeze, the latest period first.
        """,
        f"""
        ops:
          close:
            config:
              period: "2026-09"
              approver: {APPROVER}
              reopen: false
        """,
    ),
)
def close_period_job() -> None:
    close_op()


@dg.job(
    name="enforce_guardrails",
    config=dg.RunConfig({"enforce": Enforcement()}),
    description=_about(
        """
        Shows what caps and breakers would change at the gateways, as `tokenomics enforce` does, and writes nothing. With
        `apply: true` it writes to gateways with `apply: true` in guardrails.yaml, and only to the entities named there.
        """,
        """
        ops:
          enforce:
            config:
              apply: false
        """,
    ),
)
def enforce_guardrails_job() -> None:
    enforce_op()


@contextmanager
def _refused() -> Iterator[None]:
    """What the product itself refuses fails the step with its own words; another error keeps its trace."""
    try:
        yield
    except Exception as error:
        if not type(error).__module__.startswith("orchestration."):
            raise
        raise dg.Failure(redact(str(error)), allow_retries=False) from None


def _show(context: dg.OpExecutionContext, text: str) -> None:
    """In the log of the run, and whole as the output's metadata."""
    clean = redact(text).strip()
    context.log.info(clean)
    context.add_output_metadata({"said": dg.MetadataValue.md(f"```\n{clean}\n```")})
