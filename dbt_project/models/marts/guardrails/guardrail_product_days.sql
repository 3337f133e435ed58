{# The last 56 days of every product in US dollars at the rate of the as-of day, as gateways keep their budgets: what
   the minute path expects of a day's revenue and other cost. #}
with

margins as (

    select * from {{ ref('gross_margin_by_product_day') }}
    where product_id is not null

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates_filled') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

)

select
    run_parameters.as_of_date,
    margins.product_id,
    margins.margin_date,
    {{ dollar_amount('margins.revenue', 'margins.reporting_currency') }} as revenue_usd,
    {{ dollar_amount('margins.other_cogs', 'margins.reporting_currency') }} as other_cogs_usd,
    {{ dollar_amount('margins.ai_cogs', 'margins.reporting_currency') }} as ai_cogs_usd
from margins
cross join run_parameters
left join exchange_rates
    on margins.reporting_currency = exchange_rates.currency
    and run_parameters.as_of_date = exchange_rates.rate_date
left join exchange_rates as dollar_rates
    on dollar_rates.currency = 'USD' and run_parameters.as_of_date = dollar_rates.rate_date
where margins.margin_date > run_parameters.as_of_date - 56 and margins.margin_date <= run_parameters.as_of_date
