with

loads as (

    select * from {{ ref('stg_run__loads') }}
    where
        source not in ('registry', 'statistics', 'guardrails', 'replay', 'budget')
        and (source, stream) not in (('prices', 'refused_prices'), ('focus_files', 'superseded_days'))

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates_filled') }}

),

left_out as (

    select
        'focus_files' as source,
        'cost_and_usage' as stream,
        charges.partition,
        count(*) as left_out_rows,
        {{ money('sum(' ~ reporting_amount('charges.billed_amount', 'charges.billed_currency') ~ ')') }}
            as left_out_amount
    from {{ ref('int_cloud_charges_judged') }} as charges
    cross join run_parameters
    left join exchange_rates
        on charges.billed_currency = exchange_rates.currency and charges.cost_date = exchange_rates.rate_date
    where not charges.is_ai
    group by charges.partition

)

select
    loads.source,
    loads.stream,
    loads.partition,
    loads.load_id,
    case when loads.rows = 0 then 'empty' else 'loaded' end as status,
    loads.rows,
    loads.watermark_at,
    loads.loaded_at,
    case
        when loads.rows = 0 then 'a complete load without rows: a day of zero'
        when left_out.left_out_rows > 0 then 'charges of services that are no AI cost are left out'
    end as reason,
    coalesce(left_out.left_out_rows, 0) as left_out_rows,
    case when left_out.left_out_rows is null then cast(0 as decimal(38, 9)) else left_out.left_out_amount end
        as left_out_amount,
    run_parameters.reporting_currency
from loads
cross join run_parameters
left join left_out
    on loads.source = left_out.source and loads.stream = left_out.stream and loads.partition = left_out.partition
