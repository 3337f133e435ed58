with

caps as (

    select * from {{ ref('int_caps_resolved') }}

),

overrides as (

    select * from {{ ref('stg_registry__cap_overrides') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates_filled') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

days as (

    select
        caps.*,
        {{ dates_from(
            'greatest(caps.effective_from, caps.first_date)',
            'least(cast(caps.effective_to - 1 as date), run_parameters.as_of_date)'
        ) }} as cap_date
    from caps
    cross join run_parameters

),

bounded as (

    select
        *,
        {{ moment_of('time_zone', 'cast(cap_date as timestamp)') }} as day_start,
        {{ moment_of('time_zone', 'cast(cap_date + 1 as timestamp)') }} as day_end
    from days

),

overridden as (

    select
        bounded.cap_id,
        bounded.subject_id,
        bounded.cap_window,
        bounded.cap_date,
        max(overrides.amount) as amount,
        sum(
            {{ seconds_between(
                'greatest(overrides.starts_at, bounded.day_start)', 'least(overrides.expires_at, bounded.day_end)'
            ) }}
        ) >= {{ seconds_between('max(bounded.day_start)', 'max(bounded.day_end)') }} as is_all_day
    from bounded
    inner join overrides
        on bounded.cap_id = overrides.cap_id
        and bounded.subject_id = overrides.subject_id
        and bounded.cap_window = overrides.cap_window
        and overrides.starts_at < bounded.day_end
        and overrides.expires_at > bounded.day_start
    group by bounded.cap_id, bounded.subject_id, bounded.cap_window, bounded.cap_date

),

in_force as (

    select
        {{ all_but(['amount'], 'bounded') }},
        overridden.cap_id is not null as has_override,
        case
            when overridden.is_all_day then overridden.amount
            else greatest(bounded.amount, coalesce(overridden.amount, bounded.amount))
        end as amount
    from bounded
    left join overridden
        on bounded.cap_id = overridden.cap_id
        and bounded.subject_id = overridden.subject_id
        and bounded.cap_window = overridden.cap_window
        and bounded.cap_date = overridden.cap_date

)

select
    in_force.adapter,
    in_force.entity,
    in_force.cap_id,
    in_force.subject,
    in_force.subject_id,
    in_force.cap_window as {{ adapter.quote('window') }},
    in_force.cap_date,
    cast(case in_force.cap_window
        when 'daily' then in_force.cap_date
        when 'weekly' then date_trunc('week', in_force.cap_date)
        when 'monthly'
            then date_trunc('month', in_force.cap_date - cast(in_force.reset_day - 1 as integer))
                + (in_force.reset_day - 1) * interval 1 day
    end as date) as window_start_date,
    in_force.time_zone,
    {{ reporting_amount('in_force.amount', 'in_force.currency') }} as cap_configured,
    {{ dollar_amount('in_force.amount', 'in_force.currency') }} as cap_usd,
    in_force.mode,
    in_force.has_override
from in_force
cross join run_parameters
left join exchange_rates
    on in_force.currency = exchange_rates.currency and in_force.cap_date = exchange_rates.rate_date
left join exchange_rates as dollar_rates
    on dollar_rates.currency = 'USD' and in_force.cap_date = dollar_rates.rate_date
