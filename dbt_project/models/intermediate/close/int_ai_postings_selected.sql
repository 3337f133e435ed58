select
    provider,
    fiscal_period,
    service_period,
    posting_date,
    account_number,
    is_reversal,
    posted_currency,
    posted_amount,
    {{ money('debit_amount - credit_amount') }} as net_amount,
    journal_entry_id like 'TKN-%' as is_own_journal,
    coalesce(lower(account_type) = 'tax', false) as is_tax
from {{ ref('int_ledger_entries_classified') }}
where provider is not null
    and account_role in (
        'ai_cost_of_goods_sold', 'ai_research_and_development', 'ai_operating_expense', 'ai_capitalized'
    )
