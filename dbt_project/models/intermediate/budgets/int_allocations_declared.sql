with

initiatives as (

    select
        *,
        coalesce(valid_from, date '0001-01-01') as effective_from
    from {{ ref('stg_registry__initiatives') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates_filled') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

declared as (

    select
        initiatives.initiative_id,
        initiatives.department_id,
        initiatives.allocation_starts_on as starts_on,
        initiatives.allocation_expires_on as expires_on,
        initiatives.effective_from,
        case when initiatives.effective_from <= initiatives.allocation_starts_on
            then initiatives.effective_from
        end as effective_before_start,
        case
            when initiatives.allocation_currency is null then {{ money('initiatives.allocation_amount') }}
            else {{ reporting_amount('initiatives.allocation_amount', 'initiatives.allocation_currency') }}
        end as amount
    from initiatives
    cross join run_parameters
    left join exchange_rates
        on initiatives.allocation_currency = exchange_rates.currency
        and initiatives.allocation_starts_on = exchange_rates.rate_date
    where initiatives.allocation_amount is not null
        and initiatives.allocation_starts_on <= run_parameters.as_of_date
        and initiatives.effective_from <= greatest(run_parameters.as_of_date, initiatives.allocation_starts_on)

),

ranked as (

    select
        *,
        row_number() over (
            partition by initiative_id, starts_on
            order by effective_before_start desc nulls last, effective_from
        ) as grant_rank,
        row_number() over (partition by initiative_id, starts_on order by effective_from desc) as latest_rank
    from declared

),

allocations as (

    select
        initiative_id,
        starts_on,
        max(case when grant_rank = 1 then department_id end) as department_id,
        max(case when latest_rank = 1 then expires_on end) as expires_on,
        max(case when grant_rank = 1 then amount end) as amount,
        max(case when latest_rank = 1 then amount end) as declared_amount
    from ranked
    group by initiative_id, starts_on

),

departments as (

    select
        initiative_id,
        effective_from as moved_on,
        department_id,
        lag(department_id) over (partition by initiative_id order by effective_from) as department_before
    from initiatives

),

followed as (

    select
        *,
        lead(starts_on) over (partition by initiative_id order by starts_on) as next_starts_on
    from allocations

),

moved as (

    select
        followed.initiative_id,
        departments.moved_on as starts_on,
        departments.department_id,
        followed.expires_on,
        followed.amount,
        followed.declared_amount,
        true as is_continued
    from followed
    cross join run_parameters
    inner join departments
        on followed.initiative_id = departments.initiative_id
        and departments.moved_on > followed.starts_on
        and departments.moved_on <= followed.expires_on
        and departments.moved_on < coalesce(followed.next_starts_on, date '9999-12-31')
    where departments.department_id <> departments.department_before
        and departments.moved_on <= run_parameters.as_of_date

),

periods as (

    select
        *,
        false as is_continued
    from allocations
    union all
    select * from moved

)

select
    initiative_id,
    department_id,
    starts_on,
    expires_on,
    lead(starts_on) over (partition by initiative_id order by starts_on) as superseded_on,
    amount,
    declared_amount,
    case when is_continued then lag(starts_on) over (partition by initiative_id order by starts_on) end as continues
from periods
