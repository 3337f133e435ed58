{# The last 56 days of every product in US dollars at the rate of the as-of day, as gateways keep their budgets: what
   the minute path expects of a day's revenue and other cost. #}
with

economics as (

    select
        product_id,
        margin_date,
        revenue,
        other_cogs,
        case when is_cost_reported then ai_cogs end as ai_cogs
    from {{ ref('int_product_daily_economics') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates_filled') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

)

select
    run_parameters.as_of_date,
    economics.product_id,
    economics.margin_date,
    {{ dollar_amount('economics.revenue', 'run_parameters.reporting_currency') }} as revenue_usd,
    {{ dollar_amount('economics.other_cogs', 'run_parameters.reporting_currency') }} as other_cogs_usd,
    {{ dollar_amount('economics.ai_cogs', 'run_parameters.reporting_currency') }} as ai_cogs_usd
from economics
cross join run_parameters
left join exchange_rates
    on run_parameters.reporting_currency = exchange_rates.currency
    and run_parameters.as_of_date = exchange_rates.rate_date
left join exchange_rates as dollar_rates
    on dollar_rates.currency = 'USD' and run_parameters.as_of_date = dollar_rates.rate_date
where economics.margin_date > run_parameters.as_of_date - 56 and economics.margin_date <= run_parameters.as_of_date
