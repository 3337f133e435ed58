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

judged as (

    select
        'focus_files' as source,
        'cost_and_usage' as stream,
        charges.partition,
        count(*) filter (where not charges.is_ai) as left_out_rows,
        {{ money(
            'sum(' ~ reporting_amount('charges.billed_amount', 'charges.billed_currency')
            ~ ') filter (where not charges.is_ai)'
        ) }} as left_out_amount,
        count(*) filter (where charges.is_unclear) as unnamed_rows,
        {{ money(
            'sum(' ~ reporting_amount('charges.billed_amount', 'charges.billed_currency')
            ~ ') filter (where charges.is_unclear)'
        ) }} as unnamed_amount
    from {{ ref('int_cloud_charges_judged') }} as charges
    cross join run_parameters
    left join exchange_rates
        on charges.billed_currency = exchange_rates.currency and charges.cost_date = exchange_rates.rate_date
    where not charges.is_ai or charges.is_unclear
    group by charges.partition

),

set_aside as (

    select
        source,
        file as partition,
        count(*) as rejected_rows,
        cast(sum(amount) as decimal(38, 9)) as amount
    from {{ ref('stg_litellm__rejected_rows') }}
    group by all

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
        when loads.stream = 'rolled_up_usage' and loads.rows > 0
            then case
                when set_aside.rejected_rows > 0 then 'some rows cannot be counted: see rejected_rows; ' else ''
            end || 'summed where the log is: what passed after a cap was reached, runaway loops, and requests that '
            || 'other days hold as well are not known of this day'
        when set_aside.rejected_rows > 0
            then set_aside.rejected_rows || ' bad rows were set aside' || coalesce(
                ', ' || set_aside.amount || ' USD by the gateway''s own count', ''
            ) || ': see rejected_rows'
        when loads.rows = 0 then 'a complete load without rows: a day of zero'
        when judged.left_out_rows > 0 then 'charges of services that are no AI cost are left out'
        when judged.unnamed_rows > 0 then 'charges that name no service are counted as AI cost'
    end as reason,
    coalesce(judged.left_out_rows, 0) as left_out_rows,
    case when coalesce(judged.left_out_rows, 0) = 0 then cast(0 as decimal(38, 9)) else judged.left_out_amount end
        as left_out_amount,
    coalesce(judged.unnamed_rows, 0) as unnamed_rows,
    case when coalesce(judged.unnamed_rows, 0) = 0 then cast(0 as decimal(38, 9)) else judged.unnamed_amount end
        as unnamed_amount,
    run_parameters.reporting_currency
from loads
cross join run_parameters
left join judged
    on loads.source = judged.source and loads.stream = judged.stream and loads.partition = judged.partition
left join set_aside
    on loads.source = set_aside.source
    and loads.stream in ('spend_logs', 'rolled_up_usage')
    and loads.partition = set_aside.partition
