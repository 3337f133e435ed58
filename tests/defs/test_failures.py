"""What the command line says of a failed step: the product's own first message, never a library's deepest cause."""

import sys

import dagster as dg
import duckdb
import pytest
from dagster._utils.error import serializable_error_info_from_exc_info

from orchestration.defs.control.execute import Failure, _failure
from orchestration.landing.errors import SchemaDrift, SourceError

ADVICE = "Out of Memory Error: could not allocate block\n\nPossible solutions:\n* Reducing the number of threads"


def raised(*chain: BaseException) -> Failure:
    """What is told of a step in which the last of ``chain`` was raised from the one before, and so on."""
    try:
        for cause, error in zip((None, *chain), chain, strict=False):
            error.__cause__ = cause
        raise RuntimeError("Error occurred while executing op") from chain[-1]
    except RuntimeError as error:
        assert error.__cause__ is chain[-1]
        return _failure("litellm", serializable_error_info_from_exc_info(sys.exc_info()))


def test_the_products_message_is_shown_and_not_what_caused_it() -> None:
    cause = UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")
    said = raised(cause, SchemaDrift("litellm", "logs/a.csv:1: is not readable as UTF-8")).message
    assert said == "litellm: logs/a.csv:1: is not readable as UTF-8"


def test_of_two_messages_of_the_product_the_first_is_shown() -> None:
    said = raised(SchemaDrift("ledgers", "a.csv:7: inner"), SourceError("ledgers", "what a user is to do")).message
    assert said == "ledgers: what a user is to do"


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (duckdb.OutOfMemoryException(ADVICE), "OutOfMemoryException: Out of Memory Error: could not allocate block"),
        (ArithmeticError("planted"), "ArithmeticError: planted"),
    ],
)
def test_of_an_error_that_is_not_the_products_own_one_line_is_shown(error: Exception, message: str) -> None:
    assert raised(error).message == message


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt(), dg.DagsterExecutionInterruptedError()])
def test_an_interrupt_is_no_failure_with_a_message_of_its_own(interrupt: BaseException) -> None:
    told = raised(interrupt)
    assert (told.message, told.is_interrupt) == ("stopped", True)
