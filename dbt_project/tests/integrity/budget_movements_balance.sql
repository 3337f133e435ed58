{# Double entry: the postings of every movement sum to zero, difference exactly zero, and none counts after the as-of
   day. #}
with

movements as (

    select * from {{ ref('fct_budget_movements') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

)

select
    movements.movement_id,
    sum(movements.amount) as balance,
    max(movements.effective_on) as effective_on
from movements
cross join run_parameters
group by movements.movement_id, run_parameters.as_of_date
having sum(movements.amount) <> 0 or max(movements.effective_on) > run_parameters.as_of_date
