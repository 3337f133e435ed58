"""One writer of the concurrency test: batches of random movements, acknowledged in its own file once booked."""

import os
import random
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

from orchestration.budgets.journal import Journal
from orchestration.budgets.movements import Ledger, Movement, allocation, consumed, pool, transfer
from tests.budgets.examples import fund, graduation, grant, movement

START = date(2026, 7, 1)


def propose(ledger: Ledger, dice: random.Random, name: str) -> Movement:
    """A movement that fits what the ledger holds; funds and grants bear ids that every writer proposes."""
    open_ones = [key for one in ledger.movements.values() if (key := one.allocation) and ledger.closing(*key) is None]
    kind = dice.choice(["fund", "grant", "adjust", "return", "expire", "graduate"])
    if kind == "fund":
        return fund("1000", f"{dice.randint(2020, 2045)}-{dice.randint(1, 12):02}")
    if kind == "grant" or not open_ones:
        return grant(f"exp_{dice.randint(1, 400)}", "500")
    initiative_id, starts_on = dice.choice(open_ones)
    balance = ledger.allocation_balance(initiative_id, starts_on)
    account = allocation(initiative_id)
    if kind == "graduate":
        return graduation(initiative_id, str(balance), str(dice.randint(0, 600)))
    spent = Decimal(dice.randint(1, 10**11)).scaleb(-9)
    if kind == "expire":
        postings = (*transfer(account, consumed("ops"), spent), *transfer(account, pool("ops"), balance - spent))
    else:
        postings = transfer(pool("ops"), account, spent if kind == "adjust" else -spent)
    return movement(
        f"{kind}:{initiative_id}" if kind == "expire" else f"{kind}:{name}",
        kind,
        postings,
        initiative_id=initiative_id,
        allocation_starts_on=starts_on,
    )


def main(folder: str, acknowledged: str, seed: str) -> None:
    journal, dice = Journal(Path(folder), "USD"), random.Random(seed)
    handle = os.open(acknowledged, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    number = 0
    while True:
        booked: list[Movement] = []
        with journal.transaction() as transaction:
            for _ in range(dice.randint(1, 8)):
                number += 1
                booked += transaction.add([propose(transaction.ledger, dice, f"{seed}-{number}")])
        os.write(handle, "".join(f"{one.movement_id}\n" for one in booked).encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
