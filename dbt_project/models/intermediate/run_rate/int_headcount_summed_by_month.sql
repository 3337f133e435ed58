select
    headcount.month_end,
    cast(sum(headcount.headcount) as double) as headcount
from {{ ref('stg_ledgers__headcount') }} as headcount
cross join {{ ref('stg_run__parameters') }} as run_parameters
where headcount.month_end <= run_parameters.as_of_date
group by headcount.month_end
