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
    """Print what went wrong, and leave with exit code 1.

    An error that is neither the product's own nor the file system's word on a named file keeps its trace.
    """
    try:
        yield
    except (typer.Exit, typer.Abort):
        raise
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 - the reader left; nothing is to be flushed to it
        raise typer.Exit(FAULT) from None
    except KeyboardInterrupt:
        fail("stopped; what was published before stands", INTERRUPTED)
    except Exception as error:
        from orchestration.settings import redact

        is_told = isinstance(error, OSError) and error.filename is not None
        if verbose or not (is_told or type(error).__module__.startswith(("orchestration", "expectations"))):
            import traceback

            print(redact("".join(traceback.format_exception(error))), file=sys.stderr)
        fail(redact(f"{error.filename}: {error.strerror}" if isinstance(error, OSError) and is_told else str(error)))


def fail(message: str, code: int = FAULT) -> None:
    print(message, file=sys.stderr)
    raise typer.Exit(code)
