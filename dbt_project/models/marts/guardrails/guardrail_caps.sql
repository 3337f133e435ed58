{# One row for every cap that has not ended, window and id that it holds for, as the minute path needs it: without
   overrides, which it judges at its own instant, and in dollars at the latest rate. The row without an id is for ids of the
   pattern that nobody has seen yet. #}
with

caps as (

    select * from {{ ref('int_caps_resolved') }}

),

declared as (

    select
        {{ all_but(['valid_from', 'valid_to']) }},
        {{ effective_bounds() }}
    from {{ ref('stg_registry__caps') }}

),

initiatives as (

    select initiative_id, guardrail_adapter, guardrail_entity, effective_from, effective_to
    from {{ ref('int_initiatives_effective') }}
    where guardrail_entity is not null

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates_filled') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

listed as (

    select
        cap_id,
        subject,
        subject_id,
        cast(null as string) as id_pattern,
        adapter,
        case when cap_id = 'initiative:' || subject_id then entity end as entity,
        cap_window,
        time_zone,
        reset_day,
        mode,
        actions,
        amount,
        currency,
        headroom,
        effective_from,
        effective_to
    from caps
    union all
    select
        cap_id,
        subject,
        cast(null as string) as subject_id,
        id_pattern,
        adapter,
        cast(null as string) as entity,
        cap_window,
        time_zone,
        reset_day,
        mode,
        cast(null as string) as actions,
        amount,
        currency,
        headroom,
        effective_from,
        effective_to
    from declared
    where subject <> 'initiative'

)

select
    run_parameters.as_of_date,
    listed.cap_id,
    listed.subject,
    listed.subject_id,
    listed.id_pattern,
    listed.adapter,
    coalesce(listed.entity, initiatives.guardrail_entity) as entity,
    listed.cap_window as {{ adapter.quote('window') }},
    listed.time_zone,
    cast(listed.reset_day as integer) as reset_day,
    listed.mode,
    listed.actions,
    {{ dollar_amount('listed.amount', 'listed.currency') }} as amount_usd,
    {{ dollar_amount('listed.headroom', 'listed.currency') }} as headroom_usd,
    {{ reporting_amount('listed.amount', 'listed.currency') }} as amount,
    run_parameters.reporting_currency,
    listed.effective_from as holds_from,
    listed.effective_to as holds_until
from listed
cross join run_parameters
left join initiatives
    on listed.subject = 'initiative'
    and listed.entity is null
    and listed.subject_id = initiatives.initiative_id
    and listed.adapter = initiatives.guardrail_adapter
    and greatest(listed.effective_from, cast(run_parameters.as_of_date + 1 as date)) >= initiatives.effective_from
    and greatest(listed.effective_from, cast(run_parameters.as_of_date + 1 as date)) < initiatives.effective_to
left join exchange_rates
    on listed.currency = exchange_rates.currency and run_parameters.as_of_date = exchange_rates.rate_date
left join exchange_rates as dollar_rates
    on dollar_rates.currency = 'USD' and run_parameters.as_of_date = dollar_rates.rate_date
where listed.effective_to > run_parameters.as_of_date + 1
