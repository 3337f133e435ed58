with

charges as (

    select
        provider,
        {{ fiscal_period('cost_date') }} as service_period,
        billed_currency as currency,
        case when charge_category = 'tax' then 0 else effective_amount end as cost_amount,
        case when charge_category = 'tax' then billed_amount else 0 end as tax_amount
    from {{ ref('int_billed_costs_unioned') }}
    where source <> 'contracts' and metered_cost_key is null

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

foreign_bills as (

    select distinct charges.provider
    from charges
    cross join run_parameters
    where charges.currency <> run_parameters.reporting_currency

)

select
    charges.provider,
    charges.service_period,
    charges.currency,
    {{ fine_money('sum(charges.cost_amount)') }} as cost_amount,
    {{ fine_money('sum(charges.tax_amount)') }} as tax_amount
from charges
inner join foreign_bills on charges.provider = foreign_bills.provider
group by charges.provider, charges.service_period, charges.currency
having sum(charges.cost_amount) > 0 and sum(charges.tax_amount) > 0
