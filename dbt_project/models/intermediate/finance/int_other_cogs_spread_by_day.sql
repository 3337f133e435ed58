with

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

entries as (

    select * from {{ ref('int_ledger_entries_classified') }}
    where account_role = 'other_cost_of_goods_sold' and product_id is not null and provider is null

),

posted as (

    select
        product_id,
        cast(coalesce(service_period, fiscal_period) || '-01' as date) as period_start,
        sum(debit_amount - credit_amount) as amount
    from entries
    group by all

),

complete as (

    select
        posted.product_id,
        posted.period_start,
        last_day(posted.period_start) as period_end,
        {{ fine_money('posted.amount') }} as amount
    from posted
    cross join run_parameters
    where last_day(posted.period_start) <= run_parameters.as_of_date

),

days as (

    select
        product_id,
        period_start,
        amount,
        cast(unnest(generate_series(period_start, period_end, interval 1 day)) as date) as cost_date,
        cast(1 as hugeint) as weight
    from complete

),

spread as (

    {{ largest_remainder('days', ['product_id', 'period_start'], 'cost_date') }}

),

open_days as (

    select
        products.product_id,
        cast(unnest(generate_series(products.first_start, run_parameters.as_of_date, interval 1 day)) as date)
            as cost_date
    from (select product_id, min(period_start) as first_start from complete group by product_id) as products
    cross join run_parameters

),

estimated as (

    select
        open_days.product_id,
        open_days.cost_date,
        max_by(spread.part_amount, spread.cost_date) as part_amount
    from open_days
    inner join spread
        on open_days.product_id = spread.product_id and spread.cost_date < open_days.cost_date
    where not exists (
        select 1 from complete
        where complete.product_id = open_days.product_id
            and open_days.cost_date between complete.period_start and complete.period_end
    )
    group by open_days.product_id, open_days.cost_date

)

select product_id, cost_date, {{ money('part_amount') }} as other_cogs, 'posted' as other_cogs_basis from spread
union all
select product_id, cost_date, {{ money('part_amount') }} as other_cogs, 'estimated' as other_cogs_basis from estimated
