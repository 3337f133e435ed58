"""The commands graduate and budget: open the books of a home, book, say what was booked. Decides nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import TextIO

import duckdb

from orchestration.budgets.booking import change_allocation, graduate
from orchestration.budgets.decisions import Refused
from orchestration.budgets.facts import UnknownFact
from orchestration.budgets.journal import Journal
from orchestration.budgets.movements import Movement
from orchestration.lock import home_lock
from orchestration.project import Home
from orchestration.registry.currencies import minor_unit, minor_unit_digits
from orchestration.registry.fields import check_email, read_decimal
from orchestration.session import Session, open_session
from orchestration.settings import RunSettings
from orchestration.warehouse import connect


def graduate_initiative(settings: RunSettings, initiative_id: str, approver: str, stream: TextIO) -> None:
    """Book a graduation and print its postings; says so if it was booked before. Raises Refused, UnknownFact."""
    approved_by = _approver(approver)
    with _open_books(settings) as (connection, session):
        done = graduate(
            connection,
            session.landing,
            Journal(session.home.budget, session.company.config.reporting_currency),
            session.company,
            session.home.evidence,
            initiative_id,
            approved_by,
            session.as_of,
        )
        if not done.is_new:
            print(
                f"{initiative_id} had graduated on {done.movement.effective_on} already; nothing was booked",
                file=stream,
            )
            return
        _write(done.movement, session, stream)
        for line in done.failing:
            print(f"approved all the same: on {done.movement.effective_on}, {line}", file=stream)
        print(
            f"{initiative_id} graduated on {done.movement.effective_on}; publish it with: tokenomics run", file=stream
        )


def change_budget(
    settings: RunSettings, kind: str, initiative_id: str, amount: str, approver: str, stream: TextIO
) -> None:
    """Book an ``adjust`` or ``return`` of ``amount`` (reporting currency) and print its postings and alerts."""
    approved_by, wanted = _approver(approver), _amount(amount)
    with _open_books(settings) as (connection, session):
        _require_minor_units(wanted, amount, session.company.config.reporting_currency)
        booked = change_allocation(
            connection,
            session.landing,
            Journal(session.home.budget, session.company.config.reporting_currency),
            session.company,
            kind,
            initiative_id,
            wanted,
            approved_by,
            session.as_of,
        )
        for movement in booked.movements:
            _write(movement, session, stream)
        for alert in booked.alerts:
            print(alert, file=stream)
        print("booked; publish it with: tokenomics run", file=stream)


@contextmanager
def _open_books(settings: RunSettings) -> Iterator[tuple[duckdb.DuckDBPyConnection, Session]]:
    """The warehouse of the last run with what is landed now; the home is locked."""
    home = Home(settings.home)
    with home_lock(home.lock):
        if not home.warehouse.exists():
            raise UnknownFact(f"{home.root} holds no warehouse yet; first: tokenomics run --home {home.root}")
        with open_session(settings) as session, connect(home.warehouse) as connection:
            session.landing.register(connection)
            yield connection, session


def _write(movement: Movement, session: Session, stream: TextIO) -> None:
    currency = session.company.config.reporting_currency
    places = minor_unit_digits(currency)
    for posting in movement.postings:
        period = f" for {posting.fiscal_period}" if posting.fiscal_period else ""
        print(f"{posting.account}: {posting.amount:+,.{places}f} {currency}{period}", file=stream)


def _approver(text: str) -> str:
    try:
        return check_email(text)
    except ValueError as fault:
        raise Refused(f"--approver {text} {fault}") from None


def _amount(text: str) -> Decimal:
    try:
        return read_decimal(text)
    except ValueError as fault:
        raise Refused(f"amount {text} {fault}") from None


def _require_minor_units(amount: Decimal, written: str, currency: str) -> None:
    """Nobody can pay less than the smallest unit, and what is booked is shown to it."""
    exponent = amount.normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > minor_unit_digits(currency):
        raise Refused(f"amount {written} is finer than {minor_unit(currency)} {currency}, the smallest unit; round it")
