with

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates_filled') }}

),

entries as (

    select * from {{ ref('stg_ledgers__general_ledger') }}

),

account_patterns as (

    select * from {{ ref('stg_registry__ledger_account_patterns') }}

),

counterparty_patterns as (

    select * from {{ ref('stg_registry__ledger_counterparties') }}

),

account_roles as (

    select
        accounts.account_number,
        min_by(account_patterns.account_role, account_patterns.position) as account_role
    from (select distinct account_number from entries) as accounts
    inner join account_patterns
        on {{ text_is('accounts.account_number', 'account_patterns.account_pattern') }}
    group by accounts.account_number

),

known_providers as (

    select provider from {{ ref('int_providers_seen') }}

),

providers as (

    select
        counterparties.counterparty_name,
        min(counterparty_patterns.position) as position,
        coalesce(
            min_by(counterparty_patterns.provider, counterparty_patterns.position),
            max_by(known_providers.provider, length(known_providers.provider))
        ) as provider
    from (select distinct counterparty_name from entries) as counterparties
    left join counterparty_patterns
        on {{ text_is('lower(counterparties.counterparty_name)', 'counterparty_patterns.counterparty_pattern') }}
    left join known_providers on {{ text_begins(
        'lower(counterparties.counterparty_name)', 'known_providers.provider'
    ) }}
    group by counterparties.counterparty_name

),

-- month-end journals of ours that came back: by the entry's id, else by the number that one of its lines repeats
own_journals as (

    select
        legal_entity_id,
        journal_entry_id,
        case
            when journal_entry_id like 'TKN-%' then journal_entry_id
            else min({{ own_journal_part('description', 0) }})
        end as own_journal_id
    from entries
    where journal_entry_id like 'TKN-%' or description like '%TKN-%'
    group by legal_entity_id, journal_entry_id

)

select
    entries.legal_entity_id,
    entries.journal_entry_id,
    entries.journal_line_number,
    entries.posting_date,
    coalesce(entries.fiscal_period, {{ fiscal_period('entries.posting_date') }}) as fiscal_period,
    entries.service_period,
    entries.account_number,
    entries.account_name,
    entries.account_class,
    entries.account_type,
    coalesce(account_roles.account_role, 'other') as account_role,
    entries.department_id,
    entries.product_id,
    entries.customer_id,
    entries.counterparty_name,
    own_journals.own_journal_id,
    coalesce({{ own_journal_part('own_journals.own_journal_id', 2) }}, providers.provider) as provider,
    entries.description,
    coalesce({{ text_is('entries.account_number', 'subscriptions.subscription_account_pattern') }}, false)
    or coalesce({{ text_is('lower(entries.description)', 'subscriptions.subscription_description_pattern') }}, false)
        as is_subscription,
    coalesce(entries.is_reversal, false) as is_reversal,
    entries.currency as posted_currency,
    entries.debit_amount - entries.credit_amount as posted_amount,
    {{ reporting_amount('entries.debit_amount', 'entries.currency', rates='booked') }} as debit_amount,
    {{ reporting_amount('entries.credit_amount', 'entries.currency', rates='booked') }} as credit_amount,
    entries.is_balanced_entry
from entries
cross join run_parameters
left join exchange_rates
    on entries.currency = exchange_rates.currency and entries.posting_date = exchange_rates.rate_date
cross join lateral (select coalesce(entries.exchange_rate, exchange_rates.rate) as rate) as booked
left join account_roles on entries.account_number = account_roles.account_number
left join providers on entries.counterparty_name = providers.counterparty_name
left join counterparty_patterns as subscriptions on providers.position = subscriptions.position
left join own_journals
    on entries.legal_entity_id is not distinct from own_journals.legal_entity_id
    and entries.journal_entry_id = own_journals.journal_entry_id
where entries.posting_date <= run_parameters.as_of_date
