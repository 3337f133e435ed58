select
    legal_entity_id,
    journal_entry_id,
    own_journal_id,
    coalesce(provider, 'unmatched') as provider,
    fiscal_period,
    service_period,
    posting_date,
    account_number,
    is_reversal or coalesce(own_journal_id like 'TKN-REV-%', false) as is_reversal,
    posted_currency,
    posted_amount,
    {{ money('debit_amount - credit_amount') }} as net_amount,
    case
        when own_journal_id is not null then 'own_journal'
        when lower(account_type) = 'tax' then 'tax'
        when is_subscription then 'subscription'
        else 'usage'
    end as posting_kind
from {{ ref('int_ledger_entries_classified') }}
where (provider is not null or own_journal_id is not null)
    and account_role in (
        'ai_cost_of_goods_sold', 'ai_research_and_development', 'ai_operating_expense', 'ai_capitalized'
    )
