"""Around a read of a source: an exception whose text holds a secret leaves the step without it, and a provider that was away
is asked again later.
"""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from orchestration.defs.run import Run
from orchestration.landing.errors import TransientFailure
from orchestration.session import Session

TRIES_LATER, SECONDS_BETWEEN = 2, 300


class Redacted(Exception):
    """Stands in for an exception whose text held a secret; names the original type."""


@contextmanager
def redacted(session: Session) -> Iterator[None]:
    """Within the block, an exception that would show a secret is replaced; others pass as they are."""
    try:
        yield
    except Exception as error:
        shown = "".join(traceback.format_exception(error))
        if session.redact(shown) == shown:
            raise
        raise Redacted(f"{type(error).__name__}: {session.redact(str(error))}") from None


@contextmanager
def tried_again(run: Run) -> Iterator[None]:
    """Within the block, a failure that may pass makes the step wait and begin again; one that cannot pass fails it at once.

    Every request was already repeated for a minute. At a terminal somebody waits: there, it fails with what was said.
    """
    try:
        yield
    except TransientFailure as failure:
        if not run.is_launched:
            raise
        raise dg.RetryRequested(max_retries=TRIES_LATER, seconds_to_wait=SECONDS_BETWEEN) from failure
