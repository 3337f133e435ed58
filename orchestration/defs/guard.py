"""Keep secrets out of the event log: an exception whose text holds one leaves a step without it."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from orchestration.session import Session


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
