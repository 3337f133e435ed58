with

initiatives as (

    select * from {{ ref('int_initiatives_effective') }}

),

products as (

    select * from {{ ref('int_products_effective') }}

),

movements as (

    select * from {{ ref('stg_budget__movements') }}

),

labor_rates as (

    select
        labor_rate_id,
        hourly_rate,
        currency,
        valid_from,
        lead(valid_from, 1, date '9999-12-31') over (partition by labor_rate_id order by valid_from nulls last)
            as valid_to
    from {{ ref('stg_ledgers__labor_rates') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates_filled') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

first_costs as (

    select min(cost_date) as first_date
    from {{ ref('int_cost_object_daily_costs') }}

),

first_starts as (

    select min(started_on) as first_date
    from initiatives

),

days as (

    select {{ dates_from(
        'least(first_costs.first_date, first_starts.first_date)', 'run_parameters.as_of_date'
    ) }} as term_date
    from first_costs
    cross join first_starts
    cross join run_parameters

),

declared as (

    select
        days.term_date,
        initiatives.*,
        coalesce(initiatives.allocation_starts_on, initiatives.started_on) as allocation_first_day,
        concat_ws(
            '|',
            coalesce(cast(initiatives.allocation_amount as string), '-'),
            coalesce(cast(initiatives.allocation_daily_cap as string), '-'),
            coalesce(initiatives.allocation_currency, '-'),
            coalesce(cast(initiatives.guardrail_daily_cap as string), '-'),
            coalesce(initiatives.guardrail_currency, '-'),
            coalesce(initiatives.complexity, '-')
        ) as configuration
    from days
    inner join initiatives
        on days.term_date >= initiatives.effective_from and days.term_date < initiatives.effective_to

),

booked as (

    select
        initiative_id,
        effective_on,
        sum(amount) as amount
    from movements
    where kind in ('adjust', 'return') and account = 'allocation:' || initiative_id
    group by initiative_id, effective_on

),

booked_until as (

    select
        declared.initiative_id,
        declared.term_date,
        sum(booked.amount) as amount,
        bool_or(booked.effective_on = declared.term_date) as is_booked_today
    from declared
    inner join booked
        on declared.initiative_id = booked.initiative_id
        and booked.effective_on <= declared.term_date
        and booked.effective_on >= declared.allocation_first_day
    group by declared.initiative_id, declared.term_date

),

converted as (

    select
        declared.*,
        {{ reporting_amount('declared.allocation_amount', 'declared.allocation_currency', 'granted_rates') }}
            as granted_amount,
        {{ reporting_amount('declared.allocation_daily_cap', 'declared.allocation_currency', 'allocation_rates') }}
            as allocation_cap,
        {{ reporting_amount('declared.guardrail_daily_cap', 'declared.guardrail_currency', 'guardrail_rates') }}
            as guardrail_cap,
        {{ reporting_amount('declared.legacy_software_per_month', 'declared.replaces_currency', 'software_rates') }}
            as software_amount,
        {{ reporting_amount('labor_rates.hourly_rate', 'labor_rates.currency', 'hourly_rates') }}
            as converted_hourly_rate
    from declared
    cross join run_parameters
    left join labor_rates
        on declared.labor_rate_id = labor_rates.labor_rate_id
        and declared.term_date >= labor_rates.valid_from
        and declared.term_date < labor_rates.valid_to
    left join exchange_rates as granted_rates
        on declared.allocation_currency = granted_rates.currency
        and declared.allocation_first_day = granted_rates.rate_date
    left join exchange_rates as allocation_rates
        on declared.allocation_currency = allocation_rates.currency and declared.term_date = allocation_rates.rate_date
    left join exchange_rates as guardrail_rates
        on declared.guardrail_currency = guardrail_rates.currency and declared.term_date = guardrail_rates.rate_date
    left join exchange_rates as software_rates
        on declared.replaces_currency = software_rates.currency and declared.term_date = software_rates.rate_date
    left join exchange_rates as hourly_rates
        on labor_rates.currency = hourly_rates.currency and declared.term_date = hourly_rates.rate_date

)

select
    converted.initiative_id,
    converted.term_date,
    converted.kind,
    converted.registered_stage as stage,
    converted.started_on,
    cast(converted.graduated_on - 1 as date) as graduation_date,
    converted.product_id,
    greatest(products.target_gross_margin_ratio, converted.target_gross_margin_ratio) as target_gross_margin_ratio,
    converted.unit_of_work,
    converted.labor_hours_per_unit,
    converted.labor_rate_id,
    converted.converted_hourly_rate as hourly_rate,
    converted.software_amount as legacy_software_per_month,
    case when converted.legacy_software_per_month is not null and converted.software_amount is null
        then converted.replaces_currency
    end as legacy_software_without_rate,
    converted.guardrail_entity,
    case
        when (converted.allocation_daily_cap is null or converted.allocation_cap is not null)
            and (converted.guardrail_daily_cap is null or converted.guardrail_cap is not null)
            then least(converted.allocation_cap, converted.guardrail_cap)
    end as daily_cap,
    case
        when converted.allocation_daily_cap is not null and converted.allocation_cap is null
            then converted.allocation_currency
        when converted.guardrail_daily_cap is not null and converted.guardrail_cap is null
            then converted.guardrail_currency
    end as daily_cap_without_rate,
    {{ money('converted.granted_amount + coalesce(booked_until.amount, 0)') }} as allocation_amount,
    converted.allocation_starts_on,
    converted.allocation_first_day,
    converted.allocation_expires_on,
    coalesce(
        converted.configuration <> lag(converted.configuration) over (
            partition by converted.initiative_id order by converted.term_date
        ),
        false
    ) or coalesce(booked_until.is_booked_today, false) as is_reconfigured
from converted
left join products
    on converted.product_id = products.product_id
    and converted.term_date >= products.effective_from
    and converted.term_date < products.effective_to
left join booked_until
    on converted.initiative_id = booked_until.initiative_id and converted.term_date = booked_until.term_date
