with

entries as (

    select * from {{ ref('int_ledger_entries_classified') }}

),

-- providers whose usage is posted nowhere as AI cost: its bill can only be in what is posted elsewhere
unposted_bills as (

    select provider from {{ ref('int_providers_seen') }}
    except
    select provider from {{ ref('int_ai_postings_selected') }}
    where posting_kind = 'usage'

)

select
    entries.product_id,
    entries.provider,
    entries.fiscal_period,
    entries.service_period,
    entries.posting_date,
    entries.debit_amount - entries.credit_amount as amount,
    unposted_bills.provider is not null as is_left_out
from entries
left join unposted_bills on entries.provider = unposted_bills.provider
where entries.account_role = 'other_cost_of_goods_sold' and entries.product_id is not null
