"""Whether every amount that a build must convert has an exchange rate, asked before dbt starts and by ``check``, so that the
answer is a currency, a day and a remedy and no technical test.

A rate serves its own day and the seven after it, in either direction of its pair, as ``int_exchange_rates_filled`` has
it. A ledger line that states the rate it was booked at needs none; a charge that is spread over days needs one on each.
"""

from dataclasses import dataclass
from datetime import date

import duckdb


class MissingRates(Exception):
    """Amounts in a currency for which no rate is known on their day; one line per currency."""


@dataclass(frozen=True)
class MissingRate:
    """A currency without a rate into ``reporting`` on ``days`` days of ``sources``, the ``first`` of them at ``file`` and
    ``line``; both None where only an API names it.
    """

    currency: str
    reporting: str
    first: date
    days: int
    sources: str
    file: str | None
    line: int | None

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: " if self.file else ""
        return (
            f"{place}no exchange rate from {self.currency} into {self.reporting} on {self.first}, the first of {self.days} "
            f"{'day' if self.days == 1 else 'days'} of {self.sources} without one; a rate serves its day and the seven "
            "after it: add a row to the ledger exchange_rates (ledgers/exchange_rates*.csv)"
        )


_MISSING = """
with

rates as (
    select rate_date, if(to_currency = $reporting, from_currency, to_currency) as currency
    from landing.ledgers__exchange_rates
    where $reporting in (from_currency, to_currency)
),

needed as (
    select
        'focus_files' as source, partition as file, line, billing_currency as currency,
        unnest(generate_series(
            timezone('UTC', charge_period_start)::date,
            case
                when charge_period_end <= charge_period_start + interval 1 day then timezone('UTC', charge_period_start)
                else least(timezone('UTC', charge_period_end - interval 1 microsecond), $until)
            end::date,
            interval 1 day
        ))::date as day
    from landing.focus_files__cost_and_usage
    where billing_currency <> $reporting
    union all
    select 'anthropic', null, null, currency, cast(starting_at as date) from landing.anthropic__costs
    union all
    select 'openai', null, null, upper(currency), cast(start_time as date) from landing.openai__costs
    union all
    select 'general_ledger', file, line, currency, posting_date
    from landing.ledgers__general_ledger where exchange_rate is null
    union all
    select 'revenue', file, line, currency, revenue_date from landing.ledgers__revenue
    union all
    select 'usage of litellm', null, null, $list_currency, cast(timezone('UTC', started_at) as date)
    from (
        select started_at from landing.litellm__spend_logs
        union all
        select start_time from landing.litellm__rolled_up_usage
    ) where exists (select 1 from rates where currency = $list_currency)
),

without as (
    select * from needed
    where currency <> $reporting and day <= $until
        and not exists (
            select 1 from rates
            where rates.currency = needed.currency and needed.day between rates.rate_date and rates.rate_date + 7
        )
)

select
    currency, min(day), count(distinct day), string_agg(distinct source, ', ' order by source),
    first(file order by day, file nulls last, line), first(line order by day, file nulls last, line)
from without
group by currency
order by currency
"""


def missing_rates(
    connection: duckdb.DuckDBPyConnection, reporting: str, until: date, list_currency: str | None = None
) -> list[MissingRate]:
    """Of all dated amounts that are registered up to ``until``, the currencies that cannot be converted, in order. With
    ``list_currency``, that of the list prices, also of usage, which costs nothing that is known on a day without its rate; not
    where no day has a rate of it at all.
    """
    terms = {"reporting": reporting, "until": until, "list_currency": list_currency}
    found = connection.execute(_MISSING, terms).fetchall()
    return [MissingRate(currency, reporting, *rest) for currency, *rest in found]


def refuse_missing_rates(connection: duckdb.DuckDBPyConnection, reporting: str, as_of: date) -> None:
    """Raise :class:`MissingRates` unless all that is registered up to ``as_of`` can be converted."""
    found = missing_rates(connection, reporting, as_of)
    if found:
        raise MissingRates("\n".join(map(str, found)))
