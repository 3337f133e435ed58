{# An allocation that expired or graduated, and was not granted anew since, has a balance of exactly zero. #}
with

movements as (

    select * from {{ ref('fct_budget_movements') }}
    where account like 'allocation:%'

),

balances as (

    select
        account,
        sum(amount) as balance,
        max(case when kind in ('expire', 'graduate') then effective_on end) as closed_on,
        max(case when kind = 'grant' then effective_on end) as granted_on
    from movements
    group by account

)

select
    account,
    balance
from balances
where closed_on is not null and balance <> 0 and granted_on < closed_on
