with

readings as (

    select * from {{ ref('int_guardrail_settings_normalised') }}

),

dearest_requests as (

    select * from {{ ref('int_dearest_requests_by_day') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates_filled') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

speaking as (

    select
        readings.entity,
        readings.as_of_date as reading_date,
        {{ dates_from(
            'readings.speaks_from',
            'least(coalesce(readings.speaks_to, run_parameters.as_of_date), run_parameters.as_of_date)'
        ) }} as cap_date
    from readings
    cross join run_parameters

),

known_before as (

    select
        speaking.entity,
        max(readings.as_of_date) as reading_date,
        speaking.cap_date
    from speaking
    inner join readings
        on speaking.entity = readings.entity and readings.as_of_date < speaking.cap_date
    where speaking.reading_date > speaking.cap_date
    group by speaking.entity, speaking.cap_date

),

days as (

    select *, 1 as preference from speaking
    union all
    select *, 2 as preference from known_before

),

requests_known as (

    select
        days.entity,
        days.cap_date,
        days.reading_date,
        max(dearest_requests.dearest_request) as dearest_request
    from days
    inner join dearest_requests
        on days.entity = dearest_requests.entity and dearest_requests.request_date <= days.cap_date
    group by days.entity, days.cap_date, days.reading_date

),

limited as (

    select
        days.entity,
        days.cap_date,
        days.preference,
        readings.as_of_date as reading_date,
        readings.read_at,
        readings.is_found,
        readings.is_blocked,
        readings.is_without_cap,
        readings.has_unreadable_duration,
        readings.budget_duration,
        readings.budget_currency,
        readings.rpm_limit,
        readings.daily_budget,
        case
            when readings.is_blocked then cast(0 as decimal(38, 9))
            else least(
                readings.daily_budget,
                {{ money(
                    'cast(readings.rpm_limit as decimal(19, 0)) * cast(1440 as decimal(4, 0))'
                    ~ ' * requests_known.dearest_request'
                ) }}
            )
        end as daily_cap
    from days
    inner join readings
        on days.entity = readings.entity and days.reading_date = readings.as_of_date
    left join requests_known
        on days.entity = requests_known.entity
        and days.cap_date = requests_known.cap_date
        and days.reading_date = requests_known.reading_date

),

converted as (

    select
        limited.*,
        {{ reporting_amount('limited.daily_budget', 'limited.budget_currency') }} as converted_budget,
        {{ reporting_amount('limited.daily_cap', 'limited.budget_currency') }} as converted_cap
    from limited
    cross join run_parameters
    left join exchange_rates
        on limited.budget_currency = exchange_rates.currency and limited.cap_date = exchange_rates.rate_date

)

select
    entity,
    cap_date,
    preference,
    reading_date,
    read_at,
    is_found,
    is_blocked,
    is_without_cap,
    converted_budget as daily_budget,
    case when is_blocked or not has_unreadable_duration then converted_cap end as daily_cap,
    case
        when is_blocked then null
        when daily_cap is not null and converted_cap is null
            then 'no_exchange_rate: no rate from ' || budget_currency || ' on ' || cast(cap_date as string)
                || '; add it to the exchange_rates ledger'
        when has_unreadable_duration then 'unreadable_duration: ''' || budget_duration || ''' is no budget duration'
        when daily_cap is null and rpm_limit is not null
            then 'no_request_seen: only a request limit is in force, and no request''s cost is known to value it'
    end as cap_gap
from converted
