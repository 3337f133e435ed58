"""How a command ends when something went wrong: a message on standard error without a trace and without a secret."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

FAULT = 1
INTERRUPTED = 130


@contextmanager
def clear_errors(verbose: bool = False) -> Iterator[None]:
    """Print what went wrong, and leave with exit code 1; an error that is not the product's own keeps its trace."""
    try:
        yield
    except (typer.Exit, typer.Abort):
        raise
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 - the reader left; nothing is to be flushed to it
        raise typer.Exit(FAULT) from None
    except KeyboardInterrupt:
        fail("interrupted; nothing was published, and the next run continues from what was landed", INTERRUPTED)
    except Exception as error:
        from orchestration.settings import redact

        if verbose or not type(error).__module__.startswith(("orchestration", "expectations")):
            import traceback

            print(redact("".join(traceback.format_exception(error))), file=sys.stderr)
        fail(redact(str(error)))


def fail(message: str, code: int = FAULT) -> None:
    print(message, file=sys.stderr)
    raise typer.Exit(code)
