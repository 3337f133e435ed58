with

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

entries as (

    select * from {{ ref('int_other_cogs_selected') }}
    where not is_left_out

),

posted as (

    select
        product_id,
        cast(coalesce(service_period, fiscal_period) || '-01' as date) as period_start,
        posting_date,
        amount
    from entries

),

known as (

    select
        posted.product_id,
        posted.period_start,
        greatest(posted.posting_date, last_day(posted.period_start)) as known_from,
        sum(posted.amount) as amount
    from posted
    cross join run_parameters
    where last_day(posted.period_start) <= run_parameters.as_of_date
    group by all

),

complete as (

    select
        product_id,
        period_start,
        last_day(period_start) as period_end,
        known_from,
        {{ fine_money('sum(amount) over (partition by product_id, period_start order by known_from)') }} as amount
    from known

),

days as (

    select
        product_id,
        period_start,
        period_end,
        known_from,
        amount,
        {{ dates_from('period_start', 'period_end') }} as cost_date,
        {{ as_whole('1') }} as weight
    from complete

),

spread as (

    {{ largest_remainder('days', ['product_id', 'period_start', 'known_from'], 'cost_date') }}

),

first_known as (

    select
        product_id,
        period_start,
        min(known_from) as first_known_from
    from complete
    group by product_id, period_start

),

open_periods as (

    select
        products.product_id,
        {{ dates_from(
            'products.first_start', "cast(date_trunc('month', run_parameters.as_of_date) as date)", 'month'
        ) }} as period_start
    from (select product_id, min(period_start) as first_start from complete group by product_id) as products
    cross join run_parameters

),

last_days as (

    select
        product_id,
        period_start,
        known_from,
        part_amount
    from spread
    where cost_date = period_end

),

estimate_moments as (

    select distinct
        open_periods.product_id,
        open_periods.period_start,
        earlier.known_from
    from open_periods
    inner join last_days as earlier
        on open_periods.product_id = earlier.product_id and earlier.period_start < open_periods.period_start
    left join first_known
        on open_periods.product_id = first_known.product_id and open_periods.period_start = first_known.period_start
    where first_known.first_known_from is null or earlier.known_from < first_known.first_known_from

),

estimates as (

    select
        estimate_moments.product_id,
        estimate_moments.period_start,
        estimate_moments.known_from,
        last_days.part_amount,
        row_number() over (
            partition by
                estimate_moments.product_id, estimate_moments.period_start, estimate_moments.known_from
            order by last_days.period_start desc, last_days.known_from desc
        ) as recency
    from estimate_moments
    inner join last_days
        on estimate_moments.product_id = last_days.product_id
        and last_days.period_start < estimate_moments.period_start
        and last_days.known_from <= estimate_moments.known_from

),

estimated_days as (

    select
        product_id,
        {{ dates_from('period_start', 'last_day(period_start)') }} as cost_date,
        known_from,
        part_amount
    from estimates
    where recency = 1

),

versions as (

    select product_id, cost_date, known_from, part_amount, 'posted' as other_cogs_basis from spread
    union all
    select estimated_days.product_id, estimated_days.cost_date, estimated_days.known_from, estimated_days.part_amount,
    'estimated'
    from estimated_days
    cross join run_parameters
    where estimated_days.cost_date <= run_parameters.as_of_date

)

select
    product_id,
    cost_date,
    known_from,
    lead(known_from) over (partition by product_id, cost_date order by known_from) as known_until,
    {{ money('part_amount') }} as other_cogs,
    other_cogs_basis
from versions
