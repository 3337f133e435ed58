with

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates_filled') }}

),

contracts as (

    select * from {{ ref('stg_registry__contracts') }}
    where kind in ('prepaid', 'credit', 'commitment')

)

select
    contracts.contract_id,
    contracts.kind,
    contracts.provider,
    contracts.model_pattern,
    contracts.valid_from,
    contracts.valid_to,
    coalesce(
        {{ reporting_amount('contracts.amount', 'contracts.currency') }},
        {{ stop_with(
            "'contract ' || contracts.contract_id || ' needs a rate from ' || contracts.currency || ' on '"
            ~ " || contracts.valid_from || ', its first day: add one of that day, or of the seven days before it, to'"
            ~ " || ' the exchange_rates ledger'"
        ) }}
    ) as balance
from contracts
cross join run_parameters
left join exchange_rates
    on contracts.currency = exchange_rates.currency and contracts.valid_from = exchange_rates.rate_date
where contracts.valid_from <= run_parameters.as_of_date
