{# Always empty for a company that names no posting_accounts at all: it asked for no journals. #}
with

parts as (

    select * from {{ ref('int_accruals_split') }}
    where not is_complete

),

missing_roles as (

    select provider, period_end, service_period, credit_role, cost_class as missing_role
    from parts
    where debit_account is null
    union
    select provider, period_end, service_period, credit_role, credit_role
    from parts
    where credit_account is null

),

amounts as (

    select provider, period_end, service_period, credit_role, sum(amount) as amount
    from parts
    group by all

)

select
    {{ fiscal_period('amounts.period_end') }} as fiscal_period,
    amounts.provider,
    amounts.service_period,
    amounts.credit_role,
    {{ joined_in_order('missing_roles.missing_role', "', '") }} as missing_roles,
    {{ money('amounts.amount') }} as amount,
    {{ reporting_currency() }} as reporting_currency
from amounts
inner join missing_roles
    on amounts.provider = missing_roles.provider
    and amounts.period_end = missing_roles.period_end
    and amounts.service_period = missing_roles.service_period
    and amounts.credit_role = missing_roles.credit_role
group by all
